//! The vocabulary of namespaces: their kinds, sets of kinds, and what tells one namespace from another.

use std::fmt;

use nix::sched::CloneFlags;

/// A kind of namespace, see namespaces(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// What is to be known of a kind.
struct Facts {
    kind: Kind,
    clone_flag: u32,
    /// Its name in /proc/PID/ns and in `kind:[inode]`.
    name: &'static str,
    /// The name in /proc/PID/ns of the namespace that children will be in, where that is a link of its own.
    for_children: Option<&'static str>,
    /// The long option of unshare and nsenter.
    long: &'static str,
    /// Their short option.
    letter: u8,
}

/// CLONE_NEWTIME of clone(2); neither libc nor nix has it for every C library.
const CLONE_NEWTIME: u32 = 0x80;

/// Every kind once, in the order in which options, bind mounts and messages name them.
const TABLE: [Facts; 8] = [
    facts(
        Kind::Mount,
        CloneFlags::CLONE_NEWNS.bits() as u32,
        "mnt",
        None,
        "mount",
        b'm',
    ),
    facts(
        Kind::Uts,
        CloneFlags::CLONE_NEWUTS.bits() as u32,
        "uts",
        None,
        "uts",
        b'u',
    ),
    facts(
        Kind::Ipc,
        CloneFlags::CLONE_NEWIPC.bits() as u32,
        "ipc",
        None,
        "ipc",
        b'i',
    ),
    facts(
        Kind::Net,
        CloneFlags::CLONE_NEWNET.bits() as u32,
        "net",
        None,
        "net",
        b'n',
    ),
    facts(
        Kind::Pid,
        CloneFlags::CLONE_NEWPID.bits() as u32,
        "pid",
        Some("pid_for_children"),
        "pid",
        b'p',
    ),
    facts(
        Kind::User,
        CloneFlags::CLONE_NEWUSER.bits() as u32,
        "user",
        None,
        "user",
        b'U',
    ),
    facts(
        Kind::Cgroup,
        CloneFlags::CLONE_NEWCGROUP.bits() as u32,
        "cgroup",
        None,
        "cgroup",
        b'C',
    ),
    facts(
        Kind::Time,
        CLONE_NEWTIME,
        "time",
        Some("time_for_children"),
        "time",
        b'T',
    ),
];

const fn facts(
    kind: Kind,
    clone_flag: u32,
    name: &'static str,
    for_children: Option<&'static str>,
    long: &'static str,
    letter: u8,
) -> Facts {
    Facts {
        kind,
        clone_flag,
        name,
        for_children,
        long,
        letter,
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
    /// Every kind, in table order.
    pub const ALL: [Kind; 8] = [
        Kind::Mount,
        Kind::Uts,
        Kind::Ipc,
        Kind::Net,
        Kind::Pid,
        Kind::User,
        Kind::Cgroup,
        Kind::Time,
    ];

    const fn facts(self) -> &'static Facts {
        &TABLE[self as usize]
    }

    /// Its CLONE_NEW* flag, as in clone(2).
    pub const fn clone_flag(self) -> u32 {
        self.facts().clone_flag
    }

    /// Its name in /proc/PID/ns: `mnt`, `net`, ….
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The file in /proc/PID/ns of the namespace that PID's children will be in: a link of its own for PID and time
    /// namespaces (`pid_for_children`, `time_for_children`), the ordinary one for the rest.
    pub const fn name_for_children(self) -> &'static str {
        match self.facts().for_children {
            Some(name) => name,
            None => self.name(),
        }
    }

    /// Whether a process's children may be in another namespace of this kind than itself.
    pub const fn has_for_children(self) -> bool {
        self.facts().for_children.is_some()
    }

    /// Its long option in unshare and nsenter.
    pub const fn long_option(self) -> &'static str {
        self.facts().long
    }

    /// Its short option in unshare and nsenter.
    pub const fn letter(self) -> u8 {
        self.facts().letter
    }

    /// The kind that /proc/PID/ns calls `name`.
    pub fn from_name(name: &[u8]) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }

    /// The kind with this one CLONE_NEW* flag, as NS_GET_NSTYPE answers it (ioctl_ns(2)).
    pub fn from_clone_flag(flag: u32) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.clone_flag() == flag)
    }
}

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
        Kind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }

    /// The CLONE_NEW* flags of all its kinds, as unshare(2) and setns(2) take them.
    pub fn clone_flags(self) -> CloneFlags {
        // CLONE_NEWTIME is unknown to nix, so the bits are kept as they are.
        CloneFlags::from_bits_retain(
            self.iter()
                .fold(0, |flags, kind| flags | kind.clone_flag() as i32),
        )
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

/// What tells one namespace from another: device and inode number of its nsfs file, see namespaces(7). An inode number
/// may be used again once its namespace is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId {
    /// Device number of nsfs (st_dev).
    pub dev: u64,
    /// Inode number (st_ino), the number in `net:[4026531840]`.
    pub ino: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_kinds() {
        for (kind, facts) in Kind::ALL.into_iter().zip(&TABLE) {
            assert_eq!(kind, facts.kind);
            assert_eq!(Kind::from_name(facts.name.as_bytes()), Some(kind));
            assert_eq!(Kind::from_clone_flag(facts.clone_flag), Some(kind));
        }
    }

    #[test]
    fn a_set_lists_its_kinds_in_table_order() {
        let set: KindSet = [Kind::Time, Kind::Mount, Kind::Net].into_iter().collect();
        assert_eq!(set.to_string(), "mnt, net, time");
        assert_eq!(set.without(Kind::Net).to_string(), "mnt, time");
        assert_eq!(
            set.clone_flags().bits() as u32,
            0x0002_0000 | 0x4000_0000 | 0x80
        );
    }
}
