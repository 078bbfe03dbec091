//! A long watch.

use crate::common::{
    Descendant, Frozen, Process, needs_root, note, on_purpose, poll_until, probe, tool, wait_for_first_look,
};
use crate::{alone, size};

/// What the memory of a watch may grow by, in KiB, once it has been there for a hundred rounds: nine bytes in each round of an
/// hour.
const GROWTH: usize = 32;

/// Bids the GNU C library keep no freed blocks ready for later. It keeps seven of each size up to 1,032 bytes, about 230 KiB if
/// there are seven of all, and in thousands of rounds there come to be more and more of them. Then a little that is never freed
/// would not show. Other C libraries do not know the variable.
const KEEP_NO_BLOCKS: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");

/// Rows that stay, so that a listing which is not given back would be seen.
const STANDING: &str = "for at in $(seq 100); do unshare -u sleep $((1000 + at)) & done
for at in $(seq 100); do until pgrep -xf \"sleep $((1000 + at))\" >/dev/null; do sleep 0.01; done; done";

/// Its own memory in KiB, without the pages of its file, of which more are read in as more of it runs. The kernel counts these
/// pages one by one for smaps_rollup. RssAnon in status is, before Linux 6.16, a sum that each processor may be 31 pages behind.
fn resident(pid: i32) -> usize {
    let sums = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = sums.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

scene_test!(an_hour_of_rounds);
/// As many as there are in an hour with one a second, each with a change: a namespace comes, and goes.
fn an_hour_of_rounds() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let _place = alone();
    let frozen = Frozen::new(STANDING);
    let watching =
        frozen.lsns("--watch=0.1 -r -t uts -o NS,TYPE").env(KEEP_NO_BLOCKS.0, KEEP_NO_BLOCKS.1).leashed().spawn();
    wait_for_first_look(|| watching.children());
    let tool = watching.children()[0];
    let rounds = size(3600);
    let lines = |count: usize| {
        poll_until("a change", || watching.stdout().lines().count() >= count);
        let said = watching.stdout();
        let from = said.lines().skip(count.saturating_sub(4)).collect::<Vec<_>>();
        assert_eq!(said.lines().count(), count, "the last of them: {from:?}");
    };
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
