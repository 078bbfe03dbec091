//! Whether a run into which a fault was injected ended well.

use super::cases::{BY_GETSUBIDS, Case, Program};
use crate::common::Ending;
use crate::runner::Outcome;
use crate::runner::stage::Stage;
use crate::runner::tracer::{Call, Effect};

/// What is expected of a case.
pub struct Expected {
    /// The run without a fault.
    pub baseline: Outcome,
    /// The program's report in it.
    pub report: Vec<String>,
    /// The mounts before it.
    pub mounts_before: Vec<String>,
}

/// A result that breaks a rule, and is right all the same.
pub struct Allowed {
    case: &'static str,
    call: &'static str,
    path: &'static str,
    effect: Option<Effect>,
    /// The rule that it breaks.
    rule: &'static str,
    pub why: &'static str,
}

/// Errnos that say of something in /proc that it is gone, hidden or unknown to the kernel.
const NOT_TO_BE_SEEN: [i32; 8] =
    [libc::ENOENT, libc::ESRCH, libc::EACCES, libc::EPERM, libc::ELOOP, libc::ENOTTY, libc::ENOSYS, libc::EBADF];

const UNKNOWN: &str = "lsns: status 2 says that the kernel does not know a namespace ioctl";
const UNSEEN: &str = "lsns lists what there is to see: what is gone, hidden or unknown to the kernel is left out";
const WHOLE: &str = "a file of /proc is opened and read in one piece, and waits for nothing";
const CELL: &str = "lsns: a cell, or what only some source knows, is left out where it cannot be had";

/// Why a listing may be another one: lsns looks at a system that changes, and where not all is its own to see.
const LISTING: &[Allowed] = &[
    Allowed { rule: "an exit status that means nothing", why: UNKNOWN, ..ANY },
    Allowed { rule: SILENCE, why: UNSEEN, ..ANY },
    Allowed { rule: SILENCE, why: WHOLE, ..ANY },
    Allowed { rule: SILENCE, why: CELL, ..ANY },
];

const ANY: Allowed = Allowed { case: "", call: "", path: "", effect: None, rule: "", why: "" };

pub const ALLOWED: &[Allowed] = &[
    Allowed {
        call: "newfstatat",
        path: "/proc/self/ns/",
        effect: Some(Effect::Error(libc::ENOENT)),
        rule: LEFT_OUT,
        why: "a file that is not there says that the kernel lacks the kind, and --all leaves it out",
        ..ANY
    },
    Allowed {
        case: "mount-proc, shared",
        call: "mount",
        path: "/proc",
        effect: Some(Effect::Error(libc::EINVAL)),
        rule: LEFT_OUT,
        why: "EINVAL says that nothing is mounted there, so that nothing can propagate",
    },
    Allowed {
        case: "setgroups denied",
        call: "openat",
        path: "/proc/self/setgroups",
        effect: Some(Effect::Error(libc::ENOENT)),
        rule: LEFT_OUT,
        why: "a kernel before 3.19 has no such file, and no such rule",
    },
    Allowed {
        call: "openat2",
        effect: Some(Effect::Error(libc::ENOENT)),
        rule: LEFT_OUT,
        why: "where there is no passwd file inside, HOME is /",
        ..ANY
    },
    Allowed {
        call: "read",
        effect: Some(Effect::Error(libc::ESRCH)),
        rule: LEFT_OUT,
        why: "the environ of a living process that has none, as a thread of the kernel, answers so",
        ..ANY
    },
    Allowed {
        call: "execve",
        path: "/bin/probe",
        rule: MOUNT_LEFT,
        why: "access(2) has said that it can be run: the helper that could unmount has ended for the program's sake",
        ..ANY
    },
    Allowed {
        // Of the second one, and later.
        call: "open_tree",
        effect: Some(Effect::Signal(libc::SIGKILL)),
        rule: MOUNT_LEFT,
        why: "the helper that has mounted is the one that is killed",
        ..ANY
    },
    Allowed {
        call: "move_mount",
        effect: Some(Effect::Signal(libc::SIGKILL)),
        rule: MOUNT_LEFT,
        why: "the helper that has mounted is the one that is killed",
        ..ANY
    },
    Allowed {
        call: "sendto",
        effect: Some(Effect::Signal(libc::SIGKILL)),
        rule: MOUNT_LEFT,
        why: "the helper that has mounted is the one that is killed",
        ..ANY
    },
    Allowed {
        case: "no such user",
        call: "read",
        rule: PANIC,
        why: "std reads a pipe of its own, which Linux does not fail; nothing has been done yet",
        ..ANY
    },
    Allowed {
        case: "no such user",
        call: "recvfrom",
        rule: PANIC,
        why: "std reads a socket of its own, which Linux does not fail; nothing has been done yet",
        ..ANY
    },
    Allowed {
        case: "a signal is passed on",
        call: "kill",
        rule: SILENCE,
        why: "the kernel says that the program has ended, or is another user's by now: no signal can reach it",
        ..ANY
    },
    Allowed {
        case: "a signal is passed on by init",
        call: "kill",
        rule: SILENCE,
        why: "the kernel says that the program has ended, or is another user's by now: no signal can reach it",
        ..ANY
    },
    Allowed {
        case: BY_GETSUBIDS,
        call: "recvfrom",
        rule: PANIC,
        why: "std reads a socket of its own, which Linux does not fail; nothing has been done yet",
        ..ANY
    },
];

const LEFT_OUT: &str = "the program runs with something left out";
const MOUNT_LEFT: &str = "a mount is left behind";
const SILENCE: &str = "it fails in silence";
const PANIC: &str = "it panics";

impl Allowed {
    fn covers(&self, case: &Case, name: &str, call: &Call, effect: Effect, rule: &str) -> bool {
        (self.case.is_empty() || self.case == case.name)
            && self.call == name
            && (self.path.is_empty() || call.path.contains(self.path))
            && self.effect.is_none_or(|allowed| allowed == effect)
            && self.rule == rule
    }
}

/// The exception that allows this result, if there is one.
pub fn allowed(case: &Case, name: &str, call: &Call, effect: Effect, rule: &str) -> Option<&'static Allowed> {
    let name = with_directory(name);
    let listing = LISTING
        .iter()
        .filter(|_| case.tool == "lsns")
        .find(|allowed| allowed.rule == rule && of_listing(allowed.why, name, call, effect));
    listing.or_else(|| ALLOWED.iter().find(|allowed| allowed.covers(case, name, call, effect, rule)))
}

/// The call that the GNU C library makes of the same function, where musl makes the older one.
fn with_directory(name: &str) -> &str {
    match name {
        "open" => "openat",
        "stat" | "lstat" | "fstat" => "newfstatat",
        "readlink" => "readlinkat",
        name => name,
    }
}

/// Whether this is the reason of what lsns came to.
fn of_listing(why: &str, name: &str, call: &Call, effect: Effect) -> bool {
    // What is asked of one namespace or process, once all are found.
    let detail = ["ioctl", "socket", "sendto", "recvfrom", "newfstatat", "read"].contains(&name);
    let file = ["cmdline", "cgroup", "status", "_map"].iter().any(|file| call.path.ends_with(file));
    // The thread, or its child, that enters one namespace to ask what is inside, and where it reads that.
    let visits = ["clone3", "clone", "capget", "capset"].contains(&name);
    let inside = call.path == "/proc/thread-self" || call.path == "net/dev";
    let detail = detail || file || visits || inside || call.path.contains("/ns/");
    match effect {
        Effect::Error(errno) if why == UNKNOWN => name == "ioctl" && errno == libc::ENOTTY,
        Effect::Error(errno) if why == UNSEEN => NOT_TO_BE_SEEN.contains(&errno),
        Effect::Error(libc::EINTR) | Effect::Bytes(_) => why == WHOLE,
        Effect::Error(_) => why == CELL && detail,
        _ => false,
    }
}

/// Where it cannot be known whether the program may have a variable of the loader, it is left out, and the message says so.
fn only_named_variables_are_missing(report: &[String], expected: &Expected, outcome: &Outcome) -> bool {
    let note = "note: left out of the target's environment: ";
    let mut notes = outcome.stderr.lines().filter_map(|line| line.split_once(note));
    let Some((_, names)) = notes.next() else {
        return false;
    };
    let names: Vec<_> = names.split(", ").map(|name| format!("env {name}=")).collect();
    let named = |line: &&String| names.iter().any(|name| line.starts_with(name));
    report.iter().eq(expected.report.iter().filter(|line| !named(line)))
}

/// Where a filter cannot be read, it is left out, and a note says so.
fn only_the_filter_is_missing(report: &[String], expected: &Expected, outcome: &Outcome) -> bool {
    let is_of_filter = |line: &&String| line.starts_with("seccomp ");
    outcome.stderr.contains("note: the target's seccomp filter is not in force: ")
        && report
            .iter()
            .filter(|line| !is_of_filter(line))
            .eq(expected.report.iter().filter(|line| !is_of_filter(line)))
}

/// Whether nobody can put our caller's terminal back: it is the tool itself that is killed at once, or the call that puts it
/// back that is refused. Linux refuses that one only where the terminal is gone.
fn cannot_be_put_back(name: &str, call: &Call, effect: Effect) -> bool {
    let is_killed = effect == Effect::Signal(libc::SIGKILL) && call.process == "0";
    let is_refused = name == "ioctl" && call.args[1] == libc::TCSETS && matches!(effect, Effect::Error(_));
    is_killed || is_refused
}

/// The rule that the outcome breaks, if any.
pub fn broken_rule(
    stage: &Stage,
    case: &Case,
    expected: &Expected,
    (name, call): (&str, &Call),
    effect: Effect,
    outcome: &Outcome,
) -> Option<&'static str> {
    let Some(ending) = outcome.ending else {
        return Some("it hangs");
    };
    if !outcome.left.is_empty() {
        return Some("a process is left behind");
    }
    if outcome.terminal_changed && !cannot_be_put_back(name, call, effect) {
        return Some("the terminal is left set up otherwise");
    }
    if outcome.stderr.contains("panicked") || matches!(ending, Ending::Killed(6 | 7 | 11)) {
        return Some(PANIC);
    }
    let has_program = case.program != Program::None;
    let ran = has_program && !outcome.stdout.is_empty();
    let report = stage.stable(outcome);
    let same_report = report == expected.report
        || only_named_variables_are_missing(&report, expected, outcome)
        || only_the_filter_is_missing(&report, expected, outcome);
    // A signal that is passed on may end the program while it says what it sees.
    let of_signal = matches!(effect, Effect::Signal(signal) if ending == Ending::Killed(signal));
    let is_expected = |line: &&String| expected.report.contains(line);
    let is_beginning = report.iter().filter(is_expected).count() + 1 >= report.len();
    let cut_short = of_signal && is_beginning;
    // With --pty we pass on what the program says: what our caller's output does not take is lost, and we say so.
    let is_told = outcome.stderr.starts_with(&format!("{}: write error: ", case.tool));
    if has_program && name == "write" && ending == Ending::Exited(1) && is_told && is_beginning {
        return None;
    }
    if ran && !same_report && !cut_short {
        return Some(LEFT_OUT);
    }
    let by_signal = matches!(effect, Effect::Signal(_));
    let mounts_as = |mounts: &[String]| outcome.mounts == mounts;
    let message = format!("{}: ", case.tool);
    // Who cannot write the message cannot say so either.
    let mute = name == "write" && call.args[0] == 2;
    let explained = mute || outcome.stderr.starts_with(&message) && outcome.stderr.len() > message.len() + 10;
    match ending {
        _ if Some(ending) == expected.baseline.ending && same_report => {
            let as_ever = outcome.stderr == expected.baseline.stderr;
            match mounts_as(&expected.baseline.mounts) {
                false => Some("mounts are missing, or there are others"),
                true if !as_ever && !explained => Some("it says something odd"),
                true => None,
            }
        }
        Ending::Exited(0) => Some(SILENCE),
        Ending::Exited(1 | 126 | 127) if !explained => Some("it does not say what failed"),
        Ending::Exited(1) if ran => Some("the program runs, and we say that it failed"),
        Ending::Exited(1) if !mounts_as(&expected.mounts_before) => Some(MOUNT_LEFT),
        Ending::Exited(1) => None,
        Ending::Exited(126 | 127) if !matches!(name, "execve" | "faccessat2") => {
            Some("a failure of our own looks like the program's")
        }
        Ending::Exited(126 | 127) if !mounts_as(&expected.mounts_before) => Some(MOUNT_LEFT),
        Ending::Exited(126 | 127) => None,
        Ending::Exited(_) => Some("an exit status that means nothing"),
        Ending::Killed(_) if !mounts_as(&expected.mounts_before) && !mounts_as(&expected.baseline.mounts) => {
            Some(MOUNT_LEFT)
        }
        // Another signal than the one that was sent is that of --kill-child.
        Ending::Killed(_) if by_signal => None,
        Ending::Killed(_) => Some("it dies of a signal that nobody sent"),
    }
}
