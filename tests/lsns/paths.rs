//! --find with paths: those that do not exist here, and those that reach their end on a detour.

use crate::common::{Ending, Frozen, needs_root, on_purpose, skip};

/// Mounts in another mount namespace, on directories that do not exist here, and ways there by names that exist here.
const SCENE: &str = r#"
mkdir /mnt/a; ln -s /mnt/a /mnt/s; ln -s /mnt/a/new /mnt/dangling; ln -s loop /mnt/loop; : >/mnt/file
unshare -m /bin/sh -c '
    mount -t tmpfs other /mnt/a; mkdir /mnt/a/new /mnt/a/b
    mount -t tmpfs inner /mnt/a/new; mount -t tmpfs beside /mnt/a/b; exec sleep 1001' &
until M=$(pgrep -xf 'sleep 1001'); do sleep 0.01; done
MNT=$(inode /proc/$M/ns/mnt)
tell M MNT
"#;

/// lsns, started in a directory.
fn in_directory(frozen: &Frozen, directory: &str, args: &str) -> crate::common::Outcome {
    let tool = crate::common::tool("lsns").display().to_string();
    let script = format!("cd {directory} && exec {tool} -rnl -o NS,FOUND {args}");
    frozen.run("/bin:/usr/bin", ["sh", "-c", &script]).run()
}

/// The source of the one mount that is found.
fn source(frozen: &Frozen, directory: &str, wanted: &str) -> String {
    let outcome = in_directory(frozen, directory, &format!("--find {}", frozen.expand(wanted)));
    let prefix = frozen.expand("$MNT ");
    match outcome.stdout.lines().collect::<Vec<_>>()[..] {
        [line] if line.starts_with(&prefix) => line[prefix.len()..].split("\\x20").next().unwrap().to_string(),
        _ => format!("{outcome:?}"),
    }
}

scene_test!(a_path_that_is_missing_here_is_resolved_all_the_same);
fn a_path_that_is_missing_here_is_resolved_all_the_same() {
    on_purpose("--find");
    needs_root("mounts");
    let frozen = Frozen::new(SCENE);
    for (directory, wanted, expected) in [
        ("/", "/mnt/a/new", "inner"),
        ("/", "/mnt/s/new", "inner"),
        ("/", "//mnt/.//s/new/", "inner"),
        ("/", "/mnt/s/new/below/it", "inner"),
        ("/", "/mnt/a/new/../b", "beside"),
        ("/", "/mnt/s/new/x/../../b", "beside"),
        ("/", "/mnt/dangling", "inner"),
        ("/", "/mnt/dangling/../b", "beside"),
        ("/", "/mnt/file/../a/b", "beside"),
        ("/", "/mnt/file/x/../../a/b", "beside"),
        ("/", "/mnt/loop/../a/b", "beside"),
        ("/", "/mnt/s/../a/b", "beside"),
        ("/mnt/s", "./new", "inner"),
        ("/mnt/s", "../a/new", "inner"),
        ("/mnt", "s/new", "inner"),
        // In the other mount namespace, they exist.
        ("/", "/proc/$M/root/mnt/a/new", "inner"),
        ("/", "/proc/$M/root/mnt/s/b/.", "beside"),
        ("/", "/proc/$M/root/mnt/s/b/none", "beside"),
    ] {
        assert_eq!(source(&frozen, directory, wanted), expected, "{directory} {wanted}");
    }
    // A name that is a source is none in this directory.
    let outcome = in_directory(&frozen, "/mnt/s", "--find new/x");
    assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{outcome:?}");
    assert!(outcome.stderr.starts_with("lsns: not found: new/x (looked at "), "{outcome:?}");
    frozen.end();
}

scene_test!(no_path_is_too_hostile_to_be_looked_for);
fn no_path_is_too_hostile_to_be_looked_for() {
    on_purpose("--find");
    needs_root("mounts");
    let frozen = Frozen::new(SCENE);
    for wanted in [
        "$(printf '/mnt/a/\\377/\\200')",
        "/mnt/s/$(printf %05000d 0)",
        "$(printf '/x%.0s' $(seq 60000))",
        "/mnt/a$(printf '/../a%.0s' $(seq 20000))/x",
        "/mnt/loop/x",
    ] {
        let outcome = in_directory(&frozen, "/", &format!("--find \"{wanted}\" -Q 'FOUND =~ \"^(other|inner) \"'"));
        let expected = if wanted.starts_with("$(printf '/x") || wanted.contains("loop") { "" } else { "other" };
        let found = outcome.stdout.split_once(' ').map_or("", |(_, found)| found.split("\\x20").next().unwrap());
        assert_eq!(found, expected, "{wanted}: {:?} {:.300}", outcome.ending, outcome.stderr);
        assert!(matches!(outcome.ending, Ending::Exited(0 | 1)), "{wanted}: {:?}", outcome.ending);
    }
    // So many ways up end at the root.
    let up = in_directory(&frozen, "/mnt/s", "--find \".$(printf '/..%.0s' $(seq 30000))/mnt/s/new\"");
    assert!(up.stdout.contains(" inner\\x20on"), "{up:?}");
    frozen.end();
}

scene_test!(nothing_is_mounted_because_a_path_is_looked_for);
/// autofs(5) would ask its daemon, which never answers here.
fn nothing_is_mounted_because_a_path_is_looked_for() {
    on_purpose("--find");
    needs_root("mounts");
    if !std::fs::read_to_string("/proc/filesystems").unwrap().contains("\tautofs\n") {
        skip("this kernel has no autofs");
    }
    let frozen = Frozen::new(
        r#"
mkdir /mnt/auto
python3 -c "
import ctypes, os, time
receive, send = os.pipe()
os.setpgid(0, 0)
options = b'fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect' % (send, os.getpgrp())
assert ctypes.CDLL(None).mount(b'waiting', b'/mnt/auto', b'autofs', 0, options) == 0
print('mounted', flush=True)
time.sleep(1000000)
" >told &
until [[ -s told ]]; do sleep 0.01; done
"#,
    );
    let tool = crate::common::tool("lsns").display().to_string();
    for wanted in ["/mnt/auto/x", "/mnt/auto/x/y", "/mnt/auto/x/../y/.", "/mnt/auto"] {
        let args = ["timeout", "-s", "KILL", "20", &tool, "-rnl", "-o", "FOUND", "--find", wanted];
        let found = frozen.run("/bin:/usr/bin", args).ok();
        assert!(found.starts_with("waiting\\x20on\\x20/mnt/auto\\x20(0:"), "{wanted}: {found}");
    }
    frozen.end();
}
