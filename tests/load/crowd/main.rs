//! Makes many of one thing, tells which namespaces that has made, and holds all until its standard input ends. Then it
//! ends all that it has made.
//!
//! - `crowd processes COUNT GROUPS`: processes, in so many UTS namespaces.
//! - `crowd namespaces COUNT DIRECTORY`: namespaces of all kinds, held by a process, a descriptor or a file in DIRECTORY.
//! - `crowd mounts COUNT DIRECTORY`: mount namespaces held by descriptors; in each, a UTS namespace without a process is
//!   mounted on a file in DIRECTORY.
//! - `crowd descriptors COUNT`: descriptors, of several processes; a few are of namespaces that nothing else holds.
//! - `crowd storm`: processes, threads and namespaces that come and go as fast as can be.
//! - `crowd start`, `crowd tell NUMBER`, `crowd measure FILE PROGRAM ARGUMENT…`: see starter.rs.
//!
//! What the first four tell: a line `KIND INODE PROCESSES HOLDER…`, parted by tabs, for each namespace, with its holders as
//! lsns names them; `processes N`, all that there are, the one at their head included; then `ready`.

#![allow(unsafe_code, clippy::unwrap_used)]

mod starter;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nskit::internals::namespace::Kind;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &str| text.parse::<usize>().unwrap();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["processes", count, groups] => processes(number(count), number(groups)),
        ["namespaces", count, directory] => namespaces(number(count), Path::new(directory)),
        ["mounts", count, directory] => mounts(number(count), Path::new(directory)),
        ["descriptors", count] => descriptors(number(count)),
        ["storm"] => storm(),
        ["start"] => starter::start(),
        ["tell", number] => starter::tell(number),
        ["measure", file, program @ ..] => starter::measure(Path::new(file), program),
        _ => panic!("see the head of crowd/main.rs"),
    }
}

/// What has been made, and what is told of it.
#[derive(Default)]
struct Crowd {
    report: String,
    /// Each the head of a process group.
    heads: Vec<i32>,
    processes: usize,
    files: Vec<File>,
    mounted: Vec<String>,
}

impl Crowd {
    fn new() -> Crowd {
        // SAFETY: plain numbers. Orphans come to us.
        check("prctl", unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) });
        raise_the_limit_of_descriptors();
        Crowd { processes: 1, ..Crowd::default() }
    }

    fn tell(&mut self, kind: Kind, inode: u64, processes: usize, holders: &[String]) {
        let line = format!("{kind}\t{inode}\t{processes}\t{}\n", holders.join("\t"));
        self.report.push_str(&line);
    }

    /// A process in new namespaces of these kinds, which does `work` and then waits for its end. What `work` says is
    /// returned.
    fn process(&mut self, kinds: &[Kind], work: impl FnOnce() -> String) -> (i32, String) {
        let (mut listen, mut say) = std::io::pipe().unwrap();
        let pid = clone(kinds, || {
            // SAFETY: plain numbers.
            check("setpgid", unsafe { libc::setpgid(0, 0) });
            say.write_all(work().as_bytes()).unwrap();
            // SAFETY: a descriptor that is used no more, and no arguments.
            unsafe {
                libc::close(say.as_raw_fd());
                loop {
                    libc::pause();
                }
            }
        });
        drop(say);
        let mut said = String::new();
        listen.read_to_string(&mut said).unwrap();
        self.heads.push(pid);
        self.processes += 1;
        (pid, said)
    }

    /// Ends the process that was made last.
    fn end_last(&mut self) {
        let pid = self.heads.pop().unwrap();
        self.processes -= 1;
        // SAFETY: plain numbers and a null pointer; a child that has not been waited for.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            check("waitpid", libc::waitpid(pid, std::ptr::null_mut(), 0));
        }
    }

    /// Waits for the end of standard input, and then ends all.
    fn hold(mut self) {
        let line = format!("processes\t{}\nready\n", self.processes);
        self.report.push_str(&line);
        std::io::stdout().write_all(self.report.as_bytes()).and_then(|()| std::io::stdout().flush()).unwrap();
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        for head in self.heads {
            // SAFETY: plain numbers; a child that has not been waited for keeps its number.
            unsafe { libc::kill(-head, libc::SIGKILL) };
        }
        for path in self.mounted {
            unmount(&path);
            std::fs::remove_file(path).unwrap();
        }
        // SAFETY: plain numbers and a null pointer.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } > 0 {}
    }
}

fn processes(count: usize, groups: usize) {
    let mut crowd = Crowd::new();
    for group in 0..groups {
        let members = count / groups + usize::from(group < count % groups);
        let (pid, inode) = crowd.process(&[Kind::Uts], || {
            for _ in 1..members {
                clone(&[], || {
                    // SAFETY: plain numbers, and no arguments. This process uses none of its descriptors.
                    unsafe {
                        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
                        loop {
                            libc::pause();
                        }
                    }
                });
            }
            own(Kind::Uts).to_string()
        });
        crowd.processes += members - 1;
        let holder = [format!("process {pid}")];
        crowd.tell(Kind::Uts, inode.parse().unwrap(), members, &holder);
    }
    crowd.hold();
}

fn namespaces(count: usize, directory: &Path) {
    let mut crowd = Crowd::new();
    let mut kinds: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| Path::new(&format!("/proc/self/ns/{kind}")).exists()).collect();
    // Processes come first, and what is mounted last: whoever is made later would have a copy of it.
    for at in 0..count.div_ceil(3) {
        let kind = kinds[at % kinds.len()];
        let (pid, _) = crowd.process(&[kind], String::new);
        crowd.tell(kind, inode(pid, kind), 1, &[format!("process {pid}")]);
    }
    for at in 0..(count + 1) / 3 {
        let kind = kinds[at % kinds.len()];
        let (pid, _) = crowd.process(&[kind], String::new);
        let held = File::open(format!("/proc/{pid}/ns/{kind}")).unwrap();
        crowd.end_last();
        crowd.tell(kind, held.metadata().unwrap().ino(), 0, &[descriptor(&held)]);
        crowd.files.push(held);
    }
    // Which mount namespace may be mounted in which is a matter of their ages.
    kinds.retain(|kind| *kind != Kind::Mount);
    for at in 0..count / 3 {
        let kind = kinds[at % kinds.len()];
        let (pid, _) = crowd.process(&[kind], String::new);
        let place = directory.join(at.to_string()).display().to_string();
        File::create(&place).unwrap();
        bind(&format!("/proc/{pid}/ns/{kind}"), &place);
        crowd.tell(kind, inode(pid, kind), 0, &[format!("mount {place}")]);
        crowd.mounted.push(place);
        crowd.end_last();
    }
    crowd.hold();
}

fn mounts(count: usize, directory: &Path) {
    let mut crowd = Crowd::new();
    let place = directory.join("place").display().to_string();
    File::create(&place).unwrap();
    for _ in 0..count {
        let (pid, uts) = crowd.process(&[Kind::Mount, Kind::Uts], || {
            bind("/proc/self/ns/uts", &place);
            own(Kind::Uts).to_string()
        });
        let held = File::open(format!("/proc/{pid}/ns/mnt")).unwrap();
        crowd.end_last();
        let mnt = held.metadata().unwrap().ino();
        crowd.tell(Kind::Mount, mnt, 0, &[descriptor(&held)]);
        let holder = [format!("mount {place} in mnt:[{mnt}]")];
        crowd.tell(Kind::Uts, uts.parse().unwrap(), 0, &holder);
        crowd.files.push(held);
    }
    crowd.hold();
    std::fs::remove_file(place).unwrap();
}

/// So many descriptors in each process are of namespaces.
const NAMESPACES_EACH: usize = 20;

/// Half of them in one process and the others in four, or in more where a process may not have so many.
fn descriptors(count: usize) {
    let mut crowd = Crowd::new();
    let (pid, _) = crowd.process(&[Kind::Uts], String::new);
    let common = File::open(format!("/proc/{pid}/ns/uts")).unwrap();
    crowd.end_last();
    let mut holders = Vec::new();
    let mut told = Vec::new();
    let most = raise_the_limit_of_descriptors() - 100;
    let mut left = count;
    while left > 0 {
        let share = match left == count {
            true => count / 2,
            false => count.div_ceil(8),
        };
        let share = share.min(most).min(left);
        left -= share;
        let (pid, said) = crowd.process(&[], || fill(share));
        holders.push(format!("fd {pid}:{}", common.as_raw_fd()));
        told.push((pid, said));
    }
    crowd.tell(Kind::Uts, common.metadata().unwrap().ino(), 0, &holders);
    drop(common);
    for (pid, said) in told {
        for line in said.lines() {
            let (inode, fd) = line.split_once(' ').unwrap();
            let holder = [format!("fd {pid}:{fd}")];
            crowd.tell(Kind::Uts, inode.parse().unwrap(), 0, &holder);
        }
    }
    crowd.hold();
}

/// Opens so many descriptors, never to be closed: files, sockets, and at equal distances namespaces, told as `INODE FD`.
fn fill(share: usize) -> String {
    let home = File::open("/proc/self/ns/uts").unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut said = String::new();
    for at in 0..share {
        if at % (share / NAMESPACES_EACH) == 0 && said.lines().count() < NAMESPACES_EACH {
            // SAFETY: plain numbers.
            check("unshare", unsafe { libc::unshare(libc::CLONE_NEWUTS) });
            let held = File::open("/proc/self/ns/uts").unwrap();
            let line = format!("{} {}\n", held.metadata().unwrap().ino(), held.as_raw_fd());
            said.push_str(&line);
            std::mem::forget(held);
        } else if at % 10 == 0 {
            std::mem::forget(UnixDatagram::unbound().unwrap());
        } else {
            std::mem::forget(null.try_clone().unwrap());
        }
    }
    // SAFETY: a descriptor that is open, and a number.
    check("setns", unsafe { libc::setns(home.as_raw_fd(), libc::CLONE_NEWUTS) });
    drop((home, null));
    said
}

/// So many of each storm blow at a time.
const STORMS: usize = 2;

/// For ever: ends with its process group.
fn storm() {
    for _ in 0..STORMS {
        // Processes, some with an orphan that goes to the init.
        clone(&[], || {
            loop {
                let child = clone(&[], || {
                    clone(&[], || ());
                });
                // SAFETY: plain numbers and a null pointer.
                unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            }
        });
        // Processes in new namespaces, which a descriptor of another keeps for a moment.
        clone(&[], || {
            loop {
                let kinds = [Kind::Uts, Kind::Ipc, Kind::Mount, Kind::Pid, Kind::User];
                let child = clone(&kinds, || ());
                let held = kinds.map(|kind| File::open(format!("/proc/{child}/ns/{kind}")));
                // SAFETY: as above.
                unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                drop(held);
            }
        });
        // Threads.
        clone(&[], || {
            loop {
                let threads = [(); 8].map(|()| std::thread::spawn(std::thread::yield_now));
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            }
        });
    }
    // SAFETY: plain numbers and a null pointer.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } > 0 {}
}

/// As fork(2), in new namespaces; the child ends where `work` does.
fn clone(kinds: &[Kind], work: impl FnOnce()) -> i32 {
    /// struct clone_args of clone3(2), in its first version.
    #[repr(C)]
    #[derive(Default)]
    struct Arguments {
        flags: u64,
        descriptors: [u64; 3],
        exit_signal: u64,
        stack: [u64; 2],
        storage: u64,
    }
    let flags = kinds.iter().fold(0, |flags, kind| flags | kind.clone_flag() as u64);
    let arguments = Arguments { flags, exit_signal: libc::SIGCHLD as u64, ..Arguments::default() };
    // SAFETY: the structure has the size that is given. This process has a single thread, and the child a copy of all.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &arguments, size_of::<Arguments>()) };
    match check("clone3", pid as i32) {
        0 => {
            let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
            // SAFETY: a plain number. Nothing of the parent's is to be ended here.
            unsafe { libc::_exit(status.into()) }
        }
        child => child,
    }
}

/// As high as we may, so that what is asked for finds a place. How high that is.
fn raise_the_limit_of_descriptors() -> usize {
    let most = std::fs::read_to_string("/proc/sys/fs/nr_open").unwrap();
    let most = most.trim().parse().unwrap();
    let mut limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: structures that are read and written to.
    unsafe {
        // The hard limit is only for CAP_SYS_RESOURCE to raise.
        if libc::setrlimit(libc::RLIMIT_NOFILE, &limit) != 0 {
            check("getrlimit", libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit));
            limit.rlim_cur = limit.rlim_max;
            check("setrlimit", libc::setrlimit(libc::RLIMIT_NOFILE, &limit));
        }
    }
    limit.rlim_cur as usize
}

fn descriptor(held: &File) -> String {
    format!("fd {}:{}", std::process::id(), held.as_raw_fd())
}

fn own(kind: Kind) -> u64 {
    inode(std::process::id() as i32, kind)
}

fn inode(pid: i32, kind: Kind) -> u64 {
    let file = format!("/proc/{pid}/ns/{kind}");
    std::fs::metadata(file).unwrap().ino()
}

fn bind(from: &str, on: &str) {
    let [from, on] = [from, on].map(|path| std::ffi::CString::new(path).unwrap());
    let null = std::ptr::null();
    // SAFETY: C strings, and null pointers where there is nothing to say.
    check("mount", unsafe { libc::mount(from.as_ptr(), on.as_ptr(), null, libc::MS_BIND, null.cast()) });
}

/// Takes away what is mounted on a path.
fn unmount(path: &str) {
    let path = std::ffi::CString::new(path).unwrap();
    // SAFETY: a C string and a number.
    check("umount2", unsafe { libc::umount2(path.as_ptr(), 0) });
}

/// The result of a system call that must not fail.
fn check(call: &str, result: i32) -> i32 {
    assert!(result >= 0, "{call}: {}", std::io::Error::last_os_error());
    result
}
