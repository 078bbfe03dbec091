//! `--output` and `--scan`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nskit::internals::error::RequestError;
use nskit::internals::list::column::{COLUMNS, Column, list};
use nskit::internals::list::scan::{Source, SourceSet};

use super::memory::bounded;
use super::{Check, assert_said, lines_of};

/// The check.
pub const CHECK: Check = Check {
    name: "lists",
    tokens: &[
        "NS",
        "type",
        "Path",
        "NPROCS",
        "PID",
        "PPID",
        "COMMAND",
        "UID",
        "USER",
        "NETNSID",
        "NSFS",
        "PNS",
        "ONS",
        "held-by",
        "NSID",
        "CGROUP",
        "UNIT",
        "CONTAINER",
        "UIDMAP",
        "GIDMAP",
        "LINKS",
        "ADDRESSES",
        "MOUNTS",
        "HOSTNAME",
        "OFFSETS",
        "NSPID",
        "THREADS",
        "FOUND",
        ",",
        "+",
        "-",
        " ",
        "process",
        "thread",
        "children",
        "fd",
        "socket",
        "mount",
        "elsewhere",
        "relative",
        "kernel",
        "bpf",
        "all",
    ],
    run: check,
};

fn check(bytes: &[u8]) {
    check_columns(bytes);
    for default in [SourceSet::ALL, SourceSet::NONE, SourceSet::of(&[Source::Process, Source::Mount])] {
        let read = bounded(bytes.len(), 0, 64, || SourceSet::parse(bytes, default));
        assert_eq!(read, model_of_sources(bytes, default));
        if let Some(set) = read {
            assert_eq!(SourceSet::parse(lines_of::sources(set).as_bytes(), SourceSet::ALL), read);
        }
    }
}

fn check_columns(bytes: &[u8]) {
    let base = [Column::Ns, Column::Command];
    let names = bytes.strip_prefix(b"+").unwrap_or(bytes);
    match bounded(bytes.len(), 16, 4096, || list(OsStr::from_bytes(bytes), &base)) {
        Ok(columns) => {
            let added = columns.strip_prefix(&base).filter(|_| bytes.starts_with(b"+"));
            let written: Vec<&str> = added.unwrap_or(&columns).iter().map(|column| column.facts().name).collect();
            assert!(names.eq_ignore_ascii_case(written.join(",").as_bytes()));
        }
        Err(error) => {
            let said = assert_said(error.clone());
            match error {
                RequestError::UnknownColumn(name) => {
                    let known = COLUMNS.iter().map(|facts| facts.name.as_bytes());
                    assert!(!known.clone().any(|known| known.eq_ignore_ascii_case(name.as_bytes())));
                    // The list from there on.
                    let before = names.strip_suffix(name.as_bytes()).unwrap();
                    assert!(before.is_empty() || before.ends_with(b","));
                    assert!(said.contains(&super::shown(name.as_bytes())));
                }
                RequestError::TooManyColumns => {
                    assert!(names.split(|byte| *byte == b',').count() > 250);
                    assert!(said.contains("--output"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// One word after the other, put in or taken out.
fn model_of_sources(bytes: &[u8], default: SourceSet) -> Option<SourceSet> {
    let text = std::str::from_utf8(bytes).ok()?;
    let signed = text.starts_with(['+', '-']);
    let mut set = if signed { default } else { SourceSet::NONE };
    for word in text.split(',') {
        let name = if signed { word.strip_prefix(['+', '-'])? } else { word };
        // Everywhere, and not by BPF.
        let known = lines_of::SOURCES.iter().map(|(_, known)| *known);
        let named: Vec<&str> = known.filter(|known| *known == name || name == "all" && *known != "bpf").collect();
        if named.is_empty() {
            return None;
        }
        for (source, known) in lines_of::SOURCES {
            if named.contains(&known) {
                set = if word.starts_with('-') { set.without(source) } else { set.with(source) };
            }
        }
    }
    Some(set)
}
