//! Work inside of a namespace.

use std::thread;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};

use super::error::{Error, ErrorKind, Result};
use super::namespace::Namespace;
use super::words::{self, Speaker};
use crate::enter::RunFailure;
use crate::error::{Attempt, Failure};
use crate::hint::SystemView;
use crate::hint::nsenter::{NsenterContext, hint};
use crate::namespace::{Kind, KindSet};

/// setns(2): EPERM.
const NOT_PERMITTED: &str = "a visit needs CAP_SYS_ADMIN in our own user namespace and in the one that owns the visited namespace: run this \
    program as root, or start a program there with Command, which can enter that user namespace as well";

impl Namespace {
    /// Calls `work` in a new thread that has entered this namespace, and is thrown away afterwards: the calling thread, and
    /// all others, stay where they are. If `work` panics, so does this.
    ///
    /// Files of `/proc/self` and `/proc/net` are those of the process, and not of the thread: read `/proc/thread-self`.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let net = nskit::Namespace::of(4711, nskit::Kind::Net)?;
    /// let devices = net.visit(|| std::fs::read_to_string("/proc/thread-self/net/dev"))??;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Errors: EPERM without CAP_SYS_ADMIN in our own user namespace and in the one that owns the namespace, even if it is our own.
    /// An ordinary user starts a [`Command`](crate::Command) with [`namespaces`](crate::Command::namespaces)`([User, Net])` instead.
    /// A thread can be in no other user, PID or time namespace than its process, so these cannot
    /// be visited (`Command` starts a program there).
    pub fn visit<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        if matches!(self.kind(), Kind::User | Kind::Pid | Kind::Time) {
            let message = format!("cannot visit {self}: a thread is in the {} namespace of its process", self.kind());
            let hint = "start a program there: Command enters any namespace";
            return Err(Error::invalid(message).with_kind(ErrorKind::Unsupported).with_hint(hint));
        }
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("visit".into()).spawn_scoped(scope, || {
                self.enter_with_thread()?;
                Ok(work())
            });
            let thread = thread.map_err(|error| {
                Error::of_call("cannot start a thread", Errno::from_raw(error.raw_os_error().unwrap_or(0)))
            })?;
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn enter_with_thread(&self) -> Result<()> {
        let kinds = KindSet::EMPTY.with(self.kind());
        let entered = match self.kind() {
            // mount_namespaces(7): a thread that shares its root and working directory with others may not enter.
            Kind::Mount => unshare(CloneFlags::CLONE_FS).and_then(|()| setns(self, kinds.clone_flags())),
            _ => setns(self, kinds.clone_flags()),
        };
        entered.map_err(|errno| {
            let error = Error::of_call(format!("cannot enter {self}"), errno);
            // It enters nothing else.
            if errno == Errno::EPERM {
                return error.with_hint(NOT_PERMITTED);
            }
            let failure = RunFailure::Other(Failure::System { attempt: Attempt::Enter(kinds), errno });
            let context = NsenterContext { kinds, ..NsenterContext::default() };
            match hint(&failure, &context, &SystemView::of_system()) {
                Some(hint) => error.with_hint(words::ours(&hint, Speaker::Join)),
                None => error,
            }
        })
    }
}
