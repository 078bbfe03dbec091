//! What a locale of the GNU C library says of its characters: its LC_CTYPE, as a file in a directory of its own or as a part
//! of the archive. Numbers are of 32 bits, in the order of the machine's bytes, as localedef(1) of the machine writes them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::fcntl::OFlag;

use crate::sys::file::open_retrying;

/// A compiled LC_CTYPE begins with this, the number of its items, and the place of each.
const MAGIC: u32 = 0x2009_0720;
const PLACES: u64 = 8;
/// The item that names the codeset: CODESET of nl_langinfo(3).
const CODESET: u32 = 14;
/// No codeset has a longer name.
const LONGEST: usize = 64;

/// The codeset of the locale in that directory; `None` if there is none.
pub fn in_directory(locale: &Path) -> Option<Vec<u8>> {
    codeset(&open(&locale.join("LC_CTYPE"))?, 0)
}

/// A file that somebody may have named who waits for us to read from a pipe.
fn open(path: &Path) -> Option<File> {
    Some(open_retrying(path, OFlag::O_RDONLY).ok()?.into())
}

/// The name in the LC_CTYPE that begins there.
fn codeset(file: &File, start: u64) -> Option<Vec<u8>> {
    if word(file, start)? != MAGIC || word(file, start + 4)? <= CODESET {
        return None;
    }
    let place = word(file, start + PLACES + 4 * u64::from(CODESET))?;
    let mut name = [0; LONGEST];
    let length = file.read_at(&mut name, start + u64::from(place)).ok()?;
    let end = name[..length].iter().position(|byte| *byte == 0)?;
    Some(name[..end].to_vec())
}

fn word(file: &File, at: u64) -> Option<u32> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(u32::from_ne_bytes(bytes))
}

/// An archive begins with this. Behind it stand, of the table of names, the place at 8 and the number of rows at 16; of the
/// strings, each ended by NUL, the place at 20 and the length at 24.
const ARCHIVE_MAGIC: u32 = 0xde02_0109;
const TABLE: u64 = 8;
const ROWS: u64 = 16;
const STRINGS: u64 = 20;
const STRINGS_LENGTH: u64 = 24;
/// A row: a hash, the place of the name, the place of the locale (0 where there is none).
const ROW: usize = 12;
/// A locale: how often it is used, and then for each category, of which LC_CTYPE is the first, the place and the length.
const FIRST_CATEGORY: u64 = 4;

/// There are a few hundred locales in the world: more than this is no archive.
const MOST: usize = 1024 * 1024;

/// The codeset of the locale of that name in the archive; `None` if there is none.
pub fn in_archive(archive: &Path, name: &[u8]) -> Option<Vec<u8>> {
    let file = open(archive)?;
    if word(&file, 0)? != ARCHIVE_MAGIC {
        return None;
    }
    let start = word(&file, STRINGS)?;
    let strings = bytes(&file, start, word(&file, STRINGS_LENGTH)? as usize)?;
    let rows = (word(&file, ROWS)? as usize).checked_mul(ROW)?;
    let table = bytes(&file, word(&file, TABLE)?, rows)?;
    let is_name = |place: u32| {
        let text = place.checked_sub(start).and_then(|at| strings.get(at as usize..));
        text.and_then(|text| text.strip_prefix(name)).is_some_and(|rest| rest.first() == Some(&0))
    };
    let part = |row: &[u8], at: usize| u32::from_ne_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    let mut rows = table.chunks_exact(ROW);
    let row = rows.find(|row| part(row, 8) != 0 && is_name(part(row, 4)))?;
    let locale = u64::from(part(row, 8));
    codeset(&file, word(&file, locale + FIRST_CATEGORY)?.into())
}

fn bytes(file: &File, at: u32, length: usize) -> Option<Vec<u8>> {
    if length > MOST {
        return None;
    }
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, at.into()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A directory, removed when dropped.
    struct Made(PathBuf);

    impl Made {
        fn new(name: &str) -> Made {
            let name = format!("nskit-locale-{name}-{}", std::process::id());
            let made = Made(std::env::temp_dir().join(name));
            std::fs::create_dir(&made.0).unwrap();
            made
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    /// An LC_CTYPE with 15 items, all of them at the same place.
    fn ctype(codeset: &str) -> Vec<u8> {
        let head = [&[MAGIC, CODESET + 1][..], &[68; CODESET as usize + 1]].concat();
        [&words(&head), codeset.as_bytes(), b"\0"].concat()
    }

    #[test]
    fn a_file_names_its_codeset_or_is_none() {
        let made = Made::new("file");
        let found = |bytes: &[u8]| {
            std::fs::write(made.0.join("LC_CTYPE"), bytes).unwrap();
            in_directory(&made.0)
        };
        let whole = ctype("UTF-8");
        assert_eq!(found(&whole), Some(b"UTF-8".to_vec()));
        for length in 0..whole.len() {
            assert_eq!(found(&whole[..length]), None, "{length}");
        }
        assert_eq!(found(&ctype(&"x".repeat(LONGEST))), None);
        assert_eq!(found(&words(&[u32::MAX; 40])), None);
        assert_eq!(in_directory(&made.0.join("none")), None);
        // Whoever opened it for reading would wait for somebody to write.
        std::fs::remove_file(made.0.join("LC_CTYPE")).unwrap();
        nix::unistd::mkfifo(&made.0.join("LC_CTYPE"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(in_directory(&made.0), None);
    }

    #[test]
    fn an_archive_has_locales_by_name() {
        let made = Made::new("archive");
        let archive = made.0.join("archive");
        // Behind the header: three rows (one empty), 16 bytes of strings, two locales, and what these consist of.
        let head = [ARCHIVE_MAGIC, 0, 56, 2, 3, 92, 16, 16, 0, 0, 0, 0, 0, 0];
        let rows = [[7, 92, 108], [0, 0, 0], [7, 98, 116]].concat();
        let strings = b"en_IN\0de_DE\0rest";
        let (english, german) = (ctype("UTF-8"), ctype("ISO-8859-1"));
        let locales = [1, 124, 1, 124 + english.len() as u32];
        let whole = [&words(&head), &words(&rows), &strings[..], &words(&locales), &english, &german].concat();
        std::fs::write(&archive, &whole).unwrap();
        let found = |name: &[u8]| in_archive(&archive, name);
        assert_eq!(found(b"en_IN"), Some(b"UTF-8".to_vec()));
        assert_eq!(found(b"de_DE"), Some(b"ISO-8859-1".to_vec()));
        for name in ["en", "n_IN", "en_INx", "rest", ""] {
            assert_eq!(found(name.as_bytes()), None, "{name}");
        }
        for length in 0..whole.len() {
            std::fs::write(&archive, &whole[..length]).unwrap();
            assert_eq!(found(b"de_DE"), None, "{length}");
        }
        std::fs::write(&archive, [&words(&[ARCHIVE_MAGIC]), &[0xff; 400][..]].concat()).unwrap();
        assert_eq!(found(b"de_DE"), None);
    }
}
