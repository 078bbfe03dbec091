//! Where the output goes, and what it is besides a table: JSON for each option, the list of columns, messages.

use crate::common::{Call, Ending, Frozen, newer_than_theirs, on_purpose, part, their_bug};

const SCENE: &str = r#"
unshare -U sleep 1001 & settle user $!; A=$!; started $A; tell A
sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' $'no \xff utf-8 \\ "\n' &
until pgrep -x cat >/dev/null; do sleep 0.01; done
USER_NS=$(inode /proc/1/ns/user); tell USER_NS
"#;

scene_test!(json_is_valid_for_each_option);
fn json_is_valid_for_each_option() {
    their_bug("JSON with bytes that are no UTF-8 is none");
    let frozen = Frozen::new(SCENE);
    let python = ["-c", "import json, sys; json.load(open(sys.argv[1], encoding='utf-8', errors='strict'))"];
    for args in [
        "",
        "-l",
        "-n",
        "-W",
        "-u",
        "-P",
        "-t net",
        "-t user -t pid",
        "-p $A",
        "-p 1 -T",
        "-T",
        "-Tparent",
        "-Tprocess",
        "--output-all",
        "--output-all -T",
        "-o NSFS,COMMAND",
        "-o +PNS",
        "$USER_NS",
        "$USER_NS -T",
        "$USER_NS --output-all",
        "-H",
        "-Q PID==1",
        "-Q PID==77",
        "-P -t cgroup",
        "0",
    ] {
        let json = frozen.lsns(&frozen.expand(&format!("-J {args}"))).ok();
        let file = frozen.scene.file("json", &json);
        let checked = Call::new("python3").args(python).args([&file]).run();
        assert_eq!(checked.ending, Ending::Exited(0), "{args}: {}\n{json}", checked.stderr);
    }
    let command = frozen.lsns("-J -t uts -o COMMAND").ok();
    assert!(command.contains("\"command\": \"no \\\\xff utf-8 \\\\ \\\"\\n\""), "{command}");
    frozen.end();
}

scene_test!(what_drives_a_terminal_is_escaped_in_every_form);
fn what_drives_a_terminal_is_escaped_in_every_form() {
    on_purpose("control characters are escaped in JSON, too");
    let frozen = Frozen::new(
        r#"sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat' $'\x1b \x7f \xc2\x80 \xc2\x9b \xc2\x9f \xc2\xa0' &
        until pgrep -x cat >/dev/null; do sleep 0.01; done"#,
    );
    let command = |args: &str| {
        let printed = frozen.lsns(&format!("-t uts -o COMMAND {args}"));
        printed.env("LC_ALL", "C.UTF-8").ok()
    };
    let json = "\"\\u001b \\u007f \\u0080 \\u009b \\u009f \u{a0}\"";
    assert!(command("-J").contains(json));
    let table = "\\x1b \\x7f \\xc2\\x80 \\xc2\\x9b \\xc2\\x9f \u{a0}\n";
    assert!(command("-l").contains(table));
    let raw = "\\x1b\\x20\\x7f\\x20\\xc2\\x80\\x20\\xc2\\x9b\\x20\\xc2\\x9f\\x20\\xc2\\xa0\n";
    assert!(command("-r").contains(raw));
    frozen.end();
}

scene_test!(every_line_of_a_cell_is_padded_in_the_c_locale);
fn every_line_of_a_cell_is_padded_in_the_c_locale() {
    their_bug("what is not ASCII is padded too little, from the second line of a cell on");
    let frozen = Frozen::new(
        "for file in a \u{fc} longer-than-that-one; do : >/mnt/$file; mount --bind /proc/1/ns/uts /mnt/$file; done",
    );
    let printed = frozen.lsns("-t uts -o NSFS,TYPE").ok();
    let expected = [
        "NSFS                      TYPE",
        "/mnt/a                    uts",
        "/mnt/\\xc3\\xbc             ",
        "/mnt/longer-than-that-one ",
        "",
    ];
    assert_eq!(printed, expected.join("\n"));
    frozen.end();
}

scene_test!(options_follow_the_operand_whatever_posix_says);
fn options_follow_the_operand_whatever_posix_says() {
    on_purpose("options may follow the operand");
    let lsns = Call::new(crate::common::tool("lsns")).env("POSIXLY_CORRECT", "1");
    assert!(lsns.args(["0", "-J"]).ok().starts_with("{\n"));
}

const COLUMNS: &str = "       NS <integer> namespace identifier (inode number)
     TYPE <string>  kind of namespace
     PATH <string>  path to the namespace
   NPROCS <integer> number of processes in the namespace
      PID <integer> lowest PID in the namespace
     PPID <integer> PPID of the PID
  COMMAND <string>  command line of the PID
      UID <integer> UID of the PID
     USER <string>  username of the PID
  NETNSID <string>  namespace ID as used by network subsystem
     NSFS <string>  nsfs mountpoint (usually used network subsystem)
      PNS <integer> parent namespace identifier (inode number)
      ONS <integer> owner namespace identifier (inode number)
  HELD-BY <string>  what keeps the namespace alive
  HOLDERS <string>  processes in the namespace and all else that keeps it
     NSID <integer> 64-bit identifier, unique since boot
   CGROUP <string>  cgroup of the PID
     UNIT <string>  systemd unit of the PID
CONTAINER <string>  container of the PID (runtime and id)
   UIDMAP <string>  user map (inner outer count)
   GIDMAP <string>  group map (inner outer count)
    LINKS <string>  network interfaces and where they lead
ADDRESSES <string>  addresses of the network interfaces
   MOUNTS <integer> number of mounts
 HOSTNAME <string>  host name
  OFFSETS <string>  clock offsets in seconds
    NSPID <string>  PIDs of the PID, from outside inwards
  THREADS <string>  threads in the namespace whose process is elsewhere
    FOUND <string>  what --find has found in the namespace
";

scene_test!(columns_are_listed);
fn columns_are_listed() {
    crate::common::otherwise_since((2, 42), "fewer columns, and so another width");
    newer_than_theirs((2, 40), "--list-columns");
    let lsns = |args: &[&str]| Call::new(crate::common::tool("lsns")).args(args).ok();
    assert_eq!(lsns(&["-H"]), COLUMNS);
    assert_eq!(lsns(&["--list-columns", "-t", "net", "--output-all"]), COLUMNS);
    let raw = "TYPE <string> kind\\x20of\\x20namespace";
    for args in [["-H", "-r"], ["-r", "-H"]] {
        assert_eq!(lsns(&args).lines().nth(1), Some(raw));
    }
    let json = lsns(&["-J", "-H"]);
    let first = "{\n   \"lsns-columns\": [\n      {\n         \"holder\": \"NS\",\n         \"type\": \"<integer>\",\n         \"description\": \"namespace identifier (inode number)\"\n      },{\n         \"holder\": \"TYPE\",\n";
    assert!(json.starts_with(first) && json.ends_with("\n      }\n   ]\n}\n"), "{json}");
}

scene_test!(a_filter_chooses_rows);
fn a_filter_chooses_rows() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    newer_than_theirs((2, 40), "--filter");
    let frozen = Frozen::new(SCENE);
    let pids = |filter: &str| frozen.lsns_args(["-n", "-o", "PID,TYPE", "--filter", filter]).ok();
    assert_eq!(pids("COMMAND == \"sleep 1001\""), frozen.expand("  $A user\n"));
    assert_eq!(pids("COMMAND =~ '^sl' and NPROCS lt 2K"), frozen.expand("  $A user\n"));
    assert_eq!(pids("user == 'root' and PPID == 1 && TYPE eq \"user\""), frozen.expand("  $A user\n"));
    assert_eq!(pids("NPROCS == 0"), "");
    // Truth values, and comparisons of comparisons.
    assert_eq!(pids("TYPE == \"user\" and NPROCS == true and PPID == 1"), frozen.expand("  $A user\n"));
    assert_eq!(pids("9999 < NPROCS < 9 and COMMAND == \"sleep 1001\""), frozen.expand("  $A user\n"));
    assert_eq!(pids("1 < NPROCS < 0"), "");
    assert_eq!(pids("TYPE == \"a\" == \"b\" and COMMAND == \"sleep 1001\""), frozen.expand("  $A user\n"));
    assert_eq!(pids("NPROCS < \"5\" and COMMAND == \"sleep 1001\""), frozen.expand("  $A user\n"));
    // The processes of a namespace, by what is printed or not.
    let members =
        |filter: &str| frozen.lsns_args([frozen.variable("USER_NS"), "-n", "-o", "COMMAND", "-Q", filter]).ok();
    assert_eq!(members("PID == 1.0"), frozen.lsns_args(["-n", "-o", "COMMAND", "-t", "mnt"]).ok());
    let broken = frozen.lsns_args(["-Q", "PID == (1"]).run();
    assert_eq!(broken.failed("lsns", 1, &["PID == (1", "unexpected end at 10"]), [""; 0]);
    frozen.end();
}

scene_test!(a_cell_that_is_no_number_is_unequal_to_every_one);
fn a_cell_that_is_no_number_is_unequal_to_every_one() {
    newer_than_theirs((2, 40), "--filter");
    on_purpose("theirs ends there");
    let frozen = Frozen::new("");
    let types =
        |filter: &str| frozen.lsns_args(["-n", "-l", "-t", "net", "-t", "uts", "-o", "TYPE", "-Q", filter]).ok();
    assert_eq!(types("NETNSID == 0"), "");
    assert_eq!(types("NETNSID != 0"), "net\n");
    assert_eq!(types("NETNSID == 'unassigned'"), "net\n");
    // By their numbers, which can be either way round.
    let mut both: Vec<String> = types("TYPE != 5").lines().map(str::to_string).collect();
    both.sort();
    assert_eq!(both, ["net", "uts"]);
    frozen.end();
}

scene_test!(what_is_not_there_is_named);
fn what_is_not_there_is_named() {
    let frozen = Frozen::new("");
    for (args, words) in [
        ("-o NS,foo", &["foo"][..]),
        ("-t foo", &["foo"]),
        ("-p x", &["x"]),
        ("-T=foo", &["foo"]),
        ("abc", &["abc"]),
        ("77", &["77"]),
        ("-J -r", &["--json", "--raw"]),
        ("-p 1 77", &["--task"]),
    ] {
        frozen.lsns(args).run().failed("lsns", 1, words);
    }
    if !part(|| on_purpose("a PID that does not exist is an error")) {
        frozen.lsns("-p 4194000").run().failed("lsns", 1, &["4194000"]);
        // A thread of this process, which is none itself.
        let (process, thread) = (std::process::id(), nix::unistd::gettid());
        assert_ne!(thread.as_raw() as u32, process, "tests run in threads");
        Call::new(crate::common::tool("lsns")).args(["-p", &thread.to_string()]).run().failed(
            "lsns",
            1,
            &[&thread.to_string(), &process.to_string()],
        );
    }
    frozen.end();
}

scene_test!(a_pipe_that_nobody_reads_kills);
fn a_pipe_that_nobody_reads_kills() {
    // A pipe that nobody reads.
    let unread = std::io::pipe().unwrap().1;
    let outcome = Call::new(crate::common::tool("lsns")).stdout(unread).run();
    assert_eq!((outcome.ending, outcome.stderr.as_str()), (Ending::Killed(libc::SIGPIPE), ""));
}

scene_test!(as_an_ordinary_user_what_is_out_of_sight_is_left_out);
fn as_an_ordinary_user_what_is_out_of_sight_is_left_out() {
    crate::common::needs_root("a process of another user");
    let frozen = Frozen::new(SCENE);
    let tool = crate::common::tool("lsns").display().to_string();
    // HOLDERS has a line for each namespace that belongs to another.
    for args in ["-o TYPE,USER", "-T -o TYPE,USER", "--output-all -W"] {
        let alone = ["setpriv", "--reuid=1001", "--regid=1001", "--clear-groups", &tool, "-n", "-l"];
        let rows = frozen.run("/usr/bin", alone.into_iter().chain(args.split(' '))).ok();
        // Its own namespaces, one of each kind: nothing else is its to see.
        assert_eq!(rows.lines().count(), 8, "{args}:\n{rows}");
        assert!(rows.lines().all(|line| line.contains(" alice")), "{args}:\n{rows}");
    }
    frozen.end();
}
