//! What a program sees, told without disturbing it: no runtime that opens descriptors or changes signals, and system calls
//! rather than /proc wherever there is one, so that it also runs in an empty root directory.
//!
//! - `probe seen`: one line for each thing seen, `WHAT …`.
//! - `probe world`, or the probe as a login shell: the same and what /proc says of id maps, clocks, cgroups and mounts, the
//!   names of the machine, how the kernel treats the process, and whether its loopback device is up.
//! - `probe hold`: says `ready`, and ends with its standard input.
//! - `probe leaderless`: the same in a second thread, after the first one has ended.
//! - `probe catch SIGNAL…` (numbers): the same, and says `got NN` for each of these signals that arrives.
//! - `probe relay`: sends SIGUSR1 to its parent, the tool, and says so if that passes it on.
//! - `probe resolve WORD…`: makes a time namespace for its children, and says what is wrong with this command line of unshare.
//! - `probe die SIGNAL`: dies of the signal.
//! - `probe stop`: stops itself once, then exits with status 7.
//! - `probe exit STATUS`.
//! - `probe size`: says the size of its terminal, and again each time that it is told of another, to the end of its input.
//! - `probe push FD TEXT`: pushes text into the input of the terminal FD, if it is allowed to (TIOCSTI).
//! - `probe copy BYTES`: makes its terminal raw, says `ready`, and writes that many bytes of its input to its output.
//! - `probe bytes COUNT`: makes its terminal raw, and writes so many bytes: of [`pattern`].
//! - `probe refuse CALL ERRNO MASK PROGRAM…` (numbers): runs the program, for which this system call fails with ERRNO where
//!   its first argument has one of the bits of MASK, or always where MASK is 0. `probe limit RESOURCE N PROGRAM…` runs one
//!   with a limit of setrlimit(2).
//! - `probe notify CALL PROGRAM…`: runs the program, for which whoever holds the filter's listener answers this system call.
//! - `probe calls PROGRAM…`: runs the program, without its output, and says how many system calls it has made, and how many
//!   of them were poll(2).
//! - `probe fill`: as `hold`, after its environment in memory, which others see in /proc, has been filled with `x`.
//! - `probe rewrite TEXT`: the same, with `TEXT` instead, in which `\0` stands for NUL, and empty entries behind it.

#![no_main]
#![allow(unsafe_code, clippy::unwrap_used)]

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use nskit::internals::sys::process::Status;
use nskit::internals::tool::entry::Invocation;

nskit::entry_point!(probe);

const NAMESPACES: [&str; 10] =
    ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"];

fn probe(invocation: Invocation) -> Status {
    let word =
        |at: usize| invocation.arguments.get(at).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    match &*word(0) {
        "seen" => tell(seen(&invocation)),
        "world" => tell([seen(&invocation), world()].concat()),
        "" if invocation.program == "-probe" => tell([seen(&invocation), world()].concat()),
        "hold" => hold(),
        "leaderless" => {
            std::thread::spawn(|| {
                // The directory of the process tells of its first thread.
                while !std::fs::read_to_string("/proc/self/status").unwrap().contains("\nState:\tZ") {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                hold();
                std::process::exit(0);
            });
            // SAFETY: it ends this thread, which nothing waits for.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
        }
        "fill" => {
            rewrite_environment(&invocation, b"", b'x');
            hold();
        }
        "rewrite" => {
            rewrite_environment(&invocation, word(1).replace("\\0", "\0").as_bytes(), 0);
            hold();
        }
        "catch" => {
            let numbers = invocation.arguments[1..].iter();
            catch(numbers.map(|number| number.to_string_lossy().parse().unwrap()));
            hold();
        }
        "relay" => relay(),
        "resolve" => resolve(invocation.arguments[1..].to_vec()),
        "die" => {
            let signal: i32 = word(1).parse().unwrap();
            // SAFETY: plain numbers.
            unsafe { libc::raise(signal) };
            return Status::Exited(99);
        }
        "stop" => {
            // SAFETY: plain numbers.
            unsafe { libc::raise(libc::SIGSTOP) };
            return Status::Exited(7);
        }
        "refuse" => {
            let number = |at| word(at).parse().unwrap();
            refuse(number(1), number(2), number(3));
            become_program(&invocation.arguments[4..]);
        }
        "notify" => {
            notify(word(1).parse().unwrap());
            become_program(&invocation.arguments[2..]);
        }
        "limit" => {
            let limit = libc::rlimit { rlim_cur: word(2).parse().unwrap(), rlim_max: word(2).parse().unwrap() };
            // SAFETY: a number and a structure that is only read.
            assert_eq!(unsafe { libc::setrlimit(word(1).parse().unwrap(), &limit) }, 0);
            become_program(&invocation.arguments[3..]);
        }
        "calls" => {
            let (all, polls) = calls(&invocation.arguments[1..]);
            say(&format!("{all} {polls}"));
        }
        "size" => sizes(),
        "push" => push(word(1).parse().unwrap(), word(2).as_bytes()),
        "copy" => {
            make_raw();
            say("ready");
            copy(word(1).parse().unwrap());
        }
        "bytes" => {
            make_raw();
            let bytes: Vec<u8> = pattern(word(1).parse().unwrap()).collect();
            std::io::stdout().write_all(&bytes).unwrap();
            std::io::stdout().flush().unwrap();
        }
        "exit" => return Status::Exited(word(1).parse().unwrap()),
        other => {
            say(&format!("probe: what is '{other}'?"));
            return Status::Exited(98);
        }
    }
    Status::SUCCESS
}

/// Bytes of every value that repeat late, so that a lost or doubled one is seen.
fn pattern(count: usize) -> impl Iterator<Item = u8> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
}

/// The system calls of a program, those of poll(2) counted once more. What it forks is not counted.
fn calls(words: &[OsString]) -> (usize, usize) {
    use std::os::unix::process::CommandExt;
    let trace = || {
        // SAFETY: plain numbers.
        match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    let mut command = std::process::Command::new(&words[0]);
    command.args(&words[1..]).stdout(std::process::Stdio::null());
    // SAFETY: the closure only makes a system call.
    let pid = unsafe { command.pre_exec(trace) }.spawn().unwrap().id().cast_signed();
    let (mut all, mut polls, mut signal, mut status) = (0, 0, 0, 0);
    // Of struct ptrace_syscall_info: whether it is an entry, and the number of the call.
    let mut told = [0u64; 11];
    loop {
        // SAFETY: a child of ours, and structures that the calls fill.
        unsafe {
            if libc::waitpid(pid, &mut status, 0) != pid || !libc::WIFSTOPPED(status) {
                return (all, polls);
            }
            let length = std::mem::size_of_val(&told);
            match libc::WSTOPSIG(status) {
                stop if stop == libc::SIGTRAP | 0x80 => {
                    signal = 0;
                    libc::ptrace(PTRACE_GET_SYSCALL_INFO, pid, length, told.as_mut_ptr());
                    if told[0].to_ne_bytes()[0] == PTRACE_SYSCALL_INFO_ENTRY {
                        all += 1;
                        polls += usize::from(POLLS.contains(&(told[3] as libc::c_long)));
                    }
                }
                // It has become the program.
                libc::SIGTRAP => {
                    libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, libc::PTRACE_O_TRACESYSGOOD);
                }
                other => signal = other,
            }
            libc::ptrace(libc::PTRACE_SYSCALL, pid, 0, signal);
        }
    }
}

/// What the libc crate lacks for some C libraries.
const PTRACE_GET_SYSCALL_INFO: PtraceRequest = 0x420e;
const PTRACE_SYSCALL_INFO_ENTRY: u8 = 1;

#[cfg(target_env = "musl")]
type PtraceRequest = libc::c_int;
#[cfg(not(target_env = "musl"))]
type PtraceRequest = libc::c_uint;

/// poll(2) under its two names.
#[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
const POLLS: [libc::c_long; 1] = [libc::SYS_ppoll];
#[cfg(not(any(target_arch = "aarch64", target_arch = "riscv64")))]
const POLLS: [libc::c_long; 2] = [libc::SYS_poll, libc::SYS_ppoll];

fn make_raw() {
    // SAFETY: a structure that may be all zero, and that the calls fill, change and read.
    unsafe {
        let mut settings: libc::termios = std::mem::zeroed();
        if libc::tcgetattr(0, &mut settings) == 0 {
            libc::cfmakeraw(&mut settings);
            libc::tcsetattr(0, libc::TCSANOW, &settings);
        }
    }
}

fn copy(mut count: usize) {
    let mut bytes = vec![0; 1 << 16];
    while count > 0 {
        let read = std::io::stdin().read(&mut bytes).unwrap();
        assert!(read > 0, "{count} bytes are missing");
        std::io::stdout().write_all(&bytes[..read]).unwrap();
        std::io::stdout().flush().unwrap();
        count = count.saturating_sub(read);
    }
}

fn sizes() {
    // SAFETY: structures that may be all zero, and that the calls fill or read.
    unsafe {
        let mut winch: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut winch, libc::SIGWINCH);
        libc::sigprocmask(libc::SIG_BLOCK, &winch, std::ptr::null_mut());
        let signals = libc::signalfd(-1, &winch, 0);
        loop {
            let mut size: libc::winsize = std::mem::zeroed();
            libc::ioctl(0, libc::TIOCGWINSZ, &mut size);
            say(&format!("size {} {}", size.ws_row, size.ws_col));
            let mut ready = [0, signals].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
            libc::poll(ready.as_mut_ptr(), 2, -1);
            let mut bytes = [0u8; 128];
            let fd = if ready[0].revents != 0 { 0 } else { signals };
            if libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) <= 0 {
                return;
            }
        }
    }
}

fn push(fd: libc::c_int, text: &[u8]) {
    for byte in text {
        // SAFETY: the request reads one byte.
        if unsafe { libc::ioctl(fd, libc::TIOCSTI, byte) } == -1 {
            return say(&format!("refused: {}", std::io::Error::last_os_error()));
        }
    }
    say("pushed");
}

// Steps of a seccomp filter: load a word of struct seccomp_data, compare, return.
const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const IS: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const END: u32 = libc::BPF_RET | libc::BPF_K;

fn step(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt, jf, k }
}

/// This call has this answer, whatever its arguments are; the next step is for all others.
fn answering(call: u32, answer: u32) -> Vec<libc::sock_filter> {
    vec![step(LOAD, 0, 0, 0), step(IS, 0, 1, call), step(END, 0, 0, answer)]
}

/// As a container engine answers system calls in place of the kernel: the listener stays open, and nobody reads it.
fn notify(call: u32) {
    let mut filter = answering(call, libc::SECCOMP_RET_USER_NOTIF);
    filter.push(step(END, 0, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    let (set, listen) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: a structure that points to a filter of the length said, both of which live on; then plain numbers.
    unsafe {
        let listener = libc::syscall(libc::SYS_seccomp, set, listen, &program);
        assert!(listener >= 0, "{}", std::io::Error::last_os_error());
        assert_eq!(libc::fcntl(listener as i32, libc::F_SETFD, 0), 0);
    }
}

/// A seccomp filter of our own, see seccomp(2): no_new_privs is not set, so that set-user-ID programs stay what they are.
fn refuse(call: u32, errno: u32, mask: u32) {
    let any = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
    let refused = libc::SECCOMP_RET_ERRNO | errno;
    // The number of the call is at offset 0 of struct seccomp_data, the lower half of its first argument at 16.
    let mut filter = match mask {
        0 => answering(call, refused),
        _ => vec![
            step(LOAD, 0, 0, 0),
            step(IS, 0, 3, call),
            step(LOAD, 0, 0, 16),
            step(any, 0, 1, mask),
            step(END, 0, 0, refused),
        ],
    };
    filter.push(step(END, 0, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a structure that points to a filter of the length said, both of which live on.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

fn become_program(words: &[OsString]) {
    use std::os::unix::process::CommandExt;
    let error = std::process::Command::new(&words[0]).args(&words[1..]).exec();
    panic!("{:?}: {error}", words[0]);
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Waits for the end of its input. As process 1 of a namespace it inherits orphans: the kernel reaps them, none stays a zombie.
fn hold() {
    // SAFETY: plain numbers.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    say("ready");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// Overwrites what `execve` has put there.
fn rewrite_environment(invocation: &Invocation, text: &[u8], rest: u8) {
    let (Some(first), Some(last)) = (invocation.environment.first(), invocation.environment.last()) else {
        return;
    };
    let start = first.as_ptr().cast_mut().cast::<u8>();
    // SAFETY: the entries lie one behind the other on the stack, which may be written to; nobody reads them any more.
    unsafe {
        let length = last.as_ptr().cast::<u8>().add(last.count_bytes() + 1).offset_from(start) as usize;
        for at in 0..length {
            start.add(at).write_volatile(text.get(at).copied().unwrap_or(rest));
        }
    }
}

/// Signals are told in the handler itself: the probe is a single thread that waits in read(2).
extern "C" fn got(signal: libc::c_int) {
    let digits = [b'0' + (signal / 10) as u8, b'0' + (signal % 10) as u8];
    let line = [b'g', b'o', b't', b' ', digits[0], digits[1], b'\n'];
    // SAFETY: a readable buffer of that length.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

fn catch(signals: impl Iterator<Item = i32>) {
    for signal in signals {
        // SAFETY: a handler that stays for the life of the program, in an otherwise zero (valid) structure.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = got as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// A process between unshare(2) and the next execve(2): its children are to have other clocks.
fn resolve(words: Vec<OsString>) {
    // SAFETY: plain numbers.
    assert_eq!(unsafe { libc::unshare(0x80) }, 0, "CLONE_NEWTIME: {}", std::io::Error::last_os_error());
    let Ok(nskit::internals::cli::Parsed::Run(args)) = nskit::internals::cli::unshare::parse(words) else {
        return say("no command line");
    };
    match nskit::internals::cli::unshare::resolve(args) {
        Ok(_) => say("nothing"),
        Err(error) => say(&error.to_string()),
    }
}

/// How often, and for how long each time, the signal is waited for that the tool is to pass on.
const WAITS: (usize, libc::timespec) = (100, libc::timespec { tv_sec: 0, tv_nsec: 100_000_000 });

/// Where the tool has died, nobody can pass the signal on, and that is no fault of its own: the report is the same.
fn relay() {
    const PASSED_ON: &str = "signal passed on";
    let is_tool = |pid: i32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        ["unshare", "nsenter", "init"].contains(&name.trim_end())
    };
    // SAFETY: sets of signals that are filled before they are read, and plain numbers.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut set, libc::SIGUSR1);
        libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        let parent = libc::getppid();
        // 0 would be our own process group.
        if parent == 0 || !is_tool(parent) {
            return say(PASSED_ON);
        }
        libc::kill(parent, libc::SIGUSR1);
        for _ in 0..WAITS.0 {
            if libc::sigtimedwait(&set, std::ptr::null_mut(), &WAITS.1) == libc::SIGUSR1 || libc::getppid() != parent {
                return say(PASSED_ON);
            }
        }
    }
}

fn seen(invocation: &Invocation) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(format!("name {}", invocation.program.as_bytes().escape_ascii()));
    for argument in &invocation.arguments {
        lines.push(format!("arg {}", argument.as_bytes().escape_ascii()));
    }
    for entry in &invocation.environment {
        lines.push(format!("env {}", entry.to_bytes().escape_ascii()));
    }
    descriptors(&mut lines);
    signals(&mut lines);
    credentials(&mut lines);
    process(&mut lines);
    for name in NAMESPACES {
        if let Ok(link) = std::fs::read_link(format!("/proc/self/ns/{name}")) {
            lines.push(format!("ns {name} {}", link.display()));
        }
    }
    lines
}

fn tell(lines: Vec<String>) {
    for line in lines {
        say(&line);
    }
}

/// What can be told by way of /proc only, and the directories by device and inode number.
fn world() -> Vec<String> {
    let mut lines = Vec::new();
    for name in ["uid_map", "gid_map", "setgroups", "timens_offsets", "cgroup"] {
        let text = std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            lines.push(format!("{name} {}", words.join(" ")));
        }
    }
    for (name, path) in [("root", "/"), ("directory", ".")] {
        if let Ok(metadata) = std::fs::metadata(path) {
            lines.push(format!("{name} {}:{}", metadata.dev(), metadata.ino()));
        }
    }
    lines.extend(names());
    lines.extend(standing());
    lines.push(format!("loopback {}", if loopback_is_up() { "up" } else { "down" }));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        // Without the ids of mounts and namespaces, and the numbers of peer groups, which differ from run to run.
        let root = fields[3].split(":[").next().unwrap_or_default();
        let tags = fields[6..].iter().map(|word| word.split_once(':').map_or(*word, |(tag, _)| tag));
        let words: Vec<&str> = [fields[4], root, fields[5]].into_iter().chain(tags).collect();
        lines.push(format!("mount {}", words.join(" ")));
    }
    lines
}

/// How the kernel treats the process beside others: what it filters, kills first, and lets run where.
fn standing() -> Vec<String> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let status = read("status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().trim().to_string()
    };
    // SAFETY: plain numbers.
    let (own, io_priority) = unsafe { (libc::getsid(0) == libc::getpid(), libc::syscall(libc::SYS_ioprio_get, 1, 0)) };
    vec![
        format!("seccomp {} {}", field("Seccomp"), field("Seccomp_filters")),
        format!("processors {}", field("Cpus_allowed_list")),
        format!("oom-score {}", read("oom_score_adj").trim()),
        format!("session {}", if own { "own" } else { "another" }),
        format!("io-priority {io_priority}"),
    ]
}

/// The names of the UTS namespace.
fn names() -> [String; 2] {
    // SAFETY: an all-zero utsname is a valid value, and the call writes to it only.
    let names = unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        assert_eq!(libc::uname(&mut names), 0);
        names
    };
    let text = |name: &[libc::c_char]| {
        let bytes: Vec<u8> = name.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
        bytes.escape_ascii().to_string()
    };
    [format!("hostname {}", text(&names.nodename)), format!("domainname {}", text(&names.domainname))]
}

/// Whether a datagram to 127.0.0.1 comes back.
fn loopback_is_up() -> bool {
    let Ok(socket) = std::net::UdpSocket::bind("127.0.0.1:0") else {
        return false;
    };
    let mut heard = [0];
    let echo = socket.local_addr().and_then(|address| socket.send_to(b"x", address)).and_then(|_| {
        socket.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
        socket.recv(&mut heard)
    });
    echo.is_ok() && heard == *b"x"
}

fn descriptors(lines: &mut Vec<String>) {
    for fd in 0..1024 {
        // SAFETY: plain numbers; fstat writes to the structure given, which may be all zero.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFD);
            if flags == -1 {
                continue;
            }
            let mut stat: libc::stat = std::mem::zeroed();
            libc::fstat(fd, &mut stat);
            let status = libc::fcntl(fd, libc::F_GETFL);
            let kind = stat.st_mode & libc::S_IFMT;
            lines.push(format!("fd {fd} type {kind:o} status {status:o} cloexec {flags}"));
            lines.push(format!("file {fd} {}:{}", stat.st_dev, stat.st_ino));
        }
    }
}

fn signals(lines: &mut Vec<String>) {
    // SAFETY: the structures may be all zero and are only written to; -1 or null asks without a change.
    unsafe {
        let mut mask: libc::sigset_t = std::mem::zeroed();
        libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), &mut mask);
        let mut pending: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&mut pending);
        for signal in 1..=64 {
            if libc::sigismember(&mask, signal) == 1 {
                lines.push(format!("blocked {signal}"));
            }
            if libc::sigismember(&pending, signal) == 1 {
                lines.push(format!("pending {signal}"));
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, std::ptr::null(), &mut action) == 0 {
                match action.sa_sigaction {
                    libc::SIG_DFL => {}
                    libc::SIG_IGN => lines.push(format!("ignored {signal}")),
                    _ => lines.push(format!("caught {signal}")),
                }
            }
        }
        let mut death: libc::c_int = 0;
        libc::prctl(libc::PR_GET_PDEATHSIG, &mut death);
        lines.push(format!("death-signal {death}"));
    }
}

fn credentials(lines: &mut Vec<String>) {
    // SAFETY: all of these only ask, and write to variables of the right type.
    unsafe {
        let (mut real, mut effective, mut saved) = (0, 0, 0);
        libc::getresuid(&mut real, &mut effective, &mut saved);
        lines.push(format!("uid {real} {effective} {saved}"));
        libc::getresgid(&mut real, &mut effective, &mut saved);
        lines.push(format!("gid {real} {effective} {saved}"));
        let mut groups = [0; 256];
        let count = libc::getgroups(256, groups.as_mut_ptr());
        let groups: Vec<String> = groups[..count.max(0) as usize].iter().map(u32::to_string).collect();
        lines.push(format!("groups {}", groups.join(" ")));
        let caps = nskit::internals::sys::capability::get().unwrap();
        lines.push(format!(
            "caps permitted {:x} effective {:x} inheritable {:x}",
            caps.permitted, caps.effective, caps.inheritable
        ));
        let has = |option: libc::c_int, first: libc::c_ulong, capability: libc::c_ulong| {
            let (a, b) = if option == libc::PR_CAPBSET_READ { (capability, 0) } else { (first, capability) };
            libc::prctl(option, a, b, 0, 0) == 1
        };
        let set = |option, first| (0..64).filter(|c| has(option, first, *c)).fold(0u64, |set, c| set | 1 << c);
        lines.push(format!(
            "caps ambient {:x} bounding {:x}",
            set(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET as libc::c_ulong),
            set(libc::PR_CAPBSET_READ, 0)
        ));
        lines.push(format!("no-new-privs {}", libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
        lines.push(format!("dumpable {}", libc::prctl(libc::PR_GET_DUMPABLE, 0, 0, 0, 0)));
    }
}

fn process(lines: &mut Vec<String>) {
    // SAFETY: getrlimit writes to the structure given; umask is set back at once; the rest are plain numbers.
    unsafe {
        let umask = libc::umask(0);
        libc::umask(umask);
        lines.push(format!("umask {umask:03o}"));
        for limit in 0..16 {
            let mut value: libc::rlimit = std::mem::zeroed();
            libc::getrlimit(limit as _, &mut value);
            lines.push(format!("limit {limit} {} {}", value.rlim_cur, value.rlim_max));
        }
        lines.push(format!("priority {}", libc::getpriority(libc::PRIO_PROCESS, 0)));
        lines.push(format!("pid {}", libc::getpid()));
        let mut status = 0;
        let child = libc::waitpid(-1, &mut status, libc::WNOHANG);
        let none = child == -1 && *libc::__errno_location() == libc::ECHILD;
        lines.push(format!("children {}", if none { "none" } else { "some" }));
    }
    let directory = std::env::current_dir().map(OsString::from).unwrap_or_default();
    lines.push(format!("cwd {}", directory.as_bytes().escape_ascii()));
}
