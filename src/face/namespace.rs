//! An open namespace.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::error::{Error, ErrorKind, Result};
use super::listed::Identity;
use crate::error::{Attempt, OfTarget, Shown};
use crate::list::model::opener;
use crate::list::query::find::find_any;
use crate::namespace::{Kind, NamespaceId, NamespaceNumber};
use crate::sys::file::open_retrying;
use crate::sys::path_of::PathOf;
use crate::sys::{nsfs, stat::fstat};

/// An open namespace. It stays alive as long as this is held.
///
/// Two are equal if they are the same namespace, however each was found.
///
/// ```
/// use nskit::{Kind, Namespace};
///
/// # fn main() -> nskit::Result<()> {
/// let mine = Namespace::current(Kind::Uts)?;
/// assert_eq!(mine, Namespace::of(std::process::id(), Kind::Uts)?);
/// assert_eq!(mine, Namespace::open("/proc/self/ns/uts")?);
/// # Ok(())
/// # }
/// ```
pub struct Namespace {
    kind: Kind,
    file: OwnedFd,
    identity: NamespaceId,
}

impl Namespace {
    /// That of a process. Errors: no such process exists, or it has ended (ESRCH); it may not be looked into, see ptrace(2)
    /// (EACCES).
    pub fn of(pid: u32, kind: Kind) -> Result<Namespace> {
        let failed = |failure| Error::of_process(failure, pid);
        let process = super::setting::pin(pid, OfTarget::Namespace(kind))?;
        let file = process.open(&format!("ns/{kind}"), OFlag::O_RDONLY);
        // Only now it is known to be of the process that was pinned. A zombie has no namespaces, and has ended.
        process.check_alive().map_err(failed)?;
        let file = file.map_err(failed)?;
        Namespace::new(kind, file)
    }

    /// That which a file leads to: of /proc/PID/ns, or one on which a namespace is kept, as `/run/netns/blue`. Errors: the file
    /// is not there (ENOENT); it leads to no namespace.
    pub fn open(path: impl AsRef<Path>) -> Result<Namespace> {
        let path = path.as_ref();
        let attempt = |errno| Error::of_call(Attempt::Open(path.into()), errno);
        // Another file is not opened: a FIFO would block, and a device act.
        let place = open_retrying(path, OFlag::O_PATH).map_err(attempt)?;
        let other = || Error::invalid(format!("{} is no namespace", path.shown()));
        if !nsfs::is_on_nsfs(&place) {
            return Err(other());
        }
        let file = open_retrying(PathOf::file(&place).as_c_str(), OFlag::O_RDONLY).map_err(attempt)?;
        let kind = nsfs::kind(&file).ok().flatten().ok_or_else(other)?;
        Namespace::new(kind, file)
    }

    /// That with this inode number, which stands in `net:[4026531840]`: looked for wherever something keeps a namespace. No two
    /// namespaces have one number at a time, of whatever kinds they are. Errors: we see none; root may see more.
    pub fn by_inode(inode: u64) -> Result<Namespace> {
        Namespace::by(NamespaceNumber::Inode(inode))
    }

    /// That with this 64-bit id, which no other has had since boot: see [`Namespace::id`]. Errors: we see none.
    pub fn by_id(id: u64) -> Result<Namespace> {
        Namespace::by(NamespaceNumber::Id(id))
    }

    fn by(number: NamespaceNumber) -> Result<Namespace> {
        let (kind, file) = find_any(number).map_err(Error::of_look)?.ok_or_else(|| {
            Error::invalid(format!("namespace {number} does not exist, or is not visible"))
                .with_kind(ErrorKind::NotFound)
        })?;
        Namespace::new(kind, file)
    }

    /// That of the calling thread. Errors: /proc is not mounted (ENOENT); descriptors have run out.
    pub fn current(kind: Kind) -> Result<Namespace> {
        let path = format!("/proc/thread-self/ns/{kind}");
        let file = open_retrying(path.as_str(), OFlag::O_RDONLY);
        Namespace::new(kind, file.map_err(|errno| Error::of_call(Attempt::Open(path.into()), errno))?)
    }

    fn new(kind: Kind, file: OwnedFd) -> Result<Namespace> {
        let stat = fstat(&file).map_err(|errno| Error::of_call("cannot look at a namespace", errno))?;
        Ok(Namespace { kind, file, identity: NamespaceId { dev: stat.st_dev, ino: stat.st_ino } })
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its inode number. Once a namespace has ended, the kernel may give its number to another.
    pub fn inode(&self) -> u64 {
        self.identity.ino
    }

    /// Its 64-bit id, unique since boot. `None` before Linux 6.18, where only mount namespaces have one.
    pub fn id(&self) -> Option<u64> {
        opener::id(&self.file).ok()
    }

    /// What tells it from others after it is gone.
    pub fn identity(&self) -> Identity {
        Identity { kind: self.kind, inode: self.inode(), id: self.id() }
    }

    /// The user namespace that owns it: a process with a capability there has it over this one. Errors: it lies above or beside
    /// our own user namespace, where we may not look (EPERM).
    pub fn owner(&self) -> Result<Namespace> {
        let owner = nsfs::owner(&self.file);
        Namespace::new(
            Kind::User,
            owner.map_err(|errno| Error::of_call(format!("cannot ask for the owner of namespace {self}"), errno))?,
        )
    }

    /// The PID or user namespace in which it was made. Errors: it is the initial one, or its parent is out of our sight
    /// (EPERM); other kinds have none (EINVAL).
    pub fn parent(&self) -> Result<Namespace> {
        let what = format!("cannot ask for the parent of namespace {self}");
        Namespace::new(self.kind, nsfs::parent(&self.file).map_err(|errno| Error::of_call(what, errno))?)
    }

    /// Another handle for the same namespace. Errors: descriptors have run out.
    pub fn try_clone(&self) -> Result<Namespace> {
        let copy = self.file.try_clone().map_err(|error| {
            Error::of_call(
                "cannot copy the descriptor of a namespace",
                Errno::from_raw(error.raw_os_error().unwrap_or(0)),
            )
        })?;
        Ok(Namespace { kind: self.kind, file: copy, identity: self.identity })
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl From<Namespace> for OwnedFd {
    fn from(namespace: Namespace) -> OwnedFd {
        namespace.file
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Namespace) -> bool {
        self.identity == other.identity
    }
}

impl Eq for Namespace {}

impl Hash for Namespace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity.hash(state);
    }
}

/// As in /proc: `net:[4026531840]`.
impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:[{}]", self.kind, self.inode())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({self})")
    }
}
