//! What the completions offer, in the real shells: a prefix is typed on a terminal, then TAB, and the screen is read.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod cases;
mod shell;

use std::collections::BTreeSet;
use std::path::Path;

use cases::{ID, Sees, cases};
use common::{Cgroups, Scene, note, on_purpose, skip, theirs};
use shell::{BASH, FISH, Session, Shell, ZSH};

fn words_of(screen: &str) -> Vec<&str> {
    screen.split(|c: char| c.is_whitespace() || "(),=+".contains(c)).collect()
}

/// Every category in `shell`.
fn completes(shell: &Shell) {
    on_purpose("documentation only concerns ours");
    for file in [shell.program, shell.needs] {
        if !Path::new(file).exists() {
            skip(&format!("{file} is not there"));
        }
    }
    // Before the scene, whose process is to be gone when they are removed.
    let mut cgroups = Cgroups::can_be_made().then(|| Cgroups::new(shell.program.rsplit('/').next().unwrap()));
    let scene = Scene::new();
    // In a namespace of its own: which process of another one has the lowest PID changes when PIDs begin anew.
    let contained = scene.call(theirs("unshare"), ["-u", "probe", "hold"]).leashed().spawn();
    contained.expect("ready\n");
    cgroups.iter_mut().for_each(|cgroups| cgroups.put(contained.pid(), &format!("/docker-{ID}.scope")));
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
                let changed = line.trim_end() != case.typed.trim_end();
                let put_in = words.first().is_some_and(|word| changed && line.trim_end().ends_with(word));
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
    note(&format!("{}: {} completions tried in {} categories", shell.program, cases.0.len(), categories.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

scene_test!(bash_completes);
fn bash_completes() {
    completes(&BASH);
}

scene_test!(zsh_completes);
fn zsh_completes() {
    completes(&ZSH);
}

scene_test!(fish_completes);
fn fish_completes() {
    completes(&FISH);
}

fn main() -> std::process::ExitCode {
    common::main()
}
