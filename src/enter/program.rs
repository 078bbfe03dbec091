//! Which program is run.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::error::RequestError;
use crate::ids::users::{self, Getent};
use crate::proc::environ;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// A path if it has a slash, otherwise a name to search in `$PATH`.
    pub file: CString,
    /// Its argv.
    pub argv: Vec<CString>,
}

/// The UID that the kernel shows for every unmapped one (/proc/sys/kernel/overflowuid).
const UNMAPPED_UID: u32 = 65534;

/// Where execvp(3) searches if `$PATH` is not set.
pub const DEFAULT_PATH: &str = "/bin:/usr/bin";

impl Program {
    /// The program that the operands name. Errors: a NUL byte in one of them.
    pub fn from_operands(operands: &[OsString]) -> Result<Option<Program>, RequestError> {
        let argv: Result<Vec<CString>, _> = operands.iter().map(|operand| CString::new(operand.as_bytes())).collect();
        let argv = argv.map_err(|_| RequestError::NulByte)?;
        Ok(argv.first().cloned().map(|file| Program { file, argv }))
    }

    /// The caller's shell, as a login shell: `$SHELL`, otherwise that of the passwd entry, otherwise /bin/sh.
    pub fn login_shell(environment: &[&CStr], real_uid: u32, getent: Getent) -> Program {
        let from_variable = environ::value(environment, b"SHELL")
            .filter(|shell| !shell.is_empty())
            .map(|shell| OsStr::from_bytes(shell).to_os_string());
        let from_entry =
            || Some(real_uid).filter(|uid| *uid != UNMAPPED_UID).and_then(|uid| users::shell_of(uid, getent));
        let shell = from_variable.or_else(from_entry).unwrap_or_else(|| OsString::from("/bin/sh"));
        let base = shell.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let name = [b"-", base].concat();
        // Neither a variable nor a line of the file holds a NUL byte.
        let c_string = |bytes| CString::new(bytes).unwrap_or_default();
        Program { argv: vec![c_string(name)], file: c_string(shell.into_vec()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
