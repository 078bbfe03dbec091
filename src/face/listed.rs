//! What a look at all namespaces has found.

use std::collections::HashMap;
use std::fmt;

use super::held::Holder;
use super::tree;
use crate::namespace::Kind;
use crate::proc::link::Inode;

/// What tells a namespace from every other one, also after it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Identity {
    /// Its kind.
    pub kind: Kind,
    /// Its inode number, which the kernel may give to another once it is gone.
    pub inode: u64,
    /// Its 64-bit id, unique since boot; `None` before Linux 6.18 and if it could not be opened.
    pub id: Option<u64>,
}

/// As in /proc: `net:[4026531840]`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:[{}]", self.kind, self.inode)
    }
}

/// A namespace as it was seen. Nothing of it is open: [`Namespace::by_inode`](crate::Namespace::by_inode) opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceInfo {
    pub(super) identity: Identity,
    pub(super) leader: Option<u32>,
    pub(super) processes: u32,
    pub(super) holders: Vec<Holder>,
    pub(super) parent: Option<u64>,
    pub(super) owner: Option<u64>,
    pub(super) owner_uid: Option<u32>,
}

impl NamespaceInfo {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.identity.kind
    }

    /// Its inode number, as in `net:[4026531840]`.
    pub fn inode(&self) -> u64 {
        self.identity.inode
    }

    /// Its 64-bit id, unique since boot; `None` before Linux 6.18 and if it could not be opened.
    pub fn id(&self) -> Option<u64> {
        self.identity.id
    }

    /// What tells it from others after it is gone.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The process in it with the lowest PID.
    pub fn leader(&self) -> Option<u32> {
        self.leader
    }

    /// How many processes are in it that we may look into. Their PIDs are the first of [`NamespaceInfo::holders`].
    pub fn processes(&self) -> u32 {
        self.processes
    }

    /// What keeps it alive: all processes in it first. The name that `ip netns` gives is that of a mount in /run/netns.
    ///
    /// After the processes comes all else that the sources of the [`Listing`](crate::Listing) show. What a process holds that we may
    /// not look into is missing: [`Namespaces::unreadable`].
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// The inode number of the user or PID namespace in which it was made; `None` for the initial one, for other kinds, and
    /// where we may not see it.
    pub fn parent(&self) -> Option<u64> {
        self.parent
    }

    /// The inode number of the user namespace that owns it; `None` if we may not see that.
    pub fn owner(&self) -> Option<u64> {
        self.owner
    }

    /// The user who made a user namespace.
    pub fn owner_uid(&self) -> Option<u32> {
        self.owner_uid
    }
}

/// As in /proc: `net:[4026531840]`.
impl fmt::Display for NamespaceInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.identity.fmt(f)
    }
}

/// The namespaces that were found, by inode number.
#[derive(Clone, Debug)]
pub struct Namespaces {
    all: Vec<NamespaceInfo>,
    by_inode: HashMap<u64, usize>,
    unreadable: usize,
}

impl Namespaces {
    pub(super) fn new(all: Vec<NamespaceInfo>, unreadable: usize) -> Namespaces {
        let by_inode = all.iter().enumerate().map(|(at, namespace)| (namespace.inode(), at)).collect();
        Namespaces { all, by_inode, unreadable }
    }

    /// Takes ids from the look before. The process that holds a namespace may end while we look: we have seen it there, and can
    /// then no longer ask for the id. Without one it would be another namespace.
    pub(super) fn take_ids(&mut self, before: &Namespaces) {
        for namespace in self.all.iter_mut().filter(|namespace| namespace.identity.id.is_none()) {
            let known =
                before.get(namespace.inode()).filter(|known| known.holders.first() == namespace.holders.first());
            namespace.identity.id = known.and_then(NamespaceInfo::id);
        }
    }

    /// All of them, in the order of their inode numbers.
    pub fn iter(&self) -> std::slice::Iter<'_, NamespaceInfo> {
        self.all.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The one with this inode number.
    pub fn get(&self, inode: u64) -> Option<&NamespaceInfo> {
        self.by_inode.get(&inode).and_then(|at| self.all.get(*at))
    }

    /// The one with this 64-bit id.
    pub fn by_id(&self, id: u64) -> Option<&NamespaceInfo> {
        self.iter().find(|namespace| namespace.id() == Some(id))
    }

    /// Those whose owner is not among these: the initial user namespace or, for an ordinary user, whatever lies right below
    /// what they may see.
    pub fn roots(&self) -> impl Iterator<Item = &NamespaceInfo> {
        self.iter().filter(|namespace| tree::owner_in(self, namespace).is_none())
    }

    /// All of them, each below the user namespace that owns it, with its depth: 0 for [roots](Namespaces::roots).
    pub fn owner_tree(&self) -> impl Iterator<Item = (usize, &NamespaceInfo)> {
        tree::by_owner(self).into_iter()
    }

    /// How many processes we were not allowed to look into. If there are some, namespaces may be missing. Of other things that we
    /// may not look into, nothing is counted. As root it is mostly 0: a protected process can refuse root too.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}

impl IntoIterator for Namespaces {
    type Item = NamespaceInfo;
    type IntoIter = std::vec::IntoIter<NamespaceInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'n> IntoIterator for &'n Namespaces {
    type Item = &'n NamespaceInfo;
    type IntoIter = std::slice::Iter<'n, NamespaceInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The number as callers know it.
pub(super) fn number(inode: Inode) -> u64 {
    inode.get().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each inode number, id and process.
    fn namespaces(seen: &[(u64, Option<u64>, u32)]) -> Namespaces {
        let info = |(inode, id, pid): &(u64, Option<u64>, u32)| NamespaceInfo {
            identity: Identity { kind: Kind::Uts, inode: *inode, id: *id },
            leader: Some(*pid),
            processes: 1,
            holders: vec![Holder::Process { pid: *pid }],
            parent: None,
            owner: None,
            owner_uid: None,
        };
        Namespaces::new(seen.iter().map(info).collect(), 0)
    }

    #[test]
    fn a_process_that_ends_during_the_look_leaves_the_namespace_the_same() {
        let before = namespaces(&[(1, Some(11), 7), (2, Some(12), 8), (3, None, 9), (4, Some(14), 10)]);
        let mut during = namespaces(&[(1, None, 7), (2, None, 20), (3, None, 9), (4, Some(24), 10), (5, None, 7)]);
        during.take_ids(&before);
        let ids: Vec<Option<u64>> = during.iter().map(NamespaceInfo::id).collect();
        assert_eq!(ids, [Some(11), None, None, Some(24), None]);
    }
}
