//! The vocabulary of namespaces: their kinds, sets of kinds, and what tells one namespace from another.

use std::ffi::CStr;
use std::fmt;
use std::str::FromStr;

use nix::sched::CloneFlags;

/// A kind of namespace, see namespaces(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Mount points, mount_namespaces(7).
    Mount,
    /// Host name and NIS domain name, uts_namespaces(7).
    Uts,
    /// System V IPC and POSIX message queues, ipc_namespaces(7).
    Ipc,
    /// Network devices, addresses, ports, network_namespaces(7).
    Net,
    /// Process IDs, pid_namespaces(7).
    Pid,
    /// User and group IDs and capabilities, user_namespaces(7).
    User,
    /// The root of the cgroup view, cgroup_namespaces(7).
    Cgroup,
    /// The boot and monotonic clocks, time_namespaces(7).
    Time,
}

/// The facts of a kind.
struct KindInfo {
    kind: Kind,
    clone_flag: CloneFlags,
    /// Its name in /proc/PID/ns and in `kind:[inode]`.
    name: &'static CStr,
    /// The short option of unshare and nsenter.
    letter: u8,
    /// Their long option.
    long: &'static str,
    /// The link in /proc/PID/ns to the namespace that children will be in, for a kind that has a separate one.
    for_children: Option<&'static CStr>,
}

/// CLONE_NEWTIME of clone(2). libc and nix lack it for some C libraries.
const CLONE_NEWTIME: CloneFlags = CloneFlags::from_bits_retain(0x80);

/// Every kind once, in the order in which options, bind mounts and messages name them.
const TABLE: [KindInfo; 8] = [
    KindInfo::new(Kind::Mount, CloneFlags::CLONE_NEWNS, c"mnt", b'm').long("mount"),
    KindInfo::new(Kind::Uts, CloneFlags::CLONE_NEWUTS, c"uts", b'u'),
    KindInfo::new(Kind::Ipc, CloneFlags::CLONE_NEWIPC, c"ipc", b'i'),
    KindInfo::new(Kind::Net, CloneFlags::CLONE_NEWNET, c"net", b'n'),
    KindInfo::new(Kind::Pid, CloneFlags::CLONE_NEWPID, c"pid", b'p').for_children(c"pid_for_children"),
    KindInfo::new(Kind::User, CloneFlags::CLONE_NEWUSER, c"user", b'U'),
    KindInfo::new(Kind::Cgroup, CloneFlags::CLONE_NEWCGROUP, c"cgroup", b'C'),
    KindInfo::new(Kind::Time, CLONE_NEWTIME, c"time", b'T').for_children(c"time_for_children"),
];

impl KindInfo {
    /// The facts of a kind whose long option is its name, and whose namespaces children share.
    const fn new(kind: Kind, clone_flag: CloneFlags, name: &'static CStr, letter: u8) -> KindInfo {
        KindInfo { kind, clone_flag, name, letter, long: text(name), for_children: None }
    }

    const fn long(mut self, name: &'static str) -> KindInfo {
        self.long = name;
        self
    }

    const fn for_children(mut self, name: &'static CStr) -> KindInfo {
        self.for_children = Some(name);
        self
    }
}

/// A name of the table, all of which are ASCII.
const fn text(name: &'static CStr) -> &'static str {
    match name.to_str() {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// A kind finds its row by its number.
const _: () = {
    let mut row = 0;
    while row < TABLE.len() {
        assert!(TABLE[row].kind as usize == row);
        row += 1;
    }
};

impl Kind {
    /// All kinds in the order in which namespaces are entered one by one. If the kernel refuses several, the message
    /// names the first of them.
    #[doc(hidden)]
    pub const IN_ORDER_OF_ENTERING: [Kind; TABLE.len()] =
        [Kind::User, Kind::Cgroup, Kind::Ipc, Kind::Uts, Kind::Net, Kind::Pid, Kind::Mount, Kind::Time];

    /// Every kind, in table order.
    pub const ALL: [Kind; TABLE.len()] = {
        let mut all = [Kind::Mount; TABLE.len()];
        let mut row = 0;
        while row < TABLE.len() {
            all[row] = TABLE[row].kind;
            row += 1;
        }
        all
    };

    const fn facts(self) -> &'static KindInfo {
        &TABLE[self as usize]
    }

    /// Its CLONE_NEW* flag, as in clone(2).
    #[doc(hidden)]
    pub const fn clone_flag(self) -> u32 {
        self.facts().clone_flag.bits().cast_unsigned()
    }

    /// Its name in /proc/PID/ns: `mnt`, `net`, ….
    pub const fn name(self) -> &'static str {
        text(self.facts().name)
    }

    /// The same as a C string, for system calls.
    #[doc(hidden)]
    pub const fn link(self) -> &'static CStr {
        self.facts().name
    }

    /// The link in /proc/PID/ns to the namespace that PID's children will be in: a separate one for PID and time
    /// namespaces (`pid_for_children`, `time_for_children`), the ordinary one for the other kinds.
    #[doc(hidden)]
    pub const fn name_for_children(self) -> &'static str {
        match self.facts().for_children {
            Some(name) => text(name),
            None => self.name(),
        }
    }

    /// The same as a C string; `None` for a kind without a separate link.
    #[doc(hidden)]
    pub const fn link_for_children(self) -> Option<&'static CStr> {
        self.facts().for_children
    }

    /// Whether the children of a process may be in another namespace of this kind than the process.
    #[doc(hidden)]
    pub const fn has_for_children(self) -> bool {
        self.facts().for_children.is_some()
    }

    /// Its long option in unshare and nsenter.
    #[doc(hidden)]
    pub const fn long_option(self) -> &'static str {
        self.facts().long
    }

    /// Its short option in unshare and nsenter.
    #[doc(hidden)]
    pub const fn letter(self) -> u8 {
        self.facts().letter
    }

    /// The kind that /proc/PID/ns calls `name`.
    #[doc(hidden)]
    pub fn from_name(name: &[u8]) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name().as_bytes() == name)
    }

    /// The kind with this one CLONE_NEW* flag, as NS_GET_NSTYPE answers it (ioctl_ns(2)).
    #[doc(hidden)]
    pub fn from_clone_flag(flag: u32) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.clone_flag() == flag)
    }
}

/// From its name in /proc/PID/ns. Errors: no kind has this name.
impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Kind, UnknownKind> {
        Kind::from_name(name.as_bytes()).ok_or_else(|| UnknownKind(name.to_string()))
    }
}

/// No kind of namespace has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKind(String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Kind::ALL.map(Kind::name).join(", ");
        write!(f, "no kind of namespace is called '{}': there are {names}", self.0.escape_debug())
    }
}

impl std::error::Error for UnknownKind {}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct KindSet(u8);

impl KindSet {
    /// No kind.
    pub const EMPTY: KindSet = KindSet(0);

    /// Every kind.
    pub const ALL: KindSet = KindSet(((1u16 << Kind::ALL.len()) - 1) as u8);

    /// The set with `kind` added.
    #[must_use]
    pub const fn with(self, kind: Kind) -> KindSet {
        KindSet(self.0 | 1 << kind as u8)
    }

    /// The set with `kind` taken out.
    #[must_use]
    pub const fn without(self, kind: Kind) -> KindSet {
        KindSet(self.0 & !(1 << kind as u8))
    }

    /// The kinds of both sets.
    #[must_use]
    pub const fn union(self, other: KindSet) -> KindSet {
        KindSet(self.0 | other.0)
    }

    /// The kinds that are not in `other`.
    #[must_use]
    pub const fn difference(self, other: KindSet) -> KindSet {
        KindSet(self.0 & !other.0)
    }

    /// The kinds in both.
    #[must_use]
    pub const fn intersection(self, other: KindSet) -> KindSet {
        KindSet(self.0 & other.0)
    }

    /// Adds `kind`.
    pub fn insert(&mut self, kind: Kind) {
        *self = self.with(kind);
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in the set, in table order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    /// The CLONE_NEW* flags of all its kinds, as unshare(2) and setns(2) take them.
    pub fn clone_flags(self) -> CloneFlags {
        let flags = self.iter().map(|kind| kind.facts().clone_flag);
        flags.fold(CloneFlags::empty(), CloneFlags::union)
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> KindSet {
        kinds.into_iter().fold(KindSet::EMPTY, KindSet::with)
    }
}

impl fmt::Display for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, kind) in self.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{kind}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Identifies a namespace: device and inode number of its nsfs file, see namespaces(7). Once the namespace is gone, the
/// kernel may use the inode number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId {
    /// Device number of nsfs (st_dev).
    pub dev: u64,
    /// Inode number (st_ino), the number in `net:[4026531840]`.
    pub ino: u64,
}

/// A number by which somebody names a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceNumber {
    /// Its inode number, as in `net:[4026531840]`.
    Inode(u64),
    /// Its 64-bit id, unique since boot, see NS_GET_ID in ioctl_ns(2).
    Id(u64),
}

impl fmt::Display for NamespaceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamespaceNumber::Inode(inode) => write!(f, "[{inode}]"),
            NamespaceNumber::Id(id) => write!(f, ":{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_kinds() {
        for (kind, facts) in Kind::ALL.into_iter().zip(&TABLE) {
            assert_eq!(kind, facts.kind);
            assert_eq!(Kind::from_name(facts.name.to_bytes()), Some(kind));
            assert!(!kind.name().is_empty() && !kind.name_for_children().is_empty());
            assert_eq!(Kind::from_clone_flag(kind.clone_flag()), Some(kind));
        }
    }

    #[test]
    fn a_set_lists_its_kinds_in_table_order() {
        let set: KindSet = [Kind::Time, Kind::Mount, Kind::Net].into_iter().collect();
        assert_eq!(set.to_string(), "mnt, net, time");
        assert_eq!(set.without(Kind::Net).to_string(), "mnt, time");
        assert_eq!(set.clone_flags().bits(), 0x0002_0000 | 0x4000_0000 | 0x80);
    }

    #[test]
    fn sets_are_joined_and_taken_from_each_other() {
        let one: KindSet = [Kind::Mount, Kind::Net].into_iter().collect();
        let other: KindSet = [Kind::Net, Kind::Time].into_iter().collect();
        assert_eq!(one.union(other).to_string(), "mnt, net, time");
        assert_eq!(one.difference(other).to_string(), "mnt");
        assert_eq!(KindSet::ALL, Kind::ALL.into_iter().collect());
    }
}
