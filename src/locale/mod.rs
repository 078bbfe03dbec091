//! What the locale can show, decided as setlocale(3) of the GNU C library decides it, from the environment and the locales
//! that are installed. The binaries are static, and so have none of their own.

mod stored;

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::environment::value;
use crate::list::render::Charset;

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

/// Where the C library has its locales.
const DIRECTORY: &str = "/usr/lib/locale";

/// What the locale that `environment` names can show.
pub fn charset(environment: &[&CStr]) -> Charset {
    let variable = |name: &str| value(environment, name.as_bytes()).filter(|value| !value.is_empty());
    let installed = Installed::of(variable("LOCPATH"));
    decide(variable, |name| installed.codeset(name))
}

fn decide<'v>(variable: impl Fn(&str) -> Option<&'v [u8]>, codeset: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Charset {
    let name = |category| {
        let value = variable("LC_ALL").or_else(|| variable(category)).or_else(|| variable("LANG"));
        value.unwrap_or(b"C")
    };
    // By what bytes are characters in the first of them.
    let mut found = None;
    let mut known: Vec<&[u8]> = Vec::new();
    for category in CATEGORIES {
        let name = name(category);
        if matches!(name, b"C" | b"POSIX") || known.contains(&name) {
            continue;
        }
        let Some(codeset) = codeset(name) else {
            return Charset::Ascii;
        };
        if category == CATEGORIES[0] {
            found = Some(codeset);
        }
        known.push(name);
    }
    match found {
        Some(codeset) if is_utf8(&codeset) => Charset::Utf8,
        _ => Charset::Ascii,
    }
}

fn is_utf8(codeset: &[u8]) -> bool {
    normalized(codeset) == b"utf8"
}

/// A codeset as directories are named: letters, small ones, and digits; one of digits alone is meant to be of ISO.
fn normalized(codeset: &[u8]) -> Vec<u8> {
    let letters = codeset.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let name: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
    match name.iter().all(u8::is_ascii_digit) {
        true => [b"iso", &name[..]].concat(),
        false => name,
    }
}

/// Where locales are looked for.
struct Installed {
    archive: Option<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Installed {
    /// With the directories of `$LOCPATH`, if it is set, before the usual one, and without the archive then.
    fn of(locpath: Option<&[u8]>) -> Installed {
        let usual = Path::new(DIRECTORY);
        let given = locpath.unwrap_or_default().split(|byte| *byte == b':');
        let given = given.filter(|directory| !directory.is_empty());
        let given = given.map(|directory| PathBuf::from(OsStr::from_bytes(directory)));
        Installed {
            archive: locpath.is_none().then(|| usual.join("locale-archive")),
            directories: given.chain([usual.to_path_buf()]).collect(),
        }
    }

    /// The codeset of the locale of that name; `None` if there is none.
    fn codeset(&self, name: &[u8]) -> Option<Vec<u8>> {
        let name = std::str::from_utf8(name).ok()?;
        let parts = Parts::of(name);
        // A name, and no path; and no locale has a codeset without a name.
        if name.contains('/') || parts.codeset == Some("") {
            return None;
        }
        let archived =
            self.archive.as_ref().and_then(|archive| stored::in_archive(archive, parts.in_archive().as_bytes()));
        if archived.is_some() {
            return archived;
        }
        let found = parts.directories().into_iter().find_map(|locale| {
            let mut directories = self.directories.iter();
            directories.find_map(|directory| stored::in_directory(&directory.join(&locale)))
        })?;
        // Found without the codeset that was asked for, it may have another.
        let wanted = parts.codeset.map(str::as_bytes);
        let differs = wanted.is_some_and(|wanted| is_utf8(wanted) != is_utf8(&found));
        (!differs).then_some(found)
    }
}

/// `LANGUAGE_TERRITORY.CODESET@MODIFIER`, all but the first of which may be missing.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'n> {
    language: &'n str,
    territory: Option<&'n str>,
    codeset: Option<&'n str>,
    modifier: Option<&'n str>,
}

impl Parts<'_> {
    fn of(name: &str) -> Parts<'_> {
        let (rest, modifier) = split(name, '@');
        let (rest, codeset) = split(rest, '.');
        let (language, territory) = split(rest, '_');
        Parts { language, territory, codeset, modifier }
    }

    /// Where the locale may be found, the best match first: a modifier is given up last, and before it the territory.
    fn directories(&self) -> Vec<String> {
        let normalized = self.codeset.map(|codeset| normalized(codeset.as_bytes()));
        let normalized = normalized.map(|codeset| String::from_utf8_lossy(&codeset).into_owned());
        let codesets = [self.codeset, normalized.as_deref(), None];
        let mut names = Vec::new();
        for modifier in [self.modifier, None] {
            for territory in [self.territory, None] {
                for codeset in codesets {
                    let name = self.written(territory, codeset, modifier);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        names
    }

    /// In the archive it is found by its whole name only.
    fn in_archive(&self) -> String {
        let codeset = self.codeset.map(|codeset| normalized(codeset.as_bytes()));
        let codeset = codeset.map(|codeset| String::from_utf8_lossy(&codeset).into_owned());
        self.written(self.territory, codeset.as_deref(), self.modifier)
    }

    fn written(&self, territory: Option<&str>, codeset: Option<&str>, modifier: Option<&str>) -> String {
        let mut name = self.language.to_string();
        for (sign, part) in [("_", territory), (".", codeset), ("@", modifier)] {
            let part = part.filter(|part| !part.is_empty());
            name.extend(part.into_iter().flat_map(|part| [sign, part]));
        }
        name
    }
}

/// What is before a sign, and what behind it.
fn split(text: &str, sign: char) -> (&str, Option<&str>) {
    match text.split_once(sign) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_go_before_each_other() {
        for (variables, expected) in [
            (&[][..], Charset::Ascii),
            (&[("LANG", "C.UTF-8")], Charset::Utf8),
            (&[("LANG", "en_IN")], Charset::Utf8),
            (&[("LANG", "de_DE")], Charset::Ascii),
            (&[("LANG", "C")], Charset::Ascii),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], Charset::Utf8),
            (&[("LANG", "C.UTF-8"), ("LC_CTYPE", "C")], Charset::Ascii),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")], Charset::Ascii),
            (&[("LANG", "C.UTF-8"), ("LC_TIME", "xx_YY.UTF-8")], Charset::Ascii),
            (&[("LANG", "xx_YY.UTF-8")], Charset::Ascii),
            (&[("LC_ALL", "C.UTF-8"), ("LC_TIME", "xx_YY.UTF-8")], Charset::Utf8),
        ] {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
            let codeset = |name: &[u8]| match name {
                b"C.UTF-8" | b"en_IN" => Some(b"UTF-8".to_vec()),
                b"de_DE" => Some(b"ISO-8859-1".to_vec()),
                _ => None,
            };
            assert_eq!(decide(variable, codeset), expected, "{variables:?}");
        }
    }

    #[test]
    fn what_a_name_lacks_is_left_out_of_it_bit_by_bit() {
        for (name, directories) in [
            ("en_IN", &["en_IN", "en"][..]),
            ("C.UTF-8", &["C.UTF-8", "C.utf8", "C"]),
            ("C.UTF-8@x", &["C.UTF-8@x", "C.utf8@x", "C@x", "C.UTF-8", "C.utf8", "C"]),
            ("sr_RS@latin", &["sr_RS@latin", "sr@latin", "sr_RS", "sr"]),
            ("de@a.b", &["de@a.b", "de"]),
            ("de_@", &["de"]),
        ] {
            assert_eq!(Parts::of(name).directories(), directories, "{name}");
        }
        assert_eq!(Parts::of("de_DE.UTF-8@euro").in_archive(), "de_DE.utf8@euro");
        assert_eq!(Parts::of("de_DE.8859-1").in_archive(), "de_DE.iso88591");
    }
}
