//! What to look for, and where.

use std::path::{Path, PathBuf};

use super::source::{Source, SourceSet};
use crate::namespace::{Kind, KindSet};
use crate::sys::file;
use crate::sys::stat::stat;

/// The inode numbers of the first user and PID namespace, PROC_USER_INIT_INO and PROC_PID_INIT_INO of the kernel.
const FIRST_USER: u64 = 0xefff_fffd;
const FIRST_PID: u64 = 0xefff_fffc;

/// What to look for, and where.
#[derive(Clone, Debug)]
pub struct Scope<'s> {
    /// /proc, or a tree that looks like it.
    pub root: &'s Path,
    /// Where namespaces are looked for.
    pub sources: SourceSet,
    /// The kinds that processes are looked at for.
    pub kinds: KindSet,
    /// The kinds that descriptors, sockets and mounts are looked at for.
    pub held: KindSet,
}

impl Scope<'_> {
    pub(super) fn wants(&self, source: Source) -> bool {
        self.sources.contains(source)
    }

    /// Whether this is a proc, so that the answers of the kernel are about the same system.
    pub(super) fn is_real(&self) -> bool {
        self.root == Path::new("/proc") || file::is_of_proc(self.root)
    }

    /// Whether we are in the first user and PID namespace: the kernel then tells those with the capabilities of everything.
    pub(super) fn is_in_first(&self) -> bool {
        let is =
            |kind: Kind, first: u64| stat(&self.own().join(format!("ns/{kind}"))).is_ok_and(|ns| ns.st_ino == first);
        is(Kind::User, FIRST_USER) && is(Kind::Pid, FIRST_PID)
    }

    /// Our own directory in it. A proc of another PID namespace may have none; then it is the one in /proc.
    pub(super) fn own(&self) -> PathBuf {
        file::own_directory(self.root)
    }
}
