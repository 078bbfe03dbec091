//! Our reading of a command line beside getopt_long(3)'s.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Mutex, PoisonError};

use nskit::internals::cli::getopt::{Getopt, HasArg, Opt, Order, Since};

/// Options by name, in the order in which they were met, with their arguments; then the operands, or `None` after an option that
/// could not be read.
type Reading = (Vec<(&'static str, Option<OsString>)>, Option<Vec<OsString>>);

/// Panics where the two differ.
pub fn assert_as_the_c_library<A>(table: &[Opt<A>], order: Order, arguments: &[OsString]) {
    let theirs = theirs(table, order, arguments);
    assert_eq!(ours(table, order, arguments), theirs, "{arguments:?}");
}

fn ours<A>(table: &[Opt<A>], order: Order, arguments: &[OsString]) -> Reading {
    let mut getopt = Getopt::new(table, order, arguments.to_vec());
    let mut options = Vec::new();
    loop {
        match getopt.next_option() {
            Ok(Some(met)) => options.push((met.opt.long, met.value)),
            Ok(None) => return (options, Some(getopt.operands())),
            Err(_) => return (options, None),
        }
    }
}

/// getopt_long(3) keeps its place in variables of the process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

unsafe extern "C" {
    static mut opterr: libc::c_int;
    static mut optind: libc::c_int;
    static optarg: *const libc::c_char;
}

/// What stands for a name, by its place in the table; letters stand for themselves.
const FIRST_NAME: i32 = 256;

/// Each beginning of a name that means a single option of the oldest ones, of those that begin so: getopt_long(3) knows
/// nothing of their age, and is given these as names of their own.
fn abbreviations<A>(table: &[Opt<A>]) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    for opt in table {
        for length in 1..opt.long.len() {
            let beginning = &opt.long[..length];
            let begin_so: Vec<_> =
                table.iter().enumerate().filter(|(_, opt)| opt.long.starts_with(beginning)).collect();
            for since in [Since::Ever, Since::Newer, Since::Ours] {
                let of_age: Vec<_> = begin_so.iter().filter(|(_, opt)| opt.since == since).collect();
                match of_age[..] {
                    [] => continue,
                    [(at, _)] if !table.iter().any(|opt| opt.long == beginning) => found.push((beginning, *at)),
                    _ => {}
                }
                break;
            }
        }
    }
    found
}

fn theirs<A>(table: &[Opt<A>], order: Order, arguments: &[OsString]) -> Reading {
    let letters = letters(table, order);
    let full = table.iter().map(|opt| opt.long).zip(0..);
    let names: Vec<(CString, usize)> =
        full.chain(abbreviations(table)).map(|(name, at)| (CString::new(name).unwrap(), at)).collect();
    let mut rows: Vec<libc::option> = names
        .iter()
        .map(|(name, at)| libc::option {
            name: name.as_ptr(),
            has_arg: match table[*at].has_arg {
                HasArg::No => 0,
                HasArg::Required => 1,
                HasArg::Optional => 2,
            },
            flag: std::ptr::null_mut(),
            val: FIRST_NAME + *at as i32,
        })
        .collect();
    rows.push(libc::option { name: std::ptr::null(), has_arg: 0, flag: std::ptr::null_mut(), val: 0 });
    let strings: Vec<CString> = std::iter::once(OsStr::new("tool"))
        .chain(arguments.iter().map(OsString::as_os_str))
        .map(|argument| CString::new(argument.as_bytes()).unwrap())
        .collect();
    let mut argv: Vec<_> = strings.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
    argv.push(std::ptr::null_mut());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: 0 makes it begin anew; the lock keeps others away.
    unsafe {
        optind = 0;
        opterr = 0;
    }
    let mut options = Vec::new();
    loop {
        // SAFETY: all that is pointed to lives on, argv and the rows end with NULL, the letters with NUL.
        let found = unsafe {
            libc::getopt_long(
                strings.len() as i32,
                argv.as_mut_ptr().cast_const(),
                letters.as_ptr(),
                rows.as_ptr(),
                std::ptr::null_mut(),
            )
        };
        match found {
            -1 => break,
            63 /* ? */ => return (options, None),
            _ => {}
        }
        // SAFETY: getopt_long(3) has set it, to NULL or into one of the strings.
        let value = unsafe { optarg };
        let opt = match usize::try_from(found - FIRST_NAME) {
            Ok(at) => &table[at],
            Err(_) => table.iter().find(|opt| opt.short == Some(found as u8)).unwrap(),
        };
        let value = (!value.is_null()).then(|| {
            // SAFETY: it ends with the NUL of the string that it is in.
            let bytes = unsafe { std::ffi::CStr::from_ptr(value) }.to_bytes();
            // SAFETY: the lock keeps others away.
            let last = argv[unsafe { optind } as usize - 1];
            // One of its own begins where the argument begins.
            let attached = last.cast_const() != value;
            let drops = found < FIRST_NAME && opt.drops_equals && attached;
            let bytes = bytes.strip_prefix(b"=").filter(|_| drops).unwrap_or(bytes);
            OsString::from_vec(bytes.to_vec())
        });
        options.push((opt.long, value));
    }
    // SAFETY: the lock keeps others away.
    let first = unsafe { optind } as usize;
    let operand = |argument: &*mut libc::c_char| {
        // SAFETY: it is one of the strings, which it has put into another order.
        let bytes = unsafe { std::ffi::CStr::from_ptr(*argument) }.to_bytes();
        OsString::from_vec(bytes.to_vec())
    };
    (options, Some(argv[first..strings.len()].iter().map(operand).collect()))
}

/// `+` stops at the first operand; `:` and `::` say what a letter takes.
fn letters<A>(table: &[Opt<A>], order: Order) -> CString {
    let mut letters = match order {
        Order::UntilOperand => b"+".to_vec(),
        Order::Mixed => Vec::new(),
    };
    for opt in table {
        if let Some(letter) = opt.short {
            letters.push(letter);
            letters.extend(match opt.short_has_arg {
                HasArg::No => &b""[..],
                HasArg::Required => b":",
                HasArg::Optional => b"::",
            });
        }
    }
    CString::new(letters).unwrap()
}
