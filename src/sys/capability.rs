//! The capabilities of this process, see capabilities(7).

use nix::errno::Errno;

use super::check;

/// The three capability sets of capget(2), a bit a capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapabilitySets {
    /// Those that permission checks look at.
    pub effective: u64,
    /// Those that may be made effective.
    pub permitted: u64,
    /// Capabilities that survive the execve(2) of a file which has them inheritable as well.
    pub inheritable: u64,
}

/// CAP_SETGID of capabilities(7).
pub const CAP_SETGID: u32 = 6;
/// CAP_SETUID of capabilities(7).
pub const CAP_SETUID: u32 = 7;
/// CAP_SETPCAP of capabilities(7).
pub const CAP_SETPCAP: u32 = 8;
/// CAP_SYS_CHROOT of capabilities(7).
pub const CAP_SYS_CHROOT: u32 = 18;
/// CAP_SYS_PTRACE of capabilities(7).
pub const CAP_SYS_PTRACE: u32 = 19;
/// CAP_SYS_ADMIN of capabilities(7).
pub const CAP_SYS_ADMIN: u32 = 21;
/// CAP_SYS_RESOURCE of capabilities(7).
pub const CAP_SYS_RESOURCE: u32 = 24;
/// CAP_SYS_TIME of capabilities(7).
pub const CAP_SYS_TIME: u32 = 25;
/// CAP_SETFCAP of capabilities(7).
pub const CAP_SETFCAP: u32 = 31;

impl CapabilitySets {
    /// Whether `capability` is effective.
    pub const fn has(&self, capability: u32) -> bool {
        self.effective & 1 << capability != 0
    }
}

/// The names of capabilities(7), without `CAP_`, in lower case: each stands at its number.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// The number of the capability with this name: with or without `cap_`, in any case.
pub fn number_of(name: &str) -> Option<u32> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("cap_").unwrap_or(&name);
    NAMES.iter().position(|known| *known == name).and_then(|at| u32::try_from(at).ok())
}

/// A set of capabilities, of those that the kernel knows or may know one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    /// None.
    pub const EMPTY: CapabilitySet = CapabilitySet(0);
    /// All.
    pub const ALL: CapabilitySet = CapabilitySet(u64::MAX);

    /// With this one; one that no set of the kernel has room for (64 and more) is passed over.
    #[must_use]
    pub const fn with(self, capability: u32) -> CapabilitySet {
        if capability < u64::BITS { CapabilitySet(self.0 | 1 << capability) } else { self }
    }

    /// Without those of `other`.
    #[must_use]
    pub const fn difference(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 & !other.0)
    }

    /// Those that both have.
    #[must_use]
    pub const fn intersection(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 & other.0)
    }

    /// Those of either.
    #[must_use]
    pub const fn union(self, other: CapabilitySet) -> CapabilitySet {
        CapabilitySet(self.0 | other.0)
    }

    /// All others.
    #[must_use]
    pub const fn complement(self) -> CapabilitySet {
        CapabilitySet(!self.0)
    }

    /// Those whose bits are set, as /proc/PID/status shows them.
    pub const fn of_bits(bits: u64) -> CapabilitySet {
        CapabilitySet(bits)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The name of each, or its number if it has no name yet.
    pub fn names(self) -> Vec<String> {
        let name = |capability: u32| {
            NAMES.get(capability as usize).map_or(capability.to_string(), |name| format!("cap_{name}"))
        };
        self.iter().map(name).collect()
    }

    fn iter(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |capability| self.0 & 1 << capability != 0)
    }
}

/// struct __user_cap_header_struct of <linux/capability.h>.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// struct __user_cap_data_struct; version 3 takes two, the lower 32 capabilities first.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// _LINUX_CAPABILITY_VERSION_3: 64 capabilities, since Linux 2.6.26.
const VERSION_3: u32 = 0x2008_0522;

/// The capabilities of this process. capget(2) does not fail for the caller itself.
pub fn get() -> nix::Result<CapabilitySets> {
    let mut header = Header { version: VERSION_3, pid: 0 };
    let mut halves = [Half::default(); 2];
    // SAFETY: both structures have the layout of version 3, which the header names.
    check(unsafe { libc::syscall(libc::SYS_capget, &mut header, halves.as_mut_ptr()) })?;
    let join = |half: fn(&Half) -> u32| u64::from(half(&halves[0])) | u64::from(half(&halves[1])) << 32;
    Ok(CapabilitySets {
        effective: join(|half| half.effective),
        permitted: join(|half| half.permitted),
        inheritable: join(|half| half.inheritable),
    })
}

/// Sets the capabilities of this process. Errors of capset(2): EPERM if a permitted one would be gained.
fn set(sets: CapabilitySets) -> nix::Result<()> {
    let mut header = Header { version: VERSION_3, pid: 0 };
    let half = |shift: u32| Half {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let halves = [half(0), half(32)];
    // SAFETY: both structures have the layout of version 3, which the header names.
    check(unsafe { libc::syscall(libc::SYS_capset, &mut header, halves.as_ptr()) }).map(drop)
}

/// Adds `capability`, which must be permitted and inheritable, to the ambient set: PR_CAP_AMBIENT of prctl(2).
/// Errors: EPERM if it is not, EINVAL if the kernel has no such capability.
fn raise_ambient(capability: u32) -> nix::Result<()> {
    // SAFETY: this prctl takes plain numbers.
    check(
        unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, libc::c_ulong::from(capability), 0, 0) }
            .into(),
    )
    .map(drop)
}

/// The calls by which capabilities change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilityCall {
    /// capget(2).
    Get,
    /// capset(2).
    Set,
    /// PR_CAP_AMBIENT of prctl(2).
    Ambient,
    /// PR_CAPBSET_READ or PR_CAPBSET_DROP of prctl(2).
    Bounding,
}

impl CapabilityCall {
    /// All of them.
    pub const ALL: [CapabilityCall; 4] =
        [CapabilityCall::Get, CapabilityCall::Set, CapabilityCall::Ambient, CapabilityCall::Bounding];
}

/// Raises every permitted capability into the ambient set, so that a program run by a user other than root keeps it.
/// Errors: the call that failed, and its errno: those of capget(2), capset(2) and PR_CAP_AMBIENT.
pub fn permitted_to_ambient() -> Result<(), (CapabilityCall, Errno)> {
    let of = |call| move |errno| (call, errno);
    let mut sets = get().map_err(of(CapabilityCall::Get))?;
    sets.inheritable |= sets.permitted;
    set(sets).map_err(of(CapabilityCall::Set))?;
    for capability in (0..64).filter(|capability| sets.permitted & 1 << capability != 0) {
        // The kernel knows each of these, since it permits them. So EINVAL means that it has no ambient capabilities.
        raise_ambient(capability).map_err(of(CapabilityCall::Ambient))?;
    }
    Ok(())
}

/// One of the options of prctl(2) that take a capability.
fn prctl(option: libc::c_int, first: libc::c_int, second: u32) -> nix::Result<libc::c_long> {
    let number = |number: u32| libc::c_ulong::from(number);
    // SAFETY: these options take plain numbers.
    check(unsafe { libc::prctl(option, number(first as u32), number(second), 0, 0) }.into())
}

/// Whether `capability` is in the bounding set (PR_CAPBSET_READ); `None` if the kernel has no such capability. That is asked
/// twice, in two ways: who filters system calls could have refused one of them with the same errno.
fn is_bounding(capability: u32) -> nix::Result<Option<bool>> {
    match prctl(libc::PR_CAPBSET_READ, capability as libc::c_int, 0) {
        Ok(answer) => Ok(Some(answer != 0)),
        Err(Errno::EINVAL) => match prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET, capability) {
            Err(Errno::EINVAL) => Ok(None),
            _ => Err(Errno::EINVAL),
        },
        Err(errno) => Err(errno),
    }
}

/// Whether the kernel has a capability of this number.
pub fn is_known(capability: u32) -> bool {
    !matches!(is_bounding(capability), Ok(None))
}

/// Drops capabilities from the bounding set (PR_CAPBSET_DROP), so that no program that we become has them again. Those that
/// the kernel lacks are passed over. CAP_SETPCAP is made effective first where it is permitted: a change of user has left it
/// permitted only. Errors: the call that failed; EPERM of the bounding set without CAP_SETPCAP.
pub fn drop_from_bounding(dropped: CapabilitySet) -> Result<(), (CapabilityCall, Errno)> {
    let of = |call| move |errno| (call, errno);
    let sets = get().map_err(of(CapabilityCall::Get))?;
    if sets.permitted & !sets.effective & 1 << CAP_SETPCAP != 0 {
        let effective = sets.effective | 1 << CAP_SETPCAP;
        set(CapabilitySets { effective, ..sets }).map_err(of(CapabilityCall::Set))?;
    }
    for capability in dropped.iter() {
        match is_bounding(capability).map_err(of(CapabilityCall::Bounding))? {
            Some(true) => {
                let number = capability as libc::c_int;
                prctl(libc::PR_CAPBSET_DROP, number, 0).map_err(of(CapabilityCall::Bounding))?;
            }
            Some(false) => {}
            // Nor has it any behind that.
            None => break,
        }
    }
    Ok(())
}

/// Takes capabilities out of the effective, permitted and inheritable sets; the kernel takes them out of the ambient one.
/// Errors: the call that failed.
pub fn drop_capabilities(dropped: CapabilitySet) -> Result<(), (CapabilityCall, Errno)> {
    let sets = get().map_err(|errno| (CapabilityCall::Get, errno))?;
    let left = CapabilitySets {
        effective: sets.effective & !dropped.0,
        permitted: sets.permitted & !dropped.0,
        inheritable: sets.inheritable & !dropped.0,
    };
    set(left).map_err(|errno| (CapabilityCall::Set, errno))
}

/// Gives this process these capabilities and no others: those of `ambient` are inheritable as well, and nothing else is. Errors:
/// the call that failed; EPERM if one would be gained.
pub fn set_exactly(
    held: CapabilitySet,
    effective: CapabilitySet,
    ambient: CapabilitySet,
) -> Result<(), (CapabilityCall, Errno)> {
    // The kernel takes whatever is not inheritable any more out of the ambient set.
    let sets = CapabilitySets { effective: effective.0, permitted: held.0, inheritable: ambient.0 };
    set(sets).map_err(|errno| (CapabilityCall::Set, errno))?;
    ambient.iter().try_for_each(raise_ambient).map_err(|errno| (CapabilityCall::Ambient, errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_numbers() {
        for (name, number) in [
            ("chown", 0),
            ("CAP_SETPCAP", CAP_SETPCAP),
            ("sys_admin", CAP_SYS_ADMIN),
            ("Cap_Sys_Time", CAP_SYS_TIME),
            ("cap_setfcap", CAP_SETFCAP),
            ("checkpoint_restore", 40),
        ] {
            assert_eq!(number_of(name), Some(number), "{name}");
        }
        for name in ["", "cap_", "cap_cap_chown", "sysadmin", "all"] {
            assert_eq!(number_of(name), None, "{name}");
        }
    }
}
