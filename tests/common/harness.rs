//! The front of the test binaries. It prints and takes arguments as libtest does, and beyond that a test may find out while
//! it runs that it cannot be run here: it is *ignored* then, with its reason, and not `ok`.
//!
//! A test makes itself known above its function: `scene_test!(name_of_the_function);`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use super::left_out::{NotRun, closing_line};
use super::whole_run::note_down;

/// A test, as [`scene_test!`] makes it known.
pub struct Test {
    /// With the crate and the modules that it stands in.
    pub name: &'static str,
    /// What it does.
    pub run: fn(),
}

inventory::collect!(Test);

/// Makes a function of this module a test.
macro_rules! scene_test {
    ($name:ident) => {
        inventory::submit! {
            $crate::common::Test { name: concat!(module_path!(), "::", stringify!($name)), run: $name }
        }
    };
}

/// How a test ended.
enum Ending {
    Ok,
    Ignored(NotRun),
    Failed(String),
}

/// The name of the test of a thread that runs none.
const NONE: &str = "?";

thread_local! {
    /// The name of the test that this thread runs.
    static NAME: Cell<&'static str> = const { Cell::new(NONE) };
    /// What the panics of this thread have said.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The name of the test that this thread runs.
pub(super) fn name_of_test() -> &'static str {
    NAME.get()
}

/// The panics of this thread are to be seen at once, for it has been forked off a test that cannot tell of them.
pub fn tell_panics_at_once() {
    NAME.set(NONE);
}

/// Keeps what a test says when it panics until it has ended; anything else is said at once.
fn keep_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| match NAME.get() {
        NONE => usual(info),
        _ => SAID.with_borrow_mut(|said| writeln!(said, "{info}").unwrap()),
    }));
}

/// What the command line asks for: libtest's options, as far as they make sense here.
#[derive(Default)]
struct Arguments {
    filters: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
    list: bool,
    quiet: bool,
    threads: Option<usize>,
}

impl Arguments {
    fn from_command_line() -> Arguments {
        let mut arguments = Arguments::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (&*word, None),
            };
            let mut value = || attached.clone().or_else(|| words.next()).unwrap_or_else(|| panic!("{name}: of what?"));
            match name {
                "--exact" => arguments.exact = true,
                "--list" => arguments.list = true,
                "-q" | "--quiet" => arguments.quiet = true,
                "--skip" => arguments.skipped.push(value()),
                "--test-threads" => arguments.threads = Some(value().parse().expect("--test-threads")),
                "--format" | "--color" | "-Z" => drop(value()),
                // Nothing is captured, and no test is ignored before it runs.
                "--nocapture" | "--no-capture" | "--show-output" | "--include-ignored" => {}
                _ if name.starts_with('-') => {
                    eprintln!("there is no option {name} here: see tests/common/harness.rs");
                    std::process::exit(101)
                }
                _ => arguments.filters.push(word),
            }
        }
        arguments
    }

    fn chooses(&self, name: &str) -> bool {
        let fits = |filter: &String| if self.exact { name == filter } else { name.contains(&**filter) };
        (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skipped.iter().any(fits)
    }
}

/// Runs the tests of this binary that its arguments choose, and says how many were not run, and how to run them.
pub fn main() -> ExitCode {
    run_chosen(inventory::iter::<Test>.into_iter().map(without_crate).collect(), run_all)
}

type Tests = Vec<(&'static str, fn())>;
type Endings = Vec<(&'static str, Ending)>;

fn run_chosen(mut tests: Tests, run: fn(Tests, &Arguments) -> Endings) -> ExitCode {
    let arguments = Arguments::from_command_line();
    let all = tests.len();
    tests.retain(|(name, _)| arguments.chooses(name));
    tests.sort_by_key(|(name, _)| *name);
    if arguments.list {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        println!("\n{} tests, 0 benchmarks", tests.len());
        return ExitCode::SUCCESS;
    }
    keep_panics();
    println!("\nrunning {} tests", tests.len());
    let filtered_out = all - tests.len();
    let start = Instant::now();
    let endings = run(tests, &arguments);
    let all_well = summarize(&endings, filtered_out, start);
    // As libtest's.
    if all_well { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

/// Says what has failed, and how many tests have ended which way; whether none has failed.
fn summarize(endings: &Endings, filtered_out: usize, start: Instant) -> bool {
    let mut failed = Vec::new();
    let mut not_run = Vec::new();
    for (name, ending) in endings {
        match ending {
            Ending::Ok => {}
            Ending::Ignored(why) => not_run.push(why),
            Ending::Failed(said) => failed.push((name, said)),
        }
    }
    failed.iter().for_each(|(name, said)| println!("\n---- {name} ----\n{said}"));
    if !failed.is_empty() {
        println!("\nfailures:");
        failed.iter().for_each(|(name, _)| println!("    {name}"));
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; {} ignored; 0 measured; {filtered_out} filtered out; finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        endings.len() - failed.len() - not_run.len(),
        failed.len(),
        not_run.len(),
        start.elapsed().as_secs_f64(),
    );
    println!("{}", closing_line(&not_run));
    note_down(endings.len() - not_run.len(), &not_run);
    failed.is_empty()
}

/// As [`main`], for one test that needs a process with a single thread.
pub fn main_of_one(name: &'static str, run: fn()) -> ExitCode {
    run_chosen(vec![(name, run)], |tests, arguments| {
        let one = |(name, run)| {
            let ending = run_one(name, run);
            say(name, &ending, arguments.quiet);
            (name, ending)
        };
        tests.into_iter().map(one).collect()
    })
}

fn without_crate(test: &'static Test) -> (&'static str, fn()) {
    (test.name.split_once("::").map_or(test.name, |(_, name)| name), test.run)
}

/// Runs them side by side, and prints how each has ended.
fn run_all(tests: Tests, arguments: &Arguments) -> Endings {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or_else(processors);
    let waiting = Mutex::new(VecDeque::from(tests));
    let endings = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop_front();
                    let Some((name, run)) = next else { break };
                    let ending = run_one(name, run);
                    say(name, &ending, arguments.quiet);
                    endings.lock().unwrap().push((name, ending));
                }
            });
        }
    });
    endings.into_inner().unwrap()
}

fn run_one(name: &'static str, run: fn()) -> Ending {
    NAME.set(name);
    let result = std::panic::catch_unwind(run);
    NAME.set(NONE);
    let said = SAID.take();
    match result {
        Ok(()) => Ending::Ok,
        Err(payload) => of_panic(payload, said),
    }
}

fn of_panic(payload: Box<dyn Any + Send>, said: String) -> Ending {
    match payload.downcast::<NotRun>() {
        Ok(not_run) => Ending::Ignored(*not_run),
        Err(_) => Ending::Failed(said),
    }
}

fn say(name: &str, ending: &Ending, quiet: bool) {
    let line = match ending {
        Ending::Ok if quiet => return,
        Ending::Ok => format!("test {name} ... ok\n"),
        Ending::Ignored(why) => format!("test {name} ... ignored, {why}\n"),
        Ending::Failed(_) => format!("test {name} ... FAILED\n"),
    };
    // Written at once and whole: tests run side by side.
    let _ = std::io::stdout().write_all(line.as_bytes());
}
