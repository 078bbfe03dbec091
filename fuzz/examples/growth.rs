//! Looks for work that grows faster than its input: each entry of the corpus is blown up by repeating a part of it, to one
//! size and then to eight times that size, and what the second takes is compared with what the first took.
//!
//! Of all checks, or of those named. A linear check takes 8 times as long, a quadratic one 64 times.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nskit_fuzz::checks::{CHECKS, Check};

const SMALL: usize = 32 * 1024;
const FACTOR: usize = 8;
/// More times as long is a finding: between 8 and 64. Caches and page faults make a linear check take up to 20.
const MOST: f64 = 32.0;
/// Less than this is too short to tell.
const SHORTEST: Duration = Duration::from_millis(2);
/// Of a large corpus, every so many-th entry, so that as many are left.
const ENTRIES: usize = 64;
/// The lengths of the parts that are repeated.
const PARTS: [usize; 5] = [1, 2, 4, 16, 256];

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |check: &Check| named.is_empty() || named.iter().any(|name| name == check.name);
    let mut found = false;
    for check in CHECKS.into_iter().filter(wanted) {
        let mut files: Vec<_> =
            fs::read_dir(corpus.join(check.name)).expect("a corpus").map(|file| file.expect("a file").path()).collect();
        files.sort();
        let step = files.len().div_ceil(ENTRIES);
        let mut worst = (0.0, Vec::new());
        for file in files.iter().step_by(step) {
            let bytes = fs::read(file).expect("an entry");
            for blown_up in ways(&bytes) {
                let growth = growth(check, &blown_up);
                if growth > worst.0 {
                    worst = (growth, blown_up(64));
                }
            }
        }
        let (times, example) = worst;
        println!("{}: {times:.1} times as long for {FACTOR} times the input", check.name);
        if times > MOST {
            found = true;
            println!("    such as {}", example.escape_ascii());
        }
    }
    std::process::exit(i32::from(found));
}

/// Each way of blowing the input up: what is before a part, the part again and again, what is behind it.
fn ways(bytes: &[u8]) -> Vec<impl Fn(usize) -> Vec<u8> + use<'_>> {
    let mut ways = Vec::new();
    for part in PARTS.into_iter().filter(|part| *part <= bytes.len()) {
        // A few places of each length.
        for at in (0..=bytes.len() - part).step_by((bytes.len() - part) / 4 + 1) {
            ways.push(move |size: usize| {
                let repeated = bytes[at..at + part].repeat(size / part);
                [&bytes[..at], &repeated, &bytes[at + part..]].concat()
            });
        }
    }
    ways
}

fn growth(check: Check, blown_up: impl Fn(usize) -> Vec<u8>) -> f64 {
    let (small, large) = (blown_up(SMALL), blown_up(FACTOR * SMALL));
    let mut growth = f64::INFINITY;
    // What disturbs us makes it longer: the least of several is the truth.
    for _ in 0..3 {
        let (first, second) = (time(check, &small), time(check, &large));
        if second < SHORTEST {
            return 0.0;
        }
        growth = growth.min(second.as_secs_f64() / first.as_secs_f64());
        if growth <= MOST {
            break;
        }
    }
    growth
}

/// The processor time that this thread takes.
fn time(check: Check, bytes: &[u8]) -> Duration {
    let before = now();
    (check.run)(bytes);
    now() - before
}

fn now() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes to what it is given.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
