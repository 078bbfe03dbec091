//! Finds the program that the kernel starts to run a file: the interpreter of a script (execve(2)), the loader of an
//! ELF file (elf(5)).
//!
//! Nothing here allocates, so that the child of a process with several threads may call it (signal-safety(7)).

use std::ffi::CStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

/// A program that runs another file, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpreter<'p> {
    /// The interpreter of a script, from its `#!` line. It may itself be a script.
    OfScript(&'p CStr),
    /// Of an ELF file: its PT_INTERP.
    Loader(&'p CStr),
}

/// The kernel reads so many bytes of a file to find out its format: BINPRM_BUF_SIZE.
const HEAD: usize = 256;
/// The longest path of a loader, with its NUL: PATH_MAX.
pub const LONGEST_PATH: usize = 4096;
/// Bytes of a program header of 64 bits.
const HEADER: usize = 56;

/// The program that the file names; its path is put in `buffer`. `None` if it names none, cannot be read, or is for
/// another processor: then binfmt_misc may know it.
pub fn interpreter(file: OwnedFd, buffer: &mut [u8; LONGEST_PATH]) -> Option<Interpreter<'_>> {
    let file = File::from(file);
    let mut head = [0; HEAD];
    let length = file.read_at(&mut head, 0).ok()?;
    let head = &head[..length];
    if let Some(line) = head.strip_prefix(b"#!") {
        let path = of_script(line)?;
        buffer[..path.len()].copy_from_slice(path);
        buffer[path.len()] = 0;
        return CStr::from_bytes_until_nul(buffer).ok().map(Interpreter::OfScript);
    }
    let headers = ProgramHeaders::of(head)?;
    let (at, size) = (0..headers.count).find_map(|number| {
        let mut segment = [0; HEADER];
        let at = headers.at.checked_add(number * headers.size as u64)?;
        file.read_exact_at(&mut segment[..headers.size], at).ok()?;
        headers.loader(&segment)
    })?;
    let size = usize::try_from(size).ok().filter(|size| *size <= LONGEST_PATH)?;
    file.read_exact_at(&mut buffer[..size], at).ok()?;
    let path = CStr::from_bytes_until_nul(&buffer[..size]).ok()?;
    (!path.is_empty()).then_some(Interpreter::Loader(path))
}

/// The interpreter in a script's first line; `None` if the line is cut within the path.
fn of_script(line: &[u8]) -> Option<&[u8]> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = |byte: &u8| blank(byte) || matches!(byte, b'\n' | 0);
    let start = line.iter().position(|byte| !blank(byte))?;
    let path = &line[start..];
    let length = path.iter().position(end).or((line.len() < HEAD - 2).then_some(path.len()))?;
    Some(&path[..length]).filter(|path| !path.is_empty())
}

/// The position of the program headers in an ELF file.
struct ProgramHeaders {
    /// Whether it is a file of 64 bits.
    wide: bool,
    at: u64,
    size: usize,
    count: u64,
}

/// PT_INTERP of elf(5).
const LOADER: u64 = 3;

impl ProgramHeaders {
    /// The position in a file for this processor.
    fn of(head: &[u8]) -> Option<ProgramHeaders> {
        let own_order = if cfg!(target_endian = "little") { 1 } else { 2 };
        let wide = match head.get(..6)? {
            [0x7f, b'E', b'L', b'F', class @ (1 | 2), order] if *order == own_order => *class == 2,
            _ => return None,
        };
        if wide != cfg!(target_pointer_width = "64") || number(head, 18, 2)? != own_machine()? {
            return None;
        }
        let (at, size, count) = match wide {
            true => (number(head, 32, 8)?, number(head, 54, 2)?, number(head, 56, 2)?),
            false => (number(head, 28, 4)?, number(head, 42, 2)?, number(head, 44, 2)?),
        };
        let least = if wide { HEADER } else { 32 };
        let size = usize::try_from(size).ok().filter(|size| *size == least)?;
        Some(ProgramHeaders { wide, at, size, count })
    }

    /// Offset and size of the loader's path, if this segment is that.
    fn loader(&self, segment: &[u8]) -> Option<(u64, u64)> {
        let (at, size) = match self.wide {
            true => (number(segment, 8, 8)?, number(segment, 32, 8)?),
            false => (number(segment, 4, 4)?, number(segment, 16, 4)?),
        };
        (number(segment, 0, 4)? == LOADER).then_some((at, size))
    }
}

/// e_machine of programs for this architecture; `None` for one that is not listed here.
fn own_machine() -> Option<u64> {
    let machines =
        [("x86_64", 62), ("aarch64", 183), ("riscv64", 243), ("powerpc64", 21), ("s390x", 22), ("x86", 3), ("arm", 40)];
    machines.into_iter().find_map(|(name, machine)| (name == std::env::consts::ARCH).then_some(machine))
}

/// The number of so many bytes, at most 8, in the order of this processor.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let field = bytes.get(at..at + width)?;
    let mut whole = [0; 8];
    let start = if cfg!(target_endian = "little") { 0 } else { 8 - width };
    whole[start..start + width].copy_from_slice(field);
    Some(u64::from_ne_bytes(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(line: &[u8]) -> Option<&str> {
        of_script(line).map(|path| std::str::from_utf8(path).unwrap())
    }

    #[test]
    fn a_script_names_its_interpreter() {
        assert_eq!(script(b"/bin/sh\n"), Some("/bin/sh"));
        assert_eq!(script(b" \t/bin/sh -e\nx"), Some("/bin/sh"));
        assert_eq!(script(b"/bin/sh"), Some("/bin/sh"));
        for nothing in [&b""[..], b"\n", b"  \n/bin/sh", &[b'x'; HEAD - 2]] {
            assert_eq!(script(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_program_names_its_loader() {
        let mut buffer = [0; LONGEST_PATH];
        let found = interpreter(File::open("/bin/sh").unwrap().into(), &mut buffer);
        assert!(matches!(found, Some(Interpreter::Loader(path)) if path.to_bytes().starts_with(b"/lib")));
        assert_eq!(interpreter(File::open("/etc/passwd").unwrap().into(), &mut buffer), None);
        assert_eq!(interpreter(File::open("/dev/null").unwrap().into(), &mut buffer), None);
    }

    #[test]
    fn hostile_headers_name_nothing() {
        let mut head = std::fs::read("/bin/sh").unwrap();
        head.truncate(HEAD);
        for cut in 0..64 {
            let _ = ProgramHeaders::of(&head[..cut]);
        }
        // A size of 0 would divide by it.
        head[54] = 0;
        assert!(ProgramHeaders::of(&head).is_none());
    }
}
