//! What other options say to --like-target: what is asked for expressly wins.

/// What --like-target is told by other options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Whether --env wants the environment as it is.
    pub exact_environment: bool,
    /// Whether --setuid names a user that need not be the target's.
    pub user: bool,
    /// Whether --setgid names a group: then there are no supplementary groups.
    pub group: bool,
    /// Whether --preserve-credentials leaves users and groups as they are.
    pub preserve_credentials: bool,
}
