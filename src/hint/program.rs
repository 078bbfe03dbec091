//! Why we could not run a program, as seen from where it would have run: after everything was entered.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, readlink};
use nix::sys::statfs::{NSFS_MAGIC, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};

use super::usage::pasted_dash;
use crate::enter::program::DEFAULT_PATH;
use crate::error::Shown;
use crate::sys::file::{open_retrying, read_fd_bounded};
use crate::sys::stat::{FileStat, lstat, stat};

/// Builtins of a shell, which are not files.
const BUILTINS: [&str; 16] = [
    "alias", "bg", "cd", "eval", "exec", "exit", "export", "fg", "jobs", "let", "local", "read", "set", "source",
    "ulimit", "unset",
];

/// We read so much of a program: its `#!` line, or the table of an ELF file and the name of its loader.
const LOOKED_AT: usize = 64 << 10;

/// We follow a `#!` line to another script at most so often.
const DEEPEST: usize = 5;

/// How a program was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The `PATH` that the program was to get.
    pub path: Option<OsString>,
    /// Where we look for its files, if not where we come from: `below DIR`.
    pub place: Option<String>,
}

/// execve(2) of the program that the user called by this name.
pub fn not_run(name: &OsStr, errno: Errno, search: &Search) -> Option<String> {
    match errno {
        Errno::ENOENT => lacking(name, search).or_else(|| not_found(name, search)),
        Errno::EACCES => not_executable(name, search),
        _ => None,
    }
}

/// ENOENT in every place that we looked in: something that the program needs is missing, or its name is wrong.
pub fn lacking(name: &OsStr, search: &Search) -> Option<String> {
    if let Some(hint) = pasted_dash(name) {
        return Some(hint);
    }
    if name.is_empty() {
        return Some("the name of the program is empty, perhaps because a variable is empty".to_string());
    }
    let found = candidates(name, search).find(|file| lstat(file).is_ok());
    if let Some(file) = found {
        return needs(&file, search, DEEPEST);
    }
    let text = name.to_string_lossy();
    if text.contains(|character: char| character.is_whitespace()) {
        return Some(format!(
            "'{}' as a whole is taken for the name of the program: give each word as a separate argument, or the line \
             to a shell with sh -c",
            name.shown()
        ));
    }
    if BUILTINS.contains(&&*text) {
        return Some(format!("{text} is a command of the shell, and no program: give it to one with sh -c"));
    }
    None
}

fn not_found(name: &OsStr, search: &Search) -> Option<String> {
    let place = search.place.as_deref();
    if name.as_bytes().contains(&b'/') {
        return place.map(|place| format!("it was looked for {place}"));
    }
    let place = place.map_or(String::new(), |place| format!(" {place}"));
    match &search.path {
        None => Some(format!("PATH is not set for the program, which was looked for in {DEFAULT_PATH}{place}")),
        Some(path) if !place.is_empty() => {
            Some(format!("it was looked for{place}, in the directories of PATH={}", path.shown()))
        }
        Some(_) => None,
    }
}

/// The files that the name may mean, in the order of execvp(3).
fn candidates(name: &OsStr, search: &Search) -> impl Iterator<Item = PathBuf> {
    let path = match name.as_bytes().contains(&b'/') {
        true => OsString::new(),
        false => search.path.clone().unwrap_or_else(|| DEFAULT_PATH.into()),
    };
    let directories: Vec<_> = path.as_bytes().split(|byte| *byte == b':').map(<[u8]>::to_vec).collect();
    let name = name.to_os_string();
    directories.into_iter().map(move |directory| Path::new(OsStr::from_bytes(&directory)).join(&name))
}

/// The file exists, so something that it needs is missing.
fn needs(file: &Path, search: &Search, depth: usize) -> Option<String> {
    let place = search.place.as_ref().map_or(String::new(), |place| format!(" {place}"));
    let name = file.shown();
    if stat(file).is_err() {
        let target = readlink(file).ok()?;
        return Some(format!("{name} is a symbolic link to {}, which is missing{place}", target.shown()));
    }
    let head = head(file)?;
    if head.starts_with(b"#!") {
        let interpreter = interpreter_of(&head)?;
        if interpreter.as_bytes().ends_with(b"\r") {
            return Some(format!(
                "the first line of {name} ends in a carriage return, as in a text of Windows, so that it names the \
                 interpreter '{}': take those out (sed -i 's/\\r$//')",
                interpreter.as_bytes().escape_ascii()
            ));
        }
        return needed(&format!("the interpreter of {name}"), interpreter, search, depth);
    }
    if head.starts_with(b"\x7fELF") {
        return needed(&format!("the loader that {name} names"), loader_of(&head)?, search, depth);
    }
    // execvp(3) gives a file of an unknown format to the shell.
    needed(&format!("the shell that is to run {name}"), "/bin/sh".into(), search, depth)
}

fn needed(what: &str, file: OsString, search: &Search, depth: usize) -> Option<String> {
    let path = Path::new(&file);
    if lstat(path).is_ok() {
        return needs(path, search, depth.checked_sub(1)?);
    }
    let place = search.place.as_ref().map_or(String::new(), |place| format!(" {place}"));
    Some(format!("{what}, {}, is missing{place}", path.shown()))
}

/// The program of a `#!` line, up to the next blank.
fn interpreter_of(head: &[u8]) -> Option<OsString> {
    let line = head.get(2..)?.split(|byte| *byte == b'\n').next()?;
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let words = line.split(blank).find(|word| !word.is_empty())?;
    Some(OsString::from_vec(words.to_vec()))
}

/// The loader that an ELF file names, PT_INTERP of elf(5); `None` for a static file.
fn loader_of(head: &[u8]) -> Option<OsString> {
    const PT_INTERP: u64 = 3;
    let wide = *head.get(4)? == 2;
    let big = *head.get(5)? == 2;
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = head.get(at..at.checked_add(length)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    };
    let (table, size, count) = match wide {
        true => (number(32, 8)?, number(54, 2)?, number(56, 2)?),
        false => (number(28, 4)?, number(42, 2)?, number(44, 2)?),
    };
    for index in 0..count {
        let at = usize::try_from(table.checked_add(index * size)?).ok()?;
        if number(at, 4)? != PT_INTERP {
            continue;
        }
        let (offset, length) = match wide {
            true => (number(at.checked_add(8)?, 8)?, number(at.checked_add(32)?, 8)?),
            false => (number(at.checked_add(4)?, 4)?, number(at.checked_add(16)?, 4)?),
        };
        let offset = usize::try_from(offset).ok()?;
        let name = head.get(offset..offset.checked_add(usize::try_from(length).ok()?)?)?;
        let name = name.split(|byte| *byte == 0).next()?;
        return Some(OsString::from_vec(name.to_vec()));
    }
    None
}

/// The beginning of a file, if reading it has no effect.
fn head(file: &Path) -> Option<Vec<u8>> {
    let regular = |stat: FileStat| stat.st_mode & libc::S_IFMT == libc::S_IFREG;
    if !stat(file).is_ok_and(regular) {
        return None;
    }
    read_fd_bounded(open_retrying(file, OFlag::O_RDONLY).ok()?, LOOKED_AT).ok()
}

/// EACCES: what may not be executed, and why.
pub fn not_executable(name: &OsStr, search: &Search) -> Option<String> {
    let there = |file: &PathBuf| stat(file).is_ok();
    match candidates(name, search).find(there) {
        Some(file) => refused(&file, DEEPEST),
        None => not_searched(name, search, |file| stat(file).map(drop)),
    }
}

/// A name without a slash that was found nowhere, where some directory could not be searched: execvp(3) then reports EACCES.
fn not_searched(name: &OsStr, search: &Search, look: impl Fn(&Path) -> nix::Result<()>) -> Option<String> {
    if name.as_bytes().contains(&b'/') {
        return None;
    }
    let refused = candidates(name, search).find(|file| look(file) == Err(Errno::EACCES))?;
    let directory = refused.parent()?;
    Some(format!("it was not found in $PATH, of which {} may not be searched by our user", directory.shown()))
}

fn refused(file: &Path, depth: usize) -> Option<String> {
    let name = file.shown();
    let found = stat(file).ok()?;
    if found.st_mode & libc::S_IFMT == libc::S_IFDIR {
        return Some(format!("{name} is a directory"));
    }
    if found.st_mode & libc::S_IFMT != libc::S_IFREG {
        return None;
    }
    if found.st_mode & 0o111 == 0 {
        return Some(format!("{name} has no permission to be executed (chmod +x)"));
    }
    if statvfs(file).is_ok_and(|statvfs| statvfs.flags().contains(FsFlags::ST_NOEXEC)) {
        return Some(format!("{name} is on a mount with the option noexec, from which no program is run"));
    }
    // The refusal may be that of what it is run by.
    let head = head(file)?;
    let runner = if head.starts_with(b"#!") { interpreter_of(&head) } else { loader_of(&head) };
    refused(Path::new(&runner?), depth.checked_sub(1)?)
}

/// Whether the file keeps a namespace, or could: it is on nsfs, or it is empty and not executable.
pub fn is_kept_on(file: &Path) -> bool {
    let empty = |stat: FileStat| {
        let regular = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
        regular && stat.st_size == 0 && stat.st_mode & 0o111 == 0
    };
    statfs(file).is_ok_and(|statfs| statfs.filesystem_type() == NSFS_MAGIC) || stat(file).is_ok_and(empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_may_not_be_searched_is_named() {
        let search = Search { path: Some("/a:/root/bin:/b".into()), place: None };
        let look = |refused: &'static str| {
            move |file: &Path| Err(if file == Path::new(refused) { Errno::EACCES } else { Errno::ENOENT })
        };
        let hint = |name: &str, refused| not_searched(name.as_ref(), &search, look(refused));
        let said = "it was not found in $PATH, of which /root/bin may not be searched by our user";
        assert_eq!(hint("x", "/root/bin/x").as_deref(), Some(said));
        assert_eq!(hint("x", "/c/x"), None);
        assert_eq!(hint("/root/bin/x", "/root/bin/x"), None);
    }
}
