//! Which program is tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Whose tools are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// nskit's.
    Ours,
    /// util-linux's, as the system has them installed.
    Theirs,
}

/// Whose tools `NSKIT_UNDER_TEST` asks for: `ours`; `musl` and `dynamic`, which are ours as well, those of the release for
/// musl and those that the C library is not linked into; or `theirs`.
pub fn under_test() -> Under {
    match std::env::var("NSKIT_UNDER_TEST").as_deref() {
        Err(_) | Ok("" | "ours" | "musl" | "dynamic") => Under::Ours,
        Ok("theirs") => Under::Theirs,
        Ok(other) => panic!("NSKIT_UNDER_TEST is '{other}', not ours, musl or theirs"),
    }
}

/// Whether ours are built for musl.
pub fn is_musl() -> bool {
    cfg!(target_env = "musl") || std::env::var("NSKIT_UNDER_TEST").is_ok_and(|value| value == "musl")
}

/// Whether ours are built so that the loader and the C library of the machine are needed.
pub fn is_dynamic() -> bool {
    std::env::var("NSKIT_UNDER_TEST").is_ok_and(|value| value == "dynamic")
}

/// The directory of the release for musl, as it is shipped: built first, if anything has changed.
fn release_for_musl() -> &'static Path {
    static RELEASE: OnceLock<PathBuf> = OnceLock::new();
    RELEASE.get_or_init(|| {
        let build = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/build");
        let output = Command::new(build).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the release for musl cannot be built");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
    })
}

/// The directory of the tools as many distributions build them, whose flags take the place of `+crt-static`: built first,
/// if anything has changed.
fn dynamic_build() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dynamic");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        build.args(["build", "--quiet", "--locked", "--bins", "--target-dir"]).arg(&target);
        build.env("RUSTFLAGS", "-C target-feature=-crt-static").env_remove("CARGO_ENCODED_RUSTFLAGS");
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().unwrap().success(), "the tools cannot be built dynamically");
        let built = target.join("debug");
        let program = std::fs::read(built.join("unshare")).unwrap();
        // The segment that names the loader: a static program has none.
        assert!(program.windows(4).any(|part| part == b"/ld-"), "the build that is to be dynamic is static");
        built
    })
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
    match std::env::var("NSKIT_UNDER_TEST").as_deref() {
        Ok("musl") => return release_for_musl().join(name),
        Ok("dynamic") => return dynamic_build().join(name),
        _ => {}
    }
    let path = match name {
        "unshare" => env!("CARGO_BIN_EXE_unshare"),
        "nsenter" => env!("CARGO_BIN_EXE_nsenter"),
        "lsns" => env!("CARGO_BIN_EXE_lsns"),
        _ => panic!("there is no tool {name}"),
    };
    path.into()
}

/// The path of theirs: below `NSKIT_THEIRS`, where another version of util-linux may stand, or else the installed one.
pub fn theirs(name: &str) -> PathBuf {
    let directory = std::env::var_os("NSKIT_THEIRS").unwrap_or("/usr/bin".into());
    Path::new(&directory).join(name)
}

/// Version of the installed util-linux, `None` if there is none.
pub fn their_version() -> Option<(u32, u32)> {
    static VERSION: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *VERSION.get_or_init(|| {
        let output = Command::new(theirs("unshare")).arg("--version").output().ok()?;
        version_of(&String::from_utf8(output.stdout).ok()?)
    })
}

/// `(2, 43)` of `unshare from util-linux 2.43-devel-1234-abcd`, whose release candidates are named `2.43-rc1`.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().last()?.split('-').next()?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

scene_test!(versions_in_development_count_as_the_version_that_they_become);
fn versions_in_development_count_as_the_version_that_they_become() {
    for (text, version) in [
        ("unshare from util-linux 2.38.1\n", Some((2, 38))),
        ("unshare from util-linux 2.43\n", Some((2, 43))),
        ("unshare from util-linux 2.43-rc1\n", Some((2, 43))),
        ("unshare from util-linux 2.43-devel-1234-abcd\n", Some((2, 43))),
        ("unshare (busybox)\n", None),
    ] {
        assert_eq!(version_of(text), version, "{text}");
    }
}

/// The path of the probe (probe.rs).
pub fn probe() -> PathBuf {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| example("probe")).clone()
}

/// The path of a program of the tests, or of an example, which cargo builds with them unless it is asked for some of them only.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let sources = ["tests/common", "examples"]
        .map(|directory| Path::new(env!("CARGO_MANIFEST_DIR")).join(directory).join(name).with_extension("rs"));
    // Of no file it is `None`, which is less than any time.
    if !path.exists() || sources.iter().any(|source| changed(source) > changed(&path)) {
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
