//! The parts of unshare's request that may be the reason for a failure.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::map_program::MapProgram;
use crate::cli::unshare::UnshareArgs;
use crate::cli::value;
use crate::enter::setting::{Clock, ClockChange};
use crate::enter::unshare::{MapMethod, UnshareRequest};
use crate::error::Shown;
use crate::hint::SystemView;
use crate::hint::program::Search;
use crate::ids::map::{Extent, IdKind};
use crate::namespace::{Kind, KindSet};
use crate::proc::environ;
use crate::sys::capability;
use crate::sys::signal::SignalNumber;

/// The parts of the request that may be the reason for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnshareContext {
    /// The namespaces to unshare.
    pub kinds: KindSet,
    /// Whether the program runs as a child.
    pub forks: bool,
    /// The program's name; `None` if none was given and the shell is run.
    pub program: Option<OsString>,
    /// Whether we map only the caller's own group.
    pub maps_own_group: bool,
    /// The uid_map to write.
    pub users: Vec<Extent>,
    /// The gid_map to write.
    pub groups: Vec<Extent>,
    /// The programs that are to write the maps.
    pub map_programs: Vec<MapProgram>,
    /// Whether an owner of the user namespace was given.
    pub owned: bool,
    /// What becomes of clocks.
    pub clocks: Vec<(Clock, ClockChange)>,
    /// The new root directory.
    pub root: Option<PathBuf>,
    /// Whether the new proc was not asked for, but follows from another option.
    pub proc_implied: bool,
    /// The options that were given without their optional argument.
    pub without_argument: WithoutArgument,
    /// How the program is looked for.
    pub search: Search,
    /// Our effective UID before anything was done; `None` in tests that do not need it.
    pub uid: Option<u32>,
    /// Our effective GID then.
    pub gid: Option<u32>,
    /// Our effective capabilities at that time; `None` to use the present ones.
    pub capabilities: Option<u64>,
}

/// Options with an optional argument that was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithoutArgument {
    /// --mount-proc.
    pub mount_proc: bool,
    /// --mount-binfmt.
    pub mount_binfmt: bool,
    /// --kill-child, with or without its signal.
    pub kill_child: bool,
    /// Of namespaces.
    pub kinds: KindSet,
}

impl UnshareContext {
    /// What was typed, before it becomes a request.
    pub fn typed(args: &UnshareArgs) -> UnshareContext {
        let kept = |kind: Kind| args.keep.iter().any(|(kept, _)| *kept == kind);
        UnshareContext {
            proc_implied: args.mount_proc.is_none(),
            without_argument: WithoutArgument {
                mount_proc: args.mount_proc == Some(None),
                mount_binfmt: args.mount_binfmt == Some(None),
                kill_child: args.kill_child == Some(SignalNumber::KILL),
                kinds: args.request.kinds.iter().filter(|kind| !kept(*kind)).collect(),
            },
            ..UnshareContext::default()
        }
    }

    /// The same with the request that it has become.
    pub fn resolved(self, request: &UnshareRequest, environment: &[&CStr]) -> UnshareContext {
        let lines = |map: &MapMethod| match map {
            MapMethod::None => Vec::new(),
            MapMethod::Own(line) => vec![*line],
            MapMethod::ByMapper(lines) => lines.clone(),
        };
        let passed_on = |name: &[u8]| match &request.variables {
            Some(names) => names.iter().any(|passed| passed.as_bytes() == name),
            None => true,
        };
        let uid = nix::unistd::geteuid().as_raw();
        // As root, unshare writes the maps itself.
        let by_program = [(IdKind::User, &request.uid_map), (IdKind::Group, &request.gid_map)]
            .into_iter()
            .filter(|(_, map)| uid != 0 && matches!(map, MapMethod::ByMapper(_)));
        let callers_path = environ::value(environment, b"PATH").map(OsStr::from_bytes);
        let program = request.program.as_ref().map(|program| program.file.to_bytes());
        UnshareContext {
            kinds: request.kinds,
            forks: request.fork.is_some(),
            program: program.map(|file| OsStr::from_bytes(file).to_os_string()),
            maps_own_group: matches!(request.gid_map, MapMethod::Own(_)),
            users: lines(&request.uid_map),
            groups: lines(&request.gid_map),
            owned: request.owner.is_some(),
            clocks: request.clocks.clone(),
            root: request.new_root().cloned(),
            proc_implied: self.proc_implied && request.proc.is_some(),
            search: Search {
                path: callers_path.filter(|_| passed_on(b"PATH")).map(OsStr::to_os_string),
                place: request.new_root().map(|root| format!("below the new root directory {}", root.shown())),
            },
            map_programs: by_program.filter_map(|(ids, _)| MapProgram::find(ids, callers_path)).collect(),
            uid: Some(uid),
            gid: Some(nix::unistd::getegid().as_raw()),
            capabilities: capability::get().ok().map(|sets| sets.effective),
            ..self
        }
    }

    /// Whether we had the capability before anything was done; `None` if we cannot see that.
    pub fn has(&self, capability: u32, view: &SystemView) -> Option<bool> {
        match self.capabilities {
            Some(effective) => Some(effective & 1 << capability != 0),
            None => view.has_capability(capability),
        }
    }

    /// The map to write.
    pub fn map(&self, ids: IdKind) -> &[Extent] {
        match ids {
            IdKind::User => &self.users,
            IdKind::Group => &self.groups,
        }
    }

    /// `--mount-proc DIR`, `--kill-child TERM`, `--net FILE`: an optional argument must be attached to its option.
    pub fn operand_of_option(&self, program: &OsStr) -> Option<String> {
        let name = program.to_string_lossy();
        let behind = |option: &str| {
            Some(format!("'{name}' was taken for the program: where it is meant for the option, write {option}={name}"))
        };
        let without = &self.without_argument;
        let path = Path::new(program);
        if without.kill_child && value::signal(program).is_some() {
            return behind("--kill-child");
        }
        if path.is_dir() && name.contains('/') {
            return match (without.mount_proc, without.mount_binfmt) {
                (true, _) => behind("--mount-proc"),
                (_, true) => behind("--mount-binfmt"),
                _ => None,
            };
        }
        // The user did not type an implied user or mount namespace.
        let typed = without.kinds.iter().find(|kind| ![Kind::User, Kind::Mount].contains(kind));
        let kind = typed.or_else(|| without.kinds.iter().next())?;
        let meant = crate::hint::program::is_kept_on(path) && name.contains('/');
        meant.then(|| behind(&format!("--{}", kind.long_option()))).flatten()
    }
}
