//! The shells, on terminals of their own.

use std::cell::Cell;

use crate::common::{Process, Pty, Scene, poll_until};

/// A shell that is taught to print its command line as `LINE<…>` and to empty it when Ctrl-X d is typed.
pub struct Shell {
    pub program: &'static str,
    /// What it must have besides its program.
    pub needs: &'static str,
    pub arguments: &'static [&'static str],
    /// Typed at first; `@` stands for the directory of completions.
    pub setup: &'static [&'static str],
}

pub const BASH: Shell = Shell {
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

pub const ZSH: Shell = Shell {
    program: "/usr/bin/zsh",
    needs: "/usr/bin/zsh",
    arguments: &["-f", "-i"],
    setup: &[
        "unsetopt beep prompt_cr prompt_sp list_ambiguous; LISTMAX=10000; bindkey -e",
        "fpath=(@/zsh $fpath); autoload -U compinit; compinit -u -D",
        "dump() { zle -Rc; zle -I; print -r \"LINE<$BUFFER>\"; BUFFER= }; zle -N dump; bindkey '^Xd' dump",
    ],
};

pub const FISH: Shell = Shell {
    program: "/usr/bin/fish",
    needs: "/usr/bin/fish",
    arguments: &["--no-config", "-i"],
    setup: &[
        "set -g fish_autosuggestion_enabled 0; set -g fish_complete_path @/fish $fish_complete_path",
        "bind \\cxd 'printf \"LINE<%s>\\n\" (commandline); commandline \"\"; commandline -f repaint'",
    ],
};

/// One running shell.
pub struct Session {
    pty: Pty,
    /// How much of its output has been looked at.
    read: Cell<usize>,
    _process: Process,
}

impl Session {
    pub fn start(shell: &Shell, scene: &Scene) -> Session {
        let pty = Pty::new();
        let call = scene.call(shell.program, shell.arguments).terminal(&pty);
        let call = call
            .env("TERM", "xterm")
            .env("HOME", scene.directory())
            .env("LC_ALL", "C.UTF-8")
            .env("PS1", "$ ")
            .env("HISTFILE", "");
        let session = Session { _process: call.spawn(), pty, read: Cell::new(0) };
        let completions = concat!(env!("CARGO_MANIFEST_DIR"), "/completions");
        // Room for every list on one page; and no line editing by the kernel, which would see to keys that are typed while
        // the shell is busy.
        session.pty.type_in(b"stty rows 400 columns 250 -icanon -echo\r");
        for line in shell.setup {
            session.pty.type_in(format!("{}\r", line.replace('@', completions)).as_bytes());
        }
        session.pty.type_in(b"echo read\"\"y\r");
        session.pty.expect("ready");
        session.read.set(session.pty.text().len());
        session
    }

    /// What is on the screen after `typed` and TAB, and what has become of the line.
    pub fn press_tab(&self, typed: &str) -> (String, String) {
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
            Some('[') => while characters.next().is_some_and(|next| !next.is_ascii_alphabetic()) {},
            Some(']') => while characters.next().is_some_and(|next| next != '\x07') {},
            Some('(') => {
                characters.next();
            }
            _ => {}
        }
    }
    plain
}
