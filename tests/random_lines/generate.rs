//! Command lines by chance: options of util-linux 2.38.1 in any order and way of writing, with values good and bad.

use crate::runner::random::Random;

/// An option.
pub struct Opt {
    long: &'static str,
    short: Option<char>,
    takes: Takes,
    values: &'static [&'static str],
    /// How often it is chosen, compared with others.
    weight: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Required,
    /// Attached to the long option only, or to either.
    Optional,
    OptionalShort,
}

const fn flag(long: &'static str, short: Option<char>, weight: usize) -> Opt {
    Opt { long, short, takes: Takes::Nothing, values: &[], weight }
}

const fn with(long: &'static str, short: Option<char>, values: &'static [&'static str], weight: usize) -> Opt {
    Opt { long, short, takes: Takes::Required, values, weight }
}

const fn kind(long: &'static str, short: char, values: &'static [&'static str], weight: usize) -> Opt {
    Opt { long, short: Some(short), takes: Takes::Optional, values, weight }
}

const fn entered(long: &'static str, short: char, values: &'static [&'static str], weight: usize) -> Opt {
    Opt { long, short: Some(short), takes: Takes::OptionalShort, values, weight }
}

const KEEP: &[&str] = &["{dir}/keep1", "{dir}/keep2", "{dir}/keep3", "{dir}/missing", "{dir}/inside"];
const IDS: &[&str] = &["0", "1", "5", "1001", "4294967294", "4294967295", "4294967296", "-1", "x", "", "0x5", "05"];
const DIRECTORIES: &[&str] =
    &["/", ".", "inside", "{dir}/inside", "{dir}/rootfs", "{dir}/empty", "/missing", "{dir}/keep1", "/tmp"];
const SECONDS: &[&str] = &["0", "1000", "-1", "+5", "86400", "x", "1.5", "", "99999999999999999999"];
const BLOCKS: &[&str] = &[
    "100000,0,10",
    "100000,0,1000",
    "100000,1,100",
    "500000,0,1000",
    "500000,5,10",
    "0,0,1",
    "x",
    "1,2",
    "1,2,3,4",
    "auto",
    "100000,0,0",
    "-1,0,1",
];

pub const UNSHARE: &[Opt] = &[
    kind("mount", 'm', KEEP, 6),
    kind("uts", 'u', KEEP, 4),
    kind("ipc", 'i', KEEP, 3),
    kind("net", 'n', KEEP, 2),
    kind("pid", 'p', KEEP, 4),
    kind("user", 'U', KEEP, 3),
    kind("cgroup", 'C', KEEP, 3),
    kind("time", 'T', KEEP, 4),
    flag("fork", Some('f'), 6),
    flag("map-root-user", Some('r'), 4),
    flag("map-current-user", Some('c'), 3),
    with("map-user", None, &["0", "5", "1001", "alice", "root", "nobody-here", "4294967295", "-1"], 2),
    with("map-group", None, &["0", "5", "1001", "staff", "root", "nobody-here", "4294967295"], 2),
    flag("map-auto", None, 1),
    with("map-users", None, BLOCKS, 1),
    with("map-groups", None, BLOCKS, 1),
    Opt {
        long: "kill-child",
        short: None,
        takes: Takes::Optional,
        values: &["KILL", "SIGTERM", "hup", "sigint", "RTMIN", "RTMIN+2", "RTMAX-1", "9", "0", "NONE", "RTMIN+99", ""],
        weight: 3,
    },
    Opt {
        long: "mount-proc",
        short: None,
        takes: Takes::Optional,
        values: &["/proc", "{dir}/inside", "/missing", "{dir}/keep1", "inside", ""],
        weight: 3,
    },
    with("propagation", None, &["private", "shared", "slave", "unchanged", "Private", "none", ""], 4),
    with("setgroups", None, &["allow", "deny", "maybe", ""], 2),
    flag("keep-caps", None, 2),
    with("root", Some('R'), DIRECTORIES, 2),
    with("wd", Some('w'), DIRECTORIES, 3),
    with("setuid", Some('S'), IDS, 3),
    with("setgid", Some('G'), IDS, 3),
    with("monotonic", None, SECONDS, 1),
    with("boottime", None, SECONDS, 1),
    flag("no-such-option", Some('y'), 1),
];

/// Names that only newer versions know: an abbreviation must not be meant for them.
const NEWER: [&str; 15] = [
    "forward-signals",
    "mount-binfmt",
    "load-interp",
    "map-subids",
    "owner",
    "clear-env",
    "whitelist-env",
    "help",
    "version",
    "net-socket",
    "user-parent",
    "persistent",
    "filter",
    "list-columns",
    "scan",
];

const UTS: &[&str] =
    &["/proc/{all}/ns/uts", "/proc/{user}/ns/uts", "/proc/{all}/ns/net", "/missing", "{dir}/keep1", "{dir}/inside"];
const MNT: &[&str] = &["/proc/{all}/ns/mnt", "/proc/{user}/ns/mnt", "/proc/{all}/ns/uts", "/missing"];
const NET: &[&str] = &["/proc/{all}/ns/net", "/proc/{user}/ns/net", "/proc/{all}/ns/pid", "/dev/null"];
const PID: &[&str] = &["/proc/{all}/ns/pid", "/proc/{user}/ns/pid", "/proc/{all}/ns/mnt", "/missing"];
const IPC: &[&str] = &["/proc/{all}/ns/ipc", "/proc/{user}/ns/ipc", "{dir}/keep1"];
const USER: &[&str] = &["/proc/{user}/ns/user", "/proc/{all}/ns/uts", "/missing"];
const CGROUP: &[&str] = &["/proc/{all}/ns/cgroup", "/proc/{all}/ns/uts"];
const TIME: &[&str] = &["/proc/{all}/ns/time", "/proc/{user}/ns/uts"];

pub const NSENTER: &[Opt] = &[
    flag("all", Some('a'), 2),
    with("target", Some('t'), &["{all}", "{all}", "{user}", "{user}", "{plain}", "999999", "0", "-1", "x", ""], 14),
    entered("mount", 'm', MNT, 3),
    entered("uts", 'u', UTS, 4),
    entered("ipc", 'i', IPC, 3),
    entered("net", 'n', NET, 3),
    entered("pid", 'p', PID, 3),
    entered("cgroup", 'C', CGROUP, 2),
    entered("user", 'U', USER, 3),
    entered("time", 'T', TIME, 2),
    with("setuid", Some('S'), IDS, 3),
    with("setgid", Some('G'), IDS, 3),
    flag("preserve-credentials", None, 2),
    entered("root", 'r', DIRECTORIES, 2),
    entered("wd", 'w', DIRECTORIES, 2),
    with("wdns", Some('W'), DIRECTORIES, 2),
    flag("no-fork", Some('F'), 2),
    flag("follow-context", Some('Z'), 1),
    flag("no-such-option", Some('y'), 1),
];

const KINDS: &[&str] = &["net", "mnt", "user", "pid", "uts", "ipc", "cgroup", "time", "nets", "mnt,net", "", "NET"];
const COLUMNS: &[&str] = &[
    "NS,TYPE,COMMAND",
    "+PPID",
    "NS",
    "NS,PID,PPID,COMMAND",
    "TYPE,NS",
    "+ns,Pns",
    "PNS,ONS,NS",
    "NETNSID,NSFS",
    "NSFS,PID",
    "NPROCS,UID,USER",
    "COMMAND",
    "COMMAND,NS,COMMAND",
    "PATH,PATH",
    "+",
    "NOPE",
    "NS,NOPE",
    "NS TYPE",
    " NS",
    "NS,",
    ",",
    "",
];
const TASKS: &[&str] =
    &["$A", "$B", "$C", "$D", "1", "0", "+1", " 1", "01", "999999", "-1", "x", "1x", "", "0x1", "99999999999999999999"];
const TREES: &[&str] = &["owner", "parent", "process", "Owner", "own", "x", ""];
const OPERANDS: &[&str] = &[
    "$OF_net_1",
    "$OF_pid_0",
    "$OF_user_2",
    "$OF_mnt_1",
    "$OF_pid_2",
    "$OF_user_0",
    "0",
    "+0",
    " $OF_pid_2",
    "1",
    "-",
    "x",
    "",
    "99999999999999999999",
];

pub const LSNS: &[Opt] = &[
    flag("json", Some('J'), 4),
    flag("list", Some('l'), 4),
    flag("noheadings", Some('n'), 3),
    with("output", Some('o'), COLUMNS, 8),
    flag("output-all", None, 4),
    with("task", Some('p'), TASKS, 4),
    flag("raw", Some('r'), 3),
    flag("notruncate", Some('u'), 2),
    flag("nowrap", Some('W'), 2),
    with("type", Some('t'), KINDS, 6),
    entered("tree", 'T', TREES, 6),
    flag("no-such-option", Some('y'), 1),
];

/// Options of lsns, with an operand or more in any place among them, or none.
pub fn list(random: &mut Random) -> Line {
    let mut parts = options(LSNS, random);
    while random.once_in(4) {
        let at = random.below(parts.len() + 1);
        let tries = [0; 2].map(|_| random.below(OPERANDS.len()));
        let operand = OPERANDS[tries[0].min(tries[1])].to_string();
        parts.insert(at, vec![operand]);
    }
    if random.once_in(20) {
        let at = random.below(parts.len() + 1);
        parts.insert(at, vec!["--".to_string()]);
    }
    parts
}

/// A command line, in parts that can be taken out one by one: arguments that belong together.
pub type Line = Vec<Vec<String>>;

/// A line of options, then a program.
pub fn line(options: &[Opt], random: &mut Random) -> Line {
    let mut parts = self::options(options, random);
    parts.push(program(random));
    parts
}

fn options(options: &[Opt], random: &mut Random) -> Line {
    let mut parts: Line = Vec::new();
    if let Some(target) = options.iter().find(|opt| opt.long == "target" && !random.once_in(5)) {
        parts.push(vec![format!("-t{}", value(target, random))]);
    }
    let weights: usize = options.iter().map(|opt| opt.weight).sum();
    for _ in 0..1 + random.below(5) {
        let mut at = random.below(weights);
        let opt = options.iter().find(|opt| {
            let here = at < opt.weight;
            at = at.wrapping_sub(opt.weight);
            here
        });
        let opt = opt.expect("below the sum of the weights");
        // Three in four options of one letter go on with the cluster before them.
        let short = opt.short.filter(|_| random.once_in(2));
        match (short, parts.last_mut()) {
            (Some(letter), Some(last)) if may_go_on(last, options) && !random.once_in(4) => {
                last[0].push(letter);
                value_of_short(opt, last, random);
            }
            (Some(letter), _) => {
                parts.push(vec![format!("-{letter}")]);
                value_of_short(opt, parts.last_mut().expect("just added"), random);
            }
            (None, _) => parts.push(long(opt, options, random)),
        }
    }
    parts
}

/// Whether the part is a cluster of letters that all take nothing.
fn may_go_on(part: &[String], options: &[Opt]) -> bool {
    let letters = part[0].strip_prefix('-').filter(|_| part.len() == 1);
    letters.is_some_and(|letters| {
        letters
            .chars()
            .all(|letter| options.iter().any(|opt| opt.short == Some(letter) && opt.takes != Takes::Required))
    })
}

fn value_of_short(opt: &Opt, part: &mut Vec<String>, random: &mut Random) {
    let end = part.len() - 1;
    match opt.takes {
        Takes::Required if random.once_in(20) => {}
        Takes::Required if random.once_in(2) => part.push(value(opt, random).to_string()),
        Takes::Required => part[end].push_str(value(opt, random)),
        Takes::OptionalShort if random.once_in(4) => part[end].push_str(value(opt, random)),
        _ => {}
    }
}

/// A value: the good ones stand first, and are taken more often.
fn value(opt: &Opt, random: &mut Random) -> &'static str {
    let tries = [0; 3].map(|_| random.below(opt.values.len()));
    opt.values[tries.into_iter().min().unwrap_or(0)]
}

fn long(opt: &Opt, options: &[Opt], random: &mut Random) -> Vec<String> {
    let shortest = (1..=opt.long.len()).find(|length| {
        let others = options.iter().map(|other| other.long).chain(NEWER).filter(|other| *other != opt.long);
        !others.into_iter().any(|other| other.starts_with(&opt.long[..*length]))
    });
    let length = match random.below(10) {
        0..6 => opt.long.len(),
        // It may be ambiguous, among names that both know.
        6 if random.once_in(4) && !NEWER.iter().any(|name| name.starts_with(&opt.long[..2])) => 2,
        _ => shortest.unwrap_or(opt.long.len()).max(1 + random.below(opt.long.len())),
    };
    let name = format!("--{}", &opt.long[..length]);
    let value = |random: &mut Random| value(opt, random).to_string();
    match opt.takes {
        Takes::Nothing if random.once_in(40) => vec![format!("{name}=value")],
        Takes::Nothing => vec![name],
        Takes::Required if random.once_in(30) => vec![name],
        Takes::Required if random.once_in(2) => vec![name, value(random)],
        Takes::Required => vec![format!("{name}={}", value(random))],
        Takes::Optional | Takes::OptionalShort if random.once_in(2) => vec![name],
        Takes::Optional | Takes::OptionalShort => vec![format!("{name}={}", value(random))],
    }
}

fn program(random: &mut Random) -> Vec<String> {
    let program: &[&str] = match random.below(24) {
        0 => &[],
        1 => &["--"],
        2 => &["probe", "world"],
        3 => &["--", "probe", "world", "--", "-x"],
        4 => &["missing-program"],
        5 => &["{dir}/not-executable"],
        6 => &["{dir}/bin/probe", "exit", "7"],
        7 => &["{dir}/bin/probe", "die", "15"],
        8 => &["{dir}/no-format", "-a"],
        9 => &["{dir}/inside"],
        10 => &["/probe", "world"],
        11 => &[""],
        _ => &["{dir}/bin/probe", "world", "--fork", "-m"],
    };
    program.iter().map(ToString::to_string).collect()
}

/// Whether the word has this option of one letter, or begins so.
pub fn means(word: &str, letter: char, long: &str) -> bool {
    let is_cluster = word.starts_with('-') && !word.starts_with("--");
    word.starts_with(long) || is_cluster && word.contains(letter)
}
