//! What is asked of new namespaces: the options of unshare(1).

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use super::Command;
use crate::cli::unshare::{SingleId, uts_name};
use crate::cli::value::{IdOrName, absolute};
use crate::enter::setting::{Clock, ClockChange, Propagation, Setgroups};
use crate::enter::unshare::NewMount;
use crate::face::error::Error;
use crate::face::setting::IdMap;
use crate::namespace::Kind;
use crate::sys::file::from_3_on;

impl Command {
    /// New namespaces of these kinds. In a new PID namespace, the program is process 1, which signals from inside do not end:
    /// see [PID namespaces](Command#pid-namespaces), and [`Command::init`]. To make others than [`Kind::User`] needs
    /// CAP_SYS_ADMIN (EPERM), which a new user namespace gives: [`Command::map_root`].
    pub fn unshare(&mut self, kinds: impl IntoIterator<Item = Kind>) -> &mut Command {
        self.makes("unshare");
        self.new.request.kinds = self.new.request.kinds.union(kinds.into_iter().collect());
        self
    }

    /// A new namespace of this kind, which the file keeps alive after the program has ended, by a bind mount. The file must be
    /// there, and may be empty. [`Namespace::open`](crate::Namespace::open) leads to the namespace later, and umount(8) ends it.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use nskit::{Command, Kind, Namespace};
    ///
    /// std::fs::write("/run/lab", "")?;
    /// Command::new("ip").args(["link", "set", "lo", "up"]).unshare_kept(Kind::Net, "/run/lab").status()?;
    /// Command::new("ip").arg("link").enter(&Namespace::open("/run/lab")?).status()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn unshare_kept(&mut self, kind: Kind, file: impl AsRef<Path>) -> &mut Command {
        self.makes("unshare_kept");
        self.new.unshare(kind, Some(file.as_ref().into()));
        self
    }

    /// A new user namespace, in which our user and group are root. Of this and [`Command::map_current`], the last one counts.
    pub fn map_root(&mut self) -> &mut Command {
        self.maps(Some(SingleId::ROOT), Some(SingleId::ROOT))
    }

    /// A new user namespace, in which our user and group have the same ids as outside. Of this and [`Command::map_root`], the
    /// last one counts.
    pub fn map_current(&mut self) -> &mut Command {
        self.maps(Some(SingleId::Current), Some(SingleId::Current))
    }

    /// A new user namespace, in which our user has this UID.
    pub fn map_user(&mut self, inner: u32) -> &mut Command {
        self.maps(Some(SingleId::To(IdOrName::Id(inner))), None)
    }

    /// A new user namespace, in which our group has this GID.
    pub fn map_group(&mut self, inner: u32) -> &mut Command {
        self.maps(None, Some(SingleId::To(IdOrName::Id(inner))))
    }

    /// A new user namespace, which maps these users. Ordinary users need newuidmap(1) for it.
    pub fn map_users(&mut self, map: IdMap) -> &mut Command {
        self.makes("map_users");
        self.new.map_blocks(Some(map.to_block()), None);
        self
    }

    /// A new user namespace, which maps these groups. Ordinary users need newgidmap(1) for it.
    pub fn map_groups(&mut self, map: IdMap) -> &mut Command {
        self.makes("map_groups");
        self.new.map_blocks(None, Some(map.to_block()));
        self
    }

    /// Whether setgroups(2) works in the new user namespace. This alone makes none: add [`Command::map_root`] or the like.
    pub fn setgroups(&mut self, is_allowed: bool) -> &mut Command {
        self.makes("setgroups");
        self.new.request.setgroups = Some(if is_allowed { Setgroups::Allow } else { Setgroups::Deny });
        self
    }

    /// A new user namespace that belongs to this user and group. Only root can give one away.
    pub fn owner(&mut self, uid: u32, gid: u32) -> &mut Command {
        self.makes("owner");
        self.new.request.kinds.insert(Kind::User);
        self.new.request.owner = Some((uid, gid));
        self
    }

    /// A new network namespace, in which the loopback device is up.
    pub fn loopback(&mut self) -> &mut Command {
        self.makes("loopback");
        self.new.request.kinds.insert(Kind::Net);
        self.new.request.loopback = true;
        self
    }

    /// A new UTS namespace with this host name.
    pub fn hostname(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.makes("hostname");
        self.new.request.kinds.insert(Kind::Uts);
        self.new.request.hostname = self.checked(uts_name(name.as_ref()), "a host name has 1 to 64 bytes");
        self
    }

    /// A new UTS namespace with this NIS domain name.
    pub fn domainname(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.makes("domainname");
        self.new.request.kinds.insert(Kind::Uts);
        self.new.request.domainname = self.checked(uts_name(name.as_ref()), "a domain name has 1 to 64 bytes");
        self
    }

    /// A new time namespace, in which this clock is changed.
    pub fn clock(&mut self, clock: Clock, change: ClockChange) -> &mut Command {
        self.makes("clock");
        self.new.request.kinds.insert(Kind::Time);
        match clock {
            Clock::Monotonic => self.new.monotonic = Some(change),
            Clock::Boottime => self.new.boottime = Some(change),
        }
        self
    }

    /// How mounts pass between the new mount namespace and the old one. Without this, not at all. This alone makes no mount
    /// namespace, and then does nothing.
    pub fn propagation(&mut self, propagation: Propagation) -> &mut Command {
        self.makes("propagation");
        self.new.request.propagation = propagation;
        self
    }

    /// A new mount namespace, in which a proc of the program's PID namespace is mounted on this directory, mostly `/proc`.
    pub fn mount_proc(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.makes("mount_proc");
        self.new.request.kinds.insert(Kind::Mount);
        self.new.mount_proc = Some(Some(directory.as_ref().into()));
        self
    }

    /// New user and mount namespaces, with a binfmt_misc of that user namespace on this directory.
    pub fn mount_binfmt(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.makes("mount_binfmt");
        self.new.imply_binfmt();
        self.new.mount_binfmt = Some(Some(directory.as_ref().into()));
        self
    }

    /// New user and mount namespaces with a binfmt_misc at its usual place, with this interpreter (binfmt_misc.rst).
    pub fn interpreter(&mut self, registration: impl AsRef<OsStr>) -> &mut Command {
        self.makes("interpreter");
        self.new.imply_binfmt();
        self.new.request.interpreter = Some(registration.as_ref().into());
        self
    }

    /// A new mount namespace with this root directory, by pivot_root(2): nothing of the old one can be reached.
    ///
    /// ```no_run
    /// # fn main() -> nskit::Result<()> {
    /// use nskit::{Command, Kind};
    ///
    /// // /mnt is empty, and so is the new root directory until something is mounted in it.
    /// let mut command = Command::new("/usr/bin/id");
    /// command.unshare([Kind::User]).map_root().pivot_root("/mnt").tmpfs("/").tmpfs("/tmp").devices("/dev");
    /// for directory in ["/usr", "/bin", "/lib", "/lib64"] {
    ///     command.bind_read_only(directory, directory);
    /// }
    /// command.status()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pivot_root(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.makes("pivot_root");
        self.new.request.kinds.insert(Kind::Mount);
        self.new.request.pivot_root = Some(directory.as_ref().into());
        self
    }

    /// Shows a file or directory of outside, with all that is mounted below, on a path in the new root directory. Without
    /// [`Command::pivot_root`], the path is one of our own root directory; in both cases, only a new mount namespace has it, which
    /// this makes.
    pub fn bind(&mut self, source: impl AsRef<Path>, on: impl AsRef<Path>) -> &mut Command {
        self.makes("bind");
        self.binds(source.as_ref(), on.as_ref(), false)
    }

    /// As [`Command::bind`], read-only.
    pub fn bind_read_only(&mut self, source: impl AsRef<Path>, on: impl AsRef<Path>) -> &mut Command {
        self.makes("bind_read_only");
        self.binds(source.as_ref(), on.as_ref(), true)
    }

    /// A new tmpfs on a path, of the new root directory or our own as with [`Command::bind`]. What is missing of paths in it is
    /// made.
    pub fn tmpfs(&mut self, on: impl AsRef<Path>) -> &mut Command {
        self.makes("tmpfs");
        if let Some(on) = self.place(on.as_ref()) {
            self.new.mount(NewMount::Tmpfs(on));
        }
        self
    }

    /// A directory on a path, of the new root directory or our own as with [`Command::bind`], mostly `/dev`, with the devices that
    /// every program expects.
    pub fn devices(&mut self, on: impl AsRef<Path>) -> &mut Command {
        self.makes("devices");
        if let Some(on) = self.place(on.as_ref()) {
            self.new.mount(NewMount::Devices(on));
        }
        self
    }

    /// Writes to this file, in lines of JSON, that the program starts, with its PID and namespaces, and how it ends.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io::{BufRead, BufReader};
    ///
    /// let (read, write) = std::io::pipe()?;
    /// let mut command = nskit::Command::new("sleep");
    /// let mut child = command.arg("1000").unshare([nskit::Kind::Pid]).report_to(write).spawn()?;
    /// drop(command); // and its end of the pipe
    /// let mut line = String::new();
    /// BufReader::new(read).read_line(&mut line)?;
    /// println!("{line}");
    /// child.kill()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn report_to(&mut self, file: impl Into<OwnedFd>) -> &mut Command {
        self.makes("report_to");
        match from_3_on(file.into()) {
            Ok(file) => {
                self.new.status_fd = Some(file.as_raw_fd());
                self.report = Some(Arc::new(file));
            }
            Err(errno) => drop(self.wrong.get_or_insert(Error::of_call("cannot copy the file to report to", errno))),
        }
        self
    }

    /// A new PID namespace, whose process 1 waits for orphans and passes signals on to the program. The program is process 2, and
    /// signals end it as they do everywhere: without this, it is process 1 itself.
    pub fn init(&mut self) -> &mut Command {
        self.makes("init");
        self.new.request.kinds.insert(Kind::Pid);
        self.new.init = true;
        self
    }

    fn maps(&mut self, user: Option<SingleId>, group: Option<SingleId>) -> &mut Command {
        self.makes("map_user");
        self.new.map_single(user, group);
        self
    }

    fn binds(&mut self, source: &Path, on: &Path, read_only: bool) -> &mut Command {
        if let Some(on) = self.place(on) {
            self.new.mount(NewMount::Bind { source: source.into(), on, read_only });
        }
        self
    }

    fn place(&mut self, on: &Path) -> Option<std::path::PathBuf> {
        self.checked(absolute(on.as_os_str()), "a mount point is a path from / on")
    }

    fn checked<T>(&mut self, value: Option<T>, rule: &str) -> Option<T> {
        if value.is_none() {
            self.is_wrong(rule);
        }
        value
    }

    fn makes(&mut self, method: &'static str) {
        self.made_by.get_or_insert(method);
    }
}
