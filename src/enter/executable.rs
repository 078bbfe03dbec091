//! A program with everything that execve(2) needs, prepared so that the search and the call allocate nothing.

use std::ffi::{CStr, CString};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::{AccessFlags, access, faccessat};

use super::interpreter::{Interpreter, LONGEST_PATH, interpreter};
use super::program::{DEFAULT_PATH, Program};
use crate::proc::environ;
use crate::sys::exec::{Vector, execute, execute_script};
use crate::sys::file::open_retrying;
use crate::sys::stat::stat;

/// The shell, which runs an executable of a format that the kernel does not know.
const SCRIPT_SHELL: &CStr = c"/bin/sh";

/// A program that is ready to be run.
pub struct Executable {
    name: CString,
    /// Where it may be, in the order of looking.
    candidates: Vec<CString>,
    argv: Vector,
    /// The argv of the shell for a script without `#!`. The second argument is the script.
    script_argv: Vector,
}

impl Executable {
    /// The program. It is searched in the `$PATH` of its own environment.
    pub fn new(program: &Program, environment: &[&CStr]) -> Executable {
        let rest = program.argv.iter().skip(1).cloned();
        Executable {
            name: program.file.clone(),
            candidates: candidates(&program.file, environment),
            argv: Vector::new(program.argv.iter().cloned()),
            script_argv: Vector::new([SCRIPT_SHELL.into(), program.file.clone()].into_iter().chain(rest)),
        }
    }

    /// What was looked for.
    pub fn name(&self) -> &CStr {
        &self.name
    }

    /// Puts a number in place of the argument at `index`, see [`Vector::set_number`].
    pub fn set_number(&mut self, index: usize, number: i32) {
        self.argv.set_number(index, number);
        // The shell and the script stand where the name of the program stood.
        self.script_argv.set_number(index + 1, number);
    }

    /// Checks that an executable file exists, and the program that the kernel starts to run it: the interpreter of a
    /// script, or the loader of an ELF file. Later failures (ENOEXEC, E2BIG, …) cannot be predicted. Errors: those of
    /// [`Executable::execute`].
    pub fn check(&self) -> nix::Result<()> {
        self.check_by(|path| may_execute(path).and_then(|()| may_start(path)))
    }

    /// Checks that an executable file exists, but not what it needs. Errors: as [`Executable::check`].
    pub fn check_file(&self) -> nix::Result<()> {
        self.check_by(may_execute)
    }

    fn check_by(&self, may: impl Fn(&CStr) -> nix::Result<()>) -> nix::Result<()> {
        let mut found = false;
        let errno = search(&self.candidates, |path| match may(path) {
            // An error that ends the search.
            Ok(()) => {
                found = true;
                Errno::EALREADY
            }
            Err(errno) => errno,
        });
        if found { Ok(()) } else { Err(errno) }
    }

    /// Runs it in place of this process; returns only if that fails.
    pub fn execute(&mut self, environment: &Vector) -> Errno {
        let Executable { candidates, argv, script_argv, .. } = self;
        // The shell runs an executable file of an unknown format.
        search(candidates, |path| match execute(path, argv, environment) {
            Errno::ENOEXEC => execute_script(SCRIPT_SHELL, path, script_argv, environment),
            errno => errno,
        })
    }
}

/// The places where a program may be, as execvp(3) finds them.
fn candidates(file: &CStr, environment: &[&CStr]) -> Vec<CString> {
    let name = file.to_bytes();
    if name.is_empty() {
        return Vec::new();
    }
    if name.contains(&b'/') {
        return vec![file.to_owned()];
    }
    let path = environ::value(environment, b"PATH").unwrap_or(DEFAULT_PATH.as_bytes());
    let directories = path.split(|byte| *byte == b':').filter(|directory| directory.len() < libc::PATH_MAX as usize);
    let candidate = |directory: &[u8]| {
        // An empty element is the current directory.
        let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
        CString::new([directory, separator, name].concat()).ok()
    };
    directories.filter_map(candidate).collect()
}

/// Tries each place, as execvp(3) does, and returns the error that tells most.
fn search(candidates: &[CString], mut attempt: impl FnMut(&CStr) -> Errno) -> Errno {
    let mut refused = false;
    let mut last = Errno::ENOENT;
    for candidate in candidates {
        last = attempt(candidate);
        match last {
            Errno::EACCES => refused = true,
            Errno::ENOENT | Errno::ENOTDIR | Errno::ESTALE | Errno::ENODEV | Errno::ETIMEDOUT => {}
            _ => return last,
        }
    }
    if refused { Errno::EACCES } else { last }
}

/// Whether execve(2) would find a file that it may execute. We do not use access(2), which checks the real user:
/// execve(2) checks the effective one.
fn may_execute(path: &CStr) -> nix::Result<()> {
    match faccessat(AT_FDCWD, path, AccessFlags::X_OK, AtFlags::AT_EACCESS) {
        // A seccomp filter rejects the call (faccessat2, Linux 5.8), which never returns this error itself.
        Err(Errno::EPERM) => access(path, AccessFlags::X_OK)?,
        result => result?,
    }
    match stat(path) {
        Ok(stat) if stat.st_mode & libc::S_IFMT != libc::S_IFREG => Err(Errno::EACCES),
        _ => Ok(()),
    }
}

/// The kernel looks for interpreters of interpreters so many times.
const MOST_INTERPRETERS: usize = 5;

/// Whether execve(2) would find the interpreters of an executable file. A file that we cannot read or understand
/// passes: binfmt_misc may know its format.
fn may_start(path: &CStr) -> nix::Result<()> {
    let mut file = match open_retrying(path, OFlag::O_RDONLY) {
        Ok(file) => file,
        Err(_) => return Ok(()),
    };
    for _ in 0..MOST_INTERPRETERS {
        let mut buffer = [0; LONGEST_PATH];
        let (path, is_script) = match interpreter(file, &mut buffer) {
            Some(Interpreter::OfScript(path)) => (path, true),
            Some(Interpreter::Loader(path)) => (path, false),
            None => break,
        };
        may_execute(path)?;
        file = match open_retrying(path, OFlag::O_RDONLY) {
            Ok(file) if is_script => file,
            _ => break,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that were tried, and the error in the end, where `answers` tells the errors in their order.
    fn look_for(file: &CStr, environment: &[&CStr], answers: &[Errno]) -> (Vec<String>, Errno) {
        let mut tried = Vec::new();
        let errno = search(&candidates(file, environment), |path| {
            tried.push(path.to_string_lossy().into_owned());
            answers.get(tried.len() - 1).copied().unwrap_or(Errno::ENOENT)
        });
        (tried, errno)
    }

    #[test]
    fn a_program_is_looked_for_as_execvp_does() {
        let tried = |places: &[&str], errno| (places.iter().map(ToString::to_string).collect::<Vec<_>>(), errno);
        use Errno::{EACCES, EIO, ENOENT, ENOTDIR};
        assert_eq!(look_for(c"x", &[c"PATH=/a::/b"], &[]), tried(&["/a/x", "x", "/b/x"], ENOENT));
        assert_eq!(look_for(c"x", &[], &[]), tried(&["/bin/x", "/usr/bin/x"], ENOENT));
        assert_eq!(look_for(c"x", &[c"PATH="], &[]), tried(&["x"], ENOENT));
        assert_eq!(look_for(c"x", &[c"PATH=/a:/b"], &[EACCES, ENOENT]), tried(&["/a/x", "/b/x"], EACCES));
        assert_eq!(look_for(c"x", &[c"PATH=/a:/b"], &[ENOTDIR]), tried(&["/a/x", "/b/x"], ENOENT));
        assert_eq!(look_for(c"x", &[c"PATH=/a:/b"], &[EIO]), tried(&["/a/x"], EIO));
        // A directory with too long a name is passed over.
        let long = CString::new(format!("PATH=/{}:/b", "a".repeat(5000))).unwrap();
        assert_eq!(look_for(c"x", &[&long], &[]), tried(&["/b/x"], ENOENT));
        assert_eq!(look_for(c"./x", &[c"PATH=/a"], &[]), tried(&["./x"], ENOENT));
        assert_eq!(look_for(c"./x", &[], &[ENOTDIR]), tried(&["./x"], ENOTDIR));
        assert_eq!(look_for(c"", &[], &[]), tried(&[], ENOENT));
    }
}
