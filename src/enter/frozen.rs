//! Frozen cgroups: the freezers of both versions, see cgroups(7) and Documentation/admin-guide/cgroup-v2.rst of Linux.

use std::path::Path;

use crate::error::RequestError;
use crate::sys::file::read_bounded;

/// No file of a cgroup that we read here is longer.
const LONGEST: usize = 4096;

/// What one version of cgroups says.
struct Freezer {
    /// The file that tells whether a cgroup is frozen, itself or through one above it.
    state: &'static str,
    /// A line of it that says so.
    paused: &'static [&'static str],
    /// The file that tells whether it was frozen itself.
    own: &'static str,
    /// The file that thaws it, and the text to write there.
    switch: (&'static str, &'static str),
}

const FREEZERS: [Freezer; 2] = [
    Freezer { state: "cgroup.events", paused: &["frozen 1"], own: "cgroup.freeze", switch: ("cgroup.freeze", "0") },
    Freezer {
        state: "freezer.state",
        paused: &["FROZEN", "FREEZING"],
        own: "freezer.self_freezing",
        switch: ("freezer.state", "THAWED"),
    },
];

/// Fails if the cgroup of this directory is frozen, or one above it is: a process that joins it would stop there.
/// Errors: the cgroup that was frozen, and how to thaw it.
pub fn check_runs(directory: &Path) -> Result<(), RequestError> {
    for freezer in &FREEZERS {
        let says = |directory: &Path, file: &str, lines: &[&str]| {
            let text = read_bounded(&directory.join(file), LONGEST).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            text.lines().any(|line| lines.contains(&line))
        };
        let paused_itself = |directory: &&Path| says(directory, freezer.own, &["1"]);
        // While freezing goes on, a cgroup does not report it yet, but the one that was asked to freeze does. The root
        // of a hierarchy has no such file, nor have the directories around it.
        let paused = directory.ancestors().take_while(|above| above.join(freezer.own).exists()).find(paused_itself);
        let paused = paused.or_else(|| says(directory, freezer.state, freezer.paused).then_some(directory));
        if let Some(cgroup) = paused {
            let (file, text) = freezer.switch;
            return Err(RequestError::PausedCgroup { cgroup: cgroup.to_path_buf(), file, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A directory of files, removed when dropped.
    struct Tree(PathBuf);

    impl Tree {
        fn of(name: &str, files: &[(&str, &str)]) -> Tree {
            let root = std::env::temp_dir().join(format!("nskit-frozen-{name}-{}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Tree(root)
        }

        fn paused(&self, cgroup: &str) -> Option<(String, &'static str)> {
            match check_runs(&self.0.join(cgroup)) {
                Ok(()) => None,
                Err(RequestError::PausedCgroup { cgroup, file, .. }) => {
                    Some((cgroup.strip_prefix(&self.0).unwrap().display().to_string(), file))
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn of_version_2_the_one_that_was_paused_is_named() {
        let tree = Tree::of(
            "2",
            &[
                ("a/cgroup.freeze", "1\n"),
                ("a/cgroup.events", "populated 1\nfrozen 1\n"),
                ("a/b/cgroup.freeze", "0\n"),
                ("a/b/cgroup.events", "populated 1\nfrozen 1\n"),
                // Just being paused.
                ("c/cgroup.freeze", "1\n"),
                ("c/cgroup.events", "populated 1\nfrozen 0\n"),
                ("d/cgroup.freeze", "0\n"),
                ("d/cgroup.events", "frozen 10\npopulated 1\nfrozen 0\n"),
                // The one that was paused is not shown here.
                ("e/cgroup.events", "populated 1\nfrozen 1\n"),
            ],
        );
        let paused = |name: &str| Some((name.to_string(), "cgroup.freeze"));
        assert_eq!(tree.paused("a"), paused("a"));
        assert_eq!(tree.paused("a/b"), paused("a"));
        assert_eq!(tree.paused("c"), paused("c"));
        assert_eq!(tree.paused("d"), None);
        assert_eq!(tree.paused("e"), paused("e"));
        assert_eq!(tree.paused("none"), None);
    }

    #[test]
    fn of_version_1_the_one_that_was_paused_is_named() {
        let tree = Tree::of(
            "1",
            &[
                ("a/freezer.self_freezing", "1\n"),
                ("a/freezer.state", "FREEZING\n"),
                ("a/b/freezer.self_freezing", "0\n"),
                ("a/b/freezer.state", "FROZEN\n"),
                ("c/freezer.self_freezing", "0\n"),
                ("c/freezer.state", "THAWED\n"),
                ("d/freezer.state", "FREEZING\n"),
            ],
        );
        let paused = |name: &str| Some((name.to_string(), "freezer.state"));
        assert_eq!(tree.paused("a"), paused("a"));
        assert_eq!(tree.paused("a/b"), paused("a"));
        assert_eq!(tree.paused("c"), None);
        assert_eq!(tree.paused("d"), paused("d"));
    }
}
