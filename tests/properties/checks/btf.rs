//! /sys/kernel/btf/vmlinux.

use nskit::internals::list::scan::bpf::btf::Btf;

use super::Check;
use super::memory::bounded;

/// The check. Words of types: numbers, offsets of the names below, and what a type is.
pub const CHECK: Check = Check {
    name: "btf",
    tokens: &[
        "\0\0\0\0",
        "\x01\0\0\0",
        "\x02\0\0\0",
        "\x03\0\0\0",
        "\x07\0\0\0",
        "\x0b\0\0\0",
        "\x10\0\0\0",
        "\x20\0\0\0",
        "\x40\0\0\0",
        "\0\0\0\x01",
        "\0\0\0\x02",
        "\0\0\0\x03",
        "\x01\0\0\x04",
        "\x02\0\0\x04",
        "\x01\0\0\x05",
        "\0\0\0\x08",
        "\0\0\0\x0a",
        "\0\0\0\x0c",
        // A structure with one field, a number.
        "\0\0\0\0\0\0\0\x01\x04\0\0\0\x20\0\0\0\x01\0\0\0\x01\0\0\x04\x08\0\0\0\x07\0\0\0\x01\0\0\0\x20\0\0\0",
    ],
    run: check,
};

const NAMES: &str = "\0outer\0one\0many\0";

fn check(bytes: &[u8]) {
    look_into(bytes);
    // The same as types, behind a header that fits.
    let length = bytes.len() as u32;
    let words = [24, 0, length, length, NAMES.len() as u32];
    let mut whole = 0xeb9fu16.to_ne_bytes().to_vec();
    whole.extend([1, 0]);
    whole.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
    whole.extend(bytes);
    whole.extend(NAMES.bytes());
    look_into(&whole);
}

fn look_into(bytes: &[u8]) {
    // A type has twelve bytes or more, and four are kept of it; the list of them grows by doubling.
    let Ok(types) = bounded(bytes.len(), 1, 1024, || Btf::parse(bytes)) else {
        return;
    };
    if let Ok(number) = types.function("outer") {
        assert!(number >= 1 && number as usize <= bytes.len() / 12);
    }
    let Ok(outer) = types.structure("outer") else {
        return;
    };
    for path in ["one", "many", "one.many", "one.one.one.one"] {
        match bounded(bytes.len(), 0, 1024, || outer.path(path)) {
            Ok(found) => {
                assert!(found.offsets.iter().all(|offset| *offset <= i16::MAX.unsigned_abs()));
                assert!((1..=path.split('.').count()).contains(&found.offsets.len()));
                assert!([1, 2, 4, 8].contains(&found.size));
            }
            Err(error) => assert_eq!(error.to_string(), format!("the kernel's types have no outer.{path}")),
        }
    }
    let _ = outer.elements("many", "one");
}
