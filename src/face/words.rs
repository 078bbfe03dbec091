//! The messages and hints of the tools in the words of the library: options are methods here.
//!
//! The rooms below speak of command lines. The tables say what each of their words is called here, and the test goes through all
//! texts of src/hint and src/error that name an option.

/// Of whom a text speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A command that makes new namespaces: unshare(1).
    New,
    /// A command that enters those of others: nsenter(1).
    Join,
    /// What looks at namespaces: lsns(8).
    Look,
}

/// What both sorts of command say. A longer text comes before a shorter one that it begins with.
const COMMANDS: &[(&str, &str)] = &[
    ("(-S or -G)", "(Command::uid, Command::gid)"),
    ("--no-new-privs", "Command::no_new_privs"),
    ("--cap-drop", "Command::drop_capabilities"),
    ("--kill-child", "Command::kill_child"),
    ("--container", "Target::container"),
    ("--target", "Command::target"),
    ("--root", "Command::root"),
    ("--unit", "Target::unit"),
    ("-S", "Command::uid"),
    ("-G", "Command::gid"),
];

const NEW: &[(&str, &str)] = &[
    ("add --user --map-root-user (-r)", "add Command::map_root"),
    ("--map-root-user (-r)", "Command::map_root"),
    ("add --user (-U), or -r", "add Kind::User to Command::unshare, or Command::map_root"),
    ("user namespace (-r)", "user namespace (Command::map_root)"),
    ("own id alone (-r)", "own id alone (Command::map_root)"),
    ("as unshare -r --map-auto does", "by Command::map_root with Command::map_users(IdMap::Auto)"),
    ("this unshare was started by unshare --time without --fork: add --fork there", UNSHARED_TIME),
    ("as after unshare --pid without --fork: add --fork there", "as after unshare(2): start it from a child"),
    ("add --pid --fork", "add Kind::Pid to Command::unshare"),
    ("is in it: add --fork", "is in it"),
    ("(--map-auto, --map-groups)", "(Command::map_groups)"),
    ("unsharing of a time namespace (-t)", "a new time namespace"),
    ("or run unshare as another user", "or do it as another user"),
    ("--owner makes unshare itself that user and group", "Command::owner makes our child that user and group"),
    ("mount namespace that unshare is started in", "mount namespace that this process is in"),
    ("CAP_SYS_ADMIN where unshare was started", "CAP_SYS_ADMIN where this process is"),
    ("which unshare needs for this", "which is needed for this"),
    ("--setgroups=allow", "Command::setgroups(true)"),
    ("--setgroups allow", "Command::setgroups(true)"),
    ("--setgroups", "Command::setgroups"),
    ("--map-users=", "Command::map_users: "),
    ("--map-groups=", "Command::map_groups: "),
    ("--map-users", "Command::map_users"),
    ("--map-groups", "Command::map_groups"),
    ("--map-user", "Command::map_user"),
    ("--map-group", "Command::map_group"),
    ("--monotonic=@ and --boottime=@", "Command::clock with ClockChange::Reading"),
    ("--monotonic and --boottime require", "Command::clock requires"),
    ("options ", ""),
    ("--propagation unchanged", "Propagation::Unchanged"),
    ("--propagation", "Command::propagation"),
    ("--mount-binfmt or --load-interp", "Command::mount_binfmt or Command::interpreter"),
    ("--mount-binfmt", "Command::mount_binfmt"),
    ("--load-interp", "Command::interpreter"),
    ("--mount-proc", "Command::mount_proc"),
    ("--mount-dev", "Command::devices"),
    ("--pivot-root", "Command::pivot_root"),
    ("--tmpfs", "Command::tmpfs"),
    ("--bind", "Command::bind"),
    ("--status-fd", "Command::report_to"),
    ("-r", "Command::map_root"),
    (": add --fork", ""),
    ("--mount=", "Command::unshare_kept: "),
    ("--uts=", "Command::unshare_kept: "),
    ("--ipc=", "Command::unshare_kept: "),
    ("--net=", "Command::unshare_kept: "),
    ("--pid=", "Command::unshare_kept: "),
    ("--user=", "Command::unshare_kept: "),
    ("--cgroup=", "Command::unshare_kept: "),
    ("--time=", "Command::unshare_kept: "),
];

const UNSHARED_TIME: &str =
    "after unshare(2) with CLONE_NEWTIME only children are in the new one: start it from a child";

const JOIN: &[(&str, &str)] = &[
    ("add --user, or --user-parent", "add Kind::User to Command::namespaces, or Command::user_parent"),
    ("add --user-parent instead of --user", "add Command::user_parent instead of Kind::User"),
    ("with --user or --user-parent", "with Kind::User in Command::namespaces, or with Command::user_parent"),
    ("add --user", "add Kind::User to Command::namespaces"),
    ("so run nsenter there", "so start it there"),
    ("give the number of one of them (-t ", "give the number of one of them (Target::pid: "),
    ("no target PID specified for --all", "no target specified for Command::all"),
    ("needs a target process (--target)", "needs Command::target"),
    ("by --net", "by Kind::Net in Command::namespaces"),
    ("add --root", "add Command::root_of_target"),
    ("--preserve-credentials", "Command::preserve_credentials"),
    ("--join-cgroup", "Command::cgroups_of_target"),
    ("--follow-context", "Command::context_of_target"),
    ("--user-parent", "Command::user_parent"),
    ("--net-socket", "Command::net_of_socket"),
    ("--like-target", "Command::like_target"),
    ("--netns", "Command::netns"),
    ("--env", "Command::env_of_target"),
    ("--wd", "Command::current_dir_of_target"),
    ("--all", "Command::all"),
    ("instead of -a", "instead of Command::all"),
    ("options ", ""),
    ("lsns -t ", "nskit::namespaces(), for "),
    ("--mount", "Kind::Mount"),
    ("--uts", "Kind::Uts"),
    ("--ipc", "Kind::Ipc"),
    ("--net", "Kind::Net"),
    ("--pid", "Kind::Pid"),
    ("--user", "Kind::User"),
    ("--cgroup", "Kind::Cgroup"),
    ("--time", "Kind::Time"),
];

const LOOK: &[(&str, &str)] = &[
    ("this directory, --find ./", "this directory, Listing::find with ./"),
    ("run lsns as root", "run this program as root"),
    ("listed with -p ", "listed by Listing::of_process, for process "),
    (" (nsenter -p)", ""),
];

/// The text in our words. What stands in parentheses after `docker run` or `mount` is for a shell, and stays.
pub fn ours(text: &str, speaker: Speaker) -> String {
    let tables: &[&[(&str, &str)]] = match speaker {
        Speaker::New => &[NEW, COMMANDS],
        Speaker::Join => &[JOIN, COMMANDS],
        Speaker::Look => &[LOOK],
    };
    let (mut told, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let at_word = told.is_empty() || told.ends_with([' ', '(', ',']) || rest.starts_with([' ', ':', '(']);
        let known = tables.iter().copied().flatten().find(|(theirs, _)| at_word && begins(rest, theirs));
        let shell = SHELL.iter().any(|start| rest.starts_with(start)).then(|| rest.find(')')).flatten();
        let (word, length) = match (shell, known) {
            (Some(end), _) => (&rest[..end], end),
            (None, Some((theirs, ours))) => (*ours, theirs.len()),
            (None, None) => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        told.push_str(word);
        rest = &rest[length..];
    }
    told
}

/// Commands for a shell.
const SHELL: [&str; 3] = ["(docker run ", "(mount ", "(useradd "];

/// Whether the text begins with these words, and not with a longer one.
fn begins(text: &str, words: &str) -> bool {
    let Some(rest) = text.strip_prefix(words) else { return false };
    let goes_on = rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '-' | '_' | '='));
    words.ends_with([' ', '=']) || !goes_on
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    fn files(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path, found),
                false => found.push(path),
            }
        }
    }

    /// The string literals of a file, without those of its tests and comments.
    fn literals(text: &str) -> Vec<String> {
        let text = text.split("#[cfg(test)]\nmod").next().unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let (mut found, mut chars) = (Vec::new(), text.chars().peekable());
        while let Some(char) = chars.next() {
            match char {
                // '"' and '\'' as characters.
                '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
                '"' => {
                    let mut literal = String::new();
                    while let Some(char) = chars.next().filter(|char| *char != '"') {
                        match char {
                            '\\' if chars.peek() == Some(&'\n') => {
                                while chars.peek().is_some_and(|char| char.is_whitespace()) {
                                    chars.next();
                                }
                            }
                            '\\' => literal.extend(chars.next()),
                            char => literal.push(char),
                        }
                    }
                    found.push(literal);
                }
                _ => {}
            }
        }
        found
    }

    /// The first word of a text that belongs on a command line.
    fn of_command_line(text: &str) -> Option<String> {
        let mut text = text.to_string();
        // What a shell is given, and what only it has.
        for (start, end) in [("(docker run", ')'), ("(mount ", ')'), ("docker run", ')'), ("(useradd", ')')] {
            while let Some(at) = text.find(start) {
                let length = text[at..].find(end).unwrap_or(text.len() - at);
                text.replace_range(at..at + length, "");
            }
        }
        for foreign in [
            "sh -c",
            "ulimit -u",
            "mkdir -p",
            "taskset -c",
            "sed -i",
            "pgrep -P",
            "pgrep -o",
            "mount -t proc",
            "unshare(2)",
            "Command::unshare",
            "the option no",
        ] {
            text = text.replace(foreign, "");
        }
        let bounds = |char: char| char.is_whitespace() || matches!(char, '(' | ')' | ',' | ';' | ':');
        let is_option = |word: &&str| {
            let name = word.trim_start_matches('-');
            (word.starts_with("--") && name.starts_with(|first: char| first.is_alphabetic() || first == '{'))
                || (word.starts_with('-') && name.chars().count() == 1 && name.starts_with(char::is_alphabetic))
                || matches!(*word, "unshare" | "nsenter" | "lsns" | "option" | "options")
        };
        text.split(bounds).find(is_option).map(String::from)
    }

    /// What never comes to a user of the library.
    fn is_of_tools_alone(file: &str, text: &str) -> bool {
        // Command lines that cannot be read, and notes before a program starts.
        file.ends_with("usage.rs") || file.ends_with("note.rs") || file.ends_with("nsenter/options.rs")
            // What was typed: see Command::ready.
            || text.contains("was taken for the program")
            // A namespace is given by a handle, and never by a file or number.
            || text.contains("lists those that can") && file.ends_with("nsenter/names.rs")
            || text.contains("write --{}={number}")
            || ["-{}", "-{}{} is -{} with the file {}: write {}", "write {others} instead of -a"]
                .iter().any(|start| text.starts_with(start))
            // Columns and filters; the note that unshare prints; names of usermod's options, and of those of operand_of_option.
            || text.contains("-H") || text.starts_with("--output")
            || text.starts_with("{program} itself stays outside")
            || text.contains("usermod") || text.starts_with("--add-sub") || text == "--{}"
            // Written with the long option of a kind, which the next test has.
            || text.starts_with("--{option}={file}") || text.contains("leave --{option} out")
            // A program that is run in a child.
            || text == "the new PID namespace holds for children only: add --fork"
    }

    #[test]
    fn no_text_of_the_library_speaks_of_a_command_line() {
        let mut all = Vec::new();
        for room in ["hint", "error"] {
            files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut all);
        }
        let (mut told, mut wrong) = (0, Vec::new());
        for file in all.iter().filter(|file| !file.ends_with("tests.rs") && !file.ends_with("made.rs")) {
            let name = file.to_str().unwrap();
            for text in literals(&std::fs::read_to_string(file).unwrap()) {
                if of_command_line(&text).is_none() || is_of_tools_alone(name, &text) {
                    continue;
                }
                told += 1;
                let speakers: &[Speaker] = match name {
                    _ if name.contains("hint/unshare") => &[Speaker::New],
                    _ if name.contains("hint/nsenter") => &[Speaker::Join],
                    _ if name.contains("hint/lsns") => &[Speaker::Look],
                    // Whichever command knows it.
                    _ => &[Speaker::New, Speaker::Join],
                };
                let left: Vec<_> =
                    speakers.iter().filter_map(|speaker| of_command_line(&ours(&text, *speaker))).collect();
                if left.len() == speakers.len() {
                    wrong.push(format!("{name}: {text}: {left:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(told > 40, "{told}");
    }

    #[test]
    fn options_are_methods() {
        for (speaker, theirs, expected) in [
            (
                Speaker::New,
                "run it as root, or add --map-root-user (-r) to do it in your own user namespace",
                "run it as root, or add Command::map_root to do it in your own user namespace",
            ),
            (
                Speaker::New,
                "give it that (docker run --cap-add SYS_TIME), or add --user --map-root-user (-r)",
                "give it that (docker run --cap-add SYS_TIME), or add Command::map_root",
            ),
            (
                Speaker::New,
                "options --setgroups=allow and --map-group are mutually exclusive",
                "Command::setgroups(true) and Command::map_group are mutually exclusive",
            ),
            (Speaker::New, "--net=/a: create the file first", "Command::unshare_kept: /a: create the file first"),
            (Speaker::Join, "--all needs a target process (--target)", "Command::all needs Command::target"),
            (Speaker::Join, "to enter again: leave --mount out", "to enter again: leave Kind::Mount out"),
            (Speaker::Join, "add --user-parent instead of --user", "add Command::user_parent instead of Kind::User"),
            // A part of a longer word is none.
            (Speaker::Join, "/a--all --allx x--net", "/a--all --allx x--net"),
            (Speaker::Look, "enter that one (nsenter -p)", "enter that one"),
        ] {
            assert_eq!(ours(theirs, speaker), expected);
        }
    }
}
