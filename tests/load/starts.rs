//! Thousands of starts of unshare and nsenter, eight at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::common::{Frozen, Under, example, note, on_purpose, part, tool, under_test};
use crate::state::state;
use crate::{alone, size};

/// How many starts there are of each tool.
const STARTS: usize = 10_000;

/// How many at a time: see starter.rs.
const SIDE_BY_SIDE: usize = 8;

/// What the most needed of a tenth of the starts may be above that of the first tenth, in KiB. The kernel counts the pages
/// of a process on each processor apart, and tells a sum that is some dozens of pages off.
const TOLERANCE: usize = 512;

/// What a start may need in any case, in KiB.
const MEMORY: usize = 8192;

/// Two processes to enter: in namespaces of their own of all kinds but the user's, and of most kinds with it.
const TARGETS: &str = r#"
unshare -muinpCT --fork --mount-proc sleep 1001 &
unshare -Umuinpr --fork --mount-proc sleep 1002 &
until ALL=$(pgrep -xf 'sleep 1001'); do sleep 0.01; done
until USER_TOO=$(pgrep -xf 'sleep 1002'); do sleep 0.01; done
mkdir /mnt/kept
tell ALL USER_TOO
"#;

/// Where a program is to be.
#[derive(Clone, Copy)]
enum Place {
    /// In new namespaces.
    New,
    /// In those of the target of this name.
    Of(&'static str),
}

/// A way to start a program: options, and the names in /proc/PID/ns of the namespaces that it is not to share with us.
struct Way {
    options: &'static str,
    place: Place,
    names: &'static str,
}

const fn unshare(options: &'static str, names: &'static str) -> Way {
    let place = Place::New;
    Way { options, place, names }
}

const fn nsenter(options: &'static str, of: &'static str, names: &'static str) -> Way {
    let place = Place::Of(of);
    Way { options, place, names }
}

const FILE: &str = "/mnt/kept/NUMBER";

const UNSHARE: [Way; 8] = [
    unshare("-u", "uts"),
    unshare("-Ur", "user"),
    unshare("--fork --pid --mount-proc", "mnt pid pid_for_children"),
    unshare("--uts=/mnt/kept/NUMBER", "uts"),
    unshare("-mCi --propagation slave", "mnt cgroup ipc"),
    unshare("-n --kill-child", "net"),
    unshare("-T --fork", "time time_for_children"),
    unshare(
        "-UrmniupCT --mount-proc --kill-child",
        "user mnt net ipc uts pid pid_for_children cgroup time time_for_children",
    ),
];

/// Theirs takes anybody's subordinate ids for root's, and newuidmap refuses them.
const MAP_AUTO: Way = unshare("-Ur --map-auto", "user");

const NSENTER: [Way; 8] = [
    nsenter("-t $ALL -n", "ALL", "net"),
    nsenter("-t $ALL -a", "ALL", "mnt net ipc uts pid pid_for_children cgroup time time_for_children"),
    nsenter("-t $ALL -n -p -F", "ALL", "net pid_for_children"),
    nsenter("-t $ALL -u -i -C -F", "ALL", "uts ipc cgroup"),
    nsenter("-t $ALL -m -p", "ALL", "mnt pid pid_for_children"),
    nsenter("-t $USER_TOO -a", "USER_TOO", "user mnt net ipc uts pid pid_for_children"),
    nsenter("-t $USER_TOO -U --preserve-credentials -n", "USER_TOO", "user net"),
    nsenter("--net=/proc/$ALL/ns/net --uts=/proc/$ALL/ns/uts", "ALL", "net uts"),
];

const NAMES: [&str; 10] =
    ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"];

/// What a start has told, by its end and by its program.
#[derive(Default)]
struct Told {
    status: String,
    memory: usize,
    kept: u64,
    /// How often it was told of.
    ends: usize,
    programs: usize,
    namespaces: HashMap<String, u64>,
}

scene_test!(starts_of_unshare);
fn starts_of_unshare() {
    crate::common::needs_root("ids of other users");
    let mut ways: Vec<&Way> = UNSHARE.iter().collect();
    let newuidmap = std::path::Path::new("/usr/bin/newuidmap").exists();
    if newuidmap && !part(|| on_purpose("--map-auto of theirs, as root, takes a line of another user's")) {
        ways.push(&MAP_AUTO);
    }
    many_starts("unshare", &ways);
}

scene_test!(starts_of_nsenter);
fn starts_of_nsenter() {
    crate::common::needs_root("to enter the namespaces that are there");
    many_starts("nsenter", &NSENTER.iter().collect::<Vec<_>>());
}

#[track_caller]
fn many_starts(name: &str, ways: &[&Way]) {
    let _place = alone();
    let frozen = Frozen::new(TARGETS);
    let namespaces: HashMap<&str, HashMap<String, u64>> = ["ALL", "USER_TOO"]
        .into_iter()
        .map(|target| (target, namespaces_of(&frozen, frozen.variable(target))))
        .chain([("own", namespaces_of(&frozen, "1"))])
        .collect();
    let starts = size(STARTS);
    let before = state(&frozen);
    let (told, most) = start(&frozen, name, ways, starts);
    assert_eq!(state(&frozen), before);

    assert_eq!(most, SIDE_BY_SIDE);
    let numbers: BTreeSet<usize> = told.keys().copied().collect();
    assert_eq!(numbers, (0..starts).collect(), "not each was told of");
    for (number, told) in &told {
        let way = ways[number % ways.len()];
        let what = format!("{number}: {name} {}", way.options);
        assert_eq!((told.ends, told.programs), (1, 1), "{what}");
        assert_eq!(told.status, (number % 251).to_string(), "{what}");
        check_place(&what, way, told, &namespaces);
    }
    let part = |at: usize| {
        let of_part = told.range(at * starts / 10..(at + 1) * starts / 10);
        of_part.map(|told| told.1.memory).max().unwrap()
    };
    let parts: Vec<usize> = (0..10).map(part).collect();
    let whose = match under_test() {
        Under::Ours => "ours",
        Under::Theirs => "theirs",
    };
    note(&format!(
        "{starts} starts of {name} ({whose}) in {} ways, {most} at a time, none lost, nothing left behind; the most that \
         one of each tenth needed: {parts:?} KiB",
        ways.len()
    ));
    for memory in &parts[1..] {
        assert!(*memory <= parts[0] + TOLERANCE, "{parts:?}");
    }
    assert!(parts[0] <= MEMORY, "{parts:?}");
    frozen.end();
}

/// Runs all. What was told of each number, and how many ran at a time.
#[track_caller]
fn start(frozen: &Frozen, name: &str, ways: &[&Way], starts: usize) -> (BTreeMap<usize, Told>, usize) {
    let (crowd, tool) = (example("crowd"), tool(name));
    let (crowd, tool) = (crowd.to_str().unwrap(), tool.to_str().unwrap());
    let line = |number: usize| {
        let way = ways[number % ways.len()];
        let options = frozen.expand(way.options);
        let options = options.replace("NUMBER", &number.to_string());
        let file = match options.contains("/mnt/kept/") {
            true => FILE.replace("NUMBER", &number.to_string()),
            false => "-".to_string(),
        };
        let words = [number.to_string(), file, tool.to_string()];
        let options = options.split(' ').map(str::to_string);
        let program = ["--", crowd, "tell", &number.to_string()].map(str::to_string);
        let words = words.into_iter().chain(options).chain(program);
        words.collect::<Vec<_>>().join("\t") + "\n"
    };
    let lines: String = (0..starts).map(line).collect();
    let input = frozen.scene.file("lines", lines);
    let output = frozen.scene.file("told", "");
    let call = frozen.run_next("/usr/sbin:/usr/bin:/sbin:/bin", [crowd, "start"]);
    let process = call
        .stdin(std::fs::File::open(&input).unwrap())
        .stdout(std::fs::File::options().append(true).open(&output).unwrap())
        .spawn();
    process.work(|| std::fs::metadata(&output).unwrap().len());
    assert_eq!(process.finish().ok(), "");
    let text = std::fs::read_to_string(&output).unwrap();
    for file in [input, output] {
        std::fs::remove_file(file).unwrap();
    }
    read(&text)
}

fn read(text: &str) -> (BTreeMap<usize, Told>, usize) {
    let mut all: BTreeMap<usize, Told> = BTreeMap::new();
    let mut most = 0;
    for line in text.lines() {
        let mut words = line.split('\t');
        let (what, number) = (words.next().unwrap(), words.next().unwrap());
        let number: usize = number.parse().unwrap();
        if what == "most" {
            most = number;
            continue;
        }
        let told = all.entry(number).or_default();
        match (what, &words.collect::<Vec<_>>()[..]) {
            ("ended", [status, memory, kept]) => {
                told.ends += 1;
                told.status = status.to_string();
                told.memory = memory.parse().unwrap();
                told.kept = kept.parse().unwrap();
            }
            ("told", namespaces) => {
                told.programs += 1;
                told.namespaces = namespaces.iter().map(|word| numbered(word)).collect();
            }
            _ => panic!("what is '{line}'?"),
        }
    }
    (all, most)
}

/// `NAME:[NUMBER]`.
fn numbered(word: &str) -> (String, u64) {
    let (name, number) = word.split_once(":[").unwrap();
    let number = number.trim_end_matches(']').parse().unwrap();
    (name.to_string(), number)
}

/// The namespaces of a process of the scene.
fn namespaces_of(frozen: &Frozen, pid: &str) -> HashMap<String, u64> {
    let links = NAMES.map(|name| format!("/proc/{pid}/ns/{name}"));
    let args = ["readlink"].into_iter().chain(links.iter().map(String::as_str));
    let links = frozen.run("/usr/bin:/bin", args).ok();
    let names = NAMES.iter().zip(links.lines());
    names.map(|(name, link)| (name.to_string(), numbered(link).1)).collect()
}

#[track_caller]
fn check_place(what: &str, way: &Way, told: &Told, namespaces: &HashMap<&str, HashMap<String, u64>>) {
    assert_eq!(told.namespaces["uid"], 0, "{what}");
    let elsewhere: Vec<&str> = way.names.split(' ').collect();
    for name in NAMES {
        let (found, own) = (told.namespaces[name], namespaces["own"][name]);
        match way.place {
            _ if !elsewhere.contains(&name) => assert_eq!(found, own, "{what}: {name}"),
            Place::New => assert!(found != own && found != 0, "{what}: {name}"),
            Place::Of(target) => assert_eq!(found, namespaces[target][name], "{what}: {name}"),
        }
    }
    if way.options.contains("NUMBER") {
        assert_eq!(told.kept, told.namespaces["uts"], "{what}");
    } else {
        assert_eq!(told.kept, 0, "{what}");
    }
}
