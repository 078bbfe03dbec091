//! execve(2) with vectors made beforehand, so that it allocates nothing: the child of a process with several threads
//! must not allocate (signal-safety(7)).

use std::ffi::{CStr, CString, c_char};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;

use super::file::close_at_exec;

/// A vector of C strings, ended by a null pointer, as execve(2) takes it.
pub struct Vector {
    /// Each with its NUL.
    strings: Vec<Vec<u8>>,
    /// A vector of these strings, in their order, and a null pointer.
    pointers: Vec<*const c_char>,
}

/// The most bytes of an [`i32`] as text, including the NUL.
const LONGEST_NUMBER: usize = 12;

impl Vector {
    /// Of these strings.
    pub fn new(strings: impl IntoIterator<Item = CString>) -> Vector {
        let mut vector =
            Vector { strings: strings.into_iter().map(CString::into_bytes_with_nul).collect(), pointers: Vec::new() };
        vector.pointers.resize(vector.strings.len() + 1, std::ptr::null());
        (0..vector.strings.len()).for_each(|index| vector.point(index));
        vector
    }

    /// A string with room for any number that [`Vector::set_number`] writes.
    pub fn room_for_number() -> CString {
        CString::from(c"-2147483648")
    }

    /// Writes a number into a string made by [`Vector::room_for_number`], without allocating.
    pub fn set_number(&mut self, index: usize, number: i32) {
        if let Some(room) = self.strings.get_mut(index).filter(|room| room.len() == LONGEST_NUMBER) {
            // It always fits: the room is that of the longest number.
            let _ = write!(&mut room[..], "{number}\0");
            self.point(index);
        }
    }

    /// The strings.
    pub fn strings(&self) -> impl Iterator<Item = &CStr> {
        self.strings.iter().filter_map(|string| CStr::from_bytes_until_nul(string).ok())
    }

    fn point(&mut self, index: usize) {
        self.pointers[index] = self.strings[index].as_ptr().cast();
    }
}

/// Of our descriptors, and of those that our caller left open, the program gets only 0 to 2.
pub fn close_others(command: &mut Command) {
    // SAFETY: the closure only makes system calls, which the child of a process with threads may do.
    unsafe {
        command.pre_exec(|| {
            close_at_exec(3);
            Ok(())
        });
    }
}

/// Runs a program in place of this one, see execve(2). Returns only the error.
pub fn execute(path: &CStr, arguments: &Vector, environment: &Vector) -> Errno {
    // SAFETY: C strings, and vectors of such that end with a null pointer and live as long as their strings.
    unsafe { libc::execve(path.as_ptr(), arguments.pointers.as_ptr(), environment.pointers.as_ptr()) };
    Errno::last()
}

/// The same for a program that `interpreter` runs: `path` replaces the second argument.
pub fn execute_script(interpreter: &CStr, path: &CStr, arguments: &mut Vector, environment: &Vector) -> Errno {
    if let Some(argument) = arguments.pointers.get_mut(1).filter(|argument| !argument.is_null()) {
        *argument = path.as_ptr();
    }
    let errno = execute(interpreter, arguments, environment);
    if arguments.strings.len() > 1 {
        // The path need not live any longer.
        arguments.point(1);
    }
    errno
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_the_place_that_was_left_for_it() {
        let mut vector = Vector::new([c"a".to_owned(), Vector::room_for_number(), c"b".to_owned()]);
        for number in [0, 7, i32::MAX, i32::MIN] {
            vector.set_number(1, number);
            let text = CString::new(number.to_string()).unwrap();
            assert_eq!(vector.strings().collect::<Vec<_>>(), [c"a", &text, c"b"]);
        }
        // This overwrites only that string, and never the null pointer after the last one.
        vector.set_number(0, 5);
        vector.set_number(9, 5);
        assert_eq!(vector.strings().next(), Some(c"a"));
    }

    #[test]
    fn pointers_are_those_of_the_strings_and_end_with_null() {
        let vector = Vector::new([c"a".to_owned(), c"".to_owned()]);
        assert_eq!(vector.pointers.len(), 3);
        assert!(vector.pointers[2].is_null());
        // SAFETY: these point to the strings of the vector, which lives.
        let texts = vector.pointers[..2].iter().map(|pointer| unsafe { CStr::from_ptr(*pointer) });
        assert_eq!(texts.collect::<Vec<_>>(), [c"a", c""]);
    }
}
