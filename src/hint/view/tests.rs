//! What a view sees from its fixed root directory.

use super::*;
use std::os::unix::fs::symlink;

/// A directory, removed when dropped, with `inside`, the root of a view, and `outside` beside it.
struct Made(PathBuf);

impl Made {
    fn new(name: &str) -> Made {
        let path = std::env::temp_dir().join(format!("nskit-view-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("inside/dir")).unwrap();
        std::fs::create_dir(path.join("outside")).unwrap();
        std::fs::write(path.join("inside/text"), "inside\n").unwrap();
        std::fs::write(path.join("text"), "outside\n").unwrap();
        Made(path)
    }

    fn view(&self) -> SystemView {
        SystemView::below(self.0.join("inside"))
    }

    fn link(&self, to: &str, at: &str) {
        symlink(to, self.0.join("inside").join(at)).unwrap();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn links_do_not_lead_out_of_the_root() {
    let made = Made::new("links");
    let view = made.view();
    let outside = made.0.join("text");
    made.link("/text", "absolute");
    made.link("../text", "relative");
    made.link("/", "dir/root");
    made.link("..", "dir/up");
    made.link(outside.to_str().unwrap(), "out");
    for path in ["/text", "/absolute", "/relative", "/dir/root/text", "/dir/up/text"] {
        assert_eq!(view.text(path).as_deref(), Some("inside"), "{path}");
    }
    assert_eq!(view.text("/../../text").as_deref(), Some("inside"));
    assert_eq!(view.text("/out"), None);
    // What a link holds is told, wherever it leads.
    assert_eq!(view.link("/absolute").as_deref(), Some("/text"));
    assert!(view.exists("/out") && !view.exists("/none"));
}

#[test]
fn magic_links_are_followed_only_where_they_are_what_is_asked_for() {
    let made = Made::new("magic");
    let root = std::fs::File::open(made.0.join("outside")).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&root);
    std::fs::write(made.0.join("outside/text"), "outside\n").unwrap();
    let system = SystemView::of_system();
    assert_eq!(system.text(&format!("/proc/self/fd/{number}/text")), None);
    let link = system.link("/proc/self/ns/user").unwrap();
    assert!(link.starts_with("user:["), "{link}");
    assert!(system.follow("/proc/self/ns/user", OFlag::O_RDONLY).is_some());
    assert_eq!(system.differ("/proc/self/root", "/"), Some(false));
    let elsewhere = format!("/proc/self/fd/{number}");
    assert_eq!(system.differ("/proc/self/root", &elsewhere), Some(true));
    assert_eq!(system.differ("/proc/self/root", "/no/such"), None);
}

#[test]
fn a_file_is_on_the_mount_that_the_kernel_says() {
    let made = Made::new("place");
    let place = |path: &Path| SystemView::of_system().holding(&[MOUNTS]).holding_place_of(path).place_of(path);
    let Some(MountPlace::On(proc)) = place(Path::new("/proc/self/status")) else {
        panic!("/proc is not on a mount of ours")
    };
    assert_eq!((proc.fstype.to_str(), proc.mount_point), (Some("proc"), "/proc".into()));
    // A file behind a magic link is on the mount that it is on.
    let root = std::fs::File::open(&made.0).unwrap();
    let behind = format!("/proc/self/fd/{}/text", AsRawFd::as_raw_fd(&root));
    let direct = place(&made.0.join("text"));
    assert!(matches!(direct, Some(MountPlace::On(_))), "{direct:?}");
    assert_eq!(place(Path::new(&behind)), direct);
    // An anonymous pipe is on no mount of any mount namespace.
    let (pipe, _) = nix::unistd::pipe().unwrap();
    let pipe = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    assert_eq!(place(Path::new(&pipe)), Some(MountPlace::Elsewhere));
    assert_eq!(place(Path::new("/no/such")), None);
    assert_eq!(made.view().place_of(Path::new("/text")), None);
}

#[test]
fn what_is_held_is_as_it_was() {
    let made = Made::new("held");
    for (path, text) in [("proc", "old"), ("etc", "old")] {
        std::fs::create_dir(made.0.join("inside").join(path)).unwrap();
        std::fs::write(made.0.join("inside").join(path).join("file"), text).unwrap();
    }
    made.link("/text", "etc/link");
    let view = made.view().holding(&["/proc/file", "/proc/none"]);
    // /proc and /etc have been moved away, as in a mount namespace that has ended.
    for path in ["proc", "etc"] {
        std::fs::write(made.0.join("inside").join(path).join("file"), "new").unwrap();
        std::fs::rename(made.0.join("inside").join(path), made.0.join("outside").join(path)).unwrap();
    }
    assert_eq!(view.text("/proc/file").as_deref(), Some("old"));
    assert_eq!(view.text("/etc/file").as_deref(), Some("new"));
    assert_eq!(view.text("/proc/none"), None);
    // A link in /etc that leads out of it starts at the view's root.
    std::fs::rename(made.0.join("outside/etc"), made.0.join("inside/etc")).unwrap();
    assert_eq!(view.text("/etc/link").as_deref(), Some("inside"));
}

#[test]
fn a_pipe_is_not_waited_for_and_a_long_file_not_read_to_its_end() {
    let made = Made::new("pipe");
    nix::unistd::mkfifo(&made.0.join("inside/pipe"), Mode::S_IRWXU).unwrap();
    assert_eq!(made.view().text("/pipe").as_deref(), Some(""));
    let long = std::fs::File::create(made.0.join("inside/long")).unwrap();
    long.set_len(LONGEST as u64 * 100).unwrap();
    assert_eq!(made.view().bytes("/long").unwrap().len(), LONGEST);
}
