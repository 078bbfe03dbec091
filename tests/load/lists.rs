//! Large numbers of all that lsns looks at.

use crate::common::{Frozen, Process, example, look_again_and_again, note, on_purpose, storm};
use crate::state::{self, Listing, Namespace, State, lsns, measured, state};
use crate::{alone, limit, size, size_within};

/// What a listing may need beyond what `lsns --version` does, in KiB: that has the code of the build, of which more is
/// resident where it is not optimized. For each process and holder of a namespace, and for each row, in bytes.
const MEMORY: usize = 2048;
const MEMORY_FOR_EACH: usize = 512;
const MEMORY_FOR_A_ROW: usize = 1024;

/// Ways to list everything.
const ALL: [&str; 6] = [
    "-n -l -o NS",
    "-n",
    "-n -T -o NS,TYPE,ONS",
    "-n -Tparent -o NS,TYPE,PNS",
    "-J --output-all",
    "-n -r --output-all",
];

/// A crowd, with a scene around it.
struct Crowd {
    frozen: Frozen,
    before: State,
    process: Process,
    /// What it says that it has made.
    made: Listing,
    /// How many processes it is.
    processes: usize,
    /// What is to be listed while it is there.
    expected: Listing,
}

impl Crowd {
    #[track_caller]
    fn new(args: &[&str]) -> Crowd {
        let frozen = Frozen::new("mkdir /mnt/places");
        let base = state::namespaces(&frozen);
        let before = state(&frozen);
        let crowd = example("crowd");
        let words = [crowd.to_str().unwrap()].into_iter();
        let call = frozen.run_next("/usr/bin:/bin", words.chain(args.iter().copied()));
        let process = call.leashed().spawn();
        process.expect("ready\n");
        let mut made = Listing::new();
        let mut processes = 0;
        for line in process.stdout().lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["ready"] => {}
                ["processes", count] => processes = count.parse().unwrap(),
                [kind, inode, count, ref holders @ ..] => {
                    let namespace = Namespace {
                        kind: kind.to_string(),
                        processes: count.parse().unwrap(),
                        holders: holders.iter().map(ToString::to_string).collect(),
                    };
                    made.insert(inode.parse().unwrap(), namespace);
                }
                _ => panic!("what is '{line}'?"),
            }
        }
        let mut expected = base;
        for namespace in expected.values_mut() {
            let of_kind = made.values().filter(|made| made.kind == namespace.kind);
            namespace.processes += processes - of_kind.map(|made| made.processes).sum::<usize>();
        }
        expected.extend(made.clone());
        Crowd { frozen, before, process, made, processes, expected }
    }

    /// Lists all in every way.
    #[track_caller]
    fn check(&self, what: &str) {
        let there = state::processes(&self.frozen);
        let listed = state::namespaces(&self.frozen);
        for (inode, namespace) in &self.expected {
            assert_eq!(listed.get(inode), Some(namespace), "{inode}");
        }
        for (inode, namespace) in &listed {
            assert!(self.expected.contains_key(inode), "{inode} {namespace:?}");
        }
        let holders = |namespace: &Namespace| namespace.holders.len();
        let things = self.processes + self.expected.values().map(holders).sum::<usize>();
        let rows = self.expected.len() * MEMORY_FOR_A_ROW;
        let bound = least(&self.frozen) + MEMORY + (things * MEMORY_FOR_EACH + rows) / 1024;
        let mut most = 0;
        let mut list = |args: &str, rows: usize| {
            let (text, memory) = lsns(&self.frozen, args);
            let printed = match args.contains("-J") {
                true => text.matches("\"ns\": ").count(),
                false => text.lines().count(),
            };
            assert_eq!(printed, rows, "lsns {args}");
            assert!(memory <= bound, "lsns {args}: {memory} KiB, not {bound}");
            most = most.max(memory);
        };
        for args in ALL {
            list(args, self.expected.len());
        }
        let alone = self.expected.values().filter(|found| found.processes == 0);
        list("-n -P -o NS,TYPE", alone.count());
        let largest = self.expected.iter().max_by_key(|found| found.1.processes);
        let (inode, largest) = largest.unwrap();
        list(&format!("-n -o PID,COMMAND {inode}"), largest.processes);
        // Nothing of ours has stayed.
        assert_eq!(state::processes(&self.frozen), there);
        note(&format!(
            "{what}: {} namespaces listed, {} of them made here; at most {most} KiB (bound: {bound})",
            self.expected.len(),
            self.made.len()
        ));
    }

    /// Ends it: all is as it was before.
    #[track_caller]
    fn end(mut self) {
        self.process.release();
        self.process.finish().ok();
        assert_eq!(state(&self.frozen), self.before);
        self.frozen.end();
    }
}

/// The KiB that lsns needs to do next to nothing.
fn least(frozen: &Frozen) -> usize {
    lsns(frozen, "--version").1
}

/// How many processes there can be beside those that are there, and some that come meanwhile.
fn most_processes() -> usize {
    let there = std::fs::read_dir("/proc").unwrap().count();
    let most = limit("kernel/pid_max").min(limit("kernel/threads-max"));
    most.saturating_sub(there + 1500)
}

scene_test!(many_processes);
fn many_processes() {
    on_purpose("the list of holders is ours");
    let _place = alone();
    let limits = "kernel.pid_max or kernel.threads-max";
    let count = size_within(30_000, most_processes(), limits);
    let crowd = Crowd::new(&["processes", &count.to_string(), "10"]);
    assert_eq!((crowd.processes, crowd.made.len()), (count + 1, 10));
    crowd.check(&format!("{count} processes"));
    crowd.end();
}

scene_test!(many_namespaces);
fn many_namespaces() {
    on_purpose("the list of holders is ours");
    let _place = alone();
    let count = size_within(5000, 8 * most_namespaces(), "user.max_*_namespaces");
    let crowd = Crowd::new(&["namespaces", &count.to_string(), "/mnt/places"]);
    assert_eq!(crowd.made.len(), count);
    crowd.check(&format!("{count} namespaces of all kinds"));
    crowd.end();
}

/// How many more namespaces there can be of the kind of which least can.
fn most_namespaces() -> usize {
    let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
    let limits = kinds.map(|kind| limit(&format!("user/max_{kind}_namespaces")));
    limits.into_iter().min().unwrap().saturating_sub(100)
}

scene_test!(many_mount_namespaces);
fn many_mount_namespaces() {
    on_purpose("the list of holders is ours");
    let _place = alone();
    let count = size_within(1000, most_namespaces(), "user.max_mnt_namespaces");
    let crowd = Crowd::new(&["mounts", &count.to_string(), "/mnt/places"]);
    assert_eq!(crowd.made.len(), 2 * count);
    crowd.check(&format!("{count} mount namespaces, each visited"));
    // From the first PID namespace, the kernel tells of them all, and nobody is sent there.
    let from_outside = crowd.frozen.scene.call(crate::common::ours("lsns"), ["-r", "-n", "-l", "-o", "NS,HELD-BY"]);
    let listed = from_outside.ok();
    let listed: std::collections::HashSet<&str> = listed.lines().collect();
    for (inode, namespace) in crowd.made.iter().filter(|made| made.1.kind == "uts") {
        let line = format!("{inode} {}", namespace.holders[0].replace(' ', "\\x20"));
        assert!(listed.contains(&*line), "{line}");
    }
    crowd.end();
}

scene_test!(many_descriptors);
fn many_descriptors() {
    crate::common::needs_root("a socket in the network namespace that is there");
    on_purpose("the list of holders is ours");
    let _place = alone();
    let free = limit_of_files().saturating_sub(10_000);
    let count = size_within(100_000, free, "fs.file-max");
    let crowd = Crowd::new(&["descriptors", &count.to_string()]);
    let holders = crowd.processes - 1;
    assert_eq!(crowd.made.len(), 1 + holders * 20);
    crowd.check(&format!("{count} descriptors of {holders} processes"));
    crowd.end();
}

/// How many files the whole system may have open: it may be more than a number of ours can say.
fn limit_of_files() -> usize {
    let text = std::fs::read_to_string("/proc/sys/fs/file-max").unwrap();
    text.trim().parse().unwrap_or(usize::MAX)
}

scene_test!(a_fork_storm);
fn a_fork_storm() {
    on_purpose("2.38.1 ends with status 1 where a process ends as it looks");
    let _place = alone();
    let blow = format!("'{}' storm &", example("crowd").display());
    let frozen = storm(&blow);
    let runs = size(2000);
    let bound = least(&frozen) + MEMORY;
    let memory = frozen.scene.text("memory");
    let mut peaks: Vec<usize> = Vec::new();
    let peak = || -> Option<usize> { std::fs::read_to_string(&memory).ok()?.parse().ok() };
    let forks = forks_so_far();
    look_again_and_again(&frozen, runs, |mode| {
        peaks.extend(peak());
        measured(&frozen, &memory, mode)
    });
    peaks.extend(peak());
    assert_eq!(peaks.len(), runs);
    let most = peaks.iter().max().unwrap();
    assert!(*most <= bound, "{most} KiB, not {bound}");
    note(&format!(
        "a fork storm: {runs} listings, none failed nor missed what stays; {} processes and threads began meanwhile; \
         at most {most} KiB (bound: {bound})",
        forks_so_far() - forks
    ));
    frozen.end();
}

/// How many processes and threads there have been since the system started.
fn forks_so_far() -> usize {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let mut lines = stat.lines();
    let count = lines.find_map(|line| line.strip_prefix("processes "));
    count.unwrap().parse().unwrap()
}
