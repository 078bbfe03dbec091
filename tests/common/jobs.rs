//! A shell with job control at a terminal.

use std::fs::{File, OpenOptions};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{Process, Pty, Scene, User};

/// The line of one that takes nothing from files, and does not edit lines.
pub const SHELL: [&str; 5] = ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"];

/// Starts one. It shows `prompt` when it is ready for a line.
#[track_caller]
pub fn shell(scene: &Scene, pty: &Pty, user: User, prompt: &str) -> Process {
    let shell = scene.call(SHELL[0], &SHELL[1..]).user(user);
    shell.env("PS1", prompt).env("HISTFILE", "").terminal(pty).spawn()
}

/// The input of a program that is stopped at a terminal, as `fifo` in the scene: from the terminal it may be given the line
/// that the shell is to have, since it stops only once it runs again. It ends with what this gives.
#[track_caller]
pub fn other_input(scene: &Scene) -> File {
    let fifo = scene.path("fifo");
    if !fifo.exists() {
        mkfifo(&fifo, Mode::from_bits_truncate(0o644)).unwrap();
    }
    // For reading as well: nothing is to wait for the other side.
    OpenOptions::new().read(true).write(true).open(fifo).unwrap()
}
