//! Asks the C library which characters a locale has and how many columns they take: newlocale(3), nl_langinfo(3),
//! isprint(3), iswprint(3), wcwidth(3). Other programs that align columns ask it as well.
//!
//! Nothing here converts between character sets. For every set but ASCII and UTF-8, a static program of the GNU C library
//! would load a module for it, and with that a second C library, whose version may not fit.

use std::ffi::{CStr, c_int};
use std::os::unix::ffi::OsStrExt;
use std::ptr::NonNull;

use libc::{locale_t, wchar_t};

// The libc crate lacks them. wint_t is unsigned int in every C library of Linux.
unsafe extern "C" {
    fn iswprint(character: std::ffi::c_uint) -> c_int;
    fn wcwidth(character: wchar_t) -> c_int;
}

/// LC_ALL_MASK of the GNU C library. musl takes it as well, but the libc crate has it only for the GNU C library.
const ALL: c_int = 0x1fbf;

/// A locale, as a value: it changes nothing for other threads or for other code in this one.
#[derive(Debug)]
pub struct Locale(Characters);

#[derive(Debug)]
enum Characters {
    /// The C locale, and those whose characters take several bytes in another encoding than UTF-8.
    Ascii,
    /// A character is a byte.
    Bytes(Handle),
    Utf8(Handle),
}

impl Locale {
    /// The C locale.
    pub const C: Locale = Locale(Characters::Ascii);

    /// The locale that the environment names, as `setlocale(LC_ALL, "")` finds it, including $LOCPATH. If any category
    /// names a locale that is not installed, it is C for all.
    ///
    /// musl has no locales to install and would answer UTF-8 to every name, also to none: there the name alone decides
    /// (`names_utf8`).
    pub fn of_environment() -> Locale {
        if !cfg!(target_env = "musl") {
            return Locale::named(c"");
        }
        let set = |variable: &&str| std::env::var_os(variable).filter(|value| !value.is_empty());
        match ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set) {
            Some(name) if names_utf8(name.as_bytes()) => Locale::named(c"C.UTF-8"),
            _ => Locale::C,
        }
    }

    /// The locale of that name; C if it is not installed.
    pub fn named(name: &CStr) -> Locale {
        let Some(handle) = Handle::new(name) else {
            return Locale::C;
        };
        Locale(match spelled(&handle.codeset()).as_slice() {
            b"utf8" => Characters::Utf8(handle),
            // What the GNU C library calls ASCII, and musl.
            b"ansix341968" | b"ascii" => Characters::Ascii,
            _ if handle.longest_character() == 1 => Characters::Bytes(handle),
            _ => Characters::Ascii,
        })
    }

    /// Whether it has all characters of Unicode.
    pub fn has_unicode(&self) -> bool {
        matches!(self.0, Characters::Utf8(_))
    }

    /// The number of `bytes` of the first character, and of the columns that it takes: `None` if it cannot be printed
    /// or is not a character. `bytes` must not be empty.
    pub fn first(&self, bytes: &[u8]) -> (usize, Option<usize>) {
        let byte = bytes[0];
        match &self.0 {
            _ if byte.is_ascii() => (1, (b' '..=b'~').contains(&byte).then_some(1)),
            Characters::Ascii => (1, None),
            Characters::Bytes(handle) => (1, handle.prints(byte).then_some(1)),
            Characters::Utf8(handle) => match decode(bytes) {
                Some(character) => (character.len_utf8(), handle.columns(character)),
                None => (1, None),
            },
        }
    }
}

/// Whether a locale with this name, such as `de_DE.UTF-8@euro`, has characters of UTF-8: whether its name says so.
fn names_utf8(name: &[u8]) -> bool {
    let name = name.split(|byte| *byte == b'@').next().unwrap_or(name);
    let codeset = name.iter().position(|byte| *byte == b'.').map_or(&[][..], |dot| &name[dot + 1..]);
    spelled(codeset) == b"utf8"
}

/// The name of an encoding without what its spellings differ in: `UTF-8` as `utf8`.
fn spelled(codeset: &[u8]) -> Vec<u8> {
    codeset.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

/// The first character of UTF-8.
fn decode(bytes: &[u8]) -> Option<char> {
    let longest = &bytes[..bytes.len().min(4)];
    longest.utf8_chunks().next()?.valid().chars().next()
}

/// A locale of the C library, freed when dropped.
#[derive(Debug)]
struct Handle(NonNull<libc::c_void>);

impl Handle {
    fn new(name: &CStr) -> Option<Handle> {
        // SAFETY: the name ends with NUL, and a null base asks for a new locale.
        let made = unsafe { libc::newlocale(ALL, name.as_ptr(), std::ptr::null_mut()) };
        NonNull::new(made.cast()).map(Handle)
    }

    /// Calls `ask` with this as the locale of the thread.
    fn with<T>(&self, ask: impl FnOnce() -> T) -> T {
        // SAFETY: the locale is ours and lives until drop. The thread gets its own back before we return: `ask` calls
        // only C functions, which do not unwind.
        unsafe {
            let before = libc::uselocale(self.0.as_ptr() as locale_t);
            let answer = ask();
            libc::uselocale(before);
            answer
        }
    }

    /// What its encoding is called.
    fn codeset(&self) -> Vec<u8> {
        // SAFETY: the string ends with NUL; it may change with the next call or locale, and is copied before.
        self.with(|| unsafe { CStr::from_ptr(libc::nl_langinfo(libc::CODESET)).to_bytes().to_vec() })
    }

    /// MB_CUR_MAX: the bytes of its longest character.
    fn longest_character(&self) -> usize {
        unsafe extern "C" {
            #[link_name = "__ctype_get_mb_cur_max"]
            fn mb_cur_max() -> libc::size_t;
        }
        // SAFETY: it takes nothing and has no effect; stdlib.h defines MB_CUR_MAX as this call, in musl too.
        self.with(|| unsafe { mb_cur_max() })
    }

    fn prints(&self, byte: u8) -> bool {
        // SAFETY: isprint(3) accepts every value of an unsigned char.
        self.with(|| unsafe { libc::isprint(byte.into()) != 0 })
    }

    fn columns(&self, character: char) -> Option<usize> {
        let code = u32::from(character);
        // SAFETY: both accept every value; wide characters are code points in every C library of Linux.
        let (prints, columns) = self.with(|| unsafe { (iswprint(code) != 0, wcwidth(code as wchar_t)) });
        usize::try_from(columns).ok().filter(|_| prints)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: newlocale(3) made it, we free it once, and no thread uses it outside of `with`.
        unsafe { libc::freelocale(self.0.as_ptr() as locale_t) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_whether_it_is_utf8() {
        for name in ["C.UTF-8", "C.utf8", "de_DE.UTF-8", "de_DE.UTF-8@euro", "xx.Utf8"] {
            assert!(names_utf8(name.as_bytes()), "{name}");
        }
        for name in ["", "C", "POSIX", "de_DE", "de_DE@euro", "de_DE.ISO-8859-1", "UTF-8", "C.UTF-88", "C@x.UTF-8"] {
            assert!(!names_utf8(name.as_bytes()), "{name}");
        }
    }
}
