//! Carries the injections out, and counts them.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{BY_GETSUBIDS, CASES, Case, Program};
use super::judge::{Expected, allowed, broken_rule};
use super::table;
use crate::common::skip;
use crate::runner::random::Random;
use crate::runner::stage::{Stage, Whose};
use crate::runner::tracer::{Call, Effect, Fault};
use crate::runner::{Job, Outcome, run};

/// What has been done.
#[derive(Default)]
struct Tally {
    cases: usize,
    injections: usize,
    survived: usize,
    by_exception: BTreeMap<&'static str, usize>,
    missed: usize,
    before_main: usize,
    not_in_table: usize,
    left_out: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

/// The share of worker `index` of so many `jobs`. Whether all went well.
pub fn work(index: usize, jobs: usize, seed: u64) -> bool {
    let Some(stage) = Stage::new() else {
        return true;
    };
    let name = std::env::var("NSKIT_CASE").unwrap_or_default();
    let can_be_run = |case: &Case| case.name != BY_GETSUBIDS || stage.has_getsubids();
    let cases = CASES.iter().filter(|case| case.name.contains(&name) && can_be_run(case)).enumerate();
    let cases = cases.filter(|(at, _)| at % jobs == index);
    let mut planned = Vec::new();
    let mut tally = Tally::default();
    let mut well = true;
    for (_, case) in cases {
        match prepare(&stage, case) {
            Ok(expected) if expected.baseline.calls.is_empty() => {
                skip("system calls cannot be traced here: ptrace(2) is refused, or this is no x86-64");
            }
            Err(problem) => {
                println!("FAILED: {} {}: {problem}", case.tool, case.name);
                well = false;
            }
            Ok(expected) => {
                tally.cases += 1;
                let faults = faults_of(case, &expected.baseline.calls, &mut tally);
                planned.push((case, expected, faults));
            }
        }
    }
    let total: usize = planned.iter().map(|(_, _, faults)| faults.len()).sum();
    let wanted = match std::env::var("NSKIT_FAULTS").as_deref() {
        Ok(number) => number.parse::<usize>().expect("NSKIT_FAULTS") / jobs,
        Err(_) => total,
    };
    let mut random = Random::new(seed + index as u64);
    for (case, expected, faults) in &planned {
        for (call, effect) in faults {
            if random.below(total) < wanted {
                well &= inject(&stage, case, expected, call, *effect, &mut tally);
            }
        }
    }
    println!(
        "worker {index}: {} cases, {} of {total} injections made, {} survived, {} not reached",
        tally.cases, tally.injections, tally.survived, tally.missed
    );
    for (why, count) in &tally.by_exception {
        println!("worker {index}: {count} of these by an exception: {why}");
    }
    if index == 0 {
        println!("left alone: {} calls of the C library's start, before main", tally.before_main);
        for (why, calls) in &tally.left_out {
            println!("no errors given to {}: {why}", calls.iter().copied().collect::<Vec<_>>().join(", "));
        }
    }
    well && tally.not_in_table == 0
}

fn job_of(stage: &Stage, case: &Case) -> Job {
    let mut args: Vec<&str> = case.args.to_vec();
    if case.program == Program::Probe {
        args.extend(["{dir}/bin/probe", "world"]);
    }
    let mut job = stage.job(Whose::Ours, case.tool, &args, case.user);
    for entry in case.environment {
        let name = entry.split_inclusive('=').next().unwrap_or_default();
        job.environment.retain(|other| !other.as_encoded_bytes().starts_with(name.as_bytes()));
        job.environment.push(stage.fill(entry).into());
    }
    job.traced = true;
    job.terminal = case.terminal;
    if case.tool == "lsns" {
        job.inside = Some(stage.fill("{all}").parse().unwrap());
        job.directory = "/".into();
    }
    job
}

/// Runs the case undisturbed, twice: what differs by itself cannot be compared.
fn prepare(stage: &Stage, case: &Case) -> Result<Expected, String> {
    let job = job_of(stage, case);
    let before = run(&Job { tool: "/bin/true".into(), traced: false, ..job.clone() });
    let baseline = run(&job);
    let again = run(&Job { traced: false, ..job.clone() });
    let report = stage.stable(&baseline);
    let end = |outcome: &Outcome| (outcome.ending, outcome.mounts.clone(), stage.stable(outcome));
    let (one, other) = (end(&baseline), end(&again));
    if one != other {
        print_difference(&one.1, &other.1);
        print_difference(&one.2, &other.2);
        return Err(format!("it differs from run to run: {:?} {:?}", one.0, other.0));
    }
    let ran = case.program != Program::None;
    if !baseline.left.is_empty() || ran && baseline.stdout.is_empty() {
        return Err(format!("it does not run undisturbed: {} {:?}", baseline.stderr, baseline.ending));
    }
    Ok(Expected { baseline, report, mounts_before: before.mounts })
}

/// What can befall the calls of a case. Those before `main` are the C library's, which ends the process if it must.
fn faults_of(case: &Case, calls: &[Call], tally: &mut Tally) -> Vec<(Call, Effect)> {
    let main = calls.iter().position(|call| call.number == libc::SYS_mprotect).map_or(0, |at| at + 1);
    tally.before_main += main;
    let mut faults = Vec::new();
    for call in &calls[main..] {
        let Some(row) = table::row_of(call) else {
            tally.not_in_table += 1;
            println!("FAILED: {} '{}': system call {} is not in the table", case.tool, case.name, call.number);
            continue;
        };
        if let Some(why) = row.left_out() {
            tally.left_out.entry(why).or_default().insert(row.name);
        }
        faults.extend(table::effects(call, row).into_iter().map(|effect| (call.clone(), effect)));
    }
    faults
}

fn inject(stage: &Stage, case: &Case, expected: &Expected, call: &Call, effect: Effect, tally: &mut Tally) -> bool {
    let name = table::row_of(call).map_or("?", |row| row.name);
    let mut job = job_of(stage, case);
    job.fault = Some(Fault { process: call.process.clone(), number: call.number, occurrence: call.occurrence, effect });
    let outcome = run(&job);
    tally.injections += 1;
    if !outcome.hit {
        tally.missed += 1;
    }
    let Some(rule) = broken_rule(stage, case, expected, (name, call), effect, &outcome) else {
        tally.survived += 1;
        return true;
    };
    if let Some(exception) = allowed(case, name, call, effect, rule) {
        tally.survived += 1;
        *tally.by_exception.entry(exception.why).or_default() += 1;
        return true;
    }
    let Call { process, occurrence, path, args, .. } = call;
    println!(
        "FAILED: {} '{}': {rule}: process {process}, {name} {occurrence} ({path} {args:x?}), {}: {:?} left {:?}: {}",
        case.tool,
        case.name,
        text(effect),
        outcome.ending,
        outcome.left,
        outcome.stderr.trim_end()
    );
    if rule.contains("left out") || rule.contains("silence") {
        print_difference(&expected.report, &stage.stable(&outcome));
    }
    false
}

fn text(effect: Effect) -> String {
    match effect {
        Effect::Error(errno) | Effect::LateError(errno) => {
            format!("{:?}", nix::errno::Errno::from_raw(errno))
        }
        Effect::Bytes(count) => format!("{count} bytes"),
        Effect::Signal(signal) => format!("signal {signal}"),
    }
}

fn print_difference(expected: &[String], found: &[String]) {
    for (sign, one, other) in [("-", expected, found), ("+", found, expected)] {
        for line in one.iter().filter(|line| !other.contains(line)) {
            println!("    {sign} {line}");
        }
    }
}
