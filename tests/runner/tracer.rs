//! Follows a tool and the processes that it forks by ptrace(2), up to the execve(2) of each, and makes one system call fail.
//!
//! strace can make calls fail as well, but counts them for each process apart, so that a fault meant for a tool hits its
//! helpers and the program that it runs too. Here a call is named by the process that makes it.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::os::fd::OwnedFd;

use super::{open_proc, registers, report};

/// A system call, told from all others of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who makes it: `0` is the tool, `0.1` its first child, and so on.
    pub process: String,
    /// Its number, see <asm/unistd.h>.
    pub number: i64,
    /// Which of the calls with this number in that process, from 1.
    pub occurrence: usize,
    /// Its arguments.
    pub args: [u64; 6],
    /// Its path, if it has one.
    pub path: String,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is not made, and gives this errno.
    Error(i32),
    /// It is made, and gives this errno.
    LateError(i32),
    /// It is made with this many bytes only.
    Bytes(u64),
    /// This signal arrives as it begins.
    Signal(i32),
}

/// A call that is to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub process: String,
    pub number: i64,
    pub occurrence: usize,
    pub effect: Effect,
}

/// A process that is followed.
struct Tracee {
    name: String,
    children: usize,
    counts: HashMap<i64, usize>,
    /// In a system call, which this happens to.
    inside: bool,
    altered: Option<Altered>,
    /// Before its first execve, if it is the tool's; no call of it counts.
    preparing: bool,
}

/// What is to be put right when the call returns.
enum Altered {
    Answer(i32),
    Count(u64),
}

impl Tracee {
    fn new(name: String, preparing: bool) -> Tracee {
        Tracee { name, children: 0, counts: HashMap::new(), inside: false, altered: None, preparing }
    }
}

const OPTIONS: libc::c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_EXITKILL;

/// Lets process `main` start, follows it and all that it starts to their ends, and returns the report.
pub fn follow(main: i32, start: OwnedFd, traced: bool, fault: Option<&Fault>) -> String {
    let mut tracer = Tracer {
        tracees: HashMap::from([(main, Tracee::new("0".to_string(), true))]),
        programs: HashMap::new(),
        early: HashSet::new(),
        fault,
        report: String::new(),
        hung: false,
    };
    if traced {
        request(libc::PTRACE_SEIZE, main, OPTIONS);
        request(libc::PTRACE_INTERRUPT, main, 0);
    }
    std::fs::File::from(start).write_all(b"g").unwrap();
    tracer.run(main);
    tracer.report
}

struct Tracer<'f> {
    tracees: HashMap<i32, Tracee>,
    /// Those that have become another program, and are followed no more.
    programs: HashMap<i32, String>,
    /// New processes that have stopped before their parent's call has told of them.
    early: HashSet<i32>,
    fault: Option<&'f Fault>,
    report: String,
    hung: bool,
}

impl Tracer<'_> {
    fn run(&mut self, main: i32) {
        loop {
            let mut status = 0;
            // SAFETY: a variable to write to.
            let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL) };
            if pid == -1 {
                match std::io::Error::last_os_error().raw_os_error() {
                    Some(libc::EINTR) => self.kill_all(),
                    _ => return,
                }
            } else if libc::WIFSTOPPED(status) {
                self.stopped(pid, status);
            } else {
                let name = self.tracees.remove(&pid).map(|tracee| tracee.name);
                let name = name.or_else(|| self.programs.remove(&pid)).unwrap_or_default();
                if pid == main {
                    if !self.hung {
                        let (what, number) = match libc::WIFEXITED(status) {
                            true => ("exited", libc::WEXITSTATUS(status)),
                            false => ("killed", libc::WTERMSIG(status)),
                        };
                        report::line(&mut self.report, what, &[&number.to_string()]);
                    }
                } else if self.hung {
                    report::line(&mut self.report, "left", &[&name]);
                }
            }
        }
    }

    /// The watchdog has rung.
    fn kill_all(&mut self) {
        self.hung = true;
        for pid in self.tracees.keys().chain(self.programs.keys()).chain(&self.early) {
            // SAFETY: plain numbers; none of these has been waited for, so that the number is still its own.
            unsafe { libc::kill(*pid, libc::SIGKILL) };
        }
        // Without a trace only our children are known, orphans that we have adopted among them.
        let own = std::process::id();
        let children = open_proc(&format!("{own}/task/{own}/children")).and_then(std::io::read_to_string);
        for pid in children.unwrap_or_default().split_whitespace() {
            // SAFETY: as above.
            unsafe { libc::kill(pid.parse().unwrap(), libc::SIGKILL) };
        }
    }

    fn stopped(&mut self, pid: i32, status: i32) {
        let signal = libc::WSTOPSIG(status);
        let Some(tracee) = self.tracees.get_mut(&pid) else {
            self.early.insert(pid);
            return;
        };
        if signal == libc::SIGTRAP | 0x80 {
            if tracee.inside {
                tracee.inside = false;
                end_of_call(pid, tracee);
            } else {
                tracee.inside = true;
                self.start_of_call(pid);
            }
            request(libc::PTRACE_SYSCALL, pid, 0);
            return;
        }
        match status >> 16 {
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                let mut child: libc::c_ulong = 0;
                let null = std::ptr::null_mut::<libc::c_void>();
                // SAFETY: a variable of the right size to write to.
                unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, pid, null, &mut child) };
                let child = child as i32;
                tracee.children += 1;
                let name = format!("{}.{}", tracee.name, tracee.children);
                self.tracees.insert(child, Tracee::new(name, false));
                if self.early.remove(&child) {
                    request(libc::PTRACE_SYSCALL, child, 0);
                }
                request(libc::PTRACE_SYSCALL, pid, 0);
            }
            libc::PTRACE_EVENT_EXEC => {
                if tracee.preparing {
                    tracee.preparing = false;
                    request(libc::PTRACE_SYSCALL, pid, 0);
                } else if let Some(tracee) = self.tracees.remove(&pid) {
                    self.programs.insert(pid, tracee.name);
                    request(libc::PTRACE_DETACH, pid, 0);
                }
            }
            libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
                request(libc::PTRACE_LISTEN, pid, 0);
            }
            0 => request(libc::PTRACE_SYSCALL, pid, signal),
            _ => request(libc::PTRACE_SYSCALL, pid, 0),
        }
    }

    fn start_of_call(&mut self, pid: i32) {
        let Some(tracee) = self.tracees.get_mut(&pid).filter(|tracee| !tracee.preparing) else {
            return;
        };
        let Some(mut registers) = registers::get(pid) else {
            return;
        };
        let number = registers::number(&registers);
        let count = tracee.counts.entry(number).or_insert(0);
        *count += 1;
        let (process, occurrence) = (tracee.name.clone(), *count);
        match self.fault {
            None => {
                let args = registers::arguments(&registers);
                let words = args.map(|arg| arg.to_string()).join(" ");
                let path = registers::path_argument(number).map(|at| text_at(pid, args[at])).unwrap_or_default();
                let numbers = [number.to_string(), occurrence.to_string()];
                let line = [&process, &numbers[0], &numbers[1], &words, &path].map(String::as_str);
                report::line(&mut self.report, "call", &line);
            }
            Some(fault) => {
                let wanted = fault.process == process && fault.number == number && fault.occurrence == occurrence;
                if !wanted {
                    return;
                }
                report::line(&mut self.report, "hit", &[]);
                match fault.effect {
                    Effect::Error(errno) => {
                        registers::skip_call(&mut registers);
                        registers::set(pid, &registers);
                        tracee.altered = Some(Altered::Answer(errno));
                    }
                    Effect::LateError(errno) => tracee.altered = Some(Altered::Answer(errno)),
                    Effect::Bytes(count) => {
                        tracee.altered = Some(Altered::Count(registers::set_count(&mut registers, count)));
                        registers::set(pid, &registers);
                    }
                    Effect::Signal(signal) => {
                        // SAFETY: plain numbers; a stopped process that has not been waited for keeps its number.
                        unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, signal) };
                    }
                }
            }
        }
    }
}

fn end_of_call(pid: i32, tracee: &mut Tracee) {
    let Some(altered) = tracee.altered.take() else {
        return;
    };
    let Some(mut registers) = registers::get(pid) else {
        return;
    };
    match altered {
        Altered::Answer(errno) => registers::answer(&mut registers, errno),
        // A system call leaves its arguments as they are, and the caller may count on it.
        Altered::Count(count) => drop(registers::set_count(&mut registers, count)),
    }
    registers::set(pid, &registers);
}

/// A process may have been killed while it was stopped: a request that comes too late is no error, its end is seen soon.
fn request(request: libc::c_uint, pid: i32, data: i32) {
    let data = i64::from(data) as *mut libc::c_void;
    // SAFETY: requests without an address.
    unsafe { libc::ptrace(request, pid, std::ptr::null_mut::<libc::c_void>(), data) };
}

/// The C string at an address of a stopped process.
fn text_at(pid: i32, address: u64) -> String {
    use std::os::unix::fs::FileExt;
    let mut bytes = [0; 256];
    let Ok(memory) = open_proc(&format!("{pid}/mem")) else {
        return String::new();
    };
    // Near the end of a mapping there may be less.
    let length = memory.read_at(&mut bytes, address).unwrap_or(0);
    let text = bytes[..length].split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}
