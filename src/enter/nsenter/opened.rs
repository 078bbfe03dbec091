//! The files that [`super::open`](super::open()) has opened, by their purpose.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use super::NsenterRequest;
use super::named::check_kind;
use crate::enter::handles::Handles;
use crate::enter::target::PinnedTarget;
use crate::error::RequestError;
use crate::namespace::{Kind, KindSet};

/// A file that is open.
#[derive(Debug)]
pub struct OpenFile {
    /// The path it was opened by, or a description of how it was found, for readers of the plan.
    pub path: PathBuf,
    /// The descriptor; that of a directory is good for fchdir(2) only.
    pub fd: OwnedFd,
}

/// The files that are opened outside, before anything is entered.
#[derive(Debug, Default)]
pub struct Opened {
    /// The target.
    pub target: Option<PinnedTarget>,
    /// Namespaces that were given by file, id or socket.
    pub namespaces: Vec<(Kind, OpenFile)>,
    /// The new root directory.
    pub root: Option<OpenFile>,
    /// The new working directory.
    pub working_directory: Option<OpenFile>,
    /// The target's directory in /proc, whose owner is that of the process.
    pub process: Option<OwnedFd>,
    /// The cgroup.procs files of the cgroups to join.
    pub cgroups: Vec<(PathBuf, OwnedFd)>,
}

impl Opened {
    /// Adds a namespace that was found by `path`, or in the way that `path` describes.
    pub fn add_namespace(&mut self, kind: Kind, path: impl Into<PathBuf>, fd: OwnedFd) {
        self.namespaces.push((kind, OpenFile { path: path.into(), fd }));
    }

    /// The namespace of this kind that was given by file, id or socket.
    pub fn namespace(&self, kind: Kind) -> Option<&OwnedFd> {
        self.file(kind).map(|file| &file.fd)
    }

    /// Fails if a file is not a namespace of the kind that it was given for, in the order in which setns(2) would.
    pub fn check_kinds(&self) -> Result<(), RequestError> {
        let mut in_order =
            Kind::IN_ORDER_OF_ENTERING.iter().filter_map(|kind| self.file(*kind).map(|file| (*kind, file)));
        in_order.try_for_each(|(kind, file)| check_kind(kind, &file.path, &file.fd))
    }

    fn file(&self, kind: Kind) -> Option<&OpenFile> {
        self.namespaces.iter().find(|(given, _)| *given == kind).map(|(_, file)| file)
    }

    /// The kinds of the namespaces.
    pub fn kinds(&self) -> KindSet {
        self.namespaces.iter().map(|(kind, _)| *kind).collect()
    }

    /// Moves all files into handles, and makes the request refer to these.
    pub fn hand_over(self, request: &mut NsenterRequest) -> Handles {
        let mut handles = Handles::of_target(self.target);
        if let (Some(target), Some(process)) = (&mut handles.target, self.process) {
            target.keep_directory(process);
        }
        let mut add = |file: OpenFile| handles.add(file.path, file.fd);
        request.join.files = self.namespaces.into_iter().map(|(kind, file)| (kind, add(file))).collect();
        request.root = self.root.map(&mut add);
        request.working_directory = self.working_directory.map(&mut add);
        request.cgroups = self.cgroups.into_iter().map(|(path, fd)| add(OpenFile { path, fd })).collect();
        handles
    }
}
