//! Lines with options that util-linux lacks. Theirs is no model for these, but ours without them is: an option changes what
//! it says that it changes, and nothing else.
//!
//! A line by chance is run twice: with some of these options, and with what each of them implies instead. The program must
//! see the same but for the lines of its report that belong to the options. Where only the line with them fails, it says one
//! of the things that they may say, and leaves nothing behind.

use super::{Setting, first_line, report};
use crate::common::{ALICE, Ending};
use crate::generate::{Line, NSENTER, UNSHARE, line, means};
use crate::runner::random::Random;
use crate::runner::stage::{Stage, Whose};
use crate::runner::{Job, Outcome, Propagation, run};

/// An option that util-linux lacks, or a value that it does not take.
struct Own {
    words: &'static [&'static str],
    /// What it implies, or what is as near to it as theirs comes.
    instead: &'static [&'static str],
    /// The beginnings of the lines of the report that are its own.
    changes: &'static [&'static str],
    /// What its failure may say.
    may_say: &'static [&'static str],
    /// Lines that the report has because of it, where it has a line that begins with the same word.
    shows: &'static [&'static str],
    /// Options of the line, by letter and beginning, which mean something else beside those instead. They are taken out.
    not_beside: &'static [(char, &'static str)],
}

impl Own {
    const fn not_beside(self, not_beside: &'static [(char, &'static str)]) -> Own {
        Own { not_beside, ..self }
    }

    const fn shows(self, shows: &'static [&'static str]) -> Own {
        Own { shows, ..self }
    }
}

const fn own(
    words: &'static [&'static str],
    instead: &'static [&'static str],
    changes: &'static [&'static str],
    may_say: &'static [&'static str],
) -> Own {
    Own { words, instead, changes, may_say, shows: &[], not_beside: &[] }
}

/// Without CAP_SETPCAP nothing is taken from the bounding set.
const NO_RIGHT: &[&str] = &["prctl(PR_CAPBSET_DROP) failed: Operation not permitted"];
/// The place is another one, or none, below a new root.
const NO_PLACE: &[&str] = &["mount {dir}/empty failed: ", "cannot open {dir}/inside: "];
/// The same, or our user or group has no id inside, so that it can make no file.
const NO_DEVICES: &[&str] = &["mount {dir}/empty failed: ", "mount {dir}/empty/null failed: Value too large"];
/// The line changes the root by itself, or the mounts are to pass on.
const NO_PIVOT: &[&str] = &["are mutually exclusive"];
/// Ranges are refused beside another way to map the same blocks.
const MAPPED_TWICE: &[&str] = &["are mutually exclusive"];

/// The program is a child, or the option would have no effect.
const NO_CHILD: &[&str] = &["mutually exclusive arguments: --no-fork "];
/// It has a network and mounts of its own, which need the right to mount.
const OF_NETNS: &[&str] = &["mutually exclusive arguments: --netns ", "mount /sys failed: Operation not permitted"];

/// --like-target, and what is as near to it as other options come.
const fn like(words: &'static [&'static str], instead: &'static [&'static str]) -> Own {
    own(words, instead, OF_LIKENESS, NO_LIKENESS).not_beside(&[('W', "--wdn"), ('\0', "--pr")])
}

/// It enters the target's mount namespace, in place of which --netns makes one.
const ALL: &[(char, &str)] = &[('a', "--a")];

/// It would be the one whose owner is entered.
const USER: &[(char, &str)] = &[('U', "--us")];

const NO_LIKENESS: &[&str] = &[
    "mutually exclusive arguments: --no-fork ",
    "mutually exclusive arguments: --netns ",
    "cannot take over the target's ",
];

/// What the loader of a shell says to LD_DEBUG, on the terminal or beside it: no word of ours.
const OF_LOADER: &str = "warning: debug option";

/// The other end of a terminal, whatever the descriptors are outside.
const OF_PTY: &[&str] =
    &["fd 0 type 20000 status 2 cloexec 0", "fd 1 type 20000 status 2 cloexec 0", "fd 2 type 20000 status 2 cloexec 0"];

/// What -a, -r, -w, -e and -c do not take of the target.
const OF_LIKENESS: &[&str] = &[
    "caps",
    "no-new-privs",
    "seccomp",
    "groups",
    "limit",
    "priority",
    "io-priority",
    "oom-score",
    "processors",
    "umask",
    "session",
    "blocked",
    "ignored",
    "pending",
    "env HOME=",
];

/// What the targets that stand for containers have: see the stage.
const OF_LIKE: &[&str] = &[
    "seccomp 2 1",
    "limit 4 0 0",
    "limit 7 800 900",
    "priority 19",
    "io-priority 24583",
    "oom-score 300",
    "umask 027",
    "session own",
];

/// With --wd, the directory is the one that is mounted there.
const OF_UNSHARE: &[Own] = &[
    own(&["--no-new-privs"], &[], &["no-new-privs"], &[]).shows(&["no-new-privs 1"]),
    own(&["--no"], &[], &["no-new-privs"], &[]).shows(&["no-new-privs 1"]),
    own(&["--hostname=box"], &["-u"], &["hostname"], &[]).shows(&["hostname box"]),
    own(&["--ho", "box"], &["-u"], &["hostname"], &[]).shows(&["hostname box"]),
    own(&["--domainname", "lab"], &["-u"], &["domainname"], &[]).shows(&["domainname lab"]),
    own(&["--loopback"], &["-n"], &["loopback"], &[]).shows(&["loopback up"]),
    own(&["--init"], &["-p", "-f"], &["death-signal"], &[]),
    own(&["--status-fd=40"], &[], &["fd 40 "], &[]),
    own(&["--status-fd", "40"], &[], &["fd 40 "], &[]),
    own(&["--forward-signals=all"], &["-f"], &[], &[]),
    own(&["--forward-signals=USR1,sighup,RTMIN+1"], &["-f"], &[], &[]),
    own(&["--cap-drop=all"], &[], &["caps"], NO_RIGHT),
    own(&["--cap-drop", "CAP_NET_RAW,63,sys_admin"], &[], &["caps"], NO_RIGHT),
    own(&["--cap-drop=all", "--cap-add=chown,5"], &[], &["caps"], NO_RIGHT),
    own(&["--cap-drop=chown", "--no-new-privs"], &[], &["caps", "no-new-privs"], NO_RIGHT),
    own(&["--tmpfs={dir}/empty"], &["-m"], &["mount", "directory"], NO_PLACE),
    own(&["--bind={dir}/inside:{dir}/empty"], &["-m"], &["mount", "directory"], NO_PLACE),
    own(&["--bind={dir}/deep:{dir}/empty:ro"], &["-m"], &["mount", "directory"], NO_PLACE),
    own(&["--mount-dev={dir}/empty"], &["-m"], &["mount", "directory"], NO_DEVICES),
    own(&["--pivot-root={dir}/rootfs"], &["-m", "-R{dir}/rootfs"], &["mount"], NO_PIVOT),
    own(&["--monotonic=@1000000000"], &["--monotonic=1"], &["timens_offsets"], &[]),
    own(&["--boottime", "@2000000000"], &["--boottime=1"], &["timens_offsets"], &[]),
    own(&["--map-ranges"], &["--map-auto"], &["uid_map", "gid_map"], MAPPED_TWICE),
    own(&["--map-users=ranges"], &["--map-users=auto"], &["uid_map"], MAPPED_TWICE),
];

const OF_NSENTER: &[Own] = &[
    own(&["--no-new-privs"], &[], &["no-new-privs"], &[]).shows(&["no-new-privs 1"]),
    own(&["--cap-drop=all"], &[], &["caps"], NO_RIGHT),
    own(&["--cap-drop", "CAP_NET_RAW,63,sys_admin"], &[], &["caps"], NO_RIGHT),
    own(&["--cap-drop=all", "--cap-add=chown,5"], &[], &["caps"], NO_RIGHT),
    own(&["--kill-child"], &[], &["death-signal", "ignored 17"], NO_CHILD).shows(&["death-signal 9"]),
    own(&["--kill-child=sigterm"], &[], &["death-signal", "ignored 17"], NO_CHILD).shows(&["death-signal 15"]),
    own(&["--forward-signals"], &[], &["ignored 17"], NO_CHILD),
    own(&["--for=USR1,sighup,RTMIN+1"], &[], &["ignored 17"], NO_CHILD),
    own(&["--forward-signals=all"], &[], &["ignored 17"], NO_CHILD),
    // A shell that is run for want of a program asks for commands on a terminal, and its loader complains of LD_DEBUG there.
    own(&["--pty"], &[], &["fd 0 ", "fd 1 ", "fd 2 ", "ignored 17", "session", "$ ", "# ", OF_LOADER], NO_CHILD)
        .shows(OF_PTY),
    own(&["--net=blue"], &["--net=/run/netns/blue"], &[], &[]),
    own(&["--net={net}"], &["--net=/run/netns/blue"], &[], &[]),
    own(&["--netns=blue"], &["--net=/run/netns/blue"], &["ns mnt", "mount "], OF_NETNS)
        .shows(&["ns net all"])
        .not_beside(ALL),
    own(&["--netns", "blue"], &["--net=/run/netns/blue"], &["ns mnt", "mount "], OF_NETNS)
        .shows(&["ns net all"])
        .not_beside(ALL),
    own(&["-t{nested}", "-U", "--user-parent"], &["-t{nested}", "-U/proc/{user}/ns/user"], &[], &[]).not_beside(USER),
    like(&["-t{all}", "--like-target"], &["-t{all}", "-a", "-r", "-w", "-e", "-c", "-Sfollow", "-Gfollow"]),
    like(&["-t{user}", "--like-target"], &["-t{user}", "-a", "-r", "-w", "-e", "-c", "-Sfollow", "-Gfollow"]),
    like(&["-t{like}", "--like-target"], &["-t{like}", "-a", "-r", "-w", "-e", "-c", "-Sfollow", "-Gfollow"])
        .shows(OF_LIKE),
    like(&["-t{like-user}", "--like-target"], &["-t{like-user}", "-a", "-r", "-w", "-e", "-c", "-Sfollow", "-Gfollow"])
        .shows(OF_LIKE),
];

/// A run of ours, and what its program sees.
struct Ran {
    outcome: Outcome,
    report: Vec<String>,
}

impl Ran {
    fn of(stage: &Stage, setting: &Setting, line: &Line) -> Ran {
        let mut job = stage.job(Whose::Ours, setting.tool, &line.concat(), setting.ordinary_user.then_some(ALICE));
        job.environment.extend(setting.shell.map(|shell| stage.fill(shell).into()));
        job.copied = Some(if setting.shared { Propagation::Shared } else { Propagation::Private });
        job.ignored = setting.ignored.clone();
        job.blocked = setting.blocked.clone();
        let outcome = run(&job);
        Ran { report: report(stage, &outcome), outcome }
    }

    fn first_line(&self, stage: &Stage, setting: &Setting) -> String {
        let said = self.outcome.stderr.lines().find(|line| !line.starts_with(OF_LOADER)).unwrap_or_default();
        first_line(said, &stage.tool(Whose::Ours, setting.tool))
    }

    /// Whether the report has the lines that each option is for, unless another one changes the same.
    fn shows(&self, options: &[&Own]) -> bool {
        let changed_once = |change| options.iter().filter(|own| own.changes.contains(change)).count() == 1;
        let alone = options.iter().filter(|own| own.changes.iter().all(changed_once));
        alone.flat_map(|own| own.shows).all(|shown| {
            let (word, _) = shown.split_once(' ').unwrap_or((shown, ""));
            // Where no proc shows the program, what it reads there is empty.
            let is_of_it = |line: &&String| line.split(' ').next() == Some(word) && line.trim_end() != word;
            self.report.iter().find(is_of_it).is_none() || self.report.iter().any(|line| line == shown)
        })
    }

    /// The report without the lines that begin so.
    fn without(&self, changes: &[&str]) -> Vec<&String> {
        self.report.iter().filter(|line| !changes.iter().any(|start| line.starts_with(start))).collect()
    }
}

/// The two runs, under what circumstances, and the mounts where nothing has been done.
struct Pair<'s> {
    stage: &'s Stage,
    setting: &'s Setting,
    with: Ran,
    without: Ran,
    untouched: Vec<String>,
}

impl Pair<'_> {
    /// What is wrong with the run with these options.
    fn problem(&self, options: &[&Own], line: &Line) -> Option<&'static str> {
        let Pair { stage, setting, with, without, untouched } = self;
        let (ours, plain) = (&with.outcome, &without.outcome);
        let Some(ending) = ours.ending else { return Some("it hangs") };
        if ours.stderr.contains("panicked") || matches!(ending, Ending::Killed(4 | 6 | 7 | 11)) {
            return Some("it panics");
        }
        if !ours.left.is_empty() {
            return Some("a process is left behind");
        }
        let first_line = with.first_line(stage, setting);
        let may_say = options.iter().flat_map(|own| own.may_say);
        let explained = may_say.map(|words| stage.fill(words)).any(|words| first_line.contains(&words));
        // A process 1 does not die of a signal that it sends to itself, and the probe says so; below --init it dies, unless
        // the signal is ignored or blocked.
        let is_kept_off = [&setting.ignored, &setting.blocked].iter().any(|signals| signals.contains(&libc::SIGTERM));
        let below_init = !is_kept_off && options.iter().any(|own| own.words == ["--init"]);
        // --like-target has the program heed all signals.
        let heeds_all = is_kept_off && options.iter().any(|own| own.words.contains(&"--like-target"));
        let plain_ending = match plain.ending {
            Some(Ending::Exited(99)) if below_init || heeds_all => Some(Ending::Killed(libc::SIGTERM)),
            other => other,
        };
        if ours.ending != plain_ending || explained {
            return match ending {
                Ending::Exited(1) if !with.report.is_empty() => Some("the program runs, and we say that it failed"),
                Ending::Exited(1) if !explained => Some("it fails, and is not to"),
                Ending::Exited(1) if ours.mounts != *untouched => Some("a mount is left behind"),
                Ending::Exited(1) => None,
                _ => Some("it ends otherwise"),
            };
        }
        let changes: Vec<&str> = options.iter().flat_map(|own| own.changes).copied().collect();
        // The user wants the mounts to pass on to the namespace that we come from, and they are there afterwards.
        let passed_on = |word: &String| word.contains("shared") || word.contains("unchanged");
        let passes_on = setting.shared && line.iter().flatten().any(passed_on);
        match () {
            _ if with.without(&changes) != without.without(&changes) => Some("the program sees something else"),
            _ if !with.shows(options) => Some("the program does not see what an option does"),
            _ if ours.mounts != plain.mounts && !passes_on => Some("there are other mounts afterwards"),
            _ if first_line != without.first_line(stage, setting)
                && !is_same_place(&first_line, &without.first_line(stage, setting)) =>
            {
                Some("it says something else")
            }
            _ => None,
        }
    }
}

/// Whether both could not mount at the same place, for which there may be two reasons. Beside mounts of ours, each place is
/// opened before anything is mounted there.
fn is_same_place(one: &str, other: &str) -> bool {
    let place = |line: &str| line.split_once(" failed: ").map(|(place, _)| place.to_string());
    one.contains(": mount ") && place(one).is_some() && place(one) == place(other)
}

/// The line with these words before it.
fn before<'w>(words: impl IntoIterator<Item = &'w &'static str>, line: &Line) -> Line {
    let words = words.into_iter().map(|word| vec![word.to_string()]);
    words.chain(line.iter().cloned()).collect()
}

/// Runs so many lines. Whether all went well.
pub fn work(index: usize, lines: usize, mut random: Random) -> bool {
    let Some(stage) = Stage::new() else {
        return true;
    };
    let (mut ran, mut refused, mut wrong) = (0, 0, 0);
    for _ in 0..lines {
        let setting = Setting::new(&mut random);
        let (table, theirs) = match setting.tool {
            "unshare" => (OF_UNSHARE, UNSHARE),
            _ => (OF_NSENTER, NSENTER),
        };
        let mut rest = line(theirs, &mut random);
        // Many options together mostly fail.
        rest.drain(..(rest.len() - 1) / (1 + random.below(3)));
        let options: Vec<&Own> = (0..1 + random.below(3)).map(|_| random.pick(table)).collect();
        for (letter, long) in options.iter().flat_map(|own| own.not_beside) {
            rest.retain(|part| !part.first().is_some_and(|word| means(word, *letter, long)));
        }
        let try_line = |rest: &Line| {
            let with = Ran::of(&stage, &setting, &before(options.iter().flat_map(|own| own.words), rest));
            let without = Ran::of(&stage, &setting, &before(options.iter().flat_map(|own| own.instead), rest));
            let pair = Pair { stage: &stage, setting: &setting, with, without, untouched: untouched(&stage, &setting) };
            (pair.problem(&options, rest), pair.with, pair.without)
        };
        let (found, with, _) = try_line(&rest);
        ran += usize::from(!with.report.is_empty());
        refused += usize::from(with.outcome.ending == Some(Ending::Exited(1)));
        if found.is_some() {
            wrong += 1;
            print(&options, &setting, reduced(rest, |rest| try_line(rest)));
        }
    }
    println!("worker {index}: {lines} command lines with our own options, {ran} of them run the probe, {refused} fail");
    wrong == 0
}

/// The mounts where nothing has been done.
fn untouched(stage: &Stage, setting: &Setting) -> Vec<String> {
    let mut job: Job = stage.job(Whose::Ours, setting.tool, &["--version"], None);
    job.copied = Some(if setting.shared { Propagation::Shared } else { Propagation::Private });
    run(&job).mounts
}

type Tried = (Option<&'static str>, Ran, Ran);

/// The line without all that the problem does not need, and what comes of it.
fn reduced(mut line: Line, try_line: impl Fn(&Line) -> Tried) -> (Line, Tried) {
    let mut tried = try_line(&line);
    let mut at = 0;
    // The program is the last part, and stays.
    while at + 1 < line.len() {
        let mut shorter = line.clone();
        shorter.remove(at);
        let with_less = try_line(&shorter);
        if with_less.0.is_some() && with_less.0 == tried.0 {
            (line, tried) = (shorter, with_less);
        } else {
            at += 1;
        }
    }
    (line, tried)
}

fn print(options: &[&Own], setting: &Setting, (line, (problem, with, without)): (Line, Tried)) {
    let words: Vec<&str> = options.iter().flat_map(|own| own.words).copied().collect();
    let problem = problem.unwrap_or("it was once otherwise");
    println!("FAILED: {} {} {}: {problem}; {setting:?}", setting.tool, words.join(" "), line.concat().join(" "));
    for (name, ran) in [("with", &with), ("without", &without)] {
        println!("    {name}: {:?} {:?} {}", ran.outcome.ending, ran.outcome.left, ran.outcome.stderr.trim_end());
    }
    for (name, one, other) in [("with", &with, &without), ("without", &without, &with)] {
        let lines = one.report.iter().filter(|line| !other.report.contains(line));
        lines.chain(one.outcome.mounts.iter().filter(|mount| !other.outcome.mounts.contains(mount))).for_each(|line| {
            println!("    {name}: {line}");
        });
    }
}
