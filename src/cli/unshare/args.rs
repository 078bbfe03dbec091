//! What was typed, and how an option adds to it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::cli::capabilities::Capabilities;
use crate::cli::getopt::{Matched, UsageError, Wording};
use crate::cli::value::{self, BlockArgument, IdOrName, block_argument};
use crate::enter::setting::{ClockChange, Propagation, Setgroups};
use crate::enter::unshare::{NewMount, UnshareRequest};
use crate::namespace::Kind;
use crate::sys::signal::{SignalNumber, SignalSet};

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnshareArgs {
    /// The fields that need no look-up: an option sets them as the plan reads them. `resolve` fills in
    /// the others.
    pub request: UnshareRequest,
    /// The files to keep the namespaces on, the last one of each kind.
    pub keep: Vec<(Kind, PathBuf)>,
    /// --fork.
    pub fork: bool,
    /// --kill-child.
    pub kill_child: Option<SignalNumber>,
    /// --forward-signals.
    pub forward_signals: Option<SignalSet>,
    /// --init.
    pub init: bool,
    /// --pty.
    pub pty: bool,
    /// --status-fd.
    pub status_fd: Option<i32>,
    /// --mount-proc, with its directory.
    pub mount_proc: Option<Option<PathBuf>>,
    /// --mount-binfmt, with its directory.
    pub mount_binfmt: Option<Option<PathBuf>>,
    /// -r, -c or --map-user.
    pub map_user: Option<SingleId>,
    /// -r, -c or --map-group.
    pub map_group: Option<SingleId>,
    /// --map-users and its kin.
    pub map_users: Vec<BlockArgument>,
    /// --map-groups and its kin.
    pub map_groups: Vec<BlockArgument>,
    /// --cap-drop, --cap-add and --no-new-privs.
    pub capabilities: Capabilities,
    /// --setuid.
    pub uid: Option<IdOrName>,
    /// --setgid.
    pub gid: Option<IdOrName>,
    /// --monotonic.
    pub monotonic: Option<ClockChange>,
    /// --boottime.
    pub boottime: Option<ClockChange>,
    /// The program and its arguments.
    pub program: Vec<OsString>,
}

/// The id that the caller gets inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SingleId {
    /// This one.
    To(IdOrName),
    /// The same as outside.
    Current,
}

impl SingleId {
    pub(crate) const ROOT: SingleId = SingleId::To(IdOrName::Id(0));
}

impl AsMut<Capabilities> for UnshareArgs {
    fn as_mut(&mut self) -> &mut Capabilities {
        &mut self.capabilities
    }
}

impl UnshareArgs {
    pub(crate) fn mount(&mut self, mount: NewMount) {
        self.request.kinds.insert(Kind::Mount);
        self.request.mounts.push(mount);
    }

    pub(crate) fn unshare(&mut self, kind: Kind, file: Option<OsString>) {
        self.request.kinds.insert(kind);
        if let Some(file) = file {
            self.keep.retain(|(kept, _)| *kept != kind);
            self.keep.push((kind, file.into()));
        }
    }

    /// binfmt_misc is mounted inside, and its handlers belong to the user namespace.
    pub(crate) fn imply_binfmt(&mut self) {
        self.request.kinds.insert(Kind::Mount);
        self.request.kinds.insert(Kind::User);
    }

    pub(super) fn read_propagation(&mut self, matched: Matched<'_, UnshareArgs>) -> Result<(), UsageError> {
        let wording = Wording::Bare("unsupported propagation mode");
        self.request.propagation =
            matched.read(wording, "private, shared, slave or unchanged", |mode| match mode.as_bytes() {
                b"private" => Some(Propagation::Private),
                b"shared" => Some(Propagation::Shared),
                b"slave" => Some(Propagation::Slave),
                b"unchanged" => Some(Propagation::Unchanged),
                _ => None,
            })?;
        Ok(())
    }

    pub(crate) fn map_single(&mut self, user: Option<SingleId>, group: Option<SingleId>) {
        self.request.kinds.insert(Kind::User);
        self.map_user = user.or(self.map_user.take());
        self.map_group = group.or(self.map_group.take());
    }

    pub(crate) fn map_blocks(&mut self, users: Option<BlockArgument>, groups: Option<BlockArgument>) {
        self.request.kinds.insert(Kind::User);
        self.map_users.extend(users);
        self.map_groups.extend(groups);
    }

    pub(super) fn read_setgroups(&mut self, matched: Matched<'_, UnshareArgs>) -> Result<(), UsageError> {
        let wording = Wording::Quoted("unsupported --setgroups argument");
        self.request.setgroups = Some(matched.read(wording, "allow or deny", |mode| match mode.as_bytes() {
            b"allow" => Some(Setgroups::Allow),
            b"deny" => Some(Setgroups::Deny),
            _ => None,
        })?);
        Ok(())
    }

    pub(super) fn keep_variables(&mut self, names: Option<OsString>) {
        let names = names.unwrap_or_default().into_vec();
        let names = names.split(|byte| *byte == b',').filter(|name| !name.is_empty());
        let names = names.map(|name| OsString::from_vec(name.to_vec()));
        self.request.variables.get_or_insert_default().extend(names);
    }
}

pub(super) fn read_block(matched: &Matched<'_, UnshareArgs>) -> Result<BlockArgument, UsageError> {
    let value = matched.value.as_deref().unwrap_or_default();
    block_argument(value).ok_or_else(|| {
        matched.bad_value(value::what_is_wrong_with_block(value), "INNER:OUTER:COUNT, auto, ranges, subids or all")
    })
}
