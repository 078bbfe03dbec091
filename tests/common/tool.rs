//! Which program is tested.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Whose tools are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// nskit's.
    Ours,
    /// util-linux's, as the system has them installed.
    Theirs,
}

/// Whose tools `NSKIT_UNDER_TEST` asks for.
pub fn under_test() -> Under {
    match std::env::var("NSKIT_UNDER_TEST").as_deref() {
        Err(_) | Ok("" | "ours") => Under::Ours,
        Ok("theirs") => Under::Theirs,
        Ok(other) => panic!("NSKIT_UNDER_TEST is '{other}', neither ours nor theirs"),
    }
}

/// The path of the tool under test: `unshare`, `nsenter` or `lsns`.
pub fn tool(name: &str) -> PathBuf {
    match under_test() {
        Under::Ours => ours(name),
        Under::Theirs => theirs(name),
    }
}

/// The path of ours.
pub fn ours(name: &str) -> PathBuf {
    let path = match name {
        "unshare" => env!("CARGO_BIN_EXE_unshare"),
        "nsenter" => env!("CARGO_BIN_EXE_nsenter"),
        "lsns" => env!("CARGO_BIN_EXE_lsns"),
        _ => panic!("there is no tool {name}"),
    };
    path.into()
}

/// The path of theirs.
pub fn theirs(name: &str) -> PathBuf {
    Path::new("/usr/bin").join(name)
}

/// Version of the installed util-linux, `None` if there is none.
pub fn their_version() -> Option<(u32, u32)> {
    static VERSION: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *VERSION.get_or_init(|| {
        let output = Command::new(theirs("unshare")).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut numbers = text.split_whitespace().last()?.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

/// The path of the probe (probe.rs).
pub fn probe() -> PathBuf {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| example("probe")).clone()
}

/// The path of a program of the tests, which cargo builds with them unless it is asked for some of them only.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    if !path.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--example", name]);
        if test.components().any(|part| part.as_os_str() == "release") {
            build.arg("--release");
        }
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().unwrap().success(), "{name} cannot be built");
    }
    path
}
