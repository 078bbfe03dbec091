//! Runs every command of docs/walkthrough.md for real, and compares what it prints.

#[macro_use]
mod common;

scene_test!(every_command_of_the_walk_does_what_the_page_says);
fn every_command_of_the_walk_does_what_the_page_says() {
    common::session::check("docs/walkthrough.md");
}

fn main() -> std::process::ExitCode {
    common::main()
}
