//! Namespaces are planted in every place where one can hide: lsns lists each with its holder, nsenter enters each, and
//! neither changes anything by looking.

#![allow(clippy::unwrap_used, unsafe_code)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod garden;

use common::{ALICE, Planted, entered, listed, note, ours, theirs};
use garden::Garden;

const LISTING: [&str; 4] = ["--scan=all", "-rn", "-o", "NS,TYPE,NSID,HELD-BY"];

/// Kernels before this one, as far as the scan can tell.
const LACKING: [(&str, &str); 5] = [
    ("6.17", "id-ioctl=ENOTTY,listns=ENOSYS,open_by_handle_at=EINVAL"),
    ("6.11", "id-ioctl=ENOTTY,listns=ENOSYS,open_by_handle_at=EINVAL,mnt-ioctls=ENOTTY"),
    (
        "6.7",
        "id-ioctl=ENOTTY,listns=ENOSYS,open_by_handle_at=EINVAL,mnt-ioctls=ENOTTY,statmount=ENOSYS,listmount=ENOSYS",
    ),
    ("without CONFIG_KCMP", "kcmp=ENOSYS"),
    // Not an old one, but one that grants next to nothing.
    (
        "without rights",
        "listns=EPERM,open_by_handle_at=EPERM,mnt-ioctls=EPERM,statmount=EPERM,listmount=EPERM,name_to_handle_at=EPERM",
    ),
];

scene_test!(every_namespace_is_listed_with_its_holder);
fn every_namespace_is_listed_with_its_holder() {
    let garden = Garden::new();
    let output = garden.call(ours("lsns"), LISTING).ok();
    let (right, wrong) = listed(&garden.planted, &output);
    assert_eq!(wrong, Vec::<String>::new());

    let output = garden.call(theirs("lsns"), ["-n", "-o", "NS"]).run().stdout;
    let found = garden.planted.iter().filter(|one| output.lines().any(|line| line.trim() == one.inode));
    note(&format!(
        "{} namespaces planted, {} listed by ours, {} by the installed lsns",
        garden.planted.len(),
        right.len(),
        found.count()
    ));
}

scene_test!(looking_changes_nothing);
fn looking_changes_nothing() {
    let garden = Garden::new();
    let before = garden.state();
    for arguments in
        [&["--scan=all", "--output-all"][..], &["--scan=all", "--tree=owner"], &["--scan=all", "--json"], &[]]
    {
        garden.call(ours("lsns"), arguments).ok();
    }
    for (_, calls) in LACKING {
        garden.without(calls, ours("lsns"), LISTING).ok();
    }
    for one in garden.planted.iter().filter(|one| one.kind == "uts") {
        garden.enter(one.option(), &one.name(), one.link());
    }
    assert_eq!(garden.state(), before);
}

scene_test!(the_same_is_listed_where_the_kernel_lacks_newer_calls);
fn the_same_is_listed_where_the_kernel_lacks_newer_calls() {
    let garden = Garden::new();
    let planted = garden.planted.iter().cloned();
    let planted: Vec<_> = planted.map(|one| Planted { id: None, ..one }).collect();
    for (kernel, calls) in LACKING {
        let listing = ["--scan=all", "-rn", "-o", "NS,TYPE,HELD-BY"];
        let output = garden.without(calls, ours("lsns"), listing).ok();
        // As if there were a column of ids, all empty.
        let rows = output.lines().map(|row| row.rsplitn(2, ' ').collect::<Vec<_>>());
        let rows: Vec<String> = rows.map(|row| format!("{}  {}", row[1], row[0])).collect();
        let (_, wrong) = listed(&planted, &rows.join("\n"));
        assert_eq!(wrong, Vec::<String>::new(), "{kernel}");
    }
}

scene_test!(all_are_listed_where_the_kernel_tells_of_all_mounts);
/// The kernel tells of all mount namespaces only outside of any PID namespace but the first.
fn all_are_listed_where_the_kernel_tells_of_all_mounts() {
    common::needs_root("to enter the PID namespace that is there");
    let garden = Garden::in_the_open();
    let output = garden.call(ours("lsns"), LISTING).ok();
    assert_eq!(listed(&garden.planted, &output).1, Vec::<String>::new());
}

scene_test!(bpf_finds_what_proc_shows);
/// The programs write the PIDs of the first PID namespace.
fn bpf_finds_what_proc_shows() {
    common::needs_root("to load BPF programs");
    let garden = Garden::in_the_open();
    let list = |sources, columns| garden.call(ours("lsns"), [sources, "-rn", "-o", columns]);
    let by_bpf = list("--scan=all,bpf", LISTING[3]).run();
    if !by_bpf.stderr.is_empty() {
        common::skip(&by_bpf.stderr);
    }
    assert_eq!(listed(&garden.planted, &by_bpf.stdout).1, Vec::<String>::new());

    // All else that is planted stays as it is, too.
    let columns = "NS,TYPE,NPROCS,PID,PPID,UID,PNS,ONS,NSFS,HOLDERS,THREADS";
    let planted = |output: String| {
        let of_planted = |row: &&str| garden.planted.iter().any(|one| row.split(' ').next() == Some(&*one.inode));
        output.lines().filter(of_planted).map(str::to_string).collect::<Vec<_>>()
    };
    let by_proc = planted(list("--scan=all", columns).ok());
    assert_eq!(by_proc.len(), garden.planted.len());
    assert_eq!(planted(list("--scan=all,bpf", columns).ok()), by_proc);
}

scene_test!(a_socket_is_not_asked_where_that_is_not_allowed);
fn a_socket_is_not_asked_where_that_is_not_allowed() {
    let garden = Garden::new();
    for errno in ["EPERM", "ENOSYS"] {
        let calls = format!("pidfd_getfd={errno},listns=ENOSYS");
        let output = garden.without(&calls, ours("lsns"), LISTING).ok();
        let (right, wrong) = listed(&garden.planted, &output);
        let asked = ["socket", "tap"];
        let planted = garden.planted.iter().filter(|one| asked.contains(&&*one.place));
        assert_eq!(wrong.len(), planted.count(), "{wrong:?}");
        assert!(right.iter().all(|one| !asked.contains(&&*one.place)));
    }
}

scene_test!(each_is_entered_by_inode_and_by_id);
fn each_is_entered_by_inode_and_by_id() {
    common::needs_root("setgroups(2)");
    let garden = Garden::new();
    let mut lines = String::new();
    for one in &garden.planted {
        for reference in one.references() {
            let came_to = garden.enter(one.option(), &reference, one.link());
            lines.push_str(&format!("{}\t{reference}\t{came_to}\n", one.kind));
        }
    }
    assert_eq!(entered(&garden.planted, &lines), Vec::<String>::new());
}

scene_test!(an_ordinary_user_sees_what_is_mounted);
/// Of what nobody but its holder shows, the mounts are for everybody to see.
fn an_ordinary_user_sees_what_is_mounted() {
    common::needs_root("ids of other users");
    let garden = Garden::new();
    let output = garden.call_as(ALICE, ours("lsns"), LISTING).ok();
    for one in &garden.planted {
        let row = output.lines().find(|row| row.starts_with(&one.inode));
        let expected = format!(
            "{} {} {} {}",
            one.inode,
            one.kind,
            one.id.as_deref().unwrap_or_default(),
            one.holder.replace(' ', "\\x20")
        );
        match one.place.starts_with("mounted here") {
            true => assert_eq!(row, Some(&*expected)),
            false => assert_eq!(row, None, "{one:?}"),
        }
    }
}

scene_test!(a_container_without_rights_sees_what_is_mounted_there);
/// A new mount namespace has copies of all mounts but those of mount namespaces.
fn a_container_without_rights_sees_what_is_mounted_there() {
    common::needs_root("ids of other users");
    let garden = Garden::new();
    let unshare = ours("unshare");
    let inside = ["-Urmpf", "--mount-proc"].map(str::to_string).into_iter();
    let lsns = ours("lsns").display().to_string();
    let arguments = inside.chain([lsns]).chain(LISTING.map(str::to_string));
    let output = garden.call_as(ALICE, unshare, arguments).ok();
    for one in &garden.planted {
        let row = output.lines().find(|row| row.starts_with(&one.inode));
        let seen = one.place.starts_with("mounted here") && one.kind != "mnt";
        assert_eq!(row.is_some(), seen, "{one:?}: {row:?}");
    }
    let members = output.lines().filter(|row| row.ends_with("process\\x201"));
    assert_eq!(members.count(), 8);
}

fn main() -> std::process::ExitCode {
    common::main()
}
