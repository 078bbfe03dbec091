//! Plants namespaces in every place where one can hide, and holds them until its standard input ends.
//!
//! - `planter plant DIRECTORY`: a line for each namespace, `KIND INODE ID PLACE HOLDER` with tabs between (the 64-bit id is
//!   `-` where the kernel tells none), `HOLDER` being what lsns has to show in HELD-BY; `lacks KIND` for a kind that the
//!   kernel does not have; then `ready`. What is mounted is mounted on DIRECTORY, in a mount namespace of its own.
//! - `planter without CALL=ERRNO,… PROGRAM ARGUMENT…`: runs a program for which these calls fail, as on an older kernel.
//!   CALL is one of [`older::CALLS`].
//! - `planter inode PID`: the inode number of a pidfd of this process.
//! - `planter in-flight`: says `net:[NUMBER]`, of a network namespace that only a message on its way holds, and `ready`.
//!
//! Each namespace has exactly one holder. So whatever lives on is started before anything is mounted in a place where it
//! would be copied from, descriptors are opened in processes without children, and nobody stays a zombie unwanted.

#![allow(unsafe_code, clippy::unwrap_used)]

mod calls;
mod member;
mod older;
mod open_files;
mod places;
mod report;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nskit::internals::namespace::Kind;

use calls::{check, mount, namespace_of, stay_on_one_processor, unshare};
use member::{children, keep, kill};
use older::{refuse, rule};
use places::{
    as_owners, as_parents, behind_a_socket, behind_descriptors, bind, bind_one, for_children, in_a_thread,
    in_a_thread_without_leader, in_processes,
};
use report::{Report, own};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["plant", directory] => plant(Path::new(directory)),
        ["without", calls, program, arguments @ ..] => {
            refuse(&calls.split(',').map(rule).collect::<Vec<_>>());
            panic!("{}", Command::new(program).args(arguments).exec());
        }
        ["inode", pid] => {
            // SAFETY: plain numbers, and a descriptor that belongs to nobody else.
            let pidfd = unsafe {
                let pid: i32 = pid.parse().unwrap();
                let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
                File::from_raw_fd(check("pidfd_open", fd as i32))
            };
            println!("{}", pidfd.metadata().unwrap().ino());
        }
        ["in-flight"] => open_files::hold_in_flight(),
        _ => panic!("plant DIRECTORY | without CALL=ERRNO,… PROGRAM ARGUMENT… | inode PID | in-flight"),
    }
}

/// The kinds that this kernel has.
fn kinds() -> Vec<Kind> {
    let has = |kind: &Kind| Path::new(&format!("/proc/self/ns/{kind}")).exists();
    Kind::ALL.into_iter().filter(has).collect()
}

/// Those of them that are owned by our user namespace whoever makes them: all but user namespaces.
fn ordinary_kinds() -> Vec<Kind> {
    let mut kinds = kinds();
    kinds.retain(|kind| *kind != Kind::User);
    kinds
}

fn plant(directory: &Path) {
    for kind in Kind::ALL {
        if !kinds().contains(&kind) {
            println!("lacks {kind}");
        }
    }
    // SAFETY: plain numbers. Orphans come to us.
    check("prctl", unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) });
    stay_on_one_processor();
    unshare(&[Kind::Mount]);
    mount(Some(Path::new("none")), directory, Some("tmpfs"), 0);

    let mut keepers = vec![
        keep(in_processes),
        keep(in_a_thread),
        keep(in_a_thread_without_leader),
        keep(for_children),
        keep(behind_descriptors),
        keep(behind_a_socket),
        keep(|report| open_files::opened_through_a_mount(report, directory)),
        keep(|report| open_files::opened_through_a_mount_that_stays(report, directory)),
        keep(|report| open_files::opened_in_another_mount_namespace(report, directory)),
        keep(open_files::in_a_tree),
        keep(open_files::in_the_table_of_a_thread),
        keep(open_files::in_the_table_of_a_zombie_leader),
        keep(open_files::behind_a_tap),
        keep(open_files::in_flight),
        keep(|report| {
            unshare(&[Kind::Mount]);
            let inside = format!(" in {}", own(Kind::Mount));
            bind(report, directory, "mounted elsewhere", &inside);
        }),
        keep(as_parents),
        keep(as_owners),
    ];
    // In a mount namespace that will have no process.
    let inner = keep(|report| {
        unshare(&[Kind::Mount]);
        let inside = format!(" in {}", own(Kind::Mount));
        bind(report, directory, "mounted nowhere", &inside);
    });
    // In one that is mounted in one that will have no process.
    let outer = keep(|report| {
        unshare(&[Kind::Mount]);
        let inside = format!(" in {}", own(Kind::Mount));
        let inner = keep(|report| {
            unshare(&[Kind::Mount]);
            let inside = format!(" in {}", own(Kind::Mount));
            bind(report, directory, "mounted two deep", &inside);
        });
        report.pass_on(&inner);
        let link = namespace_of(inner.pid, "mnt");
        bind_one(report, &link, directory, "mounted one deep", &inside);
        inner.end();
    });
    let mut report = Report::default();
    for keeper in keepers.iter().chain([&inner, &outer]) {
        report.pass_on(keeper);
    }
    bind(&mut report, directory, "mounted here", "");
    for (keeper, place) in [(inner, "mounted here, seen through"), (outer, "mounted here, seen through twice")] {
        let link = namespace_of(keeper.pid, "mnt");
        bind_one(&mut report, &link, directory, place, "");
        keeper.end();
    }

    println!("{}ready", report.0.concat());
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for keeper in keepers.drain(..) {
        keeper.end();
    }
    // What they have left to us.
    for pid in children() {
        kill(pid);
    }
}
