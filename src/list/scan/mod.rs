//! The only reader of the process table: /proc → [`Snapshot`]. Each source of namespaces is a stage in the table
//! `STAGES`.
//!
//! If something vanishes or is refused while we look, we leave out that one thing, and never the process's other
//! namespaces or the rest of the table.

pub mod bpf;
mod children;
mod collect;
mod descriptor;
mod descriptor_table;
mod foreign_mounts;
mod foreign_tables;
mod kernel;
mod mount;
mod process;
mod scope;
mod source;
mod surroundings;
mod thread;
mod thread_files;
mod threads;
mod walk;

pub use scope::Scope;
pub use source::{Source, SourceSet};
pub use surroundings::pids_are_ours;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::model::opener::Opener;
use super::model::snapshot::{Process, SeenHolder, Snapshot};
use crate::error::{Attempt, Failure, ResultExt};
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::sys::file;
use kernel::MountNamespaces;
use surroundings::Surroundings;

/// How a stage looks.
enum StageKind {
    /// For each process, right after the stages before it, while its entries are warm in the kernel's caches.
    PerProcess(fn(&mut Worker<'_>, &mut InspectedProcess)),
    /// Once, for something else than processes.
    Once(fn(&Scope<'_>, &mut Findings)),
    /// Last, for what follows from the findings of all other stages.
    Post(fn(Snapshot, &Scope<'_>, &Opener, &MountNamespaces) -> Snapshot),
}

/// A stage of the scan: the sources that it serves (it reads a directory once for all of them), and how.
struct Stage {
    serves: &'static [Source],
    kind: StageKind,
}

impl Stage {
    fn is_wanted(&self, scope: &Scope<'_>) -> bool {
        self.serves.iter().any(|source| scope.wants(*source))
    }
}

/// All stages, in the order of their execution.
const STAGES: &[Stage] = &[
    Stage { serves: &[Source::Process], kind: StageKind::PerProcess(process::look) },
    Stage { serves: &[Source::Thread], kind: StageKind::PerProcess(thread::look) },
    Stage { serves: &[Source::Children], kind: StageKind::PerProcess(children::look) },
    Stage { serves: &[Source::Descriptor, Source::Socket, Source::Tap], kind: StageKind::PerProcess(descriptor::look) },
    Stage { serves: &[Source::Mount], kind: StageKind::Once(mount::look) },
    Stage { serves: &[Source::MountElsewhere], kind: StageKind::Post(foreign_mounts::look) },
    Stage { serves: &[Source::Kernel], kind: StageKind::Post(kernel::look) },
];

/// A process that a worker looks at, and what it has seen of it.
struct InspectedProcess {
    /// /proc/PID, open: all stages start here, so that they never meet another process with the same PID.
    directory: OwnedFd,
    /// /proc/PID/ns, once a stage has opened it.
    links: Option<OwnedFd>,
    process: Process,
    kernel_thread: bool,
    threads: u32,
    /// Whether we were refused something (EACCES, EPERM).
    refused: bool,
    /// What ran out, if we lacked descriptors or memory to go on.
    exhausted: Option<Errno>,
}

/// Whether a link of a process was refused. The kernel then refuses all links of the kind, those in ns and those in fd: it
/// asks once for each whether we may trace the process (proc_pid_ns(5), proc_pid_fd(5)).
fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::EACCES | Errno::EPERM)
}

/// Whether descriptors or memory have run out. The scan must fail then: a short list would pass for a complete one.
fn is_exhaustion(errno: Errno) -> bool {
    matches!(errno, Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EIO)
}

impl InspectedProcess {
    /// /proc/PID/ns.
    fn links(&mut self) -> nix::Result<&OwnedFd> {
        match &mut self.links {
            Some(links) => Ok(links),
            none => Ok(none.insert(openat(&self.directory, c"ns", process::STEP, Mode::empty())?)),
        }
    }

    /// Notes why we could not see something of the process.
    fn note(&mut self, errno: Errno) {
        self.refused |= is_refusal(errno);
        if is_exhaustion(errno) {
            self.exhausted = Some(errno);
        }
    }
}

/// What has been found.
#[derive(Default)]
struct Findings {
    processes: Vec<Process>,
    held: Vec<(Kind, Inode, SeenHolder)>,
    unreadable: usize,
    /// Processes that ended while we looked.
    vanished: usize,
    /// What ran out, if the scan could not go on.
    exhausted: Option<Errno>,
    /// Why processes were not asked by BPF, if that was wanted.
    no_bpf: Option<String>,
}

impl Findings {
    fn add(&mut self, other: Findings) {
        self.processes.extend(other.processes);
        self.held.extend(other.held);
        self.unreadable += other.unreadable;
        self.vanished += other.vanished;
        self.exhausted = self.exhausted.or(other.exhausted);
    }
}

/// A scanning thread and its buffers, reused so that the per-process path does not allocate.
struct Worker<'s> {
    scope: &'s Scope<'s>,
    around: &'s Surroundings,
    proc: BorrowedFd<'s>,
    findings: Findings,
    sockets: descriptor_table::Sockets,
    names: Box<[u8]>,
    /// The threads of a process.
    threads: Vec<i32>,
    /// The threads of that process whose descriptors we have looked at.
    tables: Vec<i32>,
}

/// Enough for a thousand descriptors a call.
const NAMES: usize = 32 * 1024;

impl<'s> Worker<'s> {
    fn new(scope: &'s Scope<'s>, around: &'s Surroundings, proc: BorrowedFd<'s>) -> Worker<'s> {
        Worker {
            scope,
            around,
            proc,
            findings: Findings::default(),
            sockets: descriptor_table::Sockets::default(),
            names: vec![0; NAMES].into_boxed_slice(),
            threads: Vec::new(),
            tables: Vec::new(),
        }
    }

    fn look_at(&mut self, pid: i32) {
        let mut inspected = match process::open(self.proc, pid) {
            Ok(inspected) => inspected,
            Err(errno) => return self.note(errno),
        };
        for stage in STAGES {
            if let StageKind::PerProcess(look) = stage.kind
                && stage.is_wanted(self.scope)
            {
                look(self, &mut inspected);
            }
        }
        self.findings.unreadable += usize::from(inspected.refused);
        self.findings.exhausted = self.findings.exhausted.or(inspected.exhausted);
        self.findings.processes.push(inspected.process);
    }

    /// Notes why we could not look at a process.
    fn note(&mut self, errno: Errno) {
        match errno {
            Errno::ENOENT | Errno::ESRCH => self.findings.vanished += 1,
            errno if is_exhaustion(errno) => self.findings.exhausted = Some(errno),
            _ => self.findings.unreadable += 1,
        }
    }
}

/// Looks at everything in `scope`. `opener` opens mount namespaces that lead to more. Errors: the root cannot be opened
/// or listed.
pub fn scan(scope: &Scope<'_>, opener: &Opener) -> Result<Snapshot, Failure> {
    let open = || Attempt::Open(PathBuf::from(scope.root));
    let proc = file::open_retrying(scope.root, OFlag::O_RDONLY | OFlag::O_DIRECTORY).attempt(open)?;
    let mut findings = Findings::default();
    let at_each = |stage: &Stage| matches!(stage.kind, StageKind::PerProcess(_));
    if STAGES.iter().any(|stage| at_each(stage) && stage.is_wanted(scope)) {
        findings = processes(scope, proc.as_fd())?;
    }
    for stage in STAGES {
        if let StageKind::Once(look) = stage.kind
            && stage.is_wanted(scope)
        {
            look(scope, &mut findings);
        }
    }
    let mut snapshot = collect::snapshot(findings.processes, findings.held, findings.unreadable);
    snapshot.no_bpf = findings.no_bpf;
    let mount_namespaces = MountNamespaces::default();
    for stage in STAGES {
        if let StageKind::Post(look) = stage.kind
            && stage.is_wanted(scope)
        {
            snapshot = look(snapshot, scope, opener, &mount_namespaces);
        }
    }
    Ok(snapshot)
}

/// Whether the kernel lists every namespace that `scope` asks for, but for those that only a socket or a TAP device holds.
pub fn kernel_lists_all(scope: &Scope<'_>) -> bool {
    kernel::lists_all(scope)
}

/// Looks at every process, by BPF if that is asked for and possible.
fn processes(scope: &Scope<'_>, proc: BorrowedFd<'_>) -> Result<Findings, Failure> {
    if !scope.wants(Source::Bpf) {
        return walk::processes(scope, proc);
    }
    match bpf::processes(scope, proc) {
        Ok(Findings { exhausted: Some(errno), .. }) => Err(errno).attempt(|| Attempt::Read(PathBuf::from(scope.root))),
        Ok(found) => Ok(found),
        Err(refusal) => Ok(Findings { no_bpf: Some(refusal.to_string()), ..walk::processes(scope, proc)? }),
    }
}

#[cfg(test)]
mod tests;
