//! Programs that are started by a process with many threads.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use nskit::{Command, Kind};

use crate::common::needs_root;
use crate::concerns_ours;

/// How many programs are started. `NSKIT_SPAWNS=1000` starts more.
fn count() -> usize {
    std::env::var("NSKIT_SPAWNS").ok().and_then(|count| count.parse().ok()).unwrap_or(200)
}

scene_test!(among_eight_threads_none_hangs_and_none_is_lost);
fn among_eight_threads_none_hangs_and_none_is_lost() {
    concerns_ours();
    needs_root("to make namespaces");
    let (stop, shared) = (AtomicBool::new(false), Mutex::new(HashMap::new()));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (stop, shared) = (&stop, &shared);
            scope.spawn(move || {
                for number in 0u64.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    // A new table now and then, so that memory is taken and given back under the lock.
                    let mut table = shared.lock().unwrap();
                    table.insert(number % 1000 * 8 + thread, vec![thread; (number % 300) as usize]);
                    if number % 1000 == 0 {
                        table.shrink_to_fit();
                    }
                }
            });
        }
        let starters: Vec<_> = (0..4).map(|starter| scope.spawn(move || start(starter, count() / 4))).collect();
        let ended: usize = starters.into_iter().map(|starter| starter.join().unwrap()).sum();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(ended, count() / 4 * 4);
    });
}

/// Starts so many programs, one after the other, half of them with a parent inside; returns how many have said what they were
/// to say.
fn start(starter: usize, programs: usize) -> usize {
    let is_right = |number: &usize| {
        let word = format!("{starter}/{number}");
        let mut command = Command::new("echo");
        command.arg(&word).map_root().unshare([Kind::Net, Kind::Uts]);
        if number.is_multiple_of(2) {
            command.unshare([Kind::Pid]);
        }
        let output = command.output().unwrap();
        output.status.success() && output.stdout == format!("{word}\n").as_bytes()
    };
    (0..programs).filter(is_right).count()
}
