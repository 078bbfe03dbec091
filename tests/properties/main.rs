//! The properties of the parsers (see [`checks`]) on random bytes, and on the corpus that fuzzing has left: whatever a
//! fuzzer once found stays tested without one. `fuzz/run` looks for more.

#![allow(unsafe_code, clippy::unwrap_used)]

mod checks;
mod second_opinion;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use checks::{CHECKS, Check, named};

/// More is the fuzzer's part.
const CASES: u32 = 1024;
const MOST_PIECES: usize = 24;

/// Tokens and random bytes, one behind the other.
fn input(check: Check) -> impl Strategy<Value = Vec<u8>> {
    let tokens = check.tokens.iter().map(|token| token.as_bytes().to_vec());
    let tokens: Vec<Vec<u8>> = tokens.chain([Vec::new()]).collect();
    let bytes = proptest::collection::vec(any::<u8>(), 0..8);
    let piece = prop_oneof![3 => proptest::sample::select(tokens), 1 => bytes];
    proptest::collection::vec(piece, 0..MOST_PIECES).prop_map(|pieces| pieces.concat())
}

fn holds_on_random_bytes(check: Check) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let run = |bytes: Vec<u8>| {
        (check.run)(&bytes);
        Ok(())
    };
    if let Err(error) = TestRunner::new(config).run(&input(check), run) {
        panic!("{error}");
    }
}

fn holds_on_the_corpus(check: Check) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(check.name);
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut inputs = 0;
    for file in files {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let result = std::panic::catch_unwind(|| (check.run)(&bytes));
        assert!(result.is_ok(), "{} does not hold for {}", check.name, path.display());
        inputs += 1;
    }
    assert!(inputs > 0, "{} is empty", directory.display());
}

macro_rules! tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            holds_on_the_corpus(named(stringify!($name)));
            holds_on_random_bytes(named(stringify!($name)));
        })*

        #[test]
        fn every_check_has_its_test_and_its_fuzz_target() {
            let tests = [$(stringify!($name)),*];
            assert_eq!(CHECKS.map(|check| check.name), tests);
            let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
            let manifest = fs::read_to_string(manifest).unwrap();
            for name in tests {
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            }
        }
    };
}

tests! {
    unshare_argv nsenter_argv lsns_argv values idmap subid passwd mountinfo btf stat environ cgroup links lists filter
    expression pattern output
}
