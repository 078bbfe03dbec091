//! What the locale can show, decided as setlocale(3) decides it, from the environment and the locales that there are.

use std::ffi::CStr;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The characters that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// ASCII alone: the C locale, and every one that is not of UTF-8.
    Ascii,
    /// Unicode.
    Utf8,
}

/// The categories of locale(7). One that cannot be had makes setlocale(3) fail as a whole, and C is left for all.
const CATEGORIES: [&str; 12] = [
    "LC_CTYPE",
    "LC_NUMERIC",
    "LC_TIME",
    "LC_COLLATE",
    "LC_MONETARY",
    "LC_MESSAGES",
    "LC_PAPER",
    "LC_NAME",
    "LC_ADDRESS",
    "LC_TELEPHONE",
    "LC_MEASUREMENT",
    "LC_IDENTIFICATION",
];

const DIRECTORY: &str = "/usr/lib/locale";

impl Charset {
    /// That of the locale that `environment` names.
    pub fn of(environment: &[&CStr]) -> Charset {
        charset(
            |name| {
                environment.iter().find_map(|entry| {
                    let value = entry.to_bytes().strip_prefix(name.as_bytes())?;
                    value.strip_prefix(b"=").filter(|value| !value.is_empty())
                })
            },
            exists,
        )
    }
}

fn charset<'v>(
    variable: impl Fn(&str) -> Option<&'v [u8]>,
    exists: impl Fn(&str) -> bool,
) -> Charset {
    let name = |category| {
        let value = variable("LC_ALL")
            .or_else(|| variable(category))
            .or_else(|| variable("LANG"));
        value.unwrap_or(b"C")
    };
    let mut known: Vec<&[u8]> = Vec::new();
    for category in CATEGORIES {
        let name = name(category);
        if matches!(name, b"C" | b"POSIX") || known.contains(&name) {
            continue;
        }
        match std::str::from_utf8(name) {
            Ok(text) if exists(text) => known.push(name),
            _ => return Charset::Ascii,
        }
    }
    match codeset(name("LC_CTYPE")) {
        Some(codeset) if codeset == b"utf8" => Charset::Utf8,
        _ => Charset::Ascii,
    }
}

/// The codeset of `LANGUAGE_TERRITORY.CODESET@MODIFIER`, in lower case and without signs, as directories are named.
fn codeset(name: &[u8]) -> Option<Vec<u8>> {
    let dot = name.iter().position(|byte| *byte == b'.')?;
    let codeset = name[dot + 1..].split(|byte| *byte == b'@').next()?;
    let letters = codeset.iter().filter(|byte| byte.is_ascii_alphanumeric());
    Some(letters.map(u8::to_ascii_lowercase).collect())
}

/// Whether the C library has a locale of that name: as a directory, or in its archive.
fn exists(name: &str) -> bool {
    if name.contains('/') {
        return false;
    }
    let mut names = vec![name.to_string()];
    if let Some((head, tail)) = name.split_once('.')
        && let Some(codeset) = codeset(name.as_bytes())
    {
        let modifier = tail
            .split_once('@')
            .map_or(String::new(), |(_, rest)| format!("@{rest}"));
        names.push(format!(
            "{head}.{}{modifier}",
            String::from_utf8_lossy(&codeset)
        ));
    }
    let directory = Path::new(DIRECTORY);
    names
        .iter()
        .any(|name| directory.join(name).join("LC_CTYPE").exists())
        || archived(&directory.join("locale-archive"), &names)
}

/// Offsets in the header of an archive: where its strings, ended by NUL, lie, and how long they are.
const STRINGS: u64 = 20;
const HEADER: usize = 28;
/// There are a few hundred locales in the world.
const MOST_STRINGS: usize = 1024 * 1024;

fn archived(archive: &Path, names: &[String]) -> bool {
    let mut header = [0; HEADER - STRINGS as usize];
    let Ok(file) = File::open(archive) else {
        return false;
    };
    if file.read_exact_at(&mut header, STRINGS).is_err() {
        return false;
    }
    let word = |at: usize| {
        u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let mut strings = vec![0; (word(4) as usize).min(MOST_STRINGS)];
    file.read_exact_at(&mut strings, word(0).into()).is_ok()
        && strings
            .split(|byte| *byte == 0)
            .any(|string| names.iter().any(|name| name.as_bytes() == string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_go_before_each_other() {
        for (variables, expected) in [
            (&[][..], Charset::Ascii),
            (&[("LANG", "C.UTF-8")], Charset::Utf8),
            (&[("LANG", "C.utf8")], Charset::Utf8),
            (&[("LANG", "C")], Charset::Ascii),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], Charset::Utf8),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")], Charset::Ascii),
            (
                &[("LANG", "C.UTF-8"), ("LC_TIME", "xx_YY.UTF-8")],
                Charset::Ascii,
            ),
            (&[("LANG", "xx_YY.UTF-8")], Charset::Ascii),
            (
                &[("LC_ALL", "C.UTF-8"), ("LC_TIME", "xx_YY.UTF-8")],
                Charset::Utf8,
            ),
        ] {
            let variable = |name: &str| {
                variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| value.as_bytes())
            };
            let exists = |name: &str| name.starts_with("C.");
            assert_eq!(charset(variable, exists), expected, "{variables:?}");
        }
    }
}
