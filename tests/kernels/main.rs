//! The three tools on other kernels than that of this machine, real ones under emulation: the scenes of [`SCENES`], and
//! what has been planted (see planting/).
//!
//! They are run where `NSKIT_KERNELS=1` asks for it: some minutes, and once four kernels of 50 MB in all, fetched into
//! `~/.cache/nskit-kernels`. The binaries are those of the profile that is tested, without their debug information.
//!
//! `NSKIT_ARCHITECTURES` names other architectures (`arm64 s390x`, or `all`), whose binaries `cross` builds.

#![allow(clippy::unwrap_used, unsafe_code)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{
    Directory, cannot_be_had, entered, example, listed, note, on_purpose, only_listed, only_with, ours, probe,
    read_planted, skip,
};

const INIT: &str = include_str!("init");
const SCENES: &str = include_str!("scenes");
const SELINUX: &str = include_str!("selinux");

/// Statuses of `boot`.
const MISSING: i32 = 76;
const CANNOT_BE_HAD: i32 = 77;

const INODES_OF_PIDFDS: &str = "nsenter --target PID:INODE (Linux 6.9)";

scene_test!(the_newest);
fn the_newest() {
    let console = boot("sid");
    check(&console, &[]);
    check_bpf(&console, None);
}

scene_test!(linux_6_12);
fn linux_6_12() {
    let console = boot("trixie");
    check(&console, &[]);
    check_bpf(&console, None);
}

scene_test!(linux_6_1);
fn linux_6_1() {
    let console = boot("bookworm");
    check(&console, &[INODES_OF_PIDFDS]);
    check_bpf(&console, None);
}

scene_test!(linux_5_10);
fn linux_5_10() {
    let console = boot("bullseye");
    check(&console, &[INODES_OF_PIDFDS]);
    // bpf_sock_from_file() is of Linux 5.11.
    check_bpf(&console, Some("the kernel refuses the program: Invalid argument"));
}

scene_test!(arm64);
fn arm64() {
    check(&boot_other("arm64", "arm64"), &[]);
}

scene_test!(armhf);
fn armhf() {
    check(&boot_other("armhf", "armhf"), &[]);
}

scene_test!(i386);
fn i386() {
    check(&boot_other("i386", "amd64"), &[]);
}

scene_test!(ppc64el);
fn ppc64el() {
    check(&boot_other("ppc64el", "ppc64el"), &[]);
}

scene_test!(riscv64);
fn riscv64() {
    check(&boot_other("riscv64", "riscv64"), &[]);
}

scene_test!(s390x);
fn s390x() {
    check(&boot_other("s390x", "s390x"), &[]);
}

scene_test!(musl);
fn musl() {
    check(&boot_other("musl", "amd64"), &[]);
}

/// All scenes are right but those that the kernel lacks something for; all that has been planted is listed, and entered.
fn check(console: &str, expected_lacks: &[&str]) {
    let parts = Parts(console);
    let kernel = parts.of("kernel").trim();
    let selinux = parts.of("selinux").lines();
    let scenes: Vec<&str> = parts.of("scenes").lines().chain(selinux).collect();
    let count = |word| scenes.iter().filter(|line| line.starts_with(word)).count();
    let lacks: Vec<(&str, &str)> =
        scenes.iter().filter_map(|line| line.strip_prefix("lacks ")?.split_once(": ")).collect();
    let failed: Vec<&&str> =
        scenes.iter().filter(|line| !line.starts_with("ok ") && !line.starts_with("lacks ")).collect();

    let planted = read_planted(parts.of("planted"));
    let (right, not_listed) = listed(&planted, parts.of("listed"));
    let not_entered = entered(&planted, parts.of("entered"));
    let ways = parts.of("entered").lines().count();
    note(&format!(
        "{kernel}: {} scenes ok, {} lacking; {} namespaces planted, {} listed; {} of {ways} ways in",
        count("ok "),
        lacks.len(),
        planted.len(),
        right.len(),
        ways.saturating_sub(not_entered.len()),
    ));
    for (name, message) in &lacks {
        note(&format!("{kernel} lacks {name}: {message}"));
    }
    assert_eq!(failed, Vec::<&&str>::new());
    let lacks: Vec<&str> = lacks.into_iter().map(|(name, _)| name).collect();
    assert_eq!(lacks, expected_lacks);
    assert_eq!(not_listed, Vec::<String>::new());
    assert_eq!(listed(&planted, parts.of("by kind")).1, Vec::<String>::new());
    assert_eq!(not_entered, Vec::<String>::new());
    assert!(parts.ended() && !planted.is_empty(), "{console}");
}

/// All that has been planted is listed by `--scan=+bpf`, and by BPF unless it is to be refused.
fn check_bpf(console: &str, refused: Option<&str>) {
    let parts = Parts(console);
    let said = parts.of("by bpf");
    let notes: Vec<&str> = said.lines().filter(|line| line.starts_with("lsns: ")).collect();
    let expected = refused.map(|why| format!("lsns: note: processes were read from /proc, not by BPF: {why}"));
    assert_eq!(notes, Vec::from_iter(expected));
    assert_eq!(listed(&read_planted(parts.of("planted")), said).1, Vec::<String>::new());
}

/// The programs that the guest runs: each with its name there.
type Programs = Vec<(&'static str, PathBuf)>;

/// What the guest has said on the kernel of a suite of Debian's. Skips the test where there can be no guest.
fn boot(suite: &str) -> String {
    on_purpose("options and columns that theirs lacks");
    only_with("NSKIT_KERNELS", "boots kernels, of Debian's archive, under emulation");
    if !cfg!(target_feature = "crt-static") {
        skip("the binaries are not static");
    }
    let tools = ["unshare", "nsenter", "lsns"].map(|name| (name, ours(name)));
    let programs = tools.into_iter().chain([("planter", example("planter")), ("probe", probe())]).collect();
    run(suite, "amd64", programs)
}

/// What the guest has said where programs for another architecture run, on the newest kernel for `kernel`.
fn boot_other(architecture: &str, kernel: &str) -> String {
    on_purpose("options and columns that theirs lacks");
    only_listed("NSKIT_ARCHITECTURES", architecture, "builds for another architecture, and boots its kernel");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/cross");
    let built = Command::new(script).arg(architecture).output().unwrap();
    let why = String::from_utf8_lossy(&built.stderr);
    match built.status.code() {
        Some(CANNOT_BE_HAD) => cannot_be_had(why.trim()),
        Some(0) => {}
        _ => panic!("{architecture}: {}: {why}", built.status),
    }
    let folder = PathBuf::from(String::from_utf8_lossy(&built.stdout).trim());
    let tools = ["unshare", "nsenter", "lsns"].map(|name| (name, folder.join(name)));
    let programs = tools.into_iter().chain(["planter", "probe"].map(|name| (name, folder.join("examples").join(name))));
    run("sid", kernel, programs.collect())
}

/// What the guest has said that runs these programs.
fn run(suite: &str, architecture: &str, programs: Programs) -> String {
    let busybox = Path::new("/bin/busybox");
    if !busybox.exists() {
        skip("needs busybox-static");
    }
    let root = Directory::new();
    let path = |name: &str| root.path().join(name);
    let executable = |name: &str, text: &str| {
        std::fs::write(path(name), text).unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    executable("init", INIT);
    executable("scenes", SCENES);
    executable("selinux", SELINUX);
    if !compile_policy(&path("policy")) {
        skip("needs secilc");
    }
    std::fs::create_dir(path("bin")).unwrap();
    std::fs::copy(busybox, path("bin/busybox")).unwrap();
    symlink("busybox", path("bin/sh")).unwrap();
    std::fs::create_dir(path("nskit")).unwrap();
    for (name, program) in programs {
        let place = path("nskit").join(name);
        let stripped = Command::new("strip").arg("-o").args([&place, &program]).status();
        if !stripped.is_ok_and(|status| status.success()) {
            std::fs::copy(program, place).unwrap();
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/boot");
    // By default long enough on a busy machine.
    let seconds = std::env::var("BOOT_SECONDS").unwrap_or_else(|_| "1200".to_string());
    let mut script = Command::new(script);
    script
        .arg(root.path())
        .env("SUITE", suite)
        .env("ARCHITECTURE", architecture)
        .env("BOOT_SECONDS", &seconds)
        // Without a policy it allows everything.
        .env("APPEND", "security=selinux selinux=1");
    for attempt in 1.. {
        let Output { status, stdout, stderr } = script.output().unwrap();
        let (why, console) = (String::from_utf8_lossy(&stderr), String::from_utf8_lossy(&stdout));
        match status.code() {
            Some(CANNOT_BE_HAD) => cannot_be_had(why.trim()),
            Some(MISSING) => skip(why.trim()),
            Some(0) if attempt < BOOTS && crashed_before_init(&console) => {
                note(&format!(
                    "{suite}, {architecture}: the kernel crashed before process 1 started: booted once more"
                ));
            }
            Some(0) => return console.into_owned(),
            _ => panic!("{suite}, {architecture}: {status}: {why}\n{console}"),
        }
    }
    unreachable!("the last attempt returns")
}

/// How often a kernel is booted that crashes by itself.
const BOOTS: usize = 3;

/// Whether the kernel crashed when nothing of ours had run: under emulation, one that changes its own code on two processors
/// sometimes does (int3 in sched_clock_cpu). A crash that comes later may be our doing, and is a failure.
fn crashed_before_init(console: &str) -> bool {
    !console.contains("--- kernel\n") && ["Oops: ", "Kernel panic - "].iter().any(|crash| console.contains(crash))
}

scene_test!(a_crash_counts_as_the_emulators_only_before_process_1);
fn a_crash_counts_as_the_emulators_only_before_process_1() {
    assert!(crashed_before_init("Booting from ROM...\n[    1.526025] Oops: int3: 0000 [#1] SMP NOPTI\n"));
    assert!(crashed_before_init("[    0.9] Kernel panic - not syncing: timer\n"));
    assert!(!crashed_before_init("--- kernel\n7.2\n--- scenes\n[    9.1] Oops: 0000\n"));
    // Neither is one that says nothing.
    assert!(!crashed_before_init("Booting from ROM...\n"));
}

/// Makes the policy for SELinux; whether there is a compiler for it.
fn compile_policy(to: &Path) -> bool {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/selinux.cil");
    // Version 30 is one that Linux 4.13 reads, and all later ones do.
    let compiler =
        Command::new("secilc").args(["-M", "false", "-c", "30", "-f", "/dev/null", "-o"]).args([to, &source]).status();
    match compiler {
        Ok(status) => {
            assert!(status.success(), "secilc: {status}");
            true
        }
        Err(_) => false,
    }
}

/// The parts of what the guest says, each under a line `--- NAME`.
struct Parts<'c>(&'c str);

impl<'c> Parts<'c> {
    fn of(&self, name: &str) -> &'c str {
        let line = format!("--- {name}\n");
        let Some((_, part)) = self.0.split_once(&*line) else { panic!("there is no '{name}' in {}", self.0) };
        part.split("--- ").next().unwrap()
    }

    fn ended(&self) -> bool {
        self.0.contains("--- end\n")
    }
}

fn main() -> std::process::ExitCode {
    common::main()
}
