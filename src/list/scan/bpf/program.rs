//! The two programs: one writes a record for each task, one for each descriptor that may hold a namespace.

use super::assembler::{Assembler, FRAME, Jump, KernelFunction};
use super::btf::{Btf, BtfError};
use crate::namespace::Kind;
use crate::sys::bpf::BpfInstruction;
use crate::sys::nsfs::NSFS_MAGIC;

/// What a program runs for, and the program.
#[derive(Debug)]
pub struct BpfProgram {
    /// The number of the iterator's function.
    pub iterator: u32,
    /// The instructions.
    pub instructions: Vec<BpfInstruction>,
}

/// The number of 32-bit words in a record of a task.
pub const TASK_WORDS: usize = 16;
/// Places of words in it. The namespaces start at `NAMESPACES`, in the order of [`Kind::ALL`].
pub mod task {
    pub const PROCESS: usize = 0;
    pub const THREAD: usize = 1;
    pub const PARENT: usize = 2;
    pub const UID: usize = 3;
    pub const FLAGS: usize = 4;
    pub const NAMESPACES: usize = 5;
    pub const PID_FOR_CHILDREN: usize = 13;
    pub const TIME_FOR_CHILDREN: usize = 14;
    pub const SPARE: usize = 15;
}

/// The number of 32-bit words in a record of a descriptor.
pub const FILE_WORDS: usize = 8;
/// Places of words in it.
pub mod file {
    pub const PROCESS: usize = 0;
    pub const THREAD: usize = 1;
    pub const FD: usize = 2;
    /// One of [`super::what`].
    pub const WHAT: usize = 3;
    /// The number of a namespace.
    pub const NAMESPACE: usize = 4;
    pub const SPARE: usize = 5;
    /// Two words: where the kernel has the table of descriptors. The threads that share one tell the same.
    pub const TABLE: usize = 6;
}

/// What a descriptor is.
pub mod what {
    pub const NAMESPACE: u32 = 1;
    pub const SOCKET: u32 = 2;
    pub const TAP: u32 = 3;
}

// Of <linux/magic.h>.
const SOCKFS_MAGIC: i32 = 0x534f_434b;
/// The device number of /dev/net/tun, 10:200, as the kernel has it.
const TUN: i32 = 10 << 20 | 200;

/// PID namespaces are at most 32 deep, MAX_PID_NS_LEVEL of the kernel.
const LEVELS: i32 = 0x3f;

// The fields of struct bpf_iter__task and struct bpf_iter__task_file, which are for programs: they stay. Every one of them
// takes 8 bytes.
const META: i16 = 0;
const TASK: i16 = 8;
const FD: i16 = 16;
const FILE: i16 = 24;

// Registers that outlive calls.
const OF_TASK: u8 = 6;
const OF_SEQUENCE: u8 = 7;
const OF_FILE: u8 = 8;
const OF_FD: u8 = 9;
const OF_CREDENTIALS: u8 = 8;
const OF_PROXY: u8 = 9;

/// Where a word of a record lies on the stack, at the end of it.
const fn on_stack(words: usize, word: usize) -> i16 {
    (word as i16 - words as i16) * 4
}

/// The head of a program: what it runs for, if there is something, and where to write.
fn begin(program: &mut Assembler) -> Jump {
    program.load(8, OF_TASK, 1, TASK);
    let nothing = program.if_number(OF_TASK, 0);
    program.load(8, OF_SEQUENCE, 1, META);
    program.load(8, OF_SEQUENCE, OF_SEQUENCE, 0);
    nothing
}

/// Writes the record.
fn write(program: &mut Assembler, words: usize) {
    program.copy(1, OF_SEQUENCE);
    program.copy(2, FRAME);
    program.add_number(2, i32::from(on_stack(words, 0)));
    program.set(3, (words * 4) as i32);
    program.call(KernelFunction::SeqWrite);
}

/// The program for tasks. Errors: the kernel lacks a field.
pub fn of_tasks(types: &Btf<'_>) -> Result<BpfProgram, BtfError> {
    let fields = types.structure("task_struct")?;
    let place = |word| on_stack(TASK_WORDS, word);
    let mut program = Assembler::default();
    let nothing = begin(&mut program);
    program.store_number(4, place(task::PID_FOR_CHILDREN), 0);
    program.store_number(4, place(task::SPARE), 0);
    for (word, path) in
        [(task::PROCESS, "tgid"), (task::THREAD, "pid"), (task::PARENT, "real_parent.tgid"), (task::FLAGS, "flags")]
    {
        program.follow(1, OF_TASK, &fields.path(path)?);
        program.store(4, place(word), 1);
    }
    // For each pointer that a program reads, the kernel looks through all its types when it checks the program. So each is
    // read once.
    let (credentials, proxy) = (types.structure("cred")?, types.structure("nsproxy")?);
    program.follow(OF_CREDENTIALS, OF_TASK, &fields.path("real_cred")?);
    program.follow(OF_PROXY, OF_TASK, &fields.path("nsproxy")?);
    program.follow(1, OF_CREDENTIALS, &credentials.path("euid.val")?);
    program.store(4, place(task::UID), 1);
    program.follow(1, OF_PROXY, &proxy.path("time_ns_for_children.ns.inum")?);
    program.store(4, place(task::TIME_FOR_CHILDREN), 1);
    for kind in Kind::ALL {
        let (from, path) = match kind {
            Kind::Mount => (OF_PROXY, proxy.path("mnt_ns.ns.inum")),
            Kind::Net => (OF_PROXY, proxy.path("net_ns.ns.inum")),
            Kind::Ipc => (OF_PROXY, proxy.path("ipc_ns.ns.inum")),
            Kind::Uts => (OF_PROXY, proxy.path("uts_ns.ns.inum")),
            Kind::Cgroup => (OF_PROXY, proxy.path("cgroup_ns.ns.inum")),
            Kind::Time => (OF_PROXY, proxy.path("time_ns.ns.inum")),
            Kind::User => (OF_CREDENTIALS, credentials.path("user_ns.ns.inum")),
            Kind::Pid => {
                own_pid_namespace(types, &mut program, place(task::NAMESPACES + kind as usize))?;
                continue;
            }
        };
        program.follow(1, from, &path?);
        program.store(4, place(task::NAMESPACES + kind as usize), 1);
    }
    // As /proc does: a PID namespace without a first process is not there yet.
    let for_children = types.structure("pid_namespace")?;
    program.follow(2, OF_PROXY, &proxy.path("pid_ns_for_children")?);
    program.follow(1, 2, &for_children.path("child_reaper")?);
    let not_yet = program.if_number(1, 0);
    program.follow(1, 2, &for_children.path("ns.inum")?);
    program.store(4, place(task::PID_FOR_CHILDREN), 1);
    program.land(not_yet);
    write(&mut program, TASK_WORDS);
    Ok(BpfProgram { iterator: types.function("bpf_iter_task")?, instructions: program.end(vec![nothing]) })
}

/// The PID namespace that a task is in is that of its innermost PID: of the last element of an array, which a program can
/// only copy from.
fn own_pid_namespace(types: &Btf<'_>, program: &mut Assembler, to: i16) -> Result<(), BtfError> {
    let copied = on_stack(TASK_WORDS, 0) - 8;
    let numbers = types.structure("pid")?.elements("numbers", "ns")?;
    let inode = types.structure("pid_namespace")?.path("ns.inum")?;
    let pid = types.structure("task_struct")?.path("thread_pid")?;
    program.follow(3, OF_TASK, &pid);
    program.follow(1, 3, &types.structure("pid")?.path("level")?);
    program.scale(1, LEVELS, numbers.size.into());
    program.add(3, 1);
    program.add_number(3, i32::from(numbers.at) + i32::from(numbers.field));
    program.store_number(8, copied, 0);
    program.store_number(4, to, 0);
    program.copy(1, FRAME);
    program.add_number(1, copied.into());
    program.set(2, 8);
    program.call(KernelFunction::ProbeReadKernel);
    program.load(8, 3, FRAME, copied);
    program.add_number(3, inode.offsets.iter().copied().map(i32::from).sum());
    program.copy(1, FRAME);
    program.add_number(1, to.into());
    program.set(2, 4);
    program.call(KernelFunction::ProbeReadKernel);
    Ok(())
}

/// The program for descriptors. It leaves out most sockets: those in the network namespace of their task. Errors: the
/// kernel lacks a field.
pub fn of_files(types: &Btf<'_>) -> Result<BpfProgram, BtfError> {
    let fields = types.structure("task_struct")?;
    let of_file = types.structure("file")?;
    let place = |word| on_stack(FILE_WORDS, word);
    let mut program = Assembler::default();
    let mut nothing = vec![begin(&mut program)];
    program.load(8, OF_FILE, 1, FILE);
    nothing.push(program.if_number(OF_FILE, 0));
    program.load(4, OF_FD, 1, FD);

    program.follow(1, OF_FILE, &of_file.path("f_inode.i_sb.s_magic")?);
    let is_no_namespace = program.unless_number(1, NSFS_MAGIC.cast_signed());
    program.store_number(4, place(file::WHAT), what::NAMESPACE.cast_signed());
    program.follow(1, OF_FILE, &of_file.path("f_inode.i_ino")?);
    let is_namespace = program.jump();

    program.land(is_no_namespace);
    let is_no_socket = program.unless_number(1, SOCKFS_MAGIC);
    program.store_number(4, place(file::WHAT), what::SOCKET.cast_signed());
    program.copy(1, OF_FILE);
    program.call(KernelFunction::SockFromFile);
    nothing.push(program.if_number(0, 0));
    program.follow(1, 0, &types.structure("socket")?.path("sk.__sk_common.skc_net.net.ns.inum")?);
    program.follow(2, OF_TASK, &fields.path("nsproxy.net_ns.ns.inum")?);
    nothing.push(program.if_equal(1, 2));
    let is_socket = program.jump();

    program.land(is_no_socket);
    program.store_number(4, place(file::WHAT), what::TAP.cast_signed());
    program.follow(1, OF_FILE, &of_file.path("f_inode.i_rdev")?);
    nothing.push(program.unless_number(1, TUN));
    program.set(1, 0);

    program.land(is_namespace);
    program.land(is_socket);
    program.store(4, place(file::NAMESPACE), 1);
    program.store_number(4, place(file::SPARE), 0);
    program.store(4, place(file::FD), OF_FD);
    for (word, size, path) in [(file::PROCESS, 4, "tgid"), (file::THREAD, 4, "pid"), (file::TABLE, 8, "files")] {
        program.follow(1, OF_TASK, &fields.path(path)?);
        program.store(size, place(word), 1);
    }
    write(&mut program, FILE_WORDS);
    Ok(BpfProgram { iterator: types.function("bpf_iter_task_file")?, instructions: program.end(nothing) })
}
