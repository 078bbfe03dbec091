//! --find and FOUND: which namespaces have a device, an interface, an address, a container or a process's holds in them.

use crate::common::{Ending, Frozen, needs_root, on_purpose, skip};
use crate::terminal::shown;

/// A file system that is mounted only in a mount namespace which a descriptor alone holds; a pair of interfaces, one of them
/// in a network namespace without a process; a thread elsewhere.
const SCENE: &str = r#"
truncate -s 2M disk; mkfs.ext2 -q disk; DISK=$PWD/disk
LOOP=$(losetup -f --show disk); DEVICE=$(printf '%d:%d' $(stat -c '0x%t 0x%T' $LOOP))
unshare -m /bin/sh -c "mkdir -p '/mnt/da,ta'; mount $LOOP '/mnt/da,ta'; mount -t tmpfs tank/data /mnt; exec sleep 1001" &
until M=$(pgrep -xf 'sleep 1001'); do sleep 0.01; done
# It goes with its last mount.
losetup -d $LOOP; MNT=$(inode /proc/$M/ns/mnt)
exec 7</proc/$M/ns/mnt; kill $M; wait $M || true
unshare -n sleep 1002 & A=$!; settle net $A; NETA=$(inode /proc/$A/ns/net)
unshare -n sleep 1003 & B=$!; settle net $B; NETB=$(inode /proc/$B/ns/net)
nsenter --net=/proc/$A/ns/net /bin/sh -c "
    ip link add va address 02:42:00:00:00:07 type veth peer name vb netns $B; ip address add 10.7.7.7/24 dev va"
nsenter --net=/proc/$B/ns/net ip link set vb up
exec 8</proc/$A/ns/net; kill $A; wait $A || true
unshare -u sleep 1004 & U=$!; settle uts $U; UTS=$(inode /proc/$U/ns/uts); started $U
python3 -c "
import ctypes, os, threading, time
libc = ctypes.CDLL(None)
held = os.open('/proc/$U/ns/uts', 0)
def run():
    assert libc.unshare(0x08000000) == 0
    own = '/proc/self/task/%d' % threading.get_native_id()
    print('THREAD=%d\nIPC=%d\nHELD=%d' % (threading.get_native_id(), os.stat(own + '/ns/ipc').st_ino, held), flush=True)
    time.sleep(1000000)
threading.Thread(target=run).start()
" >told & KEEPER=$!
until [[ $(wc -l <told) == 3 ]]; do sleep 0.01; done; cat told
MAIN_NET=$(inode /proc/self/ns/net); MAIN_IPC=$(inode /proc/self/ns/ipc)
tell LOOP DEVICE MNT NETA NETB B UTS KEEPER MAIN_NET
"#;

/// `NS FOUND` of what has been found, raw, with blanks.
fn found(frozen: &Frozen, args: &str) -> String {
    let args = frozen.expand(&format!("-rnl -o NS,FOUND {args}"));
    frozen.lsns(&args).ok().replace("\\x20", " ").replace("\\x5c", "\\")
}

scene_test!(a_file_system_is_found_wherever_it_is_mounted);
fn a_file_system_is_found_wherever_it_is_mounted() {
    on_purpose("--find");
    needs_root("a device to mount");
    let frozen = Frozen::new(SCENE);
    let disk = "$MNT $LOOP on /mnt/da\\054ta ($DEVICE)\n";
    for wanted in ["$LOOP", "$DEVICE", "mount:$LOOP", "/mnt/da,ta"] {
        assert_eq!(found(&frozen, &format!("--find {wanted}")), frozen.expand(disk), "{wanted}");
    }
    // A path that does not exist here may be misspelt: a person is told that these are namespaces with the mount around it,
    // a script is not.
    let found_around = |wanted: &str| frozen.lsns(&format!("-rnl -o NS --find {wanted}"));
    let list = frozen.expand("$MNT\n");
    let below = "/mnt/da,ta/below/it";
    let piped = found_around(below).run();
    assert_eq!((piped.ending, &*piped.stdout, &*piped.stderr), (Ending::Exited(0), &*list, ""));
    let note = "lsns: note: /mnt/da,ta/below/it does not exist here: listed are namespaces with the mount around it (/mnt/da,ta)";
    let on_terminal = shown(found_around(below), 200, "C");
    assert_eq!(on_terminal.lines().collect::<Vec<_>>(), [note, list.trim_end()]);
    assert_eq!(shown(found_around(below).env("NSKIT_HINTS", "0"), 200, "C").trim_end(), list.trim_end());
    // The mount itself is found.
    assert_eq!(shown(found_around("/mnt/da,ta"), 200, "C").trim_end(), list.trim_end());
    let source = found(&frozen, "--find tank/data");
    assert!(source.starts_with(&frozen.expand("$MNT tank/data on /mnt (0:")), "{source}");
    assert_eq!(source.lines().count(), 1);
    // A path that exists here: the file system that it lies on, in every mount namespace.
    let around = found(&frozen, "--find /proc/self/status -t mnt");
    assert!(around.lines().count() >= 2 && around.lines().all(|line| line.contains(" on /proc (")), "{around}");
    frozen.end();
}

scene_test!(interfaces_and_addresses_are_found_with_their_other_ends);
fn interfaces_and_addresses_are_found_with_their_other_ends() {
    on_purpose("--find");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    for (wanted, expected) in [
        ("va", "$NETA va@if2 (down) -> vb in net:[$NETB]\n"),
        ("link:vb", "$NETB vb@if2 -> va in net:[$NETA]\n"),
        ("10.7.7.7", "$NETA va 10.7.7.7/24\n"),
        ("address:10.7.0.0/16", "$NETA va 10.7.7.7/24\n"),
        ("02-42-00-00-00-07", "$NETA va 02:42:00:00:00:07\n"),
    ] {
        assert_eq!(found(&frozen, &format!("--find {wanted}")), frozen.expand(expected), "{wanted}");
    }
    let both = found(&frozen, "--find link:va --find link:vb");
    assert_eq!(both.lines().count(), 2);
    // The process of a row has nothing to do with where it was found.
    assert_eq!(found(&frozen, "--find link:va --find link:vb -P").lines().count(), 1);
    frozen.end();
}

scene_test!(an_interface_is_found_by_each_of_its_names);
fn an_interface_is_found_by_each_of_its_names() {
    on_purpose("--find");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(
        r#"
unshare -n sleep 1001 & A=$!; settle net $A; NETA=$(inode /proc/$A/ns/net)
LONG=an-alternative-name-of-many-more-than-sixteen-bytes
LONGEST=$(printf %0127d 0)
in_a() { nsenter --net=/proc/$A/ns/net "$@"; }
in_a ip link add dm0 type bridge
ALT=no
if in_a ip link property add dev dm0 altname shortalt altname $LONG altname $LONGEST altname $'x,\e[2J'; then ALT=yes; fi
tell NETA ALT LONG LONGEST
"#,
    );
    if frozen.variable("ALT") == "no" {
        skip("alternative names are of Linux 5.5");
    }
    for (wanted, name) in [
        ("link:dm0", ""),
        ("dm0", ""),
        ("link:shortalt", "shortalt"),
        ("shortalt", "shortalt"),
        ("link:$LONG", "$LONG"),
        ("$LONG", "$LONG"),
        ("link:$LONGEST", "$LONGEST"),
        ("$LONGEST", "$LONGEST"),
        ("link:x,\x1b[2J", "x\\054\\x1b[2J"),
    ] {
        let altname = if name.is_empty() { String::new() } else { format!(" altname {name}") };
        let expected = frozen.expand(&format!("$NETA dm0 (down){altname}\n"));
        assert_eq!(found(&frozen, &format!("--find {wanted}")), expected, "{wanted}");
    }
    // The kernel takes `dm0:1` for `dm0`, in a request by ioctl(2).
    for wanted in ["link:dm0:1", "link:shortalt:1", "link:shortal", "link:$LONG+", "link:$LONGEST0"] {
        let outcome = frozen.lsns(&frozen.expand(&format!("--find {wanted}"))).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{wanted}");
    }
    frozen.end();
}

scene_test!(what_a_process_keeps_is_found);
fn what_a_process_keeps_is_found() {
    on_purpose("--find");
    needs_root("threads and descriptors of others");
    let frozen = Frozen::new(SCENE);
    let all = found(&frozen, "--find pid:$KEEPER");
    for line in ["$UTS fd $KEEPER:$HELD", "$IPC thread $KEEPER/$THREAD", "$MAIN_NET process $KEEPER"] {
        let line = frozen.expand(line);
        assert!(all.lines().any(|found| found == line), "{line}: {all}");
    }
    // Its namespaces of eight kinds, those two, and two whose descriptors it has inherited.
    assert_eq!(all.lines().count(), 12, "{all}");
    assert_eq!(found(&frozen, "--find pid:$THREAD"), frozen.expand("$IPC thread $KEEPER/$THREAD\n"));
    assert_eq!(found(&frozen, "--find pid:$B -t net"), frozen.expand("$NETB process $B\n"));
    frozen.end();
}

scene_test!(what_the_next_children_of_a_process_will_be_in_is_found);
/// The kernel shows a PID namespace by its file in /proc only once it has had a process.
fn what_the_next_children_of_a_process_will_be_in_is_found() {
    on_purpose("--find");
    needs_root("time namespaces");
    let frozen = Frozen::new(
        r#"
python3 -c "
import ctypes, os, time
assert ctypes.CDLL(None).unshare(0x20000080) == 0
print('TIME=%d' % os.stat('/proc/self/ns/time_for_children').st_ino, flush=True)
while not os.path.exists('go'): time.sleep(0.01)
if os.fork() == 0: time.sleep(1000000)
print('PIDNS=%d' % os.stat('/proc/self/ns/pid_for_children').st_ino, flush=True)
time.sleep(1000000)
" >told & P=$!
until [[ $(wc -l <told) == 1 ]]; do sleep 0.01; done; cat told; HERE=$PWD
tell P HERE
"#,
    );
    let next = || found(&frozen, "--find pid:$P -Q FOUND=~\"children-of\"");
    assert_eq!(next(), frozen.expand("$TIME children-of $P\n"));
    let script = frozen.expand("cd $HERE; : >go; until [ $(wc -l <told) = 2 ]; do sleep 0.01; done; tail -1 told");
    let told = frozen.run("/bin:/usr/bin", ["sh", "-c", &script]).ok();
    let pid_namespace = told.trim().strip_prefix("PIDNS=").unwrap().to_string();
    let mut lines = [frozen.expand("$TIME children-of $P"), frozen.expand(&format!("{pid_namespace} children-of $P"))];
    lines.sort();
    assert_eq!(next().lines().collect::<Vec<_>>(), lines);
    frozen.end();
}

scene_test!(without_output_the_columns_are_the_default_ones_and_found);
fn without_output_the_columns_are_the_default_ones_and_found() {
    on_purpose("--find");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    let header = |args: &str| {
        let text = frozen.lsns(args).ok();
        text.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(header("--find vb"), "NS TYPE NPROCS PID USER FOUND COMMAND");
    assert_eq!(header("--find vb -t net"), "NS TYPE NPROCS PID USER NETNSID NSFS FOUND COMMAND");
    assert_eq!(header("--find vb -o +PATH"), "NS TYPE NPROCS PID USER FOUND COMMAND PATH");
    assert_eq!(header("--find vb -o NS"), "NS");
    // The trunk of a tree is there, with nothing found in it.
    let tree = found(&frozen, "--find vb --tree=owner");
    assert!(tree.lines().count() == 2 && tree.contains(&frozen.expand("$NETB vb@if2")), "{tree}");
    frozen.end();
}

scene_test!(finding_nothing_is_an_error);
fn finding_nothing_is_an_error() {
    on_purpose("--find");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    for (args, looked) in [
        ("--find /no/such/x", "/no/such/x (looked at "),
        ("--find tank/other", "tank/other (looked at "),
        ("--find link:vc --find 10.9.9.9", "link:vc, 10.9.9.9 (looked at 3 network namespaces)"),
        ("--find vb -t mnt", "vb (looked at "),
        ("--find link:vb -t mnt", "link:vb (looked at no namespace)"),
        ("-J --find link:vc", "link:vc (looked at 3 network namespaces)"),
    ] {
        let outcome = frozen.lsns(args).run();
        assert_eq!(outcome.ending, Ending::Exited(1), "{args}");
        let said = outcome.stderr.strip_prefix("lsns: not found: ").unwrap_or_else(|| panic!("{args}: {outcome:?}"));
        assert!(said.starts_with(looked) && said.lines().count() == 1, "{args}: {said}");
        let empty = if args.starts_with("-J") { "{\n   \"namespaces\": [\n\n   ]\n}\n" } else { "" };
        assert_eq!(outcome.stdout, empty, "{args}");
    }
    // A path is told from other names by its slash.
    for (args, path) in [("--find etc", "./etc"), ("--find mount:etc", "./etc")] {
        let outcome = frozen.lsns(args).run();
        let hint = format!("lsns: hint: a path has a slash: for the file of this directory, --find {path}");
        assert_eq!(outcome.stderr.lines().nth(1), Some(&*hint), "{outcome:?}");
    }
    for (args, expected) in [
        ("--find pid:x", "cannot be looked for: pid:x"),
        ("--find address:x", "cannot be looked for: address:x"),
        ("--find lo -p 1", "options --find and --task cannot be combined"),
        ("--find lo 4026531836", "--find is mutually exclusive with <namespace>"),
    ] {
        let outcome = frozen.lsns(args).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{args}");
        assert_eq!(outcome.stderr.lines().next().unwrap(), format!("lsns: {expected}"), "{args}");
    }
    frozen.end();
}

scene_test!(what_is_found_drives_no_terminal_and_breaks_no_json);
/// Whoever mounts chooses the source, and whoever makes an interface its name.
fn what_is_found_drives_no_terminal_and_breaks_no_json() {
    on_purpose("--find");
    needs_root("mounts and interfaces");
    let frozen = Frozen::new(
        r#"
SOURCE=$'a b,\e[2J\\"\nc'
unshare -m /bin/bash -c 'mkdir "/mnt/$0"; mount -t tmpfs "$0" "/mnt/$0"; exec sleep 1001' "$SOURCE" &
until M=$(pgrep -xf 'sleep 1001'); do sleep 0.01; done
MNT=$(inode /proc/$M/ns/mnt)
unshare -n /bin/bash -c 'ip link add name "$0" type bridge; exec sleep 1002' $'v,\e[2J\\"' &
until pgrep -xf 'sleep 1002' >/dev/null; do sleep 0.01; done
tell MNT
"#,
    );
    let shown = "a\\040b\\054\u{1b}[2J\\134\"\\012c";
    for options in ["", "-r", "-l"] {
        let args = ["-o", "NS,FOUND", "--find", "mount:a b,\u{1b}[2J\\\"\nc", "--find", "link:v,\u{1b}[2J\\\""];
        let args = args.into_iter().chain(options.split_whitespace());
        let text = frozen.lsns_args(args).ok();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains(|character: char| character.is_control() && character != '\n'), "{text:?}");
    }
    let args = ["-J", "-o", "NS,FOUND", "--find", "mount:a b,\u{1b}[2J\\\"\nc"];
    let json: serde_json::Value = serde_json::from_str(&frozen.lsns_args(args).ok()).unwrap();
    let text = json["namespaces"][0]["found"].as_str().unwrap();
    assert!(text.starts_with(&format!("{shown} on /mnt/{shown} (0:")), "{text:?}");
    frozen.end();
}
