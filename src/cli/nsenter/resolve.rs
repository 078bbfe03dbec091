//! [`NsenterArgs`] → [`NsenterRequest`] and [`Handles`]: looks up names, and opens the namespaces and directories to
//! enter.

use super::{IdArgument, NsenterArgs};
use crate::enter::handles::Handles;
use crate::enter::nsenter::{
    Asked, NamespaceSource, NsenterRequest, Told, has_selinux, open, open_given, open_network_by_name,
};
use crate::enter::program::Program;
use crate::enter::setting::TargetId;
use crate::error::{Failure, OfTarget, RequestError};
use crate::ids::passwd::Database;
use crate::namespace::Kind;

/// Looks up and opens what the arguments name, and checks that it fits together. This changes nothing.
///
/// Also returns the variables of the target's environment that are left out, for a note. Errors: contradictory
/// arguments, and failures to open: ESRCH if the target has ended, EACCES if we may not look into it.
pub fn resolve(mut args: NsenterArgs) -> Result<(NsenterRequest, Handles, Vec<String>), Failure> {
    // The reference opens given files when it meets their option, and looks at the target afterwards.
    let (uid, gid) = look_up(&args)?;
    let mut given = open_given(&args.namespaces, &args.root, &args.working_directory)?;
    let private_mounts = args.netns.as_ref().map(|name| open_network_by_name(name, &mut given)).transpose()?;
    let wanted = wanted_of_target(&args);
    check_target(&args, &wanted)?;
    let like = args.like_target.then(|| imply(&mut args));
    let (uid, gid) = (uid.or(implied_id(&args, like)), gid.or(implied_id(&args, like)));
    let first_wanted = wanted.first().map_or(OfTarget::Process, |(wanted, _)| *wanted);
    let request = NsenterRequest {
        working_directory_inside: args.working_directory_inside,
        fork: !args.no_fork,
        pty: args.pty,
        kill_child: args.kill_child,
        forward_signals: args.forward_signals,
        become_root: !args.preserve_credentials && !args.like_target,
        gid,
        uid,
        keep_capabilities: args.keep_capabilities,
        capabilities: args.capabilities.resolve()?,
        no_new_privileges: args.capabilities.no_new_privileges,
        private_mounts,
        program: Program::from_operands(&args.program)?,
        ..NsenterRequest::default()
    };
    let asked = Asked {
        target: args.target.map(|target| (target, first_wanted)),
        namespaces: args.namespaces,
        all: args.all,
        net_socket: args.net_socket,
        user_parent: args.user_parent,
        root: args.root,
        working_directory: args.working_directory,
        environment: args.environment,
        context: args.follow_context,
        cgroups: args.join_cgroup,
        like,
    };
    open(&asked, given, request)
}

/// What --like-target implies, as far as nothing else is said of it.
fn imply(args: &mut NsenterArgs) -> Told {
    let told = Told {
        exact_environment: args.environment,
        user: matches!(args.uid, Some(IdArgument::To(_))),
        group: matches!(args.gid, Some(IdArgument::To(_))),
        preserve_credentials: args.preserve_credentials,
    };
    args.root.get_or_insert(None);
    if args.working_directory_inside.is_none() {
        args.working_directory.get_or_insert(None);
    }
    (args.all, args.environment, args.join_cgroup, args.follow_context) = (true, true, true, true);
    told
}

/// The user and the group, where they are not given.
fn implied_id(args: &NsenterArgs, like: Option<Told>) -> Option<TargetId> {
    like.filter(|_| !args.preserve_credentials).map(|_| TargetId::Followed)
}

/// What the options ask of the target, in the reference's order, with the option that asks.
fn wanted_of_target(args: &NsenterArgs) -> Vec<(OfTarget, String)> {
    let mut wanted = Vec::new();
    let mut add = |given: bool, of_target, option: &str| {
        if given {
            wanted.push((of_target, option.to_string()));
        }
    };
    add(args.all, OfTarget::All, "--all");
    for kind in Kind::IN_ORDER_OF_ENTERING {
        let of_target =
            args.namespaces.iter().any(|(given, source)| *given == kind && *source == NamespaceSource::Target);
        add(of_target, OfTarget::Namespace(kind), &format!("--{} without a file", kind.long_option()));
    }
    add(args.net_socket.is_some(), OfTarget::Process, "--net-socket");
    add(args.root == Some(None), OfTarget::File("root"), "--root without a directory");
    add(args.working_directory == Some(None), OfTarget::File("cwd"), "--wd without a directory");
    add(args.environment, OfTarget::File("environ"), "--env");
    add(args.uid == Some(IdArgument::Follow), OfTarget::File(""), "--setuid follow");
    add(args.gid == Some(IdArgument::Follow), OfTarget::File(""), "--setgid follow");
    add(args.join_cgroup, OfTarget::Process, "--join-cgroup");
    add(args.follow_context && has_selinux(), OfTarget::Process, "--follow-context");
    add(args.like_target, OfTarget::Process, "--like-target");
    wanted
}

fn check_target(args: &NsenterArgs, wanted: &[(OfTarget, String)]) -> Result<(), RequestError> {
    match (&args.target, wanted.first()) {
        (None, Some((wanted, option))) => Err(RequestError::NeedsTarget { option: option.clone(), wanted: *wanted }),
        _ => Ok(()),
    }
}

/// User and group of the program, as numbers. Errors: nobody has that name.
pub fn look_up(args: &NsenterArgs) -> Result<(Option<TargetId>, Option<TargetId>), RequestError> {
    Ok((resolve_id(args.uid.as_ref(), Database::Users)?, resolve_id(args.gid.as_ref(), Database::Groups)?))
}

fn resolve_id(argument: Option<&IdArgument>, database: Database) -> Result<Option<TargetId>, RequestError> {
    Ok(match argument {
        None => None,
        Some(IdArgument::Follow) => Some(TargetId::Followed),
        Some(IdArgument::To(id)) => Some(TargetId::Number(id.number(database)?)),
    })
}
