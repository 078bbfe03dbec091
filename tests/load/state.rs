//! What there is in a scene, to be compared before and after.

use std::collections::BTreeMap;

use crate::common::{Frozen, example, ours};

/// A namespace as lsns tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub kind: String,
    pub processes: usize,
    pub holders: Vec<String>,
}

/// Namespaces by number.
pub type Listing = BTreeMap<u64, Namespace>;

/// Processes, mounts, files and namespaces.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    processes: Vec<String>,
    mounts: String,
    files: String,
    namespaces: Listing,
}

/// All that there is in the scene.
#[track_caller]
pub fn state(frozen: &Frozen) -> State {
    let directory = frozen.scene.text("");
    let run = |words: &[&str]| frozen.run("/usr/bin:/bin", words.iter().copied()).ok();
    State {
        processes: processes(frozen),
        mounts: run(&["cat", "/proc/1/mountinfo"]),
        // Not the output of the crowd, which is there while it is.
        files: run(&["find", "/mnt", &directory, "-printf", "%p %y\n"]),
        namespaces: namespaces(frozen),
    }
}

/// The PIDs there are, but that of the one that asks.
#[track_caller]
pub fn processes(frozen: &Frozen) -> Vec<String> {
    let ask = "own=$$; cd /proc; for pid in [0-9]*; do [ $pid = $own ] || echo $pid; done";
    let listed = frozen.run("/usr/bin:/bin", ["sh", "-c", ask]).ok();
    listed.lines().map(str::to_string).collect()
}

/// What lsns lists, with the holders.
#[track_caller]
pub fn namespaces(frozen: &Frozen) -> Listing {
    let (text, _) = lsns(frozen, "-r -n -l -o NS,TYPE,NPROCS,HELD-BY");
    let mut listing = Listing::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [inode, kind, processes, holders] = words[..] else {
            panic!("what is '{line}'?");
        };
        let namespace = Namespace {
            kind: kind.to_string(),
            processes: processes.parse().unwrap(),
            holders: holders.replace("\\x20", " ").split(',').map(str::to_string).collect(),
        };
        let before = listing.insert(inode.parse().unwrap(), namespace);
        assert_eq!(before, None, "{inode} is listed twice");
    }
    listing
}

/// What our lsns prints, and the KiB that it needed.
#[track_caller]
pub fn lsns(frozen: &Frozen, args: &str) -> (String, usize) {
    let memory = frozen.scene.text("memory");
    let call = measured(frozen, &memory, args);
    let printed = call.ok();
    let kib = std::fs::read_to_string(&memory).unwrap().parse().unwrap();
    std::fs::remove_file(&memory).unwrap();
    (printed, kib)
}

/// Our lsns, its peak memory in KiB to be written into a file.
pub fn measured(frozen: &Frozen, memory: &str, args: &str) -> crate::common::Call {
    let (crowd, tool) = (example("crowd"), ours("lsns"));
    let words = [crowd.to_str().unwrap(), "measure", memory];
    let words = words.into_iter().chain([tool.to_str().unwrap()]);
    frozen.run_next("/usr/bin:/bin", words.chain(args.split_whitespace()))
}
