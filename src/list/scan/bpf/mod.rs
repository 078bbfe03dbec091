//! The process table without /proc, for `--scan=+bpf`: the kernel runs a program of ours for each task and for each
//! descriptor, and we read what it writes. Finds what the stages for processes find.
//!
//! What only few descriptors need (the kind of a namespace that no task is in, a TAP device) is read from /proc.

mod assembler;
pub mod btf;
mod program;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::read;

use super::children::links_for_children;
use super::descriptor_table::look_at_one;
use super::surroundings::Surroundings;
use super::threads::at_once;
use super::{Findings, Scope, Source, Worker};
use crate::list::model::snapshot::{Fd, Process, SeenHolder};
use crate::namespace::{Kind, KindSet};
use crate::proc::link::Inode;
use crate::proc::stat::KERNEL_THREAD;
use crate::sys::bpf::{self, LoadedProgram};
use crate::sys::file::open_retrying;
use btf::{Btf, BtfError};
use program::{BpfProgram, FILE_WORDS, TASK_WORDS, file, of_files, of_tasks, task, what};

/// Where the kernel describes its structures.
const TYPES: &str = "/sys/kernel/btf/vmlinux";

/// Those of today's kernels take some 6 MB.
const LONGEST: u64 = 64 << 20;

/// Why /proc has to be read.
#[derive(Debug)]
pub(super) enum NoBpf {
    /// Programs see the tasks of our PID namespace only, and /proc shows others.
    OtherProc,
    /// Rights in the first user namespace count, and the programs write the PIDs of the first PID namespace.
    NotFirst,
    Types(Errno),
    Fields(BtfError),
    /// The kernel refused a program, or to run it.
    Program(Errno),
}

impl fmt::Display for NoBpf {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoBpf::OtherProc => text.write_str("this proc shows other PIDs than ours"),
            NoBpf::NotFirst => text.write_str("it needs the first user and PID namespace"),
            NoBpf::Types(errno) => write!(text, "cannot read {TYPES}: {}", errno.desc()),
            NoBpf::Fields(error) => write!(text, "{error}"),
            NoBpf::Program(Errno::EPERM) => text.write_str("it needs CAP_BPF and CAP_PERFMON"),
            NoBpf::Program(errno) => write!(text, "the kernel refuses the program: {}", errno.desc()),
        }
    }
}

/// Looks at every task, and at its descriptors if the scan asks for them.
pub(super) fn processes(scope: &Scope<'_>, proc: BorrowedFd<'_>) -> Result<Findings, NoBpf> {
    let around = Surroundings::of(scope);
    if !around.pids_are_ours {
        return Err(NoBpf::OtherProc);
    }
    if !scope.is_in_first() {
        return Err(NoBpf::NotFirst);
    }
    let text = types().map_err(|error| NoBpf::Types(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)))?;
    let types = Btf::parse(&text).map_err(NoBpf::Fields)?;
    let of_tasks = of_tasks(&types).map_err(NoBpf::Fields)?;
    let in_descriptors = [Source::Descriptor, Source::Socket, Source::Tap];
    let (tasks, files) = match in_descriptors.iter().any(|source| scope.wants(*source)) {
        true => {
            let of_files = of_files(&types).map_err(NoBpf::Fields)?;
            at_once(|| tasks(&of_tasks), || run::<FILE_WORDS>(&load(&of_files)?))
        }
        false => (tasks(&of_tasks), Ok(Vec::new())),
    };
    let (tasks, files) = (tasks.map_err(NoBpf::Program)?, files.map_err(NoBpf::Program)?);
    let mut worker = Worker::new(scope, &around, proc);
    let leaders = leaders(&tasks);
    look_at_tasks(&mut worker, &tasks, &leaders);
    look_at_files(&mut worker, &tasks, &leaders, &files);
    Ok(worker.findings)
}

fn types() -> io::Result<Vec<u8>> {
    // Nothing that is mounted there keeps us waiting.
    let file = open_retrying(Path::new(TYPES), OFlag::O_RDONLY | OFlag::O_NONBLOCK)?;
    let mut text = Vec::new();
    File::from(file).take(LONGEST).read_to_end(&mut text)?;
    Ok(text)
}

fn load(program: &BpfProgram) -> nix::Result<LoadedProgram> {
    bpf::load(&program.instructions, program.iterator)
}

/// All tasks, and those that came while we looked: a namespace may pass from one short-lived process to the next.
fn tasks(program: &BpfProgram) -> nix::Result<Vec<Task>> {
    let program = load(program)?;
    let mut tasks = run::<TASK_WORDS>(&program)?;
    let seen: HashSet<u32> = tasks.iter().map(|record| record[task::THREAD]).collect();
    let now = run::<TASK_WORDS>(&program)?;
    tasks.extend(now.into_iter().filter(|record| !seen.contains(&record[task::THREAD])));
    Ok(tasks.iter().map(Task::of).collect())
}

/// The records that a program writes, each of that many words.
fn run<const WORDS: usize>(program: &LoadedProgram) -> nix::Result<Vec<[u32; WORDS]>> {
    let iterator = program.iterate()?;
    let mut text = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match read(&iterator, &mut buffer) {
            Ok(0) => break,
            Ok(length) => text.extend_from_slice(&buffer[..length]),
            // The kernel pauses after a million files that the program has left out.
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
    let word = |bytes: &[u8], at: usize| bytes.get(at * 4..at * 4 + 4).and_then(|word| word.try_into().ok());
    let record = |bytes: &[u8]| std::array::from_fn(|at| word(bytes, at).map_or(0, u32::from_ne_bytes));
    Ok(text.chunks_exact(WORDS * 4).map(record).collect())
}

/// A task, as the program tells of it.
struct Task {
    tgid: i32,
    tid: i32,
    parent: i32,
    uid: u32,
    is_kernel_thread: bool,
    namespaces: [Option<Inode>; Kind::ALL.len()],
    /// Of [`Kind::Pid`] and [`Kind::Time`] only.
    for_children: [Option<Inode>; Kind::ALL.len()],
}

impl Task {
    fn of(record: &[u32; TASK_WORDS]) -> Task {
        let mut for_children = [None; Kind::ALL.len()];
        for_children[Kind::Pid as usize] = Inode::new(record[task::PID_FOR_CHILDREN]);
        for_children[Kind::Time as usize] = Inode::new(record[task::TIME_FOR_CHILDREN]);
        let is_kernel_thread = record[task::FLAGS] & KERNEL_THREAD != 0;
        Task {
            tgid: record[task::PROCESS].cast_signed(),
            tid: record[task::THREAD].cast_signed(),
            parent: record[task::PARENT].cast_signed(),
            // As /proc does: a thread of the kernel's is root's.
            uid: if is_kernel_thread { 0 } else { record[task::UID] },
            is_kernel_thread,
            namespaces: std::array::from_fn(|kind| Inode::new(record[task::NAMESPACES + kind])),
            for_children,
        }
    }

    fn is_leader(&self) -> bool {
        self.tid == self.tgid
    }
}

/// The tasks that lead a process, by PID.
type Leaders<'t> = HashMap<i32, &'t Task>;

fn leaders(tasks: &[Task]) -> Leaders<'_> {
    tasks.iter().filter(|task| task.is_leader()).map(|task| (task.tgid, task)).collect()
}

fn look_at_tasks(worker: &mut Worker<'_>, tasks: &[Task], leaders: &Leaders<'_>) {
    let scope = worker.scope;
    let findings = &mut worker.findings;
    for task in leaders.values() {
        let wanted = |kind: usize| task.namespaces[kind].filter(|_| scope.kinds.contains(Kind::ALL[kind]));
        let namespaces = match scope.wants(Source::Process) {
            true => std::array::from_fn(wanted),
            false => Default::default(),
        };
        findings.processes.push(Process { pid: task.tgid, parent: task.parent, uid: task.uid, namespaces });
    }
    findings.processes.sort_unstable_by_key(|process| process.pid);
    for task in tasks.iter().filter(|task| !task.is_kernel_thread) {
        // It has begun to exec(2), or has ended, while we looked.
        let Some(leader) = leaders.get(&task.tgid) else {
            continue;
        };
        if !task.is_leader() && !scope.wants(Source::Thread) {
            continue;
        }
        let (pid, tid) = (task.tgid, task.tid);
        let own = |kind: Kind| task.namespaces[kind as usize].or(leader.namespaces[kind as usize]);
        for kind in scope.held.iter().filter(|_| !task.is_leader()) {
            let found = task.namespaces[kind as usize].filter(|_| own(kind) != leader.namespaces[kind as usize]);
            findings.held.extend(found.map(|inode| (kind, inode, SeenHolder::Thread { pid, tid })));
        }
        let kinds = if scope.wants(Source::Children) { scope.held } else { KindSet::EMPTY };
        for (kind, _) in links_for_children(kinds) {
            let found = task.for_children[kind as usize].filter(|found| Some(*found) != own(kind));
            let tid = (!task.is_leader()).then_some(tid);
            findings.held.extend(found.map(|inode| (kind, inode, SeenHolder::Children { pid, tid })));
        }
    }
}

fn look_at_files(worker: &mut Worker<'_>, tasks: &[Task], leaders: &Leaders<'_>, files: &[[u32; FILE_WORDS]]) {
    let scope = worker.scope;
    let mut kinds: HashMap<Inode, Kind> = HashMap::new();
    for task in tasks {
        for kind in Kind::ALL {
            let found = [task.namespaces[kind as usize], task.for_children[kind as usize]];
            kinds.extend(found.into_iter().flatten().map(|inode| (inode, kind)));
        }
    }
    // The first task that has shown a table: the threads of a process may share one that is not their leader's.
    let mut tables: HashMap<(i32, u64), i32> = HashMap::new();
    for record in files {
        let (pid, tid) = (record[file::PROCESS].cast_signed(), record[file::THREAD].cast_signed());
        let table = u64::from(record[file::TABLE]) << 32 | u64::from(record[file::TABLE + 1]);
        if *tables.entry((pid, table)).or_insert(tid) != tid {
            continue;
        }
        let fd = Fd { pid, tid: (tid != pid).then_some(tid), fd: record[file::FD].cast_signed() };
        let namespace = Inode::new(record[file::NAMESPACE]);
        let own = leaders.get(&pid).and_then(|leader| leader.namespaces[Kind::Net as usize]);
        let (source, found) = match record[file::WHAT] {
            what::NAMESPACE => {
                let kind = namespace.and_then(|inode| Some((*kinds.get(&inode)?, inode)));
                (Source::Descriptor, kind.map(|(kind, inode)| (kind, inode, SeenHolder::Descriptor(fd))))
            }
            what::SOCKET => {
                let Some(network) = namespace.filter(|network| Some(*network) != own) else {
                    continue;
                };
                (Source::Socket, Some((Kind::Net, network, SeenHolder::Socket(fd))))
            }
            what::TAP => (Source::Tap, None),
            _ => continue,
        };
        if !scope.wants(source) {
            continue;
        }
        let found = found.or_else(|| look_at_one(worker, fd, own));
        let Some((kind, inode, holder)) = found else {
            continue;
        };
        if let (SeenHolder::Descriptor(_), Entry::Vacant(new)) = (&holder, kinds.entry(inode)) {
            new.insert(kind);
        }
        if scope.held.contains(kind) {
            worker.findings.held.push((kind, inode, holder));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
