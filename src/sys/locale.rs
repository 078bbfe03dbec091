//! Asks the C library which characters a locale has and how many columns they take: newlocale(3), nl_langinfo(3),
//! isprint(3), iswprint(3), wcwidth(3). Other programs that align columns ask it as well.
//!
//! Nothing here converts between character sets. For every set but ASCII and UTF-8, a static program of the GNU C library
//! would load a module for it, and with that a second C library, whose version may not fit.

use std::ffi::{CStr, c_int};
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
    pub fn of_environment() -> Locale {
        Locale::named(c"")
    }

    /// The locale of that name; C if it is not installed.
    pub fn named(name: &CStr) -> Locale {
        let Some(handle) = Handle::new(name) else {
            return Locale::C;
        };
        let letters = |byte: &u8| byte.is_ascii_alphanumeric().then(|| byte.to_ascii_lowercase());
        let codeset: Vec<u8> = handle.codeset().iter().filter_map(letters).collect();
        Locale(match codeset.as_slice() {
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
