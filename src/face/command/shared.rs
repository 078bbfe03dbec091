//! What may be asked of both: new namespaces, and those of others.

use std::path::Path;

use super::Command;
use crate::cli::capabilities::{Capabilities, CapabilityList};
use crate::cli::nsenter::IdArgument;
use crate::cli::value::IdOrName;
use crate::sys::capability::number_of;
use crate::sys::signal::{SignalNumber, SignalSet};

impl Command {
    /// Its root directory, by chroot(2): a path outside.
    pub fn root(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        let directory = directory.as_ref();
        self.new.request.root = Some(directory.into());
        self.join.root = Some(Some(directory.into()));
        self
    }

    /// Its user, by an id inside.
    pub fn uid(&mut self, uid: u32) -> &mut Command {
        self.new.uid = Some(IdOrName::Id(uid));
        self.join.uid = Some(IdArgument::To(IdOrName::Id(uid)));
        self
    }

    /// Its group, by an id inside. It then has no supplementary groups.
    pub fn gid(&mut self, gid: u32) -> &mut Command {
        self.new.gid = Some(IdOrName::Id(gid));
        self.join.gid = Some(IdArgument::To(IdOrName::Id(gid)));
        self
    }

    /// The only capabilities that it may ever have, by their names: `CAP_NET_ADMIN` or `net_admin`. None of them for none.
    pub fn capabilities<'c>(&mut self, kept: impl IntoIterator<Item = &'c str>) -> &mut Command {
        let mut numbers = Vec::new();
        for name in kept {
            match number_of(name) {
                Some(number) => numbers.push(number.into()),
                None => self.is_wrong(format!("'{name}' is no capability")),
            }
        }
        for capabilities in self.both_capabilities() {
            capabilities.dropped = Some(CapabilityList { all: true, numbers: Vec::new() });
            capabilities.added = Some(CapabilityList { all: false, numbers: numbers.clone() });
        }
        self
    }

    /// Takes these capabilities from it.
    pub fn drop_capabilities<'c>(&mut self, dropped: impl IntoIterator<Item = &'c str>) -> &mut Command {
        for name in dropped {
            match number_of(name) {
                Some(number) => {
                    for capabilities in self.both_capabilities() {
                        capabilities.dropped.get_or_insert_default().numbers.push(number.into());
                    }
                }
                None => self.is_wrong(format!("'{name}' is no capability")),
            }
        }
        self
    }

    /// It keeps the capabilities that we have in the user namespace, whatever its user.
    pub fn keep_capabilities(&mut self) -> &mut Command {
        (self.new.request.keep_capabilities, self.join.keep_capabilities) = (true, true);
        self
    }

    /// No set-user-ID bit and no file capability gives it rights: PR_SET_NO_NEW_PRIVS of prctl(2).
    pub fn no_new_privs(&mut self) -> &mut Command {
        self.both_capabilities().into_iter().for_each(|capabilities| capabilities.no_new_privileges = true);
        self
    }

    /// Has the kernel send the program this signal when the process dies that waits for it. There is such a process then, also
    /// without a PID namespace: [`Child::id`](crate::Child::id) is its PID. Where there is one anyway, the signal is SIGKILL (9)
    /// without this.
    pub fn kill_child(&mut self, signal: i32) -> &mut Command {
        if let Some(signal) = self.signal(signal) {
            (self.new.kill_child, self.join.kill_child) = (Some(signal), Some(signal));
        }
        self
    }

    /// Has the process that waits for the program pass these signals on to it, so that kill(2) of [`Child::id`](crate::Child::id)
    /// reaches the program. There is such a process then, also without a PID namespace. SIGKILL and SIGSTOP cannot be passed on,
    /// and are an error.
    pub fn forward_signals(&mut self, signals: impl IntoIterator<Item = i32>) -> &mut Command {
        let signals: Vec<SignalNumber> = signals.into_iter().filter_map(|signal| self.signal(signal)).collect();
        if let Some(signal) = signals.iter().find(|signal| [libc::SIGKILL, libc::SIGSTOP].contains(&signal.0)) {
            self.is_wrong(format!("signal {} cannot be forwarded: nobody can catch it", signal.0));
        }
        let signals = SignalSet::of(&signals);
        (self.new.forward_signals, self.join.forward_signals) = (Some(signals), Some(signals));
        self
    }

    fn signal(&mut self, signal: i32) -> Option<SignalNumber> {
        let is_one = (1..=64).contains(&signal);
        if !is_one {
            self.is_wrong(format!("{signal} is no signal"));
        }
        is_one.then_some(SignalNumber(signal))
    }

    fn both_capabilities(&mut self) -> [&mut Capabilities; 2] {
        [&mut self.new.capabilities, &mut self.join.capabilities]
    }
}
