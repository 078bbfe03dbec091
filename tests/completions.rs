//! What the completions offer, in the real shells: a prefix is typed on a terminal, then TAB, and the screen is read.

#![allow(clippy::unwrap_used)]

mod common;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use common::{Process, Pty, Scene, on_purpose, poll_until, skip};

/// A shell that is taught to print its command line as `LINE<…>` and to empty it when Ctrl-X d is typed.
struct Shell {
    program: &'static str,
    /// What it must have besides its program.
    needs: &'static str,
    arguments: &'static [&'static str],
    /// Typed at first; `@` stands for the directory of completions.
    setup: &'static [&'static str],
}

const BASH: Shell = Shell {
    program: "/bin/bash",
    needs: "/usr/share/bash-completion/bash_completion",
    arguments: &["--norc", "--noprofile", "-i"],
    setup: &[
        "bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set completion-query-items 0'",
        "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'",
        "bind -x '\"\\C-xd\": printf \"LINE<%s>\\n\" \"$READLINE_LINE\"; READLINE_LINE='",
        "mkdir -p user; ln -sfn @/bash user/completions; BASH_COMPLETION_USER_DIR=$PWD/user",
        ". /usr/share/bash-completion/bash_completion",
    ],
};

const ZSH: Shell = Shell {
    program: "/usr/bin/zsh",
    needs: "/usr/bin/zsh",
    arguments: &["-f", "-i"],
    setup: &[
        "unsetopt beep prompt_cr prompt_sp list_ambiguous; LISTMAX=10000; bindkey -e",
        "fpath=(@/zsh $fpath); autoload -U compinit; compinit -u -D",
        "dump() { zle -Rc; zle -I; print -r \"LINE<$BUFFER>\"; BUFFER= }; zle -N dump; bindkey '^Xd' dump",
    ],
};

const FISH: Shell = Shell {
    program: "/usr/bin/fish",
    needs: "/usr/bin/fish",
    arguments: &["--no-config", "-i"],
    setup: &[
        "set -g fish_autosuggestion_enabled 0; set -g fish_complete_path @/fish $fish_complete_path",
        "bind \\cxd 'printf \"LINE<%s>\\n\" (commandline); commandline \"\"; commandline -f repaint'",
    ],
};

/// What is to be seen after TAB.
enum Sees {
    /// These, each with what stands beside it; and none of those.
    Offers(Vec<String>, Vec<String>),
    /// The line has become this.
    Line(String),
}

struct Case {
    category: &'static str,
    typed: String,
    sees: Sees,
}

/// These words are offered and those are not.
fn offers(category: &'static str, typed: &str, words: &[&str], not: &[&str]) -> Case {
    let strings = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
    Case {
        category,
        typed: typed.to_string(),
        sees: Sees::Offers(strings(words), strings(not)),
    }
}

/// The only candidate is put in.
fn becomes(category: &'static str, typed: &str, line: &str) -> Case {
    Case {
        category,
        typed: typed.to_string(),
        sees: Sees::Line(line.to_string()),
    }
}

/// One running shell.
struct Session {
    pty: Pty,
    /// How much of its output has been looked at.
    read: Cell<usize>,
    _process: Process,
}

impl Session {
    fn start(shell: &Shell, scene: &Scene) -> Session {
        let pty = Pty::new();
        let call = scene.call(shell.program, shell.arguments).terminal(&pty);
        let call = call
            .env("TERM", "xterm")
            .env("HOME", scene.directory())
            .env("LC_ALL", "C.UTF-8")
            .env("PS1", "$ ")
            .env("HISTFILE", "");
        let session = Session {
            _process: call.spawn(),
            pty,
            read: Cell::new(0),
        };
        let completions = concat!(env!("CARGO_MANIFEST_DIR"), "/completions");
        // Room for every list on one page; and no line editing by the kernel, which would see to keys that are typed while
        // the shell is busy.
        session
            .pty
            .type_in(b"stty rows 400 columns 250 -icanon -echo\r");
        for line in shell.setup {
            session
                .pty
                .type_in(format!("{}\r", line.replace('@', completions)).as_bytes());
        }
        session.pty.type_in(b"echo read\"\"y\r");
        session.pty.expect("ready");
        session.read.set(session.pty.text().len());
        session
    }

    /// What is on the screen after `typed` and TAB, and what has become of the line.
    fn press_tab(&self, typed: &str) -> (String, String) {
        // What the shell still draws of the line before ends here.
        self.dump();
        self.pty.type_in(typed.as_bytes());
        self.pty.type_in(b"\t");
        self.dump()
    }

    /// Has the line printed and emptied: what was on the screen before it, and the line.
    fn dump(&self) -> (String, String) {
        self.pty.type_in(b"\x18d");
        let before = self.read.get();
        let mut dumped = None;
        poll_until("the line of the shell", || {
            let text = self.pty.text();
            let new = &text[before..];
            let found = new.find("LINE<").and_then(|start| {
                let end = start + new[start..].find(">\r").or(new[start..].find(">\n"))?;
                Some((start, end))
            });
            dumped = found.map(|(start, end)| {
                self.read.set(before + end + 1);
                (plain(&new[..start]), plain(&new[start + 5..end]))
            });
            dumped.is_some()
        });
        dumped.unwrap()
    }
}

/// The text without what drives the terminal.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('[') => {
                while characters
                    .next()
                    .is_some_and(|next| !next.is_ascii_alphabetic())
                {}
            }
            Some(']') => while characters.next().is_some_and(|next| next != '\x07') {},
            Some('(') => {
                characters.next();
            }
            _ => {}
        }
    }
    plain
}

fn words_of(screen: &str) -> Vec<&str> {
    screen
        .split(|c: char| c.is_whitespace() || "(),=+".contains(c))
        .collect()
}

/// Every category in `shell`.
fn completes(shell: &Shell) {
    if on_purpose("documentation only concerns ours") {
        return;
    }
    for file in [shell.program, shell.needs] {
        if !Path::new(file).exists() {
            return skip(&format!("{file} is not there"));
        }
    }
    let Some(scene) = Scene::new() else { return };
    let session = Session::start(shell, &scene);
    let mut wrong = Vec::new();
    let cases = cases(&scene);
    for case in &cases.0 {
        let (screen, line) = session.press_tab(&case.typed);
        let good = match &case.sees {
            Sees::Offers(words, not) => {
                let seen = words_of(&screen);
                let has = |word: &String| seen.contains(&word.as_str());
                // The only candidate is put in, without what stands beside it.
                let put_in = words
                    .first()
                    .is_some_and(|word| line.trim_end().ends_with(word));
                (put_in || words.iter().all(has)) && !not.iter().any(has)
            }
            Sees::Line(expected) => line.trim_end() == expected,
        };
        if !good {
            let wanted = match &case.sees {
                Sees::Offers(words, not) => format!("{words:?}, not {not:?}"),
                Sees::Line(line) => line.clone(),
            };
            wrong.push(format!(
                "{}: '{}': wanted {wanted}; got line '{line}', screen {screen:?}",
                case.category, case.typed
            ));
        }
    }
    let categories: BTreeSet<_> = cases.0.iter().map(|case| case.category).collect();
    say(&format!(
        "{}: {} completions tried in {} categories",
        shell.program,
        cases.0.len(),
        categories.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Past the test harness, which would keep it to itself.
fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// What is tried, and what must live on meanwhile.
fn cases(scene: &Scene) -> (Vec<Case>, UnixStream) {
    let keep = |kind: &str, name: &str| {
        let file = scene.file(name, "");
        let namespace = format!("/proc/{}/ns/{kind}", scene.pid());
        scene.mount(["--bind", &namespace, &file]);
        file
    };
    let (kept, again, other) = (
        keep("net", "kept"),
        keep("net", "again"),
        keep("uts", "other"),
    );
    let inode = |kind: &str| {
        let link = scene.namespace(kind);
        link.trim_end_matches(']')
            .rsplit('[')
            .next()
            .unwrap()
            .to_string()
    };
    let (mount, pid) = (inode("mnt"), scene.pid().to_string());
    // Few enough for one page on a crowded machine.
    let (some_pids, some_inodes) = (&pid[..pid.len() - 2], &mount[..mount.len() - 2]);
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    let (socket, _) = UnixStream::pair().unwrap();
    let own = std::process::id();
    let cases = vec![
        offers(
            "options",
            "unshare --for",
            &["--fork", "--forward-signals"],
            &["--mount"],
        ),
        offers("options", "nsenter --wd", &["--wd", "--wdns"], &[]),
        offers(
            "options",
            "lsns --no",
            &["--noheadings", "--notruncate", "--nowrap"],
            &[],
        ),
        becomes(
            "options",
            "unshare -r --map-cur",
            "unshare -r --map-current-user",
        ),
        becomes("options", "lsns 1 --per", "lsns 1 --persistent"),
        offers(
            "processes",
            &format!("nsenter -t {some_pids}"),
            &[&pid, name.trim()],
            &[],
        ),
        offers(
            "processes",
            &format!("nsenter --target={some_pids}"),
            &[&pid, name.trim()],
            &[],
        ),
        offers(
            "processes",
            &format!("lsns -p {some_pids}"),
            &[&pid, name.trim()],
            &[],
        ),
        offers("processes", "nsenter -t 2", &[], &["kthreadd"]),
        becomes(
            "processes",
            &format!("lsns --task {pid}"),
            &format!("lsns --task {pid}"),
        ),
        offers(
            "columns",
            "lsns -o NS,P",
            &["PID", "PPID", "PATH", "PNS"],
            &["NPROCS"],
        ),
        becomes("columns", "lsns -o NS,TY", "lsns -o NS,TYPE"),
        becomes("columns", "lsns -o +NETNSID,NP", "lsns -o +NETNSID,NPROCS"),
        becomes("columns", "lsns --output=ns,on", "lsns --output=ns,ons"),
        becomes(
            "columns",
            "lsns -o PID,NETNSID,PP",
            "lsns -o PID,NETNSID,PPID",
        ),
        becomes("columns", "lsns --filter NETN", "lsns --filter NETNSID"),
        becomes("columns", "lsns -o NS,HEL", "lsns -o NS,HELD-BY"),
        becomes("columns", "lsns -o +contai", "lsns -o +container"),
        offers(
            "sources",
            "lsns --scan=",
            &["process", "elsewhere", "all"],
            &["NS"],
        ),
        becomes(
            "sources",
            "lsns --scan process,chil",
            "lsns --scan process,children",
        ),
        becomes("sources", "lsns --scan=-ker", "lsns --scan=-kernel"),
        becomes("sources", "lsns --scan=+thr", "lsns --scan=+thread"),
        becomes(
            "sources",
            "lsns --scan=+thread,-ker",
            "lsns --scan=+thread,-kernel",
        ),
        offers(
            "kinds",
            "lsns -t ",
            &["mnt", "net", "ipc", "user", "pid", "uts", "cgroup", "time"],
            &["all"],
        ),
        offers("kinds", "lsns --type=u", &["user", "uts"], &["mnt"]),
        becomes("kinds", "lsns -J -t cg", "lsns -J -t cgroup"),
        offers("trees", "lsns --tree=p", &["process", "parent"], &["owner"]),
        becomes("trees", "lsns --tree=o", "lsns --tree=owner"),
        becomes("trees", "lsns -Tow", "lsns -Towner"),
        offers(
            "signals",
            "unshare --kill-child=US",
            &["USR1", "USR2"],
            &["TERM"],
        ),
        becomes(
            "signals",
            "unshare --kill-child=TER",
            "unshare --kill-child=TERM",
        ),
        becomes(
            "users",
            "unshare --map-user ali",
            "unshare --map-user alice",
        ),
        offers(
            "users",
            "unshare -S 100",
            &["1001", "alice", "1002", "bob"],
            &[],
        ),
        becomes(
            "users",
            "unshare --owner 1001:",
            "unshare --owner 1001:1001",
        ),
        becomes("users", "nsenter -S follo", "nsenter -S follow"),
        becomes("users", "nsenter --setuid=ali", "nsenter --setuid=alice"),
        becomes(
            "groups",
            "unshare --map-group ali",
            "unshare --map-group alice",
        ),
        offers("groups", "unshare -G 100", &["1001", "alice"], &[]),
        becomes("groups", "nsenter -G follo", "nsenter -G follow"),
        becomes("groups", "nsenter --setgid ali", "nsenter --setgid alice"),
        offers(
            "modes",
            "unshare --propagation s",
            &["shared", "slave"],
            &["private"],
        ),
        becomes("modes", "unshare --setgroups=d", "unshare --setgroups=deny"),
        becomes(
            "modes",
            "unshare --map-users su",
            "unshare --map-users subids",
        ),
        becomes(
            "namespace files",
            &format!("nsenter --net={}", &kept[..kept.len() - 1]),
            &format!("nsenter --net={kept}"),
        ),
        becomes(
            "namespace files",
            &format!("nsenter -n{}", &kept[..kept.len() - 1]),
            &format!("nsenter -n{kept}"),
        ),
        becomes(
            "namespace files",
            &format!("nsenter -n={}", &kept[..kept.len() - 1]),
            &format!("nsenter -n={kept}"),
        ),
        offers(
            "namespace files",
            "nsenter --net=",
            &[&kept, &again],
            &[&other],
        ),
        becomes(
            "signals",
            "unshare -rp --kill-child=RTMA",
            "unshare -rp --kill-child=RTMAX",
        ),
        becomes(
            "users",
            "unshare --owner=1001:",
            "unshare --owner=1001:1001",
        ),
        becomes(
            "modes",
            "unshare --map-groups=subi",
            "unshare --map-groups=subids",
        ),
        becomes("files", "unshare --root /et", "unshare --root /etc/"),
        becomes(
            "files",
            "unshare --mount-proc=/et",
            "unshare --mount-proc=/etc/",
        ),
        becomes(
            "files",
            "unshare --net=/etc/passw",
            "unshare --net=/etc/passwd",
        ),
        offers(
            "sockets",
            &format!("nsenter -t {own} -N "),
            &[&socket.as_raw_fd().to_string()],
            &["0"],
        ),
        offers(
            "namespaces",
            &format!("lsns {some_inodes}"),
            &[&mount, "mnt"],
            &[],
        ),
        becomes(
            "namespaces",
            &format!("lsns {}", &mount),
            &format!("lsns {mount}"),
        ),
        becomes(
            "variables",
            "unshare --whitelist-env TERM,HOM",
            "unshare --whitelist-env TERM,HOME",
        ),
        becomes(
            "commands",
            "unshare -r -S 5 nsente",
            "unshare -r -S 5 nsenter",
        ),
        becomes(
            "commands",
            "nsenter -t 1 -n unshar",
            "nsenter -t 1 -n unshare",
        ),
        becomes(
            "their completion",
            "unshare -rf --kill-child=TERM lsns --tree=ow",
            "unshare -rf --kill-child=TERM lsns --tree=owner",
        ),
        becomes(
            "their completion",
            "nsenter -t 1 -n unshare --propagation sl",
            "nsenter -t 1 -n unshare --propagation slave",
        ),
        becomes(
            "their completion",
            "unshare -rS 0 nsenter -S follo",
            "unshare -rS 0 nsenter -S follow",
        ),
        becomes(
            "their completion",
            "unshare true --propag",
            "unshare true --propag",
        ),
    ];
    (cases, socket)
}

#[test]
fn bash_completes() {
    completes(&BASH);
}

#[test]
fn zsh_completes() {
    completes(&ZSH);
}

#[test]
fn fish_completes() {
    completes(&FISH);
}
