//! Arguments of options: missing files, letters taken for a file, and a file taken for the program.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::stat::SFlag;

use super::super::SystemView;
use super::{DIRECTORIES, NsenterContext};
use crate::cli::getopt::HasArg;
use crate::cli::nsenter::OPTIONS;
use crate::enter::nsenter::kept_by_name;
use crate::enter::nsenter::{NamespaceSource, inode_number};
use crate::error::{Shown, listed};
use crate::namespace::Kind;
use crate::sys::file::open_retrying;
use crate::sys::nsfs;
use crate::sys::stat::fstat;

/// Whether it is a name and no path.
pub fn is_bare(path: &Path) -> bool {
    !path.as_os_str().as_bytes().contains(&b'/')
}

/// Where ip-netns(8) would keep a network namespace of this name.
pub fn kept(kind: Kind, path: &Path) -> Option<PathBuf> {
    kept_by_name(kind, path)
}

/// The inode number that the text is, for a namespace of this kind.
pub fn number(kind: Kind, path: &Path) -> Option<u64> {
    inode_number(kind, path.as_os_str())
}

/// A file that was given to an option does not exist: ENOENT.
pub fn missing(path: &Path, context: &NsenterContext, view: &SystemView) -> Option<String> {
    let typed = &context.typed;
    let of_namespace =
        typed.namespaces.iter().find(|(_, source)| matches!(source, NamespaceSource::File(file) if file == path));
    let kind = of_namespace.map(|(kind, _)| *kind);
    let letters = DIRECTORIES.iter().zip(&typed.directories);
    let of_directory =
        letters.filter(|(_, given)| **given == Some(Some(path.to_path_buf()))).map(|((_, short), _)| *short);
    let options: Vec<u8> = kind.map(Kind::letter).into_iter().chain(of_directory).collect();
    if let Some(hint) = letters_for_file(path, &options, context, view) {
        return Some(hint);
    }
    let kind = kind.filter(|_| is_bare(path))?;
    let name = path.shown();
    if let Some(number) = number(kind, path) {
        return Some(format!(
            "no file is called {name} here, and no {kind} namespace with the number {number} can be seen: lsns -t {kind} \
             lists those that can"
        ));
    }
    if let Some((of, number)) = named_number(path.as_os_str().as_bytes()).filter(|(of, _)| *of != kind) {
        return Some(format!("{number} is the number of a {of} namespace: write --{}={number}", of.long_option()));
    }
    let kept = kept(kind, path)?;
    Some(format!("no file is called {name} here, and {} is not there either", kept.shown()))
}

/// The file of a network namespace of ip-netns(8) is missing: which there are.
pub fn no_network(path: &Path) -> Option<String> {
    const MOST: usize = 12;
    let name = path.file_name()?;
    if kept_by_name(Kind::Net, name.as_ref()).as_deref() != Some(path) {
        return None;
    }
    let entries = std::fs::read_dir(path.parent()?).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().shown().to_string()).collect();
    names.sort();
    let are = match names.len() {
        0 => return Some("no network namespace has a name (ip netns list)".to_string()),
        1 => "is",
        _ => "are",
    };
    let there = listed(&names, MOST);
    Some(format!("no network namespace is called {}: there {are} {there} (ip netns list)", name.shown()))
}

/// `uts:[4026531838]` of whatever kind.
fn named_number(text: &[u8]) -> Option<(Kind, u64)> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let kind = Kind::from_name(&text[..colon])?;
    Some((kind, inode_number(kind, OsStr::from_bytes(text))?))
}

/// `-mun` means -m with the file `un`, because -m takes an attached argument.
fn letters_for_file(path: &Path, options: &[u8], context: &NsenterContext, view: &SystemView) -> Option<String> {
    let file = path.as_os_str().as_bytes();
    let line = view.bytes("/proc/self/cmdline")?;
    let program = context.typed.program.as_deref().map(OsStr::as_bytes);
    let words = line.split(|byte| *byte == 0).skip(1).take_while(|word| Some(*word) != program);
    let (cluster, letter) =
        words.filter_map(|word| cluster_before(word, file)).find(|(_, letter)| options.contains(letter))?;
    let apart = letters_apart(cluster)?.into_iter().chain([vec![letter]]).chain(letters_apart(file)?);
    let apart: Vec<String> = apart.map(|option| format!("-{}", String::from_utf8_lossy(&option))).collect();
    Some(format!(
        "-{}{} is -{} with the file {}: write {}",
        String::from_utf8_lossy(cluster),
        format_args!("{}{}", char::from(letter), path.shown()),
        char::from(letter),
        path.shown(),
        apart.join(" ")
    ))
}

/// The letters up to and including the one that has this file attached.
fn cluster_before<'w>(word: &'w [u8], file: &[u8]) -> Option<(&'w [u8], u8)> {
    let letters = word.strip_prefix(b"-")?.strip_suffix(file)?;
    match letters {
        [b'-', ..] | [] => None,
        [before @ .., letter] => Some((before, *letter)),
    }
}

/// The letters of options, each with its argument; `None` if the text is not of that form.
fn letters_apart(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut apart = Vec::new();
    let mut rest = text;
    while let [letter, tail @ ..] = rest {
        let option = OPTIONS.iter().find(|option| option.short == Some(*letter))?;
        if matches!(option.long, "help" | "version") {
            return None;
        }
        if option.short_has_arg == HasArg::Required {
            // A number is likely to be one, a word is not.
            let is_value = tail.iter().all(u8::is_ascii_digit);
            return is_value.then(|| {
                apart.push([&[*letter], tail].concat());
                apart
            });
        }
        apart.push(vec![*letter]);
        rest = tail;
    }
    Some(apart)
}

/// The user meant the operand as the argument of an option, which must be attached to it: `nsenter -n /run/netns/blue
/// ip a`.
pub fn argument_apart(operand: &OsStr, context: &NsenterContext, view: &SystemView) -> Option<String> {
    let typed = &context.typed;
    let path = Path::new(operand);
    let of_target =
        typed.namespaces.iter().filter(|(_, source)| *source == NamespaceSource::Target).map(|(kind, _)| *kind);
    let kinds: Vec<Kind> = of_target.collect();
    let attached = |option: &str, shown: &Path| {
        format!(
            "{} was taken for the program to run: the argument of --{option} must be attached, so write --{option}={}",
            operand.shown(),
            shown.shown()
        )
    };
    let outside = outside(path, view);
    if let Some(kind) = outside.as_ref().and_then(|file| namespace_kind(file, path, view)).filter(|_| !kinds.is_empty())
    {
        return Some(attached(kind.long_option(), path));
    }
    let is_directory = outside.is_some_and(|file| {
        fstat(file).is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFDIR)
    });
    let bare = DIRECTORIES.iter().zip(&typed.directories).find(|(_, given)| **given == Some(None));
    if let (true, Some(((option, _), _))) = (is_directory, bare) {
        return Some(attached(option, path));
    }
    let named = kinds.iter().find(|kind| {
        let is_kept = || kept(**kind, path).and_then(|kept| Some(view.exists(kept.to_str()?))) == Some(true);
        is_bare(path) && (number(**kind, path).is_some_and(|number| number > u64::from(u32::MAX / 2)) || is_kept())
    });
    named.map(|kind| attached(kind.long_option(), path))
}

/// The file that the caller's `path` leads to outside, opened with O_PATH.
fn outside(path: &Path, view: &SystemView) -> Option<OwnedFd> {
    match path.is_absolute() {
        true => view.follow(path.to_str()?, OFlag::O_PATH),
        false if is_bare(path) => None,
        false => open_retrying(path, OFlag::O_PATH).ok(),
    }
}

/// The kind of namespace of `file`. We open it only if it is on nsfs.
fn namespace_kind(file: &OwnedFd, path: &Path, view: &SystemView) -> Option<Kind> {
    if !nsfs::is_on_nsfs(file) {
        return None;
    }
    let opened = match path.is_absolute() {
        true => view.follow(path.to_str()?, OFlag::O_RDONLY),
        false => open_retrying(path, OFlag::O_RDONLY).ok(),
    };
    nsfs::kind(opened?).ok()?
}
