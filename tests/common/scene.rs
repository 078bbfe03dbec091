//! Scenes: a mount namespace, a directory and users that exist for one test only.
//!
//! As an ordinary user, the mount namespace, and others beside it, are inside of a user namespace in which the user is root,
//! and the only user that there is: a command of another one's, and whatever else needs more, skips the test.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::call::{Call, check, first_processor, pin};
use super::left_out::{is_root, skip};
use super::tool::{ours, probe, tool};

/// A user of every scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: &'static str,
    /// The UID.
    pub uid: u32,
    /// The GID of the group of the same name.
    pub gid: u32,
}

/// Root, with the subordinate ids 500000 to 500999.
pub const ROOT: User = User { name: "root", uid: 0, gid: 0 };
/// A user with the subordinate ids 100000 to 165535 and, after that, 700000 to 700009.
pub const ALICE: User = User { name: "alice", uid: 1001, gid: 1001 };
/// A user without subordinate ids, whose shell is /bin/dash.
pub const BOB: User = User { name: "bob", uid: 1002, gid: 1002 };
/// A user with the subordinate ids 300000 to 300999, given to her number, and groups 310000 to 310999.
pub const CAROL: User = User { name: "carol", uid: 1003, gid: 1003 };

const FILES: [(&str, &str); 4] = [
    (
        "passwd",
        "root:x:0:0:root:/root:/bin/sh\nalice:x:1001:1001::/:/bin/sh\nbob:x:1002:1002::/:/bin/dash\ncarol:x:1003:1003::/:/bin/sh\n",
    ),
    ("group", "root:x:0:\nalice:x:1001:\nbob:x:1002:\ncarol:x:1003:\nstaff:x:50:alice\n"),
    ("subuid", "alice:100000:65536\nalice:700000:10\n1003:300000:1000\nroot:500000:1000\n"),
    ("subgid", "alice:100000:65536\nalice:700000:10\n1003:310000:1000\nroot:500000:1000\n"),
];

/// A directory under the system's one for temporary files, removed when dropped.
pub struct Directory(PathBuf);

impl Directory {
    /// A new one, which everybody may enter.
    pub fn new() -> Directory {
        let template = std::env::temp_dir().join("nskit-test-XXXXXX");
        let mut template = CString::new(template.into_os_string().into_vec()).unwrap().into_bytes_with_nul();
        // SAFETY: a C string that may be written to.
        let made = unsafe { libc::mkdtemp(template.as_mut_ptr().cast()) };
        assert!(!made.is_null(), "mkdtemp: {}", std::io::Error::last_os_error());
        template.pop();
        let path = PathBuf::from(OsStr::from_bytes(&template));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Directory(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Copies a file that is to be run, by another process: where a thread beside us forks while we write to a file, the new
/// process has it open for writing until it becomes another program, and who runs the file meanwhile gets ETXTBSY.
pub fn copy_to_run(from: &Path, to: &Path) {
    let mut copy = Command::new("/bin/cp");
    assert!(copy.args([from, to]).status().unwrap().success());
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A private mount namespace with the users above, kept by a process that ends with the test.
///
/// In its directory, which is the working directory of its commands, `bin` holds the tools under test and the probe, and
/// comes first in their `PATH`.
pub struct Scene {
    keeper: Child,
    /// In the order in which they can be entered.
    namespaces: Vec<OwnedFd>,
    directory: Directory,
}

/// A scene with our own unshare in it as `our-unshare`, whichever tools are tested.
#[track_caller]
pub fn scene_with_our_unshare() -> Scene {
    let scene = Scene::new();
    let on = scene.file("our-unshare", "");
    scene.mount(["--bind".as_ref(), ours("unshare").as_os_str(), on.as_ref()]);
    scene
}

impl Scene {
    /// A new scene. Skips the test where there can be none.
    #[track_caller]
    pub fn new() -> Scene {
        Scene::with(BESIDE)
    }

    /// The same with the namespaces of the machine but for the mount namespace: they are older than all that is made in it.
    #[track_caller]
    pub fn beside_none() -> Scene {
        Scene::with(0)
    }

    #[track_caller]
    fn with(beside: libc::c_int) -> Scene {
        let directory = Directory::new();
        let path = directory.path();
        std::fs::create_dir(path.join("etc")).unwrap();
        std::fs::create_dir(path.join("bin")).unwrap();
        let mut binds = Vec::new();
        for (name, text) in FILES {
            let (file, etc) = (path.join("etc").join(name), Path::new("/etc").join(name));
            std::fs::write(&file, text).unwrap();
            if etc.exists() {
                binds.push((file, etc));
            } else {
                skip(&format!("there is no {}", etc.display()));
            }
        }
        let tools = ["unshare", "nsenter", "lsns"].map(|name| (name, tool(name)));
        for (name, tool) in tools.into_iter().chain([("probe", probe())]) {
            let place = path.join("bin").join(name);
            File::create(&place).unwrap();
            binds.push((tool, place));
        }
        let keeper = start_keeper(&binds, beside);
        let namespace = |name: &&str| File::open(format!("/proc/{}/ns/{name}", keeper.id())).unwrap().into();
        let names: &[&str] = match (is_root(), beside) {
            (true, _) => &["mnt"],
            (false, 0) => &["user", "mnt"],
            (false, _) => &["user", "mnt", "net", "uts", "ipc", "cgroup"],
        };
        Scene { namespaces: names.iter().map(namespace).collect(), keeper, directory }
    }

    /// PID of a process in it, which does nothing.
    pub fn pid(&self) -> i32 {
        self.keeper.id() as i32
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The path of `name` in its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// The same as text, for command lines.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A file in its directory that everybody may read.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    /// An executable file in its directory.
    pub fn program(&self, name: &str, content: &str) -> String {
        let text = self.file("content", content);
        copy_to_run(text.as_ref(), &self.path(name));
        std::fs::remove_file(text).unwrap();
        self.text(name)
    }

    /// A directory in its directory.
    pub fn subdirectory(&self, name: &str) -> String {
        std::fs::create_dir_all(self.path(name)).unwrap();
        self.text(name)
    }

    /// Any program, run in the scene.
    pub fn call<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> Call {
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.text("bin"));
        let namespaces = self.namespaces.iter().map(AsRawFd::as_raw_fd).collect();
        let call = Call::new(program).inside(namespaces, self.directory());
        call.env("PATH", path).args(args)
    }

    /// `unshare` under test.
    pub fn unshare<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        self.call(self.path("bin/unshare"), args).arg0("unshare")
    }

    /// `nsenter` under test.
    pub fn nsenter<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        self.call(self.path("bin/nsenter"), args).arg0("nsenter")
    }

    /// `lsns` under test.
    pub fn lsns<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        self.call(self.path("bin/lsns"), args).arg0("lsns")
    }

    /// The probe, run directly.
    pub fn probe<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        self.call(self.path("bin/probe"), args)
    }

    /// mount(8), run in the scene.
    #[track_caller]
    pub fn mount<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) {
        self.call("/bin/mount", args).ok();
    }

    /// Its mounts, as mountinfo tells them.
    pub fn mountinfo(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/mountinfo", self.pid())).unwrap()
    }

    /// What is mounted on a path, the last line of mountinfo that says so.
    pub fn mount_on(&self, path: &str) -> Option<Mount> {
        mount_on(&self.mountinfo(), path)
    }

    /// The namespace of this name in /proc/PID/ns that its commands start in.
    pub fn namespace(&self, name: &str) -> String {
        std::fs::read_link(format!("/proc/{}/ns/{name}", self.pid())).unwrap().display().to_string()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// The namespaces beside the mount namespace, where the user is not root: those that there are could not be entered.
const BESIDE: libc::c_int = libc::CLONE_NEWNET | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWCGROUP;

/// The probe that keeps the namespace, and ends when its standard input does: with us, however we end.
fn start_keeper(binds: &[(PathBuf, PathBuf)], beside: libc::c_int) -> Child {
    let c_string = |path: &Path| CString::new(path.as_os_str().as_bytes()).unwrap();
    let binds: Vec<_> = binds.iter().map(|(from, on)| (c_string(from), c_string(on))).collect();
    let processor = first_processor();
    let maps = (!is_root()).then(maps_of_root);
    let mut command = Command::new(probe());
    command.arg("hold").env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let private_namespace = move || {
        let mount = |from: *const libc::c_char, on: *const libc::c_char, flags| {
            // SAFETY: C strings that live on, and a null pointer where there is no data.
            check(unsafe { libc::mount(from, on, std::ptr::null(), flags, std::ptr::null()) })
        };
        pin(processor)?;
        if let Some(maps) = &maps {
            // SAFETY: plain numbers.
            check(unsafe { libc::unshare(libc::CLONE_NEWUSER | beside) })?;
            maps.iter().try_for_each(|(file, text)| write(file, text))?;
        }
        // SAFETY: plain numbers.
        check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
        mount(c"none".as_ptr(), c"/".as_ptr(), libc::MS_REC | libc::MS_PRIVATE)?;
        binds.iter().try_for_each(|(from, on)| mount(from.as_ptr(), on.as_ptr(), libc::MS_BIND))
    };
    // SAFETY: system calls only, on what was allocated before.
    unsafe { command.pre_exec(private_namespace) };
    command.spawn().unwrap_or_else(|error| match is_root() {
        true => panic!("a scene: {error}"),
        false => skip(&format!("a scene needs root, or a user namespace: {error}")),
    })
}

/// What makes this user root in a new user namespace: the files, and what is written to each.
fn maps_of_root() -> [(CString, String); 3] {
    // SAFETY: no arguments.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    [
        (c"/proc/self/setgroups".into(), "deny".to_string()),
        (c"/proc/self/uid_map".into(), format!("0 {uid} 1")),
        (c"/proc/self/gid_map".into(), format!("0 {gid} 1")),
    ]
}

/// Writes a text to a file by system calls only.
fn write(file: &CStr, text: &str) -> std::io::Result<()> {
    // SAFETY: a C string, and a text of the length given; the descriptor is ours.
    unsafe {
        let fd = libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        check(fd)?;
        let written = libc::write(fd, text.as_ptr().cast(), text.len());
        check(written as libc::c_int)?;
        check(libc::close(fd))
    }
}

/// A line of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What of the file system is mounted.
    pub root: String,
    /// Options of the mount.
    pub options: String,
    /// `shared`, `slave`, `slave shared`, or `private`.
    pub propagation: String,
    /// The type of the file system.
    pub fstype: String,
    /// Its source.
    pub source: String,
}

/// What is mounted on a path according to the text of mountinfo, the last line that says so.
pub fn mount_on(mountinfo: &str, path: &str) -> Option<Mount> {
    let lines = mountinfo.lines().rev();
    lines.map(|line| line.split(' ').collect::<Vec<_>>()).find(|fields| fields.get(4) == Some(&path)).map(|fields| {
        let dash = fields.iter().position(|field| *field == "-").unwrap();
        let tag = |name: &str| fields[6..dash].iter().any(|field| field.starts_with(name));
        let propagation = match (tag("master:"), tag("shared:")) {
            (false, false) => "private",
            (false, true) => "shared",
            (true, false) => "slave",
            (true, true) => "slave shared",
        };
        Mount {
            root: fields[3].to_string(),
            options: fields[5].to_string(),
            propagation: propagation.to_string(),
            fstype: fields[dash + 1].to_string(),
            source: fields[dash + 2].to_string(),
        }
    })
}
