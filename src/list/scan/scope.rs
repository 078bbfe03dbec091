//! What to look for, and where.

use std::path::{Path, PathBuf};

use super::source::{Source, SourceSet};
use crate::namespace::KindSet;
use crate::sys::file;

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

    /// Our own directory in it. A proc of another PID namespace may have none; then it is the one in /proc.
    pub(super) fn own(&self) -> PathBuf {
        file::own_directory(self.root)
    }
}
