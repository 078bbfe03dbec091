//! What lies inside of namespaces: interfaces, addresses, mounts, names, clocks. Only what is asked for is looked at.
//!
//! Mostly a thread of ours enters to ask one question, see `visit`.

mod addresses;
mod names;
mod netlink;
pub mod netnsid;
pub mod network;
mod visit;

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::read;

use super::model::graph::Graph;
use super::model::opener::Opener;
use super::model::snapshot::SeenHolder;
use crate::namespace::Kind;
use crate::proc::link::{Inode, parse_name};
use crate::proc::mountinfo::{self, Mount};
use crate::proc::{cgroup, timens};
use crate::sys::file::{own_directory, place, read_bounded, read_fd_bounded};
use crate::sys::mount_tree;
use network::{Devices, Networks};
use visit::{Answer, Question};

/// If we may not enter a mount namespace, we read the mount tables of so many processes in it: each sees what is below
/// its own root directory.
const MOST_TABLES: usize = 8;

/// Looks into the namespaces of a graph.
pub struct Inside<'g> {
    graph: &'g Graph,
    opener: &'g Opener,
    root: &'g Path,
    /// What --find may mean by the name of an interface.
    links: Vec<Vec<u8>>,
    networks: OnceCell<Networks>,
}

impl<'g> Inside<'g> {
    /// The namespaces of `graph`, which was read from the /proc at `root`.
    pub fn new(graph: &'g Graph, opener: &'g Opener, root: &'g Path) -> Inside<'g> {
        Inside { graph, opener, root, links: Vec::new(), networks: OnceCell::new() }
    }

    /// Looks for interfaces that have one of these names, also as an alternative one.
    pub fn looking_for(mut self, links: impl Iterator<Item = Vec<u8>>) -> Inside<'g> {
        self.links = links.collect();
        self
    }

    /// Asks in a namespace; `None` if it cannot be opened or entered.
    fn ask(&self, kind: Kind, inode: Inode, question: Question) -> Option<Answer> {
        // The root directory of our own mount namespace is that of the namespace only once we have entered it.
        if kind != Kind::Mount && self.opener.own(kind) == Some(inode) {
            return visit::ask_here(question);
        }
        visit::ask(kind, &self.opener.open(&self.graph.snapshot, inode)?, question)
    }

    /// The host name of a UTS namespace.
    pub fn hostname(&self, inode: Inode) -> Option<Vec<u8>> {
        let question = |_: &OwnedFd, answer: &mut Answer| {
            if let Ok(names) = nix::sys::utsname::uname() {
                answer.write(names.nodename().as_bytes());
            }
        };
        Some(self.ask(Kind::Uts, inode, question)?.bytes().to_vec())
    }

    /// The offsets of a time namespace, `monotonic 5 boottime 7`.
    pub fn offsets(&self, inode: Inode) -> Option<String> {
        let namespace = self.graph.snapshot.namespaces.get(&inode)?;
        let leader = self.graph.snapshot.leader(inode).map(|process| process.pid);
        let next = namespace.holders.iter().filter_map(|holder| match holder {
            SeenHolder::Children { pid, tid: None } => Some(*pid),
            _ => None,
        });
        // The file tells those of the children to come, which may be in another namespace.
        let is_of = |pid: &i32| {
            let link = std::fs::read_link(self.root.join(format!("{pid}/ns/time_for_children"))).unwrap_or_default();
            parse_name(link.as_os_str().as_bytes()) == Some((Kind::Time, inode))
        };
        let by_process = || {
            let pid = leader.into_iter().chain(next).find(is_of)?;
            read_bounded(&self.root.join(format!("{pid}/timens_offsets")), timens::LONGEST).ok()
        };
        let question = |own: &OwnedFd, answer: &mut Answer| {
            let mut text = [0; 256];
            // The file is empty once the process has ended.
            let file = openat(own, c"../../timens_offsets", READ, Mode::empty());
            let length = file.and_then(|file| read(&file, &mut text)).unwrap_or(0);
            answer.write(&text[..length]);
        };
        let by_visit = || Some(self.ask(Kind::Time, inode, question)?.bytes().to_vec());
        Some(timens::text(&by_process().or_else(by_visit)?))
    }

    /// The cgroup file of a process.
    pub fn cgroups(&self, pid: i32) -> Vec<u8> {
        read_bounded(&self.root.join(format!("{pid}/cgroup")), cgroup::LONGEST).unwrap_or_default()
    }

    /// How many mounts are in a mount namespace.
    pub fn mount_count(&self, inode: Inode) -> Option<u64> {
        let by_kernel = || {
            let file = self.opener.open(&self.graph.snapshot, inode)?;
            Some(u64::from(mount_tree::namespace(file).ok()?.mounts))
        };
        by_kernel().or_else(|| self.mounts(inode).map(|mounts| mounts.len() as u64))
    }

    /// The mounts of a mount namespace; `None` if it shows us none.
    pub fn mounts(&self, inode: Inode) -> Option<Vec<Mount>> {
        let question = |own: &OwnedFd, answer: &mut Answer| {
            answer.write_file(openat(own, c"mountinfo", READ, Mode::empty()));
        };
        let by_visit = || {
            let [file] = self.ask(Kind::Mount, inode, question)?.files()?;
            Some(mountinfo::mounts(&read_fd_bounded(file, mountinfo::LONGEST).ok()?).collect())
        };
        by_visit().or_else(|| self.mounts_by_members(inode))
    }

    fn mounts_by_members(&self, inode: Inode) -> Option<Vec<Mount>> {
        let members = self.graph.snapshot.processes.iter();
        let members = members.filter(|process| process.namespace(Kind::Mount) == Some(inode));
        let mut roots = HashSet::new();
        let members = members.map(|process| self.root.join(process.pid.to_string()));
        let others = members.filter(|process| roots.insert(place(&process.join("root")).ok()));
        let own = (self.opener.own(Kind::Mount) == Some(inode)).then(|| own_directory(self.root));
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        for process in own.into_iter().chain(others).take(MOST_TABLES) {
            let table = read_bounded(&process.join("mountinfo"), mountinfo::LONGEST);
            all.extend(mountinfo::mounts(&table.unwrap_or_default()).filter(|mount| seen.insert(mount.id)));
        }
        (!all.is_empty()).then_some(all)
    }

    /// All network namespaces. The first call looks into each of them: the other end of a pair may be in any.
    pub fn networks(&self) -> &Networks {
        self.networks.get_or_init(|| {
            let all = self.graph.snapshot.namespaces.iter();
            let all = all.filter(|(_, namespace)| namespace.kind == Kind::Net);
            let look = |inode: Inode| Some((inode, self.devices(inode)?));
            Networks::of(all.filter_map(|(inode, _)| look(*inode)).collect::<HashMap<_, _>>())
        })
    }

    fn devices(&self, inode: Inode) -> Option<Devices> {
        let question = if self.links.is_empty() { network::open_sources } else { network::open_sources_for_names };
        network::read(self.ask(Kind::Net, inode, question)?.files_opened(), &self.links)
    }
}

const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_CLOEXEC);
