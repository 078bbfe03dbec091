//! Which program is run, and how it is found.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::stat;
use nix::unistd::{AccessFlags, access, faccessat};

use super::environment;
use crate::error::{Failure, RequestError};
use crate::sys::file::execute;
use crate::users::{self, Getent};

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What is looked up: a path if there is a slash in it, else a name for `$PATH`.
    pub file: CString,
    /// Its argv.
    pub argv: Vec<CString>,
}

/// The UID that stands for every one that a user namespace does not map (/proc/sys/kernel/overflowuid).
const UNMAPPED_UID: u32 = 65534;

/// Where a program is looked for without a `$PATH`, as execvp(3) does.
pub const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// What runs an executable that the kernel does not know how to run.
const SCRIPT_SHELL: &CStr = c"/bin/sh";

impl Program {
    /// The program that the operands name. Errors: a NUL byte in one of them.
    pub fn from_operands(operands: &[OsString]) -> Result<Option<Program>, RequestError> {
        let argv: Result<Vec<CString>, _> = operands.iter().map(|operand| CString::new(operand.as_bytes())).collect();
        let argv = argv.map_err(|_| RequestError::NulByte)?;
        Ok(argv.first().cloned().map(|file| Program { file, argv }))
    }

    /// The caller's shell, as a login shell: `$SHELL`, else that of the passwd entry, else /bin/sh.
    pub fn login_shell(environment: &[&CStr], real_uid: u32, getent: Getent) -> Program {
        let from_variable = environment::value(environment, b"SHELL")
            .filter(|shell| !shell.is_empty())
            .map(|shell| OsStr::from_bytes(shell).to_os_string());
        let from_entry =
            || Some(real_uid).filter(|uid| *uid != UNMAPPED_UID).and_then(|uid| users::shell_of(uid, getent));
        let shell = from_variable.or_else(from_entry).unwrap_or_else(|| OsString::from("/bin/sh"));
        let base = shell.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let name = [b"-", base].concat();
        // Neither a variable nor a line of a file that has been read as a string holds a NUL byte.
        let c_string = |bytes| CString::new(bytes).unwrap_or_default();
        Program { argv: vec![c_string(name)], file: c_string(shell.into_vec()) }
    }

    /// Whether there is a file that can be executed: what will fail later (ENOEXEC, E2BIG, …) cannot be known before.
    pub fn check(&self, environment: &[&CStr]) -> Result<(), Failure> {
        let mut found = false;
        let errno = self.search(environment, |path| match may_execute(path) {
            // Any error but those that the search goes on after.
            Ok(()) => {
                found = true;
                Errno::EALREADY
            }
            Err(errno) => errno,
        });
        if found { Ok(()) } else { Err(self.failure(errno)) }
    }

    fn failure(&self, errno: Errno) -> Failure {
        Failure::Program { program: OsStr::from_bytes(self.file.to_bytes()).to_os_string(), errno }
    }

    /// Runs it in place of this process; returns only if that fails.
    pub fn execute(&self, environment: &[&CStr]) -> Failure {
        let argv: Vec<&CStr> = self.argv.iter().map(CString::as_c_str).collect();
        let errno = self.search(environment, |path| execute_or_script(path, &argv, environment));
        self.failure(errno)
    }

    /// Tries each place where the program may be, as execvp(3) does, and returns the error that tells most.
    fn search(&self, environment: &[&CStr], mut attempt: impl FnMut(&CStr) -> Errno) -> Errno {
        let name = self.file.to_bytes();
        if name.is_empty() {
            return Errno::ENOENT;
        }
        if name.contains(&b'/') {
            return attempt(&self.file);
        }
        let path = environment::value(environment, b"PATH").unwrap_or(DEFAULT_PATH.as_bytes());
        let mut refused = false;
        let mut last = Errno::ENOENT;
        let directories = path.split(|byte| *byte == b':');
        for directory in directories.filter(|directory| directory.len() < libc::PATH_MAX as usize) {
            // An empty element is the current directory.
            let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
            let Ok(candidate) = CString::new([directory, separator, name].concat()) else {
                continue;
            };
            last = attempt(&candidate);
            match last {
                Errno::EACCES => refused = true,
                Errno::ENOENT | Errno::ENOTDIR | Errno::ESTALE | Errno::ENODEV | Errno::ETIMEDOUT => {}
                _ => return last,
            }
        }
        if refused { Errno::EACCES } else { last }
    }
}

/// Whether execve(2) would find a file that it may execute. access(2) would ask for the real user, who need not be the one
/// that counts.
fn may_execute(path: &CStr) -> nix::Result<()> {
    match faccessat(AT_FDCWD, path, AccessFlags::X_OK, AtFlags::AT_EACCESS) {
        // A seccomp filter that does not know the call (faccessat2, Linux 5.8): for itself, it has no such error.
        Err(Errno::EPERM) => access(path, AccessFlags::X_OK)?,
        result => result?,
    }
    match stat(path) {
        Ok(stat) if stat.st_mode & libc::S_IFMT != libc::S_IFREG => Err(Errno::EACCES),
        _ => Ok(()),
    }
}

/// execve(2); what is executable but no program of a known format is run by the shell.
fn execute_or_script(path: &CStr, argv: &[&CStr], environment: &[&CStr]) -> Errno {
    let errno = execute(path, argv, environment);
    if errno != Errno::ENOEXEC {
        return errno;
    }
    let rest = argv.get(1..).unwrap_or_default();
    execute(SCRIPT_SHELL, &[&[SCRIPT_SHELL, path], rest].concat(), environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that were tried, and the error in the end, where `answers` tells the errors in their order.
    fn search(file: &CStr, environment: &[&CStr], answers: &[Errno]) -> (Vec<String>, Errno) {
        let program = Program { file: file.to_owned(), argv: vec![file.to_owned()] };
        let mut tried = Vec::new();
        let errno = program.search(environment, |path| {
            tried.push(path.to_string_lossy().into_owned());
            answers.get(tried.len() - 1).copied().unwrap_or(Errno::ENOENT)
        });
        (tried, errno)
    }

    #[test]
    fn a_program_is_looked_for_as_execvp_does() {
        let tried = |places: &[&str], errno| (places.iter().map(ToString::to_string).collect::<Vec<_>>(), errno);
        use Errno::{EACCES, EIO, ENOENT, ENOTDIR};
        assert_eq!(search(c"x", &[c"PATH=/a::/b"], &[]), tried(&["/a/x", "x", "/b/x"], ENOENT));
        assert_eq!(search(c"x", &[], &[]), tried(&["/bin/x", "/usr/bin/x"], ENOENT));
        assert_eq!(search(c"x", &[c"PATH="], &[]), tried(&["x"], ENOENT));
        assert_eq!(search(c"x", &[c"PATH=/a:/b"], &[EACCES, ENOENT]), tried(&["/a/x", "/b/x"], EACCES));
        assert_eq!(search(c"x", &[c"PATH=/a:/b"], &[ENOTDIR]), tried(&["/a/x", "/b/x"], ENOENT));
        assert_eq!(search(c"x", &[c"PATH=/a:/b"], &[EIO]), tried(&["/a/x"], EIO));
        // A directory with too long a name is passed over.
        let long = CString::new(format!("PATH=/{}:/b", "a".repeat(5000))).unwrap();
        assert_eq!(search(c"x", &[&long], &[]), tried(&["/b/x"], ENOENT));
        assert_eq!(search(c"./x", &[c"PATH=/a"], &[]), tried(&["./x"], ENOENT));
        assert_eq!(search(c"", &[], &[]), tried(&[], ENOENT));
    }

    #[test]
    fn the_login_shell_is_the_variable_then_sh() {
        let shell = |environment: &[&CStr], uid| {
            let program = Program::login_shell(environment, uid, Getent::Run);
            (program.file.into_string().unwrap(), program.argv[0].to_str().unwrap().to_string())
        };
        let pair = |file: &str, name: &str| (file.to_string(), name.to_string());
        assert_eq!(shell(&[c"SHELL=/opt/fish"], 65534), pair("/opt/fish", "-fish"));
        assert_eq!(shell(&[c"SHELL="], 65534), pair("/bin/sh", "-sh"));
        assert_eq!(shell(&[], 65534), pair("/bin/sh", "-sh"));
    }
}
