//! The crate's page and its examples: the four tasks are on the page, and each program of examples/ does what it says.

use std::fs::read_link;
use std::process::{Command, Output};

use crate::common::{example, is_root, needs_root};
use crate::{concerns_ours, project, read};

/// What the example does.
fn ran(name: &str, arguments: &[&str]) -> Output {
    Command::new(example(name)).args(arguments).env("RUST_BACKTRACE", "0").output().unwrap()
}

/// What it prints; it must end well.
fn printed(name: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = ran(name, arguments);
    assert!(status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn complaint(name: &str, arguments: &[&str]) -> String {
    let output = ran(name, arguments);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

fn own(kind: &str) -> String {
    read_link(format!("/proc/self/ns/{kind}")).unwrap().into_os_string().into_string().unwrap()
}

scene_test!(the_page_begins_with_the_four_tasks);
fn the_page_begins_with_the_four_tasks() {
    concerns_ours();
    let page = read(&project("src/lib.rs"));
    let headings: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("//! # ")).filter(|line| !line.contains("fn main")).collect();
    let tasks = [
        "What namespaces there are",
        "One of them",
        "A program in new ones, or in those of another process",
        "What comes and goes",
        "What it needs",
    ];
    let headings: Vec<_> = headings.into_iter().filter(|line| tasks.contains(line)).collect();
    assert_eq!(headings, tasks);
    let before = page.split("//! # What it needs").next().unwrap();
    for call in ["nskit::namespaces()", "Namespace::of(", ".visit(", "Command::new(", ".plan()", "nskit::watch("] {
        assert!(before.contains(call), "{call}");
    }
}

scene_test!(the_tree_shows_each_namespace_below_its_owner);
fn the_tree_shows_each_namespace_below_its_owner() {
    concerns_ours();
    let tree = printed("tree", &[]);
    let column = |name: String| {
        let line = tree.lines().find(|line| line.contains(&name)).unwrap_or_else(|| panic!("{name}: {tree}"));
        line.split(&name).next().unwrap().chars().count()
    };
    assert_eq!(column(own("net")), column(own("uts")));
    if is_root() {
        assert_eq!(column(own("user")) + 2, column(own("net")));
    }
}

scene_test!(a_holder_shows_its_path_and_number);
fn a_holder_shows_its_path_and_number() {
    concerns_ours();
    let inode = own("net");
    let inode = inode.trim_matches(|character: char| !character.is_ascii_digit());
    for argument in ["/proc/self/ns/net", inode] {
        let told = printed("who_holds", &[argument]);
        assert!(told.starts_with(&format!("{}\n  process ", own("net"))), "{told}");
        assert!(told.contains(&format!("\n  process {}\n", std::process::id())), "{told}");
    }
    assert_eq!(complaint("who_holds", &["/etc/passwd"]), "Error: /etc/passwd is no namespace\n");
    assert_eq!(complaint("who_holds", &[]), "Error: usage: who_holds PATH|INODE\n");
}

scene_test!(a_program_runs_inside_of_a_process);
fn a_program_runs_inside_of_a_process() {
    concerns_ours();
    needs_root("to enter namespaces");
    let target = std::process::id().to_string();
    assert_eq!(printed("run_inside", &[&target, "readlink", "/proc/self/ns/net"]), format!("{}\n", own("net")));
    assert_eq!(ran("run_inside", &[&target, "sh", "-c", "exit 7"]).status.code(), Some(7));
    let said = complaint("run_inside", &["999999999", "true"]);
    assert_eq!(said.lines().next(), Some("Error: cannot find process 999999999: No such process"));
}

scene_test!(a_sandbox_shows_little_and_allows_less);
fn a_sandbox_shows_little_and_allows_less() {
    concerns_ours();
    needs_root("to make namespaces");
    let script = "echo $(ls /) : $(hostname) : $(ls /sys 2>/dev/null) : $(ls -d /proc/[0-9]* | wc -w) : $(env | cut -d = -f 1 | sort);
        echo x 2>/dev/null >/usr/x || echo read-only; echo y >/tmp/y && cat /tmp/y; grep -E 'CapBnd|NoNewPrivs' /proc/self/status";
    let once = printed("sandbox", &["sh", "-c", script]);
    let mut lines = once.lines();
    let first = lines.next().unwrap();
    assert!(first.contains(" proc ") && !first.contains("etc"), "{first}");
    assert!(
        first.contains(" : sandbox : : ") && first.ends_with("PATH PWD SHLVL _") || first.ends_with("PATH PWD"),
        "{first}"
    );
    assert_eq!(lines.collect::<Vec<_>>(), ["read-only", "y", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"]);
    assert_eq!(printed("sandbox", &["-8", "echo", "one"]), "one\n".repeat(8));
    assert!(complaint("sandbox", &["false"]).starts_with("Error: exit status: 1"));
}
