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

/// The calls that [`permitted_to_ambient`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilityCall {
    /// capget(2).
    Get,
    /// capset(2).
    Set,
    /// PR_CAP_AMBIENT of prctl(2).
    Ambient,
}

impl CapabilityCall {
    /// All of them.
    pub const ALL: [CapabilityCall; 3] = [CapabilityCall::Get, CapabilityCall::Set, CapabilityCall::Ambient];
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
