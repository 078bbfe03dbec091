//! What is asked of the namespaces of others: the options of nsenter(1).

use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::sync::Arc;

use super::Command;
use crate::cli::nsenter::{IdArgument, network_name};
use crate::enter::nsenter::NamespaceSource;
use crate::face::namespace::Namespace;
use crate::face::setting::Target;
use crate::namespace::Kind;

impl Command {
    /// The process whose namespaces [`Command::all`] and [`Command::namespaces`] speak of. Alone, it enters nothing.
    ///
    /// ```no_run
    /// # fn main() -> nskit::Result<()> {
    /// use nskit::{Command, Kind, Target};
    ///
    /// Command::new("ip").arg("address").target(Target::container("web")).namespaces([Kind::Net]).status()?;
    /// Command::new("sh").target(Target::unit("nginx.service")).all().root_of_target().status()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn target(&mut self, target: Target) -> &mut Command {
        self.joins("target");
        self.join.target = Some(target.0);
        self
    }

    /// All namespaces of the target.
    pub fn all(&mut self) -> &mut Command {
        self.joins("all");
        self.join.all = true;
        self
    }

    /// The namespaces of the target of these kinds.
    pub fn namespaces(&mut self, kinds: impl IntoIterator<Item = Kind>) -> &mut Command {
        self.joins("namespaces");
        for kind in kinds {
            self.enters(kind, NamespaceSource::Target);
        }
        self
    }

    /// Enters this namespace. Of its kind, it is this one and not the target's.
    pub fn enter(&mut self, namespace: &Namespace) -> &mut Command {
        self.joins("enter");
        match namespace.try_clone() {
            Ok(copy) => {
                let path = format!("/proc/self/fd/{}", copy.as_fd().as_raw_fd());
                self.held.push(Arc::new(copy));
                self.enters(namespace.kind(), NamespaceSource::File(path.into()));
            }
            Err(error) => drop(self.wrong.get_or_insert(error)),
        }
        self
    }

    /// The network namespace of the socket that is this descriptor of the target.
    pub fn net_of_socket(&mut self, fd: u32) -> &mut Command {
        self.joins("net_of_socket");
        self.join.net_socket = Some(i32::try_from(fd).unwrap_or(i32::MAX));
        self
    }

    /// As `ip netns exec NAME`: the network namespace of this name, with its /sys and its files of /etc.
    pub fn netns(&mut self, name: impl AsRef<Path>) -> &mut Command {
        self.joins("netns");
        self.join.netns = self.checked_name(name.as_ref());
        self
    }

    /// Enters the user namespace too that owns what is entered otherwise, as for a network namespace that no process is in. If it
    /// is called twice, the user namespace is entered that owns that one, and so on.
    pub fn user_parent(&mut self) -> &mut Command {
        self.joins("user_parent");
        self.join.user_parent = self.join.user_parent.saturating_add(1);
        self
    }

    /// The root directory of the target.
    pub fn root_of_target(&mut self) -> &mut Command {
        self.joins("root_of_target");
        self.join.root = Some(None);
        self
    }

    /// The working directory of the target.
    pub fn current_dir_of_target(&mut self) -> &mut Command {
        self.joins("current_dir_of_target");
        self.join.working_directory = Some(None);
        self
    }

    /// The environment of the target, without the variables that make a loader load files. Changes of the environment are
    /// changes of this one.
    pub fn env_of_target(&mut self) -> &mut Command {
        self.joins("env_of_target");
        self.join.environment = true;
        self
    }

    /// The user and the group of the target.
    pub fn ids_of_target(&mut self) -> &mut Command {
        self.joins("ids_of_target");
        (self.join.uid, self.join.gid) = (Some(IdArgument::Follow), Some(IdArgument::Follow));
        self
    }

    /// The cgroups of the target.
    pub fn cgroups_of_target(&mut self) -> &mut Command {
        self.joins("cgroups_of_target");
        self.join.join_cgroup = true;
        self
    }

    /// The SELinux context of the target.
    pub fn context_of_target(&mut self) -> &mut Command {
        self.joins("context_of_target");
        self.join.follow_context = true;
        self
    }

    /// As the target is: all of its namespaces, its directories, environment, cgroups, user, limits and rights.
    pub fn like_target(&mut self) -> &mut Command {
        self.joins("like_target");
        self.join.like_target = true;
        self
    }

    /// User and groups stay as they are where a user namespace is entered. Without this, the program runs as root there, which an
    /// ordinary user who enters a user namespace that maps no root cannot do (EINVAL).
    pub fn preserve_credentials(&mut self) -> &mut Command {
        self.joins("preserve_credentials");
        self.join.preserve_credentials = true;
        self
    }

    /// The program itself stays outside of an entered PID namespace; only its children will be in it.
    pub fn no_fork(&mut self) -> &mut Command {
        self.joins("no_fork");
        self.join.no_fork = true;
        self
    }

    fn enters(&mut self, kind: Kind, source: NamespaceSource) {
        self.join.namespaces.retain(|(known, _)| *known != kind);
        self.join.namespaces.push((kind, source));
    }

    fn checked_name(&mut self, name: &Path) -> Option<std::path::PathBuf> {
        let name = network_name(name.as_os_str());
        if name.is_none() {
            self.is_wrong("the name of a network namespace is that of a file in /run/netns");
        }
        name
    }

    fn joins(&mut self, method: &'static str) {
        self.joined_by.get_or_insert(method);
    }
}
