//! Where ours is not to do as the installed util-linux 2.38.1 does, each with its reason.

use super::{Both, faults, lists};
use std::ffi::OsString;

use nskit::internals::cli::Parsed;
use nskit::internals::cli::nsenter::{self, IdArgument};
use nskit::internals::cli::unshare::{self, SingleId};
use nskit::internals::cli::value::IdOrName;
use nskit::internals::enter::nsenter::NamespaceSource;
use nskit::internals::namespace::KindSet;

use crate::common::{Ending, differences};
use crate::generate::means;

/// A known difference.
pub struct Difference {
    pub why: &'static str,
    /// The row of docs/differences.md that tells of it, by its first cell.
    pub row: &'static str,
    /// Whether it explains what a line, taken down to what the difference needs, came to.
    pub explains: fn(&Both) -> bool,
}

/// We refuse with this in our message.
fn refused(both: &Both, message: &str) -> bool {
    both.ours.ending == Some(Ending::Exited(1)) && both.ours.stderr.contains(message)
}

fn theirs_says(both: &Both, message: &str) -> bool {
    both.theirs.stderr.contains(message)
}

/// Whether what theirs complains of is the value of no option any more once the whole line has been read.
fn looks_at_what_does_not_count(both: &Both) -> bool {
    opens_what_does_not_count(both) || looks_up_what_does_not_count(both)
}

/// The same with a name.
fn looks_up_what_does_not_count(both: &Both) -> bool {
    let of_nobody = |name: &str| ["uid", "gid"].map(|id| format!("failed to parse {id}: '{name}'"));
    let said = both.first_lines[1].split_once(": ").map_or("", |(_, said)| said);
    let is_said = |name: &OsString| of_nobody(&name.to_string_lossy()).iter().any(|line| line == said);
    let arguments = both.words.iter().map(Into::into).collect();
    let names: Vec<IdOrName> = match both.setting.tool {
        "unshare" => {
            let Ok(Parsed::Run(args)) = unshare::parse(arguments) else { return false };
            let single = |id| match id {
                Some(SingleId::To(id)) => Some(id),
                _ => None,
            };
            [single(args.map_user), single(args.map_group), args.uid, args.gid].into_iter().flatten().collect()
        }
        _ => {
            let Ok(Parsed::Run(args)) = nsenter::parse(arguments) else { return false };
            let ids = [args.uid, args.gid].into_iter().flatten();
            ids.filter_map(|id| if let IdArgument::To(id) = id { Some(id) } else { None }).collect()
        }
    };
    let is_left = names.iter().any(|id| matches!(id, IdOrName::Name(name) if is_said(name)));
    !is_left && said.starts_with("failed to parse ")
}

/// The same with a file that theirs cannot open.
fn opens_what_does_not_count(both: &Both) -> bool {
    let line = both.theirs.stderr.lines().next().unwrap_or_default();
    let path = line.strip_prefix("nsenter: cannot open ").and_then(|rest| rest.rsplit_once(": "));
    let Some((path, _)) = path else { return false };
    let Ok(Parsed::Run(args)) = nsenter::parse(both.words.iter().map(Into::into).collect()) else { return false };
    let sources = args.namespaces.iter().filter_map(|(_, source)| match source {
        NamespaceSource::File(file) => Some(file),
        _ => None,
    });
    let mut files = sources.chain(args.root.iter().flatten()).chain(args.working_directory.iter().flatten());
    !files.any(|file| file.to_string_lossy() == path)
}

/// Every known difference stands in docs/differences.md.
pub fn all_are_told() {
    let told = differences::differences();
    let known = DIFFERENCES.iter().map(|known| known.row);
    for row in known.chain(OF_LISTS.iter().map(|known| known.row)).chain(faults::ROWS) {
        assert!(told.iter().any(|told| told.what == row), "docs/differences.md has no row '{row}'");
    }
}

/// Whether one of these options is among the words: the letter, also among others, or what begins so.
fn given(both: &Both, letter: char, long: &str) -> bool {
    both.line.split(' ').any(|word| means(word, letter, long))
}

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        why: "an option that theirs lacks",
        row: "`--init`, `--no-new-privs` and the other options that util-linux lacks, and their abbreviations",
        explains: |both| {
            // The generated lines come to no other one.
            let abbreviated =
                both.line.split([' ', '=']).any(|word| "--no-new-privs".starts_with(word) && word.len() > 3);
            abbreviated && both.first_lines[1].contains("unrecognized option '--no")
        },
    },
    Difference {
        why: "bug: as root, theirs takes a subuid line of any named user, and newuidmap refuses it",
        row: "a line of /etc/subuid, as root",
        explains: |both| theirs_says(both, "newuidmap: ") || theirs_says(both, "newgidmap: "),
    },
    Difference {
        why: "theirs takes numbers that are no ids, modulo 2^32; ours refuses them",
        row: "`-S4294967296` (unshare)",
        explains: |both| {
            let value = ["4294967295", "4294967296", "-1"].into_iter().any(|value| both.line.contains(value));
            value && (refused(both, "failed to parse ") || refused(both, "is called '-1'"))
        },
    },
    Difference {
        why: "a target must be a PID, and there, even if nothing of it is asked for",
        row: "`nsenter` of a target that is not there, or 0, and nothing of it entered",
        explains: |both| refused(both, "failed to parse pid") || refused(both, "failed to pidfd_open() for "),
    },
    Difference {
        why: "--target is given once, as in the newest",
        row: "`nsenter -t` twice",
        explains: |both| refused(both, "--target may be given only once"),
    },
    Difference {
        why: "theirs takes the argument of --wdns attached only; ours in every way of writing",
        row: "`nsenter -W DIR`",
        explains: |both| both.line.contains("-W") || both.line.contains("--wdn"),
    },
    Difference {
        why: "bug: theirs leaves namespaces kept on files where a later step fails",
        row: "`unshare --uts=FILE` and a later step fails, or the program or its interpreter is not there",
        explains: |both| {
            let kept = |mounts: &[String]| mounts.iter().filter(|mount| mount.ends_with("nsfs rw")).count();
            both.ours.ending != Some(Ending::Exited(0)) && kept(&both.ours.mounts) < kept(&both.theirs.mounts)
        },
    },
    Difference {
        why: "bug: theirs has forked when it finds that it cannot keep a namespace, and the program runs all the same",
        row: "`unshare --fork --uts=FILE` where FILE cannot be bound on",
        explains: |both| both.ours.ending == Some(Ending::Exited(1)) && theirs_says(both, "unshare: mount /proc/"),
    },
    Difference {
        why: "bug: theirs cannot keep namespaces on files together with a user namespace (mended in 2.42)",
        row: "root, `unshare --user --net=FILE`",
        explains: |both| {
            theirs_says(both, "failed: Operation not permitted") && theirs_says(both, "unshare: mount /proc/")
        },
    },
    Difference {
        why: "bug: theirs keeps namespaces on files while the program's process goes on: whether it sees the mount is chance",
        row: "`unshare --fork --uts=FILE`, and when it is bound",
        explains: |both| {
            let of_files = |lines: &[String]| lines.iter().all(|line| line.ends_with(" nsfs nsfs rw"));
            of_files(&both.only_in_ours())
                && of_files(&both.only_in_theirs())
                && both.differs() == ["what the program sees"]
        },
    },
    Difference {
        why: "the last one of an option counts; theirs takes the target's before a file",
        row: "`nsenter -n -t PID --net=FILE`, `-r -t PID --root=DIR`, `-w -t PID --wd=DIR`",
        explains: |both| {
            // A line of two such options is left: one with a file, and one without.
            let elsewhere = both.setting.tool == "nsenter"
                && both.differs() == ["what the program sees"]
                && both.line.contains("/ns/")
                && both.only_in_theirs().iter().any(|line| line.starts_with("ns "));
            // The target's is the one that we are in, which cannot be entered.
            let targets = both.line.contains("/ns/user")
                && theirs_says(both, "reassociate to namespace 'ns/user' failed: Invalid");
            // The same with the directories.
            let times = |letter: &str, long: &str| {
                let given = |word: &&str| word.starts_with(long) || word.starts_with(letter);
                both.line.split(' ').filter(given).count()
            };
            let other_root = both.setting.tool == "nsenter" && (times("-r", "--r") > 1 || times("-w", "--wd") > 1);
            elsewhere
                || targets
                || other_root
                || both.ours.stderr.contains("namespace, not a")
                || theirs_says(both, "neither filename nor target pid supplied")
        },
    },
    Difference {
        why: "a FILE is looked at before anything is entered, and theirs meets another kind's refusal first",
        row: "`nsenter --net=FILE` of another kind, or a FIFO",
        explains: |both| {
            let of_file = ["is no namespace", "namespace, not a"].iter().any(|said| both.ours.stderr.contains(said));
            let failed = |said: &str| said.contains("reassociate to namespace 'ns/");
            of_file && failed(&both.ours.stderr) && failed(&both.theirs.stderr)
        },
    },
    Difference {
        why: "what a later option takes the place of is neither opened nor looked up",
        row: "`nsenter --net=FILE --net=OTHER` where FILE is not there",
        explains: |both| {
            let read = ["nsenter: cannot open ", "failed to parse uid", "failed to parse gid"];
            let looked_at = read.into_iter().any(|message| theirs_says(both, message));
            looked_at && (both.ours.ending != Some(Ending::Exited(1)) || looks_at_what_does_not_count(both))
        },
    },
    Difference {
        why: "blocks of ids add up, as in the newest; in 2.38.1 the last one counts",
        row: "`--map-users` more than once, or beside `--map-auto`",
        explains: |both| {
            let options = ["--map-users", "--map-groups", "--map-a"];
            both.line.split("--map-").count() > 2 && options.iter().any(|option| both.line.contains(option))
        },
    },
    Difference {
        why: "bug: theirs loses an id where a single one is taken out of a block",
        row: "`unshare --map-auto -r`",
        explains: |both| {
            let maps = |lines: Vec<String>| {
                lines.iter().all(|line| line.starts_with("uid_map") || line.starts_with("gid_map"))
            };
            both.differs() == ["what the program sees"] && maps(both.only_in_ours()) && maps(both.only_in_theirs())
        },
    },
    Difference {
        why: "newgidmap denies setgroups(2) with the caller's own group; as root we write the map ourselves, as the newest",
        row: "root, `--map-groups` with its own group",
        explains: |both| {
            let denied = both.only_in_ours() == ["setgroups allow"] && both.only_in_theirs() == ["setgroups deny"];
            // With -G, theirs finds that out itself.
            let refused = theirs_says(both, "setgroups failed: Operation not permitted") && given(both, 'G', "--setg");
            (denied || refused) && !both.setting.ordinary_user && both.line.contains("--map-groups")
        },
    },
    Difference {
        why: "bug: with --kill-child, theirs loses the signal where an id changes",
        row: "`--kill-child -S 1000`",
        explains: |both| {
            let lost = both.only_in_theirs() == ["death-signal 0"];
            lost && matches!(&both.only_in_ours()[..], [only] if only.starts_with("death-signal "))
        },
    },
    Difference {
        why: "--all passes over what is our own already where entering it is refused",
        row: "`nsenter -a` where some namespaces of the target are our own",
        explains: |both| {
            let arguments = both.words.iter().map(Into::into).collect();
            let is_all = matches!(nsenter::parse(arguments), Ok(Parsed::Run(args)) if args.all);
            let refusal = "reassociate to namespace 'ns/";
            let is_refused = theirs_says(both, refusal) && theirs_says(both, "Operation not permitted");
            both.setting.tool == "nsenter" && is_all && is_refused && !both.ours.stderr.contains(refusal)
        },
    },
    Difference {
        why: "nsenter -G fails where the groups that it drops cannot be dropped; theirs goes on with them",
        row: "`nsenter -G` as an ordinary user",
        explains: |both| both.setting.tool == "nsenter" && refused(both, "setgroups failed"),
    },
    Difference {
        why: "real-time signals have names since a newer version",
        row: "`--kill-child=RTMIN`",
        explains: |both| theirs_says(both, "unknown signal: RT"),
    },
    Difference {
        why: "a relative --wd begins at the new --root, out of which the old directory would lead",
        row: "`unshare --root DIR --wd REL`",
        explains: |both| {
            let elsewhere = |lines: Vec<String>| {
                // A shell, which runs what is in no format, tells it in a variable.
                let places = ["cwd ", "directory ", "env PWD="];
                let is_place = |line: &String| places.iter().any(|place| line.starts_with(place));
                !lines.is_empty() && lines.iter().all(is_place)
            };
            let other = elsewhere(both.only_in_ours()) && elsewhere(both.only_in_theirs());
            // What theirs, which is in the old directory, fails at comes later.
            let sooner = both.first_lines[0].contains("cannot chdir to ") && both.ours.ending != both.theirs.ending;
            (refused(both, "cannot chdir to ") || sooner || other)
                && both.setting.tool == "unshare"
                && given(both, 'R', "--r")
                && given(both, 'w', "--w")
        },
    },
    Difference {
        why: "theirs leaves the SIGCHLD of a helper pending in the program, if that is blocked",
        row: "a pending SIGCHLD of a helper",
        explains: |both| both.only_in_ours().is_empty() && both.only_in_theirs() == ["pending 17"],
    },
    Difference {
        why: "theirs resets an ignored SIGCHLD in any case; ours where it forks only",
        row: "SIGCHLD ignored by the caller, no fork",
        explains: |both| {
            both.setting.ignored.contains(&libc::SIGCHLD)
                && both.only_in_ours() == ["ignored 17"]
                && both.only_in_theirs().is_empty()
        },
    },
    Difference {
        why: "bug: theirs denies setgroups(2) a second time, which the kernel refuses",
        row: "`unshare -r --setgroups deny`, `--map-auto --setgroups deny`",
        explains: |both| theirs_says(both, "/proc/self/setgroups"),
    },
];

/// A known difference of lsns.
pub struct OfLists {
    pub why: &'static str,
    /// The row of docs/differences.md that tells of it, by its first cell.
    pub row: &'static str,
    /// Whether it explains what a line, taken down to what the difference needs, came to.
    pub explains: fn(&lists::Both) -> bool,
}

fn list_refused(both: &lists::Both, message: &str) -> bool {
    both.ours.ending == Ending::Exited(1) && both.ours.stderr.contains(message)
}

pub const OF_LISTS: &[OfLists] = &[
    OfLists {
        why: "a process that does not exist, or cannot, is an error; theirs lists nothing",
        row: "`lsns -p PID` without such a process",
        explains: |both| list_refused(both, "no process") && both.theirs.ending == Ending::Exited(0),
    },
    OfLists {
        why: "a PID below 1 is an error, as since 2.42",
        row: "`lsns -p 0`, `-p -1`",
        explains: |both| list_refused(both, "invalid PID argument") && both.theirs.ending == Ending::Exited(0),
    },
    OfLists {
        why: "a list of columns with an empty name is an error that says so; theirs is silent",
        row: "`lsns -o ''`, `-o A,,B`, `-o +`",
        explains: |both| list_refused(both, "unknown column: ") && both.theirs.stderr.is_empty(),
    },
    OfLists {
        why: "-t with a namespace of another kind: with a tree of namespaces theirs lists nothing, else it is an error, too",
        row: "`lsns -T -t KIND NAMESPACE` of a user namespace, with another kind",
        explains: |both| {
            let nothing = both.theirs.stdout.split_whitespace().collect::<String>();
            list_refused(both, "not found namespace: ")
                && ["", "{\"namespaces\":[]}"].contains(&&*nothing)
                && both.theirs.ending == Ending::Exited(0)
        },
    },
    OfLists {
        why: "bug: theirs counts no process in what a tree of namespaces shows beside the kinds asked for",
        row: "`lsns -T -t KIND`: NPROCS and PID of owners and parents",
        explains: |both| {
            let lines = |outcome: &crate::common::Outcome| outcome.stdout.lines().count();
            both.differs() == ["standard output"]
                && both.args().is_some_and(|args| args.tree.is_some() && args.kinds != KindSet::EMPTY)
                && lines(&both.ours) == lines(&both.theirs)
        },
    },
    OfLists {
        why: "bug: theirs escapes the glyphs of a tree into raw output",
        row: "`lsns --raw` with a tree",
        explains: |both| {
            let lines = both.ours.stdout.lines().zip(both.theirs.stdout.lines());
            both.differs() == ["standard output"]
                && both.ours.stdout.lines().count() == both.theirs.stdout.lines().count()
                && lines.into_iter().all(|(ours, theirs)| without_glyphs(theirs, ours))
        },
    },
    OfLists {
        why: "bug: theirs leaves out the bar of a tree on the last line of a cell of several lines, where the tree stands behind it",
        row: "`lsns -T` with NSFS before the tree's column",
        explains: |both| {
            let (ours, theirs) = (&both.ours.stdout, &both.theirs.stdout);
            let bars = |text: &str| text.trim_matches(['|', '│', ' ']).is_empty();
            both.differs() == ["standard output"]
                && ours.lines().count() == theirs.lines().count()
                && ours.lines().zip(theirs.lines()).all(|(ours, theirs)| {
                    let theirs = theirs.trim_end_matches(' ');
                    let rest = ours.strip_prefix(theirs);
                    rest.is_some_and(|rest| rest.is_empty() || bars(rest))
                })
        },
    },
];

/// Whether a line of raw output is the other with glyphs of a tree, escaped, before some of its cells.
fn without_glyphs(with: &str, without: &str) -> bool {
    let (with, without) = (with.split(' '), without.split(' '));
    let is_glyphs = |mut text: &str| {
        let parts =
            ["\\x20", "\\xe2\\x94\\x80", "\\xe2\\x94\\x82", "\\xe2\\x94\\x94", "\\xe2\\x94\\x9c", "|", "`", "-"];
        while let Some(rest) = parts.iter().find_map(|part| text.strip_prefix(part)) {
            text = rest;
        }
        text.is_empty()
    };
    let mut cells = with.clone().zip(without.clone());
    with.count() == without.count() && cells.all(|(with, without)| with.strip_suffix(without).is_some_and(is_glyphs))
}
