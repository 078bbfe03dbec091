//! Namespaces that are mounted in another mount namespace, or above the root directory that one has been shut into.

use std::os::fd::AsRawFd;

use crate::common::{Frozen, on_purpose, skip};

/// A network namespace whose owner has no process, mounted in a mount namespace with a process, and one in a mount
/// namespace without.
const SCENE: &str = r#"
: >/mnt/net; : >/mnt/user; : >/mnt/mnt
# mounted: sets NET and OWNER to those of a process that ends, mounted in a new mount namespace of process HOLDER.
mounted() {
	unshare -Urn sleep 1001 & settle net $!; P=$!
	NET=$(inode /proc/$P/ns/net); OWNER=$(inode /proc/$P/ns/user)
	unshare -m /bin/bash -c 'for kind in net user; do mount --bind "/proc/$0/ns/$kind" "/mnt/$kind"; done
		echo >told; exec sleep 1002' $P & HOLDER=$!
	until [[ -s told ]]; do sleep 0.01; done
	rm told; started $HOLDER; kill $P; wait $P || true
	MOUNT=$(inode /proc/$HOLDER/ns/mnt)
}
mounted; NET1=$NET; OWNER1=$OWNER; MOUNT1=$MOUNT
mounted; NET2=$NET; OWNER2=$OWNER; MOUNT2=$MOUNT
mount --bind /proc/$HOLDER/ns/mnt /mnt/mnt; kill $HOLDER; wait $HOLDER || true
tell NET1 NET2 OWNER1 OWNER2 MOUNT1 MOUNT2
"#;

/// Rows in any order.
#[track_caller]
fn expect(frozen: &Frozen, printed: &str, rows: &[&str]) {
    let mut rows: Vec<String> = rows.iter().map(|row| frozen.expand(row)).collect();
    rows.sort();
    assert_eq!(printed.lines().collect::<Vec<_>>(), rows);
}

const ROWS: &[&str] = &[
    "$NET1 $OWNER1 unassigned mount\\x20/mnt/net\\x20in\\x20mnt:[$MOUNT1]",
    "$NET2 $OWNER2 unassigned mount\\x20/mnt/net\\x20in\\x20mnt:[$MOUNT2]",
];

scene_test!(mount_namespaces_need_not_be_among_the_kinds_that_are_listed);
fn mount_namespaces_need_not_be_among_the_kinds_that_are_listed() {
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let frozen = Frozen::on_one_processor(SCENE);
    for kinds in ["-t net", "-t net -t mnt -Q TYPE=='net'"] {
        let lsns = frozen.lsns(&format!("-rnP {kinds} -o NS,ONS,NETNSID,HELD-BY"));
        expect(&frozen, &lsns.ok(), ROWS);
    }
    frozen.end();
}

scene_test!(a_proc_of_another_pid_namespace_is_looked_at_by_its_own_numbers);
fn a_proc_of_another_pid_namespace_is_looked_at_by_its_own_numbers() {
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let frozen = Frozen::on_one_processor(SCENE);
    let lsns = crate::common::tool("lsns").display().to_string();
    let inside = ["unshare", "-pf", &lsns, "-rnP", "-t", "net"];
    let columns = ["-o", "NS,ONS,NETNSID,HELD-BY"];
    let printed = frozen.run("/usr/bin:/bin", inside.into_iter().chain(columns));
    expect(&frozen, &printed.ok(), ROWS);
    frozen.end();
}

scene_test!(the_source_does_not_need_any_other);
/// What is mounted in a mount namespace with a process; the other one is held by a mount of our own.
fn the_source_does_not_need_any_other() {
    on_purpose("--scan");
    let frozen = Frozen::on_one_processor(SCENE);
    let lsns = frozen.lsns("-rn --scan=elsewhere -t net -o NS,ONS,NETNSID,HELD-BY");
    expect(&frozen, &lsns.ok(), &ROWS[..1]);
    let lsns = frozen.lsns("-rn --scan=elsewhere,mount -t net -o NS,ONS,NETNSID,HELD-BY");
    expect(&frozen, &lsns.ok(), ROWS);
    frozen.end();
}

/// A network namespace that is mounted outside of a jail, which is a mount of the root directory itself: in our mount
/// namespace; in another one, whose first process is in the jail; and in one whose only process is.
const JAILS: &str = r#"
mkdir /mnt/jail; mount --bind / /mnt/jail; mount -t proc proc /mnt/jail/proc
: >/mnt/net
# mounted COMMAND: runs it in a new mount namespace where a new network namespace is mounted, and sets NET and MOUNT.
mounted() {
	unshare -n sleep 1001 & settle net $!; P=$!
	NET=$(inode /proc/$P/ns/net)
	unshare -m /bin/bash -c "mount --bind /proc/$P/ns/net /mnt/net; echo >told; $1 exec chroot /mnt/jail sleep 1002" &
	HOLDER=$!
	until [[ -s told ]]; do sleep 0.01; done
	rm told; MOUNT=$(inode /proc/$HOLDER/ns/mnt)
	until [[ $(readlink /proc/$HOLDER/exe) == */sleep ]]; do sleep 0.01; done
	kill $P; wait $P || true
}
mounted 'sleep 1003 &'; NET1=$NET; MOUNT1=$MOUNT
mounted ''; NET2=$NET; MOUNT2=$MOUNT
unshare -n sleep 1001 & settle net $!
NET3=$(inode /proc/$!/ns/net); MOUNT3=$(inode /proc/$$/ns/mnt)
mount --bind /proc/$!/ns/net /mnt/net; kill $!; wait $! || true
tell NET1 NET2 NET3 MOUNT1 MOUNT2 MOUNT3
"#;

/// Whether the kernel says how many mounts there are in a mount namespace: NS_MNT_GET_INFO, Linux 6.12.
fn mounts_are_counted() -> bool {
    let file = std::fs::File::open("/proc/self/ns/mnt").unwrap();
    let mut info = [0u64; 2];
    // SAFETY: the request writes one structure of 16 bytes.
    unsafe { libc::ioctl(file.as_raw_fd(), nix::request_code_read!(0xb7, 10, 16) as libc::Ioctl, &mut info) == 0 }
}

scene_test!(a_root_directory_hides_no_mount);
fn a_root_directory_hides_no_mount() {
    crate::common::needs_root("a new proc in a root directory of its own");
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    if !mounts_are_counted() {
        skip("needs a kernel that says how many mounts there are");
    }
    let frozen = Frozen::new(JAILS);
    let elsewhere = [
        "$NET1 mount\\x20/mnt/net\\x20in\\x20mnt:[$MOUNT1] unassigned",
        "$NET2 mount\\x20/mnt/net\\x20in\\x20mnt:[$MOUNT2] unassigned",
    ];
    let lsns = frozen.lsns("-rnP -t net -o NS,HELD-BY,NETNSID");
    let here = "$NET3 mount\\x20/mnt/net unassigned";
    expect(&frozen, &lsns.ok(), &[elsewhere[0], elsewhere[1], here]);

    let lsns = crate::common::tool("lsns").display().to_string();
    let inside = ["chroot", "/mnt/jail", &lsns, "-rnP", "-t", "net"];
    let columns = ["-o", "NS,HELD-BY,NETNSID"];
    let printed = frozen.run("/usr/sbin:/usr/bin", inside.into_iter().chain(columns));
    let outside = "$NET3 mount\\x20/mnt/net\\x20in\\x20mnt:[$MOUNT3] unassigned";
    expect(&frozen, &printed.ok(), &[elsewhere[0], elsewhere[1], outside]);
    frozen.end();
}
