//! What --like-target cannot take over, found before anything is done.

use std::fmt;

/// Why a program cannot run as the target does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LikenessError {
    /// The target has capabilities that we lack.
    LacksCapabilities {
        /// The target.
        pid: i32,
        /// The names of the capabilities.
        names: Vec<String>,
    },
    /// A group of the target has no number, neither here nor inside.
    GroupsUnknown(i32),
    /// The target has changed while we looked at it.
    Changes(i32),
    /// Another process traces the target, so that we cannot read its seccomp filter.
    IsTraced(i32),
    /// A file of /proc that we do not understand.
    Unclear {
        /// Whose.
        pid: i32,
        /// Its name.
        file: &'static str,
    },
}

impl fmt::Display for LikenessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LikenessError::LacksCapabilities { pid, names } => {
                write!(f, "process {pid} has capabilities that we lack: {}", names.join(", "))
            }
            LikenessError::GroupsUnknown(pid) => {
                write!(f, "the supplementary groups of process {pid} are not all known here, nor inside")
            }
            LikenessError::Changes(pid) => write!(f, "process {pid} has changed while we looked at it"),
            LikenessError::IsTraced(pid) => {
                write!(f, "the seccomp filter of process {pid} cannot be read: another process traces it")
            }
            LikenessError::Unclear { pid, file } => write!(f, "cannot make sense of /proc/{pid}/{file}"),
        }
    }
}

impl LikenessError {
    /// What it says more than the message does.
    pub fn detail(&self) -> Option<String> {
        Some(match self {
            LikenessError::LacksCapabilities { .. } => {
                "we cannot give capabilities that we lack: add --cap-drop with these to run the program without them"
                    .to_string()
            }
            LikenessError::GroupsUnknown(_) => "add -G for a group of your own choice, without others".to_string(),
            LikenessError::Changes(_) => "try again once it has started".to_string(),
            LikenessError::IsTraced(_) => "TracerPid in its status says which: end that, or let it let go".to_string(),
            LikenessError::Unclear { .. } => return None,
        })
    }
}
