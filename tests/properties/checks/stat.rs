//! /proc/PID/stat.

use nskit::internals::proc::stat::{Stat, parse};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "stat",
    tokens: &[
        "7 (sh) S 42 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0",
        "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0",
        "(",
        ")",
        " ",
        "\n",
        "0",
        "-1",
        "2147483647",
        "2147483648",
        "4294967295",
        "S",
    ],
    run: check,
};

fn check(bytes: &[u8]) {
    let read = bounded(bytes.len(), 0, 64, || parse(bytes));
    assert_eq!(read, model(bytes));
    if let Some(stat) = read {
        assert!(stat.parent >= 0);
        assert_eq!(parse(&line_of(b"sh", stat)), read);
    }
    // A comm of any bytes forges no field.
    let stat = Stat { parent: 42, kernel_thread: false, threads: 3 };
    assert_eq!(parse(&line_of(bytes, stat)), Some(stat));
}

fn line_of(comm: &[u8], stat: Stat) -> Vec<u8> {
    let flags = if stat.kernel_thread { 0x20_0000 } else { 0 };
    let Stat { parent, threads, .. } = stat;
    let rest = format!(") S {parent} 7 7 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 {threads} 0\n");
    [b"7 (", comm, rest.as_bytes()].concat()
}

/// By the numbers of the fields in proc_pid_stat(5), from the end of the comm, which is the second.
fn model(bytes: &[u8]) -> Option<Stat> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number =
        |field: usize| fields.get(field - 3)?.parse::<u32>().ok().filter(|_| !fields[field - 3].starts_with('+'));
    let flags = number(9)?;
    Some(Stat {
        parent: number(4)?.try_into().ok()?,
        kernel_thread: flags & 0x20_0000 != 0,
        threads: number(20).unwrap_or(1),
    })
}
