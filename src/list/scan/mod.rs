//! The only reader of the process table: /proc → [`Snapshot`]. Each source of namespaces is a stage of its own, in the
//! table `STAGES`.
//!
//! Whatever vanishes or is refused while we look leaves out that one thing: never the process's other namespaces, never
//! the rest of the table.

mod children;
mod descriptor;
mod elsewhere;
mod kernel;
mod mount;
mod process;
mod source;
mod table;
mod thread;

pub use source::{Source, SourceSet};

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::open::Opener;
use super::snapshot::{Holder, Inode, Process, Snapshot};
use crate::error::{Attempt, During, Failure};
use crate::namespace::{Kind, KindSet};
use crate::sys::{at, file};

/// What to look for, and where.
#[derive(Clone, Debug)]
pub struct Scope<'s> {
    /// /proc, or a tree that looks like it.
    pub root: &'s Path,
    /// Where namespaces are looked for.
    pub sources: SourceSet,
    /// The kinds that processes are looked at for.
    pub kinds: KindSet,
    /// The kinds that descriptors, sockets and mounts are looked at for.
    pub held: KindSet,
}

impl Scope<'_> {
    fn wants(&self, source: Source) -> bool {
        self.sources.contains(source)
    }

    /// Whether it is the running system that is looked at, so that what the kernel says is about the same.
    fn is_real(&self) -> bool {
        self.root == Path::new("/proc")
    }
}

/// How a stage looks.
enum Look {
    /// At each process, right after the stages before it, while its entries are warm in the kernel's caches.
    AtEachProcess(fn(&mut Worker<'_>, &mut Visit)),
    /// Once, at something else.
    Once(fn(&Scope<'_>, &mut Finds)),
    /// At what follows from all that has been found.
    Afterwards(fn(Snapshot, &Scope<'_>, &Opener) -> Snapshot),
}

/// A stage of the scan: which sources it serves (those that share a directory are read in one go), and how.
struct Stage {
    serves: &'static [Source],
    look: Look,
}

/// All stages, in the order in which they are carried out.
const STAGES: &[Stage] = &[
    Stage {
        serves: &[Source::Process],
        look: Look::AtEachProcess(process::look),
    },
    Stage {
        serves: &[Source::Thread],
        look: Look::AtEachProcess(thread::look),
    },
    Stage {
        serves: &[Source::Children],
        look: Look::AtEachProcess(children::look),
    },
    Stage {
        serves: &[Source::Descriptor, Source::Socket],
        look: Look::AtEachProcess(descriptor::look),
    },
    Stage {
        serves: &[Source::Mount],
        look: Look::Once(mount::look),
    },
    Stage {
        serves: &[Source::MountElsewhere],
        look: Look::Afterwards(elsewhere::look),
    },
    Stage {
        serves: &[Source::Kernel],
        look: Look::Afterwards(kernel::look),
    },
];

/// A process that is being looked at.
struct Visit {
    /// /proc/PID: further steps go by it, so that they never meet another process of the same PID.
    directory: OwnedFd,
    process: Process,
    kernel_thread: bool,
    threads: u32,
    /// Whether something of it was not ours to see.
    refused: bool,
    /// Why we could not go on looking, though it was ours to see.
    exhausted: Option<Errno>,
}

/// Whether this is the want of descriptors or memory. A listing that is short for it would pass for a whole one.
fn is_exhaustion(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EIO
    )
}

impl Visit {
    /// Keeps in mind why something of the process could not be seen.
    fn note(&mut self, errno: Errno) {
        self.refused |= matches!(errno, Errno::EACCES | Errno::EPERM);
        if is_exhaustion(errno) {
            self.exhausted = Some(errno);
        }
    }
}

/// What has been found.
#[derive(Default)]
struct Finds {
    processes: Vec<Process>,
    held: Vec<(Kind, Inode, Holder)>,
    unreadable: usize,
    /// Processes that ended while we looked.
    vanished: usize,
    /// Why the rest could not be looked at.
    exhausted: Option<Errno>,
}

impl Finds {
    fn add(&mut self, other: Finds) {
        self.processes.extend(other.processes);
        self.held.extend(other.held);
        self.unreadable += other.unreadable;
        self.vanished += other.vanished;
        self.exhausted = self.exhausted.or(other.exhausted);
    }
}

/// One of those that look at processes, with its buffers: the calls are many, and none allocates.
struct Worker<'s> {
    scope: &'s Scope<'s>,
    proc: BorrowedFd<'s>,
    finds: Finds,
    sockets: descriptor::Sockets,
    names: Box<[u8]>,
}

/// Enough for a thousand descriptors a call.
const NAMES: usize = 32 * 1024;

impl<'s> Worker<'s> {
    fn new(scope: &'s Scope<'s>, proc: BorrowedFd<'s>) -> Worker<'s> {
        Worker {
            scope,
            proc,
            finds: Finds::default(),
            sockets: descriptor::Sockets::default(),
            names: vec![0; NAMES].into_boxed_slice(),
        }
    }

    fn visit(&mut self, pid: i32) {
        let mut visit = match process::open(self.proc, pid) {
            Ok(visit) => visit,
            Err(errno) => return self.note(errno),
        };
        for stage in STAGES {
            if let Look::AtEachProcess(look) = stage.look
                && stage.serves.iter().any(|source| self.scope.wants(*source))
            {
                look(self, &mut visit);
            }
        }
        self.finds.unreadable += usize::from(visit.refused);
        self.finds.exhausted = self.finds.exhausted.or(visit.exhausted);
        self.finds.processes.push(visit.process);
    }

    /// Keeps in mind why a process could not be looked at.
    fn note(&mut self, errno: Errno) {
        match errno {
            Errno::ENOENT | Errno::ESRCH => self.finds.vanished += 1,
            errno if is_exhaustion(errno) => self.finds.exhausted = Some(errno),
            _ => self.finds.unreadable += 1,
        }
    }
}

/// Looks at everything in `scope`; what has been found is opened by `opener` where it leads further. Errors: the root
/// cannot be opened or listed.
pub fn scan(scope: &Scope<'_>, opener: &Opener) -> Result<Snapshot, Failure> {
    let open = || Attempt::Open(PathBuf::from(scope.root));
    let proc =
        file::open_retrying(scope.root, OFlag::O_RDONLY | OFlag::O_DIRECTORY).during(open)?;
    let mut finds = Finds::default();
    if STAGES.iter().any(|stage| {
        matches!(stage.look, Look::AtEachProcess(_))
            && stage.serves.iter().any(|source| scope.wants(*source))
    }) {
        finds = table::walk(scope, proc.as_fd())?;
    }
    for stage in STAGES {
        if let Look::Once(look) = stage.look
            && stage.serves.iter().any(|source| scope.wants(*source))
        {
            look(scope, &mut finds);
        }
    }
    let mut snapshot = super::collect::snapshot(finds.processes, finds.held, finds.unreadable);
    for stage in STAGES {
        if let Look::Afterwards(look) = stage.look
            && stage.serves.iter().any(|source| scope.wants(*source))
        {
            snapshot = look(snapshot, scope, opener);
        }
    }
    Ok(snapshot)
}

/// The PIDs in /proc, ascending.
fn pids(proc: BorrowedFd<'_>, buffer: &mut [u8]) -> nix::Result<Vec<i32>> {
    let mut pids = Vec::new();
    at::for_each_name(proc, buffer, |name| {
        pids.extend(crate::cli::value::digits::<i32>(name.to_bytes()));
    })?;
    pids.sort_unstable();
    Ok(pids)
}

#[cfg(test)]
mod tests {
    use super::*;
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
            let tree =
                Tree(std::env::temp_dir().join(format!("nskit-{name}-{}", std::process::id())));
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
            let scope = Scope {
                root: &self.0,
                sources,
                kinds,
                held: kinds,
            };
            scan(&scope, &Opener::new(&self.0).unwrap()).unwrap()
        }
    }

    /// `kind:inode processes leader holders`, a line a namespace.
    fn summary(snapshot: &Snapshot) -> Vec<String> {
        let leader = |at: Option<usize>| at.map(|at| snapshot.processes[at].pid);
        let line = |(inode, namespace): (&Inode, &crate::list::snapshot::Namespace)| {
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
        tree.process(
            12,
            &stat(3),
            &[
                ("ns/uts", "uts:[7]"),
                ("ns/net", "net:[5]"),
                ("fd/4", "uts:[8]"),
            ],
        );
        tree.process(
            3,
            &stat(0),
            &[
                ("ns/uts", "uts:[7]"),
                ("fd/9", "/net:[99]"),
                ("fd/10", "pipe:[98]"),
            ],
        );
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
                "uts:8 0 None [Descriptor { pid: 12, fd: 4 }, Mount(\"/run/u v\")]",
            ]
        );
        let parents: Vec<_> = all
            .processes
            .iter()
            .map(|process| (process.pid, process.parent))
            .collect();
        assert_eq!(parents, [(3, 0), (4, 2), (12, 3)]);
        assert_eq!(
            summary(&tree.scan(SourceSet::of(&[Source::Process]), &[Kind::Net])),
            ["net:5 1 Some(12) []"]
        );
        assert_eq!(
            summary(&tree.scan(SourceSet::of(&[Source::Mount]), &[Kind::Mount])),
            ["mnt:6 0 None [Mount(\"/m\")]"]
        );
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
        for (link, target) in [
            ("uts", "uts:[17]"),
            ("mnt", "mnt:[6]"),
            ("time_for_children", "time:[13]"),
        ] {
            symlink(target, thread.join(link)).unwrap();
        }
        let mounts = "1 1 0:4 net:[5] /n rw - nsfs nsfs rw\n";
        fs::write(tree.0.join("7/mountinfo"), mounts).unwrap();
        assert_eq!(
            summary(&tree.scan(SourceSet::ALL, &Kind::ALL)),
            [
                "time:3 1 Some(7) []",
                "pid:4 1 Some(7) []",
                "net:5 0 None [MountElsewhere { path: \"/n\", namespace: 6 }]",
                "mnt:6 1 Some(7) []",
                "uts:7 1 Some(7) []",
                "time:13 0 None [Children { pid: 7, tid: Some(9) }]",
                "pid:14 0 None [Children { pid: 7, tid: None }]",
                "uts:17 0 None [Thread { pid: 7, tid: 9 }]",
            ]
        );
        let theirs = SourceSet::of(&[
            Source::Process,
            Source::Descriptor,
            Source::Socket,
            Source::Mount,
        ]);
        assert_eq!(
            summary(&tree.scan(theirs, &Kind::ALL)),
            [
                "time:3 1 Some(7) []",
                "pid:4 1 Some(7) []",
                "mnt:6 1 Some(7) []",
                "uts:7 1 Some(7) []",
            ]
        );
    }

    #[test]
    fn a_large_table_comes_out_as_a_small_one_would() {
        let tree = Tree::new("large");
        for pid in 1..=1000 {
            let own = format!("uts:[{}]", 1000 + pid / 10);
            tree.process(
                pid,
                &format!("{pid} (x) S 1 1 1 0 -1 0 0"),
                &[("ns/uts", &own), ("ns/net", "net:[5]")],
            );
        }
        let snapshot = tree.scan(SourceSet::ALL, &Kind::ALL);
        assert!(snapshot.processes.is_sorted_by_key(|process| process.pid));
        assert_eq!(snapshot.processes.len(), 1000);
        assert_eq!(snapshot.namespaces.len(), 102);
        let tenth = &snapshot.namespaces[&Inode::new(1050).unwrap()];
        assert_eq!((tenth.processes, tenth.leader), (10, Some(499)));
    }
}
