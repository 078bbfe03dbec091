//! Scans of made-up process tables.

use super::*;
use crate::namespace::KindSet;
use std::fs;
use std::os::unix::fs::symlink;

/// A made-up /proc, removed when dropped.
struct Tree(PathBuf);

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Tree {
    fn new(name: &str) -> Tree {
        let tree = Tree(std::env::temp_dir().join(format!("nskit-{name}-{}", std::process::id())));
        fs::create_dir(&tree.0).unwrap();
        tree
    }

    fn process(&self, pid: i32, stat: &str, links: &[(&str, &str)]) {
        let directory = self.0.join(pid.to_string());
        fs::create_dir_all(directory.join("ns")).unwrap();
        fs::create_dir_all(directory.join("fd")).unwrap();
        fs::write(directory.join("stat"), stat).unwrap();
        for (link, target) in links {
            symlink(target, directory.join(link)).unwrap();
        }
    }

    fn scan(&self, sources: SourceSet, kinds: &[Kind]) -> Snapshot {
        let kinds: KindSet = kinds.iter().copied().collect();
        let scope = Scope { root: &self.0, sources, kinds, held: kinds };
        scan(&scope, &Opener::new(&self.0).unwrap()).unwrap()
    }
}

/// `kind:inode processes leader holders`, a line a namespace.
fn summary(snapshot: &Snapshot) -> Vec<String> {
    let leader = |at: Option<usize>| at.map(|at| snapshot.processes[at].pid);
    let line = |(inode, namespace): (&Inode, &crate::list::model::snapshot::SeenNamespace)| {
        format!(
            "{}:{inode} {} {:?} {:?}",
            namespace.kind,
            namespace.processes,
            leader(namespace.leader),
            namespace.holders
        )
    };
    snapshot.namespaces.iter().map(line).collect()
}

#[test]
fn every_source_is_looked_at() {
    let tree = Tree::new("sources");
    let stat = |parent: i32| format!("9 (a) R 1 1) S {parent} 1 1 0 -1 0 0");
    tree.process(12, &stat(3), &[("ns/uts", "uts:[7]"), ("ns/net", "net:[5]"), ("fd/4", "uts:[8]")]);
    tree.process(3, &stat(0), &[("ns/uts", "uts:[7]"), ("fd/9", "/net:[99]"), ("fd/10", "pipe:[98]")]);
    // Neither is a process: one has no stat file that can be read, one is a thread of the kernel's with a descriptor.
    tree.process(5, "nonsense", &[("ns/uts", "uts:[70]")]);
    tree.process(4, "4 (k) S 2 0 0 0 -1 2129984 0", &[("fd/1", "uts:[71]")]);
    fs::create_dir(tree.0.join("self")).unwrap();
    let mounts = "1 1 0:4 uts:[8] /run/u\\040v rw - nsfs nsfs rw\n2 1 0:4 mnt:[6] /m rw shared:1 - nsfs nsfs rw\n3 1 0:4 / / rw - ext4 - nsfs rw\n";
    fs::write(tree.0.join("self/mountinfo"), mounts).unwrap();
    let all = tree.scan(SourceSet::ALL, &Kind::ALL);
    assert_eq!(
        summary(&all),
        [
            "net:5 1 Some(12) []",
            "mnt:6 0 None [Mount(\"/m\")]",
            "uts:7 2 Some(3) []",
            "uts:8 0 None [Descriptor(Fd { pid: 12, tid: None, fd: 4 }), Mount(\"/run/u v\")]",
        ]
    );
    let parents: Vec<_> = all.processes.iter().map(|process| (process.pid, process.parent)).collect();
    assert_eq!(parents, [(3, 0), (4, 2), (12, 3)]);
    assert_eq!(summary(&tree.scan(SourceSet::of(&[Source::Process]), &[Kind::Net])), ["net:5 1 Some(12) []"]);
    assert_eq!(summary(&tree.scan(SourceSet::of(&[Source::Mount]), &[Kind::Mount])), ["mnt:6 0 None [Mount(\"/m\")]"]);
}

#[test]
fn threads_children_and_mounts_elsewhere_are_looked_at() {
    let tree = Tree::new("hidden");
    let stat = "7 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0";
    let links = [
        ("ns/uts", "uts:[7]"),
        ("ns/mnt", "mnt:[6]"),
        ("ns/pid", "pid:[4]"),
        ("ns/pid_for_children", "pid:[14]"),
        ("ns/time", "time:[3]"),
        ("ns/time_for_children", "time:[3]"),
    ];
    tree.process(7, stat, &links);
    let thread = tree.0.join("7/task/9/ns");
    fs::create_dir_all(&thread).unwrap();
    fs::create_dir_all(tree.0.join("7/task/7/ns")).unwrap();
    for (link, target) in [("uts", "uts:[17]"), ("mnt", "mnt:[6]"), ("time_for_children", "time:[13]")] {
        symlink(target, thread.join(link)).unwrap();
    }
    let mounts = "1 1 0:4 net:[5] /n rw - nsfs nsfs rw\n";
    fs::write(tree.0.join("7/mountinfo"), mounts).unwrap();
    assert_eq!(
        summary(&tree.scan(SourceSet::ALL, &Kind::ALL)),
        [
            "time:3 1 Some(7) []",
            "pid:4 1 Some(7) []",
            "net:5 0 None [MountElsewhere { path: \"/n\", namespace: 6, witness: Some(7) }]",
            "mnt:6 1 Some(7) []",
            "uts:7 1 Some(7) []",
            "time:13 0 None [Children { pid: 7, tid: Some(9) }]",
            "pid:14 0 None [Children { pid: 7, tid: None }]",
            "uts:17 0 None [Thread { pid: 7, tid: 9 }]",
        ]
    );
    let theirs = SourceSet::of(&[Source::Process, Source::Descriptor, Source::Socket, Source::Mount]);
    assert_eq!(
        summary(&tree.scan(theirs, &Kind::ALL)),
        ["time:3 1 Some(7) []", "pid:4 1 Some(7) []", "mnt:6 1 Some(7) []", "uts:7 1 Some(7) []",]
    );
}

#[test]
fn a_large_table_comes_out_as_a_small_one_would() {
    let tree = Tree::new("large");
    for pid in 1..=1000 {
        let own = format!("uts:[{}]", 1000 + pid / 10);
        tree.process(pid, &format!("{pid} (x) S 1 1 1 0 -1 0 0"), &[("ns/uts", &own), ("ns/net", "net:[5]")]);
    }
    let snapshot = tree.scan(SourceSet::ALL, &Kind::ALL);
    assert!(snapshot.processes.is_sorted_by_key(|process| process.pid));
    assert_eq!(snapshot.processes.len(), 1000);
    assert_eq!(snapshot.namespaces.len(), 102);
    let tenth = &snapshot.namespaces[&Inode::new(1050).unwrap()];
    assert_eq!((tenth.processes, tenth.leader), (10, Some(499)));
}
