//! The program, in place of this process.

use std::ffi::CStr;

use nix::unistd::getuid;

use super::prepared::Prepared;
use super::state::{Joining, Run};
use crate::enter::executable::Executable;
use crate::enter::fault::Fault;
use crate::enter::helper::Binder;
use crate::enter::program::Program;
use crate::ids::users::Getent;
use crate::sys::exec::Vector;
use crate::sys::file::out_of_the_way;

impl Run {
    /// Returns only if the program cannot be run.
    pub fn execute(&mut self, prepared: &mut Prepared) -> Fault {
        let Prepared { program, environment, .. } = prepared;
        // Our next child would be process 1 of the new PID namespace. It is not spent on getent: once it has ended, the shell
        // could not fork (pid_namespaces(7)).
        let getent = if self.child_is_first { Getent::Leave } else { Getent::Run };
        let program = program.get_or_insert_with(|| login_shell(environment, getent));
        // The program may be named by a descriptor (/proc/self/fd/3): it is not to meet one of ours.
        self.handles.close();
        (self.joining, self.parent, self.channel, self.proc) = (Joining::default(), None, None, None);
        self.report = self.report.take().map(out_of_the_way);
        let mut held = None;
        if let Some(binder) = self.binder.take().map(Binder::step_aside) {
            // From here on the mounts may stay; so what can be known of the program's fate is asked before.
            if let Err(errno) = program.check() {
                binder.undo();
                return errno.into();
            }
            held = match binder.dismiss_or_hold() {
                Ok(held) => held,
                Err(fault) => return fault,
            };
        }
        let errno = program.execute(environment);
        if let Some(binder) = held {
            binder.undo();
        }
        errno.into()
    }
}

/// The caller's login shell, by what can be seen now. This takes memory.
pub fn login_shell(environment: &Vector, getent: Getent) -> Executable {
    let environment: Vec<&CStr> = environment.strings().collect();
    Executable::new(&Program::login_shell(&environment, getuid().as_raw(), getent), &environment)
}
