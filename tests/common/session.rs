//! Sessions as the pages show them: prompts, commands and what they print, in blocks of `console`. Each block is run for
//! real, in a scene where nothing stays behind, and compared with what the page shows.
//!
//! `NSKIT_WRITE=1` writes what was printed into the page instead.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

mod compare;

use super::cgroups::Cgroups;
use super::left_out::{needs_root, note, on_purpose, skip};
use super::scene::{Directory, copy_to_run};
use super::tool::ours;
use compare::same;

/// A machine of its own: host name, users, home directories, network, processes, and cgroups. PIDs begin at 5000, so that
/// they are told from other numbers. The tools are mounted, so that ordinary users reach them wherever they are.
const SCENE: &str = r#"set -e
mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/bin /mnt/etc && mount --bind "$1" /mnt/bin
cd /mnt/etc
printf '%s\n' root:x:0:0::/root:/bin/sh me:x:1000:1000::/home/me:/bin/sh nobody:x:65534:65534::/:/bin/false >passwd
printf '%s\n' root:x:0: me:x:1000: nogroup:x:65534: >group
printf '%s\n' me:100000:65536 >subuid
cp subuid subgid
for file in passwd group subuid subgid; do touch -a "/etc/$file"; mount --bind "$file" "/etc/$file"; done
for place in /root /home /run; do mount -t tmpfs -o mode=755 none "$place"; done
mkdir /home/me && chown 1000:1000 /home/me
mount -t cgroup2 none /sys/fs/cgroup
hostname host
export PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
eval "$3"
echo 5000 >/proc/sys/kernel/ns_last_pid
if [ "$2" = '#' ]; then
    cd /root; HOME=/root exec bash
else
    cd /home/me; HOME=/home/me exec setpriv --reuid 1000 --regid 1000 --clear-groups bash
fi"#;

/// Waits until what was just started in the background has begun: a reader who types takes longer. All of it is a sleep in
/// the end, and has begun once its command line can be read.
const HAS_BEGUN: &str = "until [ $(pgrep -cf '^(/bin/)?sleep ') -gt $begun ]; do :; done; begun=$((begun + 1))";

/// A block of a page.
struct Block {
    /// The number of its first line.
    line: usize,
    /// What stands in it.
    text: String,
}

/// A command with its prompt, and what it prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// In as many lines as on the page.
    pub command: String,
    /// The lines that it prints.
    pub printed: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == "```console" {
            let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            blocks.push(Block { line: number + 2, text: body.flat_map(|line| [line, "\n"]).collect() });
        }
    }
    blocks
}

/// Whether the command goes on in the next line: behind a backslash, or within quotes.
fn goes_on(command: &str) -> bool {
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

/// The steps of a session. One line may follow another without a prompt only if the first goes on.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        match steps.last_mut() {
            Some(step) if step.printed.is_empty() && goes_on(&step.command) => {
                step.command.push('\n');
                step.command.push_str(line);
            }
            _ if line.starts_with("$ ") || line.starts_with("# ") => {
                steps.push(Step { command: line.to_string(), printed: Vec::new() });
            }
            Some(step) => step.printed.push(line.to_string()),
            None => panic!("a block begins with a prompt, not with: {line}"),
        }
    }
    steps
}

/// The script that runs the steps, and prints each command before what it prints itself.
fn script(steps: &[Step]) -> String {
    let mut script = String::from("exec 2>&1\nbegun=0\n");
    for step in steps {
        let (_, command) = step.command.split_once(' ').unwrap();
        let quoted = step.command.replace('\'', r"'\''");
        writeln!(script, "printf '%s\\n' '{quoted}'\n{command}").unwrap();
        if command.ends_with('&') {
            writeln!(script, "{HAS_BEGUN}").unwrap();
        }
    }
    script
}

/// Whether bash says here that a job was ended by a signal: it does so at a moment of its own, or not at all.
fn is_notice(line: &str) -> bool {
    let line = match line.strip_prefix("bash: line ") {
        Some(notice) => notice.trim_start_matches(|letter: char| " :".contains(letter) || letter.is_ascii_digit()),
        None => line,
    };
    ["Terminated", "Killed"].iter().any(|word| line.split("  ").next() == Some(word))
}

/// Where sessions are run, each on a machine of its own.
pub struct Stage {
    cgroups: Cgroups,
    tools: Directory,
}

impl Stage {
    /// For the sessions of this page.
    pub fn new(page: &str) -> Stage {
        let tools = Directory::new();
        for tool in ["unshare", "nsenter", "lsns"] {
            copy_to_run(&ours(tool), &tools.path().join(tool));
        }
        Stage { cgroups: Cgroups::new(&page.replace(['/', '.'], "-")), tools }
    }

    /// Has the user with this prompt, `$` or `#`, run a script, once root has run `setup`; what a terminal would show.
    pub fn play(&mut self, setup: &str, prompt: &str, script: &str) -> String {
        let procs = self.cgroups.make("").join("cgroup.procs").display().to_string();
        // On one processor: Linux gives ids of namespaces to each in blocks, and lets a mount namespace be kept only in one
        // with a lower id.
        let enter = r#"echo $$ >"$1"; shift
            cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status); exec taskset -c "$cpu" "$@""#;
        let mut child = Command::new("sh")
            .args(["-c", enter, "sh", &procs])
            .arg(ours("unshare"))
            .args(["-mpuinC", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SCENE, "sh"])
            .arg(self.tools.path())
            .args([prompt, setup])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        self.cgroups.remove_what_was_made_below();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        text.lines().filter(|line| !is_notice(line)).flat_map(|line| [line.trim_end(), "\n"]).collect()
    }
}

/// Runs a block; what a terminal would show.
fn run(block: &Block, stage: &mut Stage) -> String {
    let steps = steps(&block.text);
    let prompt = &steps[0].command[..1];
    let one_prompt = steps.iter().all(|step| step.command.starts_with(prompt));
    assert!(one_prompt, "line {}: a block is a session of one user", block.line);
    stage.play("", prompt, &script(&steps))
}

/// What the pages use beside our tools, and cannot do without.
const PROGRAMS: [&str; 11] =
    ["bash", "busybox", "ip", "ipcmk", "newuidmap", "pgrep", "ping", "ps", "pstree", "setpriv", "taskset"];

fn missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&str| std::env::split_paths(&path).any(|directory| directory.join(program).exists());
    PROGRAMS.iter().find(|program| !is_there(program)).map(|program| format!("there is no {program} here"))
}

/// Skips the test where there can be no such machine.
pub fn needs_a_machine() {
    on_purpose("the pages show our tools");
    needs_root("the pages show a machine with root and an ordinary user");
    if let Some(why) = missing() {
        skip(&why);
    }
}

/// Runs every session of a page of the project, and compares what is printed.
pub fn check(page: &str) {
    needs_a_machine();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let mut text = std::fs::read_to_string(&path).unwrap();
    let mut stage = Stage::new(page);
    let (mut wrong, mut commands) = (Vec::new(), 0);
    let blocks = blocks(&text);
    assert!(!blocks.is_empty(), "{page}: no session");
    for block in &blocks {
        let printed = run(block, &mut stage);
        let expected = steps(&block.text);
        commands += expected.len();
        if !same(&expected, &steps(&printed)) {
            wrong.push(format!("{page}, line {}:\n{}\nprinted:\n{printed}", block.line, block.text));
            text = text.replacen(&block.text, &printed, 1);
        }
    }
    if std::env::var_os("NSKIT_WRITE").is_some() {
        std::fs::write(&path, text).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    note(&format!("{page}: {} sessions with {commands} commands run", blocks.len()));
}
