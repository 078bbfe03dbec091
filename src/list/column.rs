//! The columns: one table for parsing, filling, printing and --list-columns.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::error::RequestError;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Inode number of the namespace.
    Ns,
    /// Its kind.
    Type,
    /// Its file in /proc.
    Path,
    /// How many processes are in it.
    NProcs,
    /// The lowest PID in it.
    Pid,
    /// The parent of the process with that PID.
    PPid,
    /// The command line of that process.
    Command,
    /// The UID of that process.
    Uid,
    /// The name of that user.
    User,
    /// The id that our network namespace knows it by.
    NetNsId,
    /// Where its nsfs file is mounted.
    Nsfs,
    /// Its parent.
    Pns,
    /// Its owner.
    Ons,
    /// The first thing that keeps it alive.
    HeldBy,
    /// All that keeps it alive.
    Holders,
    /// Its 64-bit id.
    NsId,
    /// The cgroup of the process.
    Cgroup,
    /// The systemd unit that it belongs to.
    Unit,
    /// The container that it belongs to.
    Container,
    /// Its map of users.
    UidMap,
    /// Its map of groups.
    GidMap,
    /// The interfaces in it.
    Links,
    /// Their addresses.
    Addresses,
    /// How many mounts are in it.
    Mounts,
    /// Its host name.
    Hostname,
    /// By how much its clocks differ from the system's.
    Offsets,
    /// The PIDs of the process, from our PID namespace inwards.
    NsPid,
    /// The threads in it whose process is elsewhere.
    Threads,
    /// What --find has found in it.
    Found,
}

/// The facts of a column that printing needs.
#[derive(Debug)]
pub struct ColumnFacts {
    /// Which.
    pub column: Column,
    /// Its name in capitals; in JSON it is in lower case.
    pub name: &'static str,
    /// Whether its cells are numbers: without quotes in JSON, compared as numbers in filters.
    pub number: bool,
    /// Whether it is aligned to the right.
    pub right: bool,
    /// The narrowest that it is, once one of its cells is as wide as its name.
    pub minimum: usize,
    /// Whether it is cut where a line is too long for the terminal.
    pub cut: bool,
    /// What it holds.
    pub help: &'static str,
}

const TEXT: ColumnFacts =
    ColumnFacts { column: Column::Ns, name: "", number: false, right: false, minimum: 0, cut: false, help: "" };

const NUMBER: ColumnFacts = ColumnFacts { number: true, right: true, ..TEXT };

/// Every column, in the order of --output-all.
pub const COLUMNS: &[ColumnFacts] = &[
    ColumnFacts { column: Column::Ns, name: "NS", minimum: 10, help: "namespace identifier (inode number)", ..NUMBER },
    ColumnFacts { column: Column::Type, name: "TYPE", minimum: 5, help: "kind of namespace", ..TEXT },
    ColumnFacts { column: Column::Path, name: "PATH", help: "path to the namespace", ..TEXT },
    ColumnFacts {
        column: Column::NProcs,
        name: "NPROCS",
        minimum: 5,
        help: "number of processes in the namespace",
        ..NUMBER
    },
    ColumnFacts { column: Column::Pid, name: "PID", minimum: 5, help: "lowest PID in the namespace", ..NUMBER },
    ColumnFacts { column: Column::PPid, name: "PPID", minimum: 5, help: "PPID of the PID", ..NUMBER },
    ColumnFacts { column: Column::Command, name: "COMMAND", cut: true, help: "command line of the PID", ..TEXT },
    ColumnFacts { column: Column::Uid, name: "UID", help: "UID of the PID", ..NUMBER },
    ColumnFacts { column: Column::User, name: "USER", help: "username of the PID", ..TEXT },
    ColumnFacts {
        column: Column::NetNsId,
        name: "NETNSID",
        right: true,
        help: "namespace ID as used by network subsystem",
        ..TEXT
    },
    ColumnFacts {
        column: Column::Nsfs,
        name: "NSFS",
        help: "nsfs mountpoint (usually used network subsystem)",
        ..TEXT
    },
    ColumnFacts {
        column: Column::Pns,
        name: "PNS",
        minimum: 10,
        help: "parent namespace identifier (inode number)",
        ..NUMBER
    },
    ColumnFacts {
        column: Column::Ons,
        name: "ONS",
        minimum: 10,
        help: "owner namespace identifier (inode number)",
        ..NUMBER
    },
    ColumnFacts { column: Column::HeldBy, name: "HELD-BY", help: "what keeps the namespace alive", ..TEXT },
    ColumnFacts {
        column: Column::Holders,
        name: "HOLDERS",
        help: "processes in the namespace and all else that keeps it",
        ..TEXT
    },
    ColumnFacts { column: Column::NsId, name: "NSID", help: "64-bit identifier, unique since boot", ..NUMBER },
    ColumnFacts { column: Column::Cgroup, name: "CGROUP", help: "cgroup of the PID", ..TEXT },
    ColumnFacts { column: Column::Unit, name: "UNIT", help: "systemd unit of the PID", ..TEXT },
    ColumnFacts { column: Column::Container, name: "CONTAINER", help: "container of the PID (runtime and id)", ..TEXT },
    ColumnFacts { column: Column::UidMap, name: "UIDMAP", help: "user map (inner outer count)", ..TEXT },
    ColumnFacts { column: Column::GidMap, name: "GIDMAP", help: "group map (inner outer count)", ..TEXT },
    ColumnFacts { column: Column::Links, name: "LINKS", help: "network interfaces and where they lead", ..TEXT },
    ColumnFacts { column: Column::Addresses, name: "ADDRESSES", help: "addresses of the network interfaces", ..TEXT },
    ColumnFacts { column: Column::Mounts, name: "MOUNTS", help: "number of mounts", ..NUMBER },
    ColumnFacts { column: Column::Hostname, name: "HOSTNAME", help: "host name", ..TEXT },
    ColumnFacts { column: Column::Offsets, name: "OFFSETS", help: "clock offsets in seconds", ..TEXT },
    ColumnFacts { column: Column::NsPid, name: "NSPID", help: "PIDs of the PID, from outside inwards", ..TEXT },
    ColumnFacts {
        column: Column::Threads,
        name: "THREADS",
        help: "threads in the namespace whose process is elsewhere",
        ..TEXT
    },
    ColumnFacts { column: Column::Found, name: "FOUND", help: "what --find has found in the namespace", ..TEXT },
];

/// A column finds its row by its number.
const _: () = {
    let mut row = 0;
    while row < COLUMNS.len() {
        assert!(COLUMNS[row].column as usize == row);
        row += 1;
    }
};

impl Column {
    /// Its row of the table.
    pub const fn facts(self) -> &'static ColumnFacts {
        &COLUMNS[self as usize]
    }

    /// Whether util-linux has no such column.
    pub const fn is_ours(self) -> bool {
        // Theirs come first.
        self as usize > Column::Ons as usize
    }

    /// The column of that name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Column> {
        COLUMNS.iter().find(|facts| facts.name.as_bytes().eq_ignore_ascii_case(name)).map(|facts| facts.column)
    }
}

/// The columns of `--output`: comma-separated; a `+` before the first adds them to `base`. Errors: an unknown name, or
/// more columns than anybody reads.
pub fn list(text: &OsStr, base: &[Column]) -> Result<Vec<Column>, RequestError> {
    let (mut columns, names) = match text.as_bytes() {
        [b'+', names @ ..] => (base.to_vec(), names),
        names => (Vec::new(), names),
    };
    let mut rest = Some(names);
    while let Some(list) = rest {
        let comma = list.iter().position(|byte| *byte == b',');
        let (name, behind) = comma.map_or((list, None), |at| (&list[..at], Some(&list[at + 1..])));
        // util-linux takes a comma at the end for a part of the last name.
        let column = Column::from_name(name).filter(|_| behind != Some(b""));
        let unknown = || RequestError::UnknownColumn(OsStr::from_bytes(list).to_os_string());
        columns.push(column.ok_or_else(unknown)?);
        rest = behind;
        if columns.len() > MOST_COLUMNS {
            return Err(RequestError::TooManyColumns);
        }
    }
    Ok(columns)
}

/// Nobody reads more; each costs a cell a row.
const MOST_COLUMNS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn theirs_are_told_from_ours() {
        let theirs: Vec<_> = COLUMNS.iter().filter(|facts| !facts.column.is_ours()).map(|facts| facts.name).collect();
        let known = "NS TYPE PATH NPROCS PID PPID COMMAND UID USER NETNSID NSFS PNS ONS";
        assert_eq!(theirs.join(" "), known);
    }

    #[test]
    fn a_list_stands_alone_or_behind_the_default() {
        let base = [Column::Ns];
        let read = |text: &str| list(OsStr::new(text), &base);
        assert_eq!(read("pid,Command"), Ok(vec![Column::Pid, Column::Command]));
        assert_eq!(read("+pid,ns"), Ok(vec![Column::Ns, Column::Pid, Column::Ns]));
        for (text, name) in [
            ("", ""),
            ("+", ""),
            ("pid,,ns", ",ns"),
            ("pid,ns,", "ns,"),
            ("pid,+ns", "+ns"),
            ("pid,foo,ns", "foo,ns"),
            ("foo", "foo"),
            ("pid ", "pid "),
        ] {
            assert_eq!(read(text), Err(RequestError::UnknownColumn(name.into())), "{text}");
        }
    }
}
