//! `--help` and `--version`.

#[cfg(feature = "cli")]
mod text;

#[cfg(feature = "cli")]
pub use text::{render, version};

/// The words around a tool's table of options.
pub struct Page {
    /// The name of the tool.
    pub tool: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// The options by what they are for, the most used first. Each option of the table is in one group.
    pub groups: &'static [Group],
    /// What stands under the options.
    pub after: &'static str,
}

/// Options that belong together.
pub struct Group {
    /// What they are for.
    pub title: &'static str,
    /// Their long names, the most used first.
    pub options: &'static [&'static str],
}

/// The group that every tool has, and that comes last.
pub const INFORMATION: Group = Group { title: "Information", options: &["help", "version"] };
