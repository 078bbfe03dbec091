//! A made-up system for the tests of hints.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::SystemView;
use crate::error::Shown;

/// A made-up system: files with their texts, removed when dropped.
pub struct Made(PathBuf);

impl Made {
    /// One with these files.
    pub fn of(files: &[(&str, &str)]) -> Made {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("nskit-hint-{}-{number}", std::process::id()));
        std::fs::create_dir(&root).unwrap();
        for (path, text) in files {
            let path = root.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Made(root)
    }

    /// Adds a link at `path` that holds `text`, as the links in /proc/PID/ns do.
    pub fn with_link(self, path: &str, text: &str) -> Made {
        let path = self.0.join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(text, path).unwrap();
        self
    }

    /// With process 1 in its root directory.
    pub fn with_process_1(self) -> Made {
        let root = self.0.shown().to_string();
        self.with_link("/proc/1/root", &root)
    }

    /// As hints see it.
    pub fn view(&self) -> SystemView {
        SystemView::below(&self.0)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
