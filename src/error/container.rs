//! Why the name of a container or unit leads to no process.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::shown::{Shown, listed};

/// Messages list at most so many containers.
const MOST: usize = 24;

/// What is wrong with the name of a container or unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerError {
    /// No container has this name.
    Unknown {
        /// As it was given.
        name: OsString,
        /// Those that run.
        running: Vec<String>,
        /// Those that are known and do not run.
        stopped: Vec<String>,
        /// The files that were not read, each with the reason.
        refused: Vec<String>,
    },
    /// Several have it, or ids that begin with it.
    Several {
        /// As it was given.
        name: OsString,
        /// Which.
        known: Vec<String>,
    },
    /// What runtimes have written, or a cgroup, could not be looked at: what, and why.
    Failed(String),
    /// It has no process.
    Stopped(String),
    /// The process that a file names is in no cgroup of the container.
    ElsewhereByCgroup {
        /// The container.
        container: String,
        /// The process.
        pid: i32,
    },
    /// The process that a file names has started at another time than the file says.
    StartedLater {
        /// The container.
        container: String,
        /// The process.
        pid: i32,
    },
    /// No unit of this name has a cgroup.
    UnknownUnit {
        /// As it was given, with its suffix.
        name: OsString,
        /// Units of which it is a part.
        like: Vec<String>,
    },
    /// Several have it: of the system, and of users.
    SeveralUnits {
        /// As it was given, with its suffix.
        name: OsString,
        /// Their cgroups.
        cgroups: Vec<PathBuf>,
    },
    /// A unit that has no process.
    EmptyUnit(OsString),
}

impl fmt::Display for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContainerError::Unknown { name, running, stopped, .. } => {
                write!(f, "no container '{}': {}", name.shown(), those_known(running, stopped))
            }
            ContainerError::Several { name, known } => {
                write!(f, "'{}' may be any of these containers: {}", name.shown(), listed(known, MOST))
            }
            ContainerError::Failed(what) => write!(f, "cannot look for the name: {what}"),
            ContainerError::Stopped(container) => write!(f, "the container {container} does not run"),
            ContainerError::ElsewhereByCgroup { container, pid } => {
                write!(
                    f,
                    "the container {container} does not run: process {pid}, which was its first, is another one now"
                )
            }
            ContainerError::StartedLater { container, pid } => {
                write!(f, "the container {container} does not run: its first process was {pid}, which has started anew")
            }
            ContainerError::UnknownUnit { name, like } if like.is_empty() => {
                write!(f, "no unit '{}' has a cgroup here", name.shown())
            }
            ContainerError::UnknownUnit { name, like } => {
                write!(f, "no unit '{}' has a cgroup here: there {} {}", name.shown(), are(like), listed(like, MOST))
            }
            ContainerError::SeveralUnits { name, cgroups } => {
                let cgroups: Vec<String> = cgroups.iter().map(|path| path.shown().to_string()).collect();
                write!(f, "'{}' may be any of these units: {}", name.shown(), listed(&cgroups, MOST))
            }
            ContainerError::EmptyUnit(name) => write!(f, "the unit '{}' has no process", name.shown()),
        }
    }
}

/// The containers that a name might have meant: those that run can be entered.
fn those_known(running: &[String], stopped: &[String]) -> String {
    match (running, stopped) {
        ([], []) => "none can be seen here".to_string(),
        (running, []) => format!("there {} {}", are(running), listed(running, MOST)),
        ([], stopped) => format!("none runs; known, not running: {}", listed(stopped, MOST)),
        _ => format!("those that run: {}; known, not running: {}", listed(running, MOST), listed(stopped, MOST)),
    }
}

fn are(names: &[String]) -> &'static str {
    if names.len() == 1 { "is" } else { "are" }
}

impl ContainerError {
    /// What it says more than the message does.
    pub fn detail(&self) -> Option<String> {
        Some(match self {
            ContainerError::Unknown { running, stopped, refused, .. }
                if running.is_empty() && stopped.is_empty() && refused.is_empty() =>
            {
                "a container that was made by hand has no name: enter it by the PID of a process in it, with --target"
                    .to_string()
            }
            ContainerError::Unknown { refused, .. } => {
                let first = refused.first()?;
                let more = match refused.len() {
                    1 => String::new(),
                    count => format!(" (and {} more)", count - 1),
                };
                format!("what this keeps of containers was not read: {first}{more}")
            }
            ContainerError::Several { known, .. } => {
                format!("write one of them as it stands in the list, '{}', or more digits of its id", known.first()?)
            }
            ContainerError::ElsewhereByCgroup { pid, .. } => {
                format!("process {pid} is in no cgroup of the container: what the runtime has written is out of date")
            }
            ContainerError::StartedLater { pid, .. } => {
                format!("the PID {pid} has been given to another process: what the runtime has written is out of date")
            }
            ContainerError::UnknownUnit { .. } => "systemctl status tells whether a unit runs".to_string(),
            ContainerError::SeveralUnits { .. } => {
                "enter the one that is meant by the PID of a process in its cgroup: --target".to_string()
            }
            ContainerError::Failed(_) | ContainerError::Stopped(_) | ContainerError::EmptyUnit(_) => return None,
        })
    }
}
