//! Notes on a terminal before the program runs, if the user probably meant something else.

use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::isatty;

use super::super::SystemView;
use super::{NsenterContext, names};
use crate::enter::nsenter::NamespaceSource;
use crate::error::Shown;
use crate::namespace::Kind;
use crate::sys::file::open_retrying;
use crate::sys::stat::fstat;

/// Every note on what was asked for.
pub fn notes(context: &NsenterContext, view: &SystemView) -> Vec<String> {
    [
        target_stays_outside(context, view).filter(|_| !context.typed.of_ours),
        nothing_is_entered(context),
        file_before_name(context, view),
        without_terminal(context),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The note that also a script gets, if it uses an option that util-linux does not have: no output of theirs changes.
pub fn note_for_all(context: &NsenterContext, view: &SystemView) -> Option<String> {
    target_stays_outside(context, view).filter(|_| context.typed.of_ours)
}

/// `unshare --fork` itself stays outside of the PID namespace that it makes for its child.
fn target_stays_outside(context: &NsenterContext, view: &SystemView) -> Option<String> {
    let target = context.target.filter(|_| context.of_target.contains(Kind::Pid) && view.shows_our_pids())?;
    let theirs = view.link(&format!("/proc/{target}/ns/pid"))?;
    let childrens = view.link(&format!("/proc/{target}/ns/pid_for_children"))?;
    if theirs == childrens {
        return None;
    }
    let is_inside = |pid: &String| view.link(&format!("/proc/{pid}/ns/pid")).as_ref() == Some(&childrens);
    let children = children(target, view);
    if let Some(child) = children.iter().find(|child| is_inside(child)) {
        return Some(format!(
            "process {target} is outside of the PID namespace of its children: its child {child} is inside, and is \
             probably meant"
        ));
    }
    // An ordinary user may not look into the init of `unshare --init`, but into the program that is its child.
    let below = children.first().into_iter().flat_map(|init| self::children(init, view)).find(is_inside);
    Some(match below {
        Some(program) => format!(
            "process {target} is outside of the PID namespace of its children: process {program} is inside, and is \
             probably meant"
        ),
        None => format!("process {target} is outside of the PID namespace of its children, {childrens}"),
    })
}

/// The PIDs of the children of a process with one thread.
fn children(parent: impl std::fmt::Display, view: &SystemView) -> Vec<String> {
    let text = view.text(&format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    text.split_ascii_whitespace().map(String::from).collect()
}

/// A target, but nothing to enter: `nsenter -t PID` runs a shell right where the caller is.
fn nothing_is_entered(context: &NsenterContext) -> Option<String> {
    let target = context.target?;
    let typed = &context.typed;
    let directory = typed.directories.contains(&Some(None));
    let namespace = typed.all || !context.of_target.is_empty();
    (!namespace && !directory && !typed.other_of_target).then(|| {
        format!(
            "nothing of process {target} is entered: add -a for all of its namespaces, or name some, as -m (mounts), -n \
             (network), -p (processes)"
        )
    })
}

/// What is typed at our terminal reaches the program, but the terminal is not that of its session.
fn without_terminal(context: &NsenterContext) -> Option<String> {
    let is_typed = context.typed.no_terminal && isatty(std::io::stdin()) == Ok(true);
    is_typed
        .then(|| "the program has no controlling terminal, so that no shell can control jobs: add --pty".to_string())
}

/// A file here has the same name as a network namespace of ip-netns(8), and is another namespace.
fn file_before_name(context: &NsenterContext, view: &SystemView) -> Option<String> {
    let mut files = context.typed.namespaces.iter().filter_map(|(kind, source)| match source {
        NamespaceSource::File(path) => Some((*kind, path)),
        _ => None,
    });
    let (kind, path) = files.find(|(_, path)| names::is_bare(path))?;
    let name = path.shown();
    let here = fstat(open_retrying(path, OFlag::O_PATH).ok()?).ok()?;
    let kept = names::kept(kind, path).and_then(|kept| {
        let other = fstat(view.follow(kept.to_str()?, OFlag::O_PATH)?).ok()?;
        ((other.st_dev, other.st_ino) != (here.st_dev, here.st_ino)).then_some(kept)
    });
    if let Some(kept) = kept {
        return Some(format!("the file {name} of this directory is entered, and not {}", kept.shown()));
    }
    let number = names::number(kind, path)?;
    let namespace = Path::new("/proc/self/ns").join(kind.name());
    let own = view.link(namespace.to_str()?);
    (own != Some(format!("{kind}:[{number}]")))
        .then(|| format!("the file {name} of this directory is entered, and not the {kind} namespace with this number"))
}
