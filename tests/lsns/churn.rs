//! A process table that moves. `tests/load` has a stronger storm.

use crate::common::{look_again_and_again, storm, their_bug};

const RUNS: usize = 1000;

scene_test!(no_run_fails_and_none_misses_what_stays);
fn no_run_fails_and_none_misses_what_stays() {
    their_bug("a process that ends while it is looked at ends the listing, with status 1");
    let frozen = storm("");
    let tool = crate::common::tool("lsns");
    let path = tool.parent().unwrap().to_str().unwrap();
    look_again_and_again(&frozen, RUNS, |mode| {
        let args = ["lsns"].into_iter().chain(mode.split_whitespace());
        frozen.run_next(path, args)
    });
    println!("{RUNS} runs under churn, none failed");
    frozen.end();
}
