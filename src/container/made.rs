//! Files of runtimes as a test wants them.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A root directory, removed when dropped.
pub struct MadeUp(pub PathBuf);

impl MadeUp {
    pub fn empty(name: &str) -> MadeUp {
        let root = std::env::temp_dir().join(format!("nskit-containers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let made = MadeUp(root);
        made.mode("", 0o755);
        made
    }

    /// A directory with those above it, whatever the umask.
    pub fn directory(&self, path: &str) {
        let mut directory = self.0.clone();
        for part in Path::new(path) {
            directory.push(part);
            if std::fs::create_dir(&directory).is_ok() {
                std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
    }

    /// A file, with the directories above it, that its owner alone may write to.
    pub fn file(&self, path: &str, text: impl AsRef<[u8]>) {
        self.directory(Path::new(path).parent().unwrap().to_str().unwrap());
        std::fs::write(self.0.join(path), text).unwrap();
        self.mode(path, 0o644);
    }

    pub fn link(&self, path: &str, target: &str) {
        self.directory(Path::new(path).parent().unwrap().to_str().unwrap());
        symlink(target, self.0.join(path)).unwrap();
    }

    pub fn mode(&self, path: &str, mode: u32) {
        std::fs::set_permissions(self.0.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.0.join(path)).unwrap();
    }
}

impl Drop for MadeUp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
