//! A long watch.

use crate::common::{
    Descendant, Frozen, Process, needs_root, note, on_purpose, poll_until, probe, tool, wait_for_first_look,
};
use crate::{alone, size};

/// What the memory of a watch may grow by, in KiB, once it has been there for a hundred rounds.
const GROWTH: usize = 64;

/// Rows that stay, so that a listing which is not given back would be seen.
const STANDING: &str = "for at in $(seq 100); do unshare -u sleep $((1000 + at)) & done
for at in $(seq 100); do until pgrep -xf \"sleep $((1000 + at))\" >/dev/null; do sleep 0.01; done; done";

/// Its own memory in KiB, without the pages of its file, of which more are read in as more of it runs.
fn resident(pid: i32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

scene_test!(an_hour_of_rounds);
/// As many as there are in an hour with one a second, each with a change: a namespace comes, and goes.
fn an_hour_of_rounds() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let _place = alone();
    let frozen = Frozen::new(STANDING);
    let watching = frozen.lsns("--watch=0.1 -r -t uts -o NS,TYPE").leashed().spawn();
    wait_for_first_look(|| watching.children());
    let tool = watching.children()[0];
    let rounds = size(3600);
    let lines = |count: usize| poll_until("a change", || watching.stdout().lines().count() == count);
    let mut early = 0;
    let mut round = 0;
    while round < rounds {
        let guest = frozen.run_next("/bin:/usr/bin", ["unshare", "-u", "cat"]).leashed();
        let mut guest: Process = guest.spawn();
        lines(round + 1);
        guest.release();
        guest.finish();
        lines(round + 2);
        round += 2;
        if round == 100 {
            early = resident(tool);
        }
    }
    let late = resident(tool);
    let open = std::fs::read_dir(format!("/proc/{tool}/fd")).unwrap().count();
    assert!(late <= early + GROWTH, "{early} KiB after 100 rounds, {late} KiB after {round}");
    assert!(open < 10, "{open} descriptors are open");
    note(&format!(
        "a watch of {round} rounds with a change in each: {early} KiB after 100 of them, {late} KiB at the end"
    ));
    drop(watching);
    frozen.end();
}

scene_test!(a_round_costs_a_listing);
fn a_round_costs_a_listing() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let _place = alone();
    let frozen = Frozen::new(STANDING);
    let (probe, lsns) = (probe().display().to_string(), tool("lsns").display().to_string());
    let call = |args: &str| {
        let line = format!("{probe} calls {lsns} {args}");
        let words: Vec<String> = line.split(' ').map(str::to_string).collect();
        frozen.run_next("/bin:/usr/bin", words.iter().map(String::as_str))
    };
    let counts = |text: &str| -> (usize, usize) {
        let (all, polls) = text.trim().split_once(' ').unwrap();
        (all.parse().unwrap(), polls.parse().unwrap())
    };
    // The ids tell namespaces apart.
    let (listing, _) = counts(&call("-r -o NS,TYPE,NPROCS,PID,USER,COMMAND,NSID").ok());
    let watching = call("--watch=0.1 -r").leashed().spawn();
    std::thread::sleep(std::time::Duration::from_secs(3));
    Descendant::of(watching.child().children()[0]).unwrap().signal(libc::SIGINT);
    let (all, polls) = counts(&watching.finish().ok());
    // The first look comes before the first wait. Around each, there are a handful of calls.
    let most = (polls + 1) * (listing + 8);
    assert!(polls >= 5 && all <= most, "{all} system calls in {polls} rounds; {listing} for a listing");
    note(&format!("a round of --watch: {} system calls; a listing: {listing}", all / (polls + 1)));
    frozen.end();
}
