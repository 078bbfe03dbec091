//! The places where a namespace can hide, a function each.

use std::fs::File;
use std::os::fd::IntoRawFd;
use std::path::Path;

use nskit::internals::namespace::Kind;

use super::calls::{check, mount, name_of, namespace_of, numbers_in, own_pid, set_namespace, unshare};
use super::member::{Member, fork, pause, wait};
use super::report::Report;
use super::{kinds, ordinary_kinds};

/// A process in a new namespace of each kind.
pub fn in_processes(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds).alone();
        for kind in kinds {
            let holder = format!("process {member}");
            report.add(&namespace_of(member, kind.name()), "process", &holder);
        }
    }
}

/// A thread in new namespaces, its leader in the old ones. Its own PIDs and clocks a thread cannot change, but those of its
/// children.
pub fn in_a_thread(report: &mut Report) {
    let mut kinds = ordinary_kinds();
    let unshared = kinds.clone();
    let (say, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        unshare(&unshared);
        wait(fork(|| {}));
        // SAFETY: no arguments.
        say.send(unsafe { libc::gettid() }).unwrap();
        pause();
    });
    let tid = hear.recv().unwrap();
    let pid = own_pid();
    kinds.sort_by_key(|kind| kind.has_for_children());
    for kind in kinds {
        let (place, holder) = match kind.has_for_children() {
            true => ("thread's children", "children-of"),
            false => ("thread", "thread"),
        };
        let at = format!("/proc/{pid}/task/{tid}/ns/{}", kind.name_for_children());
        report.add(at.as_ref(), place, &format!("{holder} {pid}/{tid}"));
    }
}

/// A process in new namespaces, of which only a second thread still runs. Of a leader that has exited /proc still tells the
/// user namespace and the PID namespace.
pub fn in_a_thread_without_leader(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let spawn = || drop(std::thread::spawn(pause));
        // SAFETY: ends this thread only. Its stack stays, and what it was to drop lives as long as the process.
        let end = || unsafe { libc::syscall(libc::SYS_exit, 0) };
        let pid = Member::running(&kinds, spawn, || {
            end();
        })
        .alone();
        let stat = format!("/proc/{pid}/stat");
        while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
            std::thread::yield_now();
        }
        let threads = numbers_in(format!("/proc/{pid}/task").as_ref());
        let thread = *threads.iter().find(|tid| **tid != pid).unwrap();
        for kind in kinds {
            let holder = match kind {
                Kind::User | Kind::Pid => format!("process {pid}"),
                _ => format!("thread {pid}/{thread}"),
            };
            let at = format!("/proc/{pid}/task/{thread}/ns/{kind}");
            report.add(at.as_ref(), "thread without leader", &holder);
        }
    }
}

/// Namespaces that nobody is in and the next child would be. The one for PIDs has to have had a process, or it could not
/// be seen at all.
pub fn for_children(report: &mut Report) {
    let mut kinds = kinds();
    kinds.retain(|kind| kind.has_for_children());
    unshare(&kinds);
    let pid = fork(|| {});
    wait(pid);
    let pid = own_pid();
    for kind in kinds {
        let place = kind.name_for_children();
        report.add(&namespace_of(pid, place), place, &format!("children-of {pid}"));
    }
}

pub fn behind_descriptors(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        for kind in kinds {
            behind_a_descriptor(report, &member.namespace(kind), "descriptor");
        }
        member.end();
    }
}

pub fn behind_a_descriptor(report: &mut Report, at: &Path, place: &str) {
    let fd = File::open(at).unwrap().into_raw_fd();
    report.add(at, place, &format!("fd {}:{fd}", own_pid()));
}

pub fn behind_a_socket(report: &mut Report) {
    let ours = File::open("/proc/self/ns/net").unwrap();
    unshare(&[Kind::Net]);
    // SAFETY: plain numbers.
    let fd = check("socket", unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0) });
    let holder = format!("socket {}:{fd}", own_pid());
    report.add("/proc/self/ns/net".as_ref(), "socket", &holder);
    set_namespace(&ours);
}

/// The parent of a user namespace that has a process, and that of a PID namespace that has none: where the parent has lost
/// its first process, nobody can be in it nor below.
pub fn as_parents(report: &mut Report) {
    let member = Member::running(&[Kind::User], || unshare(&[Kind::User]), pause);
    let child = member.name(Kind::User);
    let parent = namespace_of(member.launcher, "user");
    report.add(&parent, "parent", &format!("namespace {child}"));
    member.alone();

    let with_child = || {
        unshare(&[Kind::Pid]);
        fork(pause);
    };
    let member = Member::running(&[Kind::Pid], with_child, pause);
    let child = namespace_of(member.pid, "pid_for_children");
    behind_a_descriptor(report, &child, "descriptor of a child");
    let holder = format!("namespace {}", name_of(&child));
    report.add(&member.namespace(Kind::Pid), "parent", &holder);
    member.end();
}

/// The owner of a namespace that has a process, and that of one that has none.
pub fn as_owners(report: &mut Report) {
    let pid = own_pid();
    let member = Member::new(&[Kind::User, Kind::Uts]);
    set_namespace(&File::open(member.namespace(Kind::Uts)).unwrap());
    let holder = format!("namespace {}", member.name(Kind::Uts));
    report.add(&member.namespace(Kind::User), "owner", &holder);
    let holder = format!("process {pid}");
    report.add(&member.namespace(Kind::Uts), "process of another user namespace", &holder);
    member.end();

    let member = Member::new(&[Kind::User, Kind::Net]);
    behind_a_descriptor(report, &member.namespace(Kind::Net), "descriptor, owner elsewhere");
    let holder = format!("namespace {}", member.name(Kind::Net));
    report.add(&member.namespace(Kind::User), "owner", &holder);
    member.end();
}

/// A namespace of each kind that is held by a mount only.
pub fn bind(report: &mut Report, directory: &Path, place: &str, inside: &str) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        for kind in kinds {
            bind_one(report, &member.namespace(kind), directory, place, inside);
        }
        member.end();
    }
}

pub fn bind_one(report: &mut Report, at: &Path, directory: &Path, place: &str, inside: &str) {
    let kind = name_of(at).split(':').next().unwrap().to_string();
    let point = directory.join(format!("{}-{kind}", place.replace([' ', ','], "-")));
    File::create(&point).unwrap();
    mount(Some(at), &point, None, libc::MS_BIND);
    report.add(at, place, &format!("mount {}{inside}", point.display()));
}
