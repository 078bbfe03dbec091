//! What [`super::resolve`] has opened, by what it is for.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use super::Request;
use crate::enter::handles::Handles;
use crate::enter::target::Target;
use crate::namespace::Kind;

/// A directory that is open.
#[derive(Debug)]
pub struct Directory {
    /// By which path.
    pub path: PathBuf,
    /// The descriptor, good for fchdir(2) only.
    pub fd: OwnedFd,
}

/// What has been opened outside, before anything is entered.
#[derive(Debug, Default)]
pub struct Opened {
    /// The target.
    pub target: Option<Target>,
    /// Namespaces that were given by file, id or socket.
    pub namespaces: Vec<(Kind, OwnedFd)>,
    /// The new root directory.
    pub root: Option<Directory>,
    /// The new working directory.
    pub working_directory: Option<Directory>,
    /// The target's directory in /proc, whose owner is that of the process.
    pub process: Option<OwnedFd>,
    /// The cgroup.procs files of the cgroups to join.
    pub cgroups: Vec<(PathBuf, OwnedFd)>,
}

impl Opened {
    /// Hands all of it over, and has the request refer to it.
    pub fn hand_over(self, request: &mut Request) -> Handles {
        let mut handles = Handles::of_target(self.target);
        if let (Some(target), Some(process)) = (&mut handles.target, self.process) {
            target.keep_directory(process);
        }
        let mut add = |path: PathBuf, file| handles.add(path, file);
        let namespace = |(kind, file): (Kind, OwnedFd)| (kind, add(format!("ns/{kind}").into(), file));
        request.join.files = self.namespaces.into_iter().map(namespace).collect();
        request.root = self.root.map(|root| add(root.path, root.fd));
        request.working_directory = self.working_directory.map(|directory| add(directory.path, directory.fd));
        request.cgroups = self.cgroups.into_iter().map(|(path, file)| add(path, file)).collect();
        handles
    }
}
