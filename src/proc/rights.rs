//! What /proc/PID/status says of the rights of a process, see proc_pid_status(5).

use std::ffi::c_ulong;

use super::status::field;
use crate::number::parse_decimal;
use crate::sys::capability::CapabilitySet;
use crate::sys::signal::SignalSet;

/// In bytes. A process may be in 65536 groups, whose numbers have up to ten digits.
pub const LONGEST: usize = 1 << 20;

/// The rights of a process, and what else of it its program leaves to those that it becomes. Ids are those of the user
/// namespace of the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Real, effective, saved and file system UID.
    pub uids: [u32; 4],
    /// The same of the group.
    pub gids: [u32; 4],
    /// The supplementary groups, each once, in order.
    pub groups: Vec<u32>,
    /// The permitted capabilities.
    pub permitted: CapabilitySet,
    /// The effective ones.
    pub effective: CapabilitySet,
    /// The bounding set.
    pub bounding: CapabilitySet,
    /// The ambient ones; none before Linux 4.3.
    pub ambient: CapabilitySet,
    /// Whether no_new_privs is set; `None` before Linux 4.10, which does not tell.
    pub no_new_privileges: Option<bool>,
    /// 0 for no seccomp, 1 for strict, 2 for filters.
    pub seccomp: u32,
    /// The number of filters; `None` before Linux 5.9.
    pub filters: Option<usize>,
    /// The umask; `None` before Linux 4.7.
    pub umask: Option<u32>,
    /// The processors that it may run on, a bit a processor.
    pub processors: Vec<c_ulong>,
    /// The signals that it ignores.
    pub ignored: SignalSet,
    /// Whether it is process 1 of its PID namespace.
    pub is_first: bool,
}

impl Rights {
    /// Reads a status file; `None` if it is none.
    pub fn parse(text: &[u8]) -> Option<Rights> {
        let set = |name| field(text, name).and_then(hexadecimal).map(CapabilitySet::of_bits);
        Some(Rights {
            uids: four(field(text, "Uid")?)?,
            gids: four(field(text, "Gid")?)?,
            groups: groups(field(text, "Groups")?)?,
            permitted: set("CapPrm")?,
            effective: set("CapEff")?,
            bounding: set("CapBnd")?,
            ambient: set("CapAmb").unwrap_or_default(),
            no_new_privileges: field(text, "NoNewPrivs").map(|word| word != b"0"),
            seccomp: field(text, "Seccomp").map_or(Some(0), parse_decimal)?,
            filters: field(text, "Seccomp_filters").and_then(parse_decimal),
            umask: field(text, "Umask").and_then(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 8).ok()),
            processors: mask(field(text, "Cpus_allowed")?)?,
            ignored: SignalSet::of_bits(hexadecimal(field(text, "SigIgn")?)?),
            is_first: field(text, "NSpid").and_then(|word| words(word).last()) == Some(b"1"),
        })
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn four(text: &[u8]) -> Option<[u32; 4]> {
    let numbers: Option<Vec<u32>> = words(text).map(parse_decimal).collect();
    numbers?.try_into().ok()
}

fn groups(text: &[u8]) -> Option<Vec<u32>> {
    let mut groups = words(text).map(parse_decimal).collect::<Option<Vec<u32>>>()?;
    groups.sort_unstable();
    groups.dedup();
    Some(groups)
}

fn hexadecimal(word: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()
}

/// Groups of 32 bits with commas between them, the highest first. Whole words for the kernel, without empty ones at the top.
fn mask(text: &[u8]) -> Option<Vec<c_ulong>> {
    let halves: Option<Vec<u32>> =
        text.rsplit(|byte| *byte == b',').map(|half| u32::try_from(hexadecimal(half)?).ok()).collect();
    let per_word = (c_ulong::BITS / u32::BITS) as usize;
    let word = |halves: &[u32]| {
        let whole = halves.iter().rev().fold(0u64, |whole, half| whole << 32 | u64::from(*half));
        whole as c_ulong
    };
    let mut words: Vec<c_ulong> = halves?.chunks(per_word).map(word).collect();
    while words.len() > 1 && words.last() == Some(&0) {
        words.pop();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::signal::SignalNumber;

    const TEXT: &str = "Name:\tx\nUmask:\t0077\nState:\tS\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t50 9 50 \nNSpid:\t77\t1\nSigIgn:\t8000000000001001\n\
        CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t0000000000000003\nCapBnd:\t000001ffffffffff\n\
        CapAmb:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\nCpus_allowed:\tf0,00000000,00000005\n";

    #[test]
    fn each_field_is_read() {
        let rights = Rights::parse(TEXT.as_bytes()).unwrap();
        let mut processors = vec![0 as c_ulong; 96 / c_ulong::BITS as usize + 1];
        processors.truncate(if c_ulong::BITS == 64 { 2 } else { 3 });
        processors[0] = 5;
        *processors.last_mut().unwrap() = 0xf0;
        let expected = Rights {
            uids: [1, 2, 3, 4],
            gids: [5, 6, 7, 8],
            groups: vec![9, 50],
            permitted: CapabilitySet::of_bits(0xa804_25fb),
            effective: CapabilitySet::of_bits(3),
            bounding: CapabilitySet::of_bits(0x1ff_ffff_ffff),
            ambient: CapabilitySet::of_bits(1),
            no_new_privileges: Some(true),
            seccomp: 2,
            filters: Some(3),
            umask: Some(0o77),
            processors,
            ignored: SignalSet::of(&[SignalNumber(1), SignalNumber(13), SignalNumber(64)]),
            is_first: true,
        };
        assert_eq!(rights, expected);
        assert!(Rights::parse(&std::fs::read("/proc/self/status").unwrap()).is_some());
    }

    #[test]
    fn older_kernels_tell_less() {
        let old: Vec<&str> = TEXT
            .lines()
            .filter(|line| {
                !["Umask", "CapAmb", "NoNewPrivs", "Seccomp", "NSpid"].iter().any(|name| line.starts_with(name))
            })
            .collect();
        let rights = Rights::parse(old.join("\n").as_bytes()).unwrap();
        assert_eq!((rights.umask, rights.no_new_privileges, rights.filters), (None, None, None));
        assert_eq!((rights.ambient, rights.seccomp, rights.is_first), (CapabilitySet::EMPTY, 0, false));
    }

    #[test]
    fn what_is_no_status_file_is_refused() {
        for (good, bad) in [
            ("Uid:\t1\t2\t3\t4", "Uid:\t1\t2\t3"),
            ("Groups:\t50 9", "Groups:\t50 x"),
            ("CapBnd:\t0", "CapBnd:\tg"),
            ("Seccomp:\t2", "Seccomp:\t"),
            ("f0,", "f0f0f0f0f0,"),
            ("CapPrm", "CapPerm"),
        ] {
            assert!(TEXT.contains(good), "{good}");
            assert_eq!(Rights::parse(TEXT.replace(good, bad).as_bytes()), None, "{bad}");
        }
        assert_eq!(Rights::parse(b""), None);
    }
}
