//! Where namespaces are looked for, as `--scan` names it.

/// A source of namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The processes themselves.
    Process,
    /// Threads in other namespaces than their process's.
    Thread,
    /// The namespaces that children of a process or thread will be in.
    Children,
    /// Open descriptors of nsfs files.
    Descriptor,
    /// Sockets, each of which keeps its network namespace.
    Socket,
    /// TUN/TAP devices, each of which keeps the network namespace in which it was opened.
    Tap,
    /// nsfs files mounted in our mount namespace.
    Mount,
    /// nsfs files mounted in other mount namespaces.
    MountElsewhere,
    /// Parents and owners of the namespaces that the other sources find.
    Relative,
    /// The kernel's own lists.
    Kernel,
    /// BPF programs look at processes and descriptors, and /proc is not read for these. Where the kernel refuses that, /proc is.
    Bpf,
}

/// Every source with its name, in the order of the scan.
const NAMES: [(Source, &str); 11] = [
    (Source::Process, "process"),
    (Source::Thread, "thread"),
    (Source::Children, "children"),
    (Source::Descriptor, "fd"),
    (Source::Socket, "socket"),
    (Source::Tap, "tap"),
    (Source::Mount, "mount"),
    (Source::MountElsewhere, "elsewhere"),
    (Source::Relative, "relative"),
    (Source::Kernel, "kernel"),
    (Source::Bpf, "bpf"),
];

/// A set of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSet(u16);

impl SourceSet {
    /// No source.
    pub const NONE: SourceSet = SourceSet(0);

    /// All sources. BPF is only used where it is asked for.
    pub const ALL: SourceSet = SourceSet((1 << Source::Bpf as u16) - 1);

    /// The default: everywhere. Looking for threads costs nothing in a process that has only one.
    pub const DEFAULT: SourceSet = SourceSet::ALL;

    /// The set of those listed.
    pub const fn of(sources: &[Source]) -> SourceSet {
        let mut set = SourceSet::NONE;
        let mut at = 0;
        while at < sources.len() {
            set = set.with(sources[at]);
            at += 1;
        }
        set
    }

    /// The set with `source` added.
    #[must_use]
    pub const fn with(self, source: Source) -> SourceSet {
        SourceSet(self.0 | 1 << source as u16)
    }

    /// The set with `source` taken out.
    #[must_use]
    pub const fn without(self, source: Source) -> SourceSet {
        SourceSet(self.0 & !(1 << source as u16))
    }

    /// Whether `source` is in it.
    pub const fn contains(self, source: Source) -> bool {
        self.0 & 1 << source as u16 != 0
    }

    /// Reads `--scan`: names separated by commas, or `all`. Where each has a `+` or `-` before it, they change `default`.
    pub fn parse(text: &[u8], default: SourceSet) -> Option<SourceSet> {
        let changes = matches!(text.first(), Some(b'+' | b'-'));
        let mut set = if changes { default } else { SourceSet::NONE };
        for word in text.split(|byte| *byte == b',') {
            let (removes, name) = match (changes, word) {
                (true, [b'+', name @ ..]) => (false, name),
                (true, [b'-', name @ ..]) => (true, name),
                (true, _) => return None,
                (false, name) => (false, name),
            };
            let named = named(name)?;
            set = match removes {
                true => SourceSet(set.0 & !named.0),
                false => SourceSet(set.0 | named.0),
            };
        }
        Some(set)
    }
}

fn named(name: &[u8]) -> Option<SourceSet> {
    if name == b"all" {
        return Some(SourceSet::ALL);
    }
    let (source, _) = NAMES.iter().find(|(_, known)| known.as_bytes() == name)?;
    Some(SourceSet::NONE.with(*source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_alone_or_changes_the_default() {
        let default = SourceSet::of(&[Source::Process, Source::Mount]);
        let read = |text: &str| SourceSet::parse(text.as_bytes(), default);
        assert_eq!(read("fd,socket"), Some(SourceSet::of(&[Source::Descriptor, Source::Socket])));
        assert_eq!(read("+thread,-mount"), Some(SourceSet::of(&[Source::Process, Source::Thread])));
        assert_eq!(read("all"), Some(SourceSet::ALL));
        assert_eq!(read("all,bpf"), Some(SourceSet::ALL.with(Source::Bpf)));
        assert_eq!(read("+bpf"), Some(default.with(Source::Bpf)));
        assert_eq!(read("-all"), Some(SourceSet::NONE));
        assert_eq!(read("-all,+fd"), Some(SourceSet::of(&[Source::Descriptor])));
        for text in ["", "fd,", "fds", "+fd,socket", "fd,+socket", "+", "FD", "fd socket"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_names_stand_in_the_order_of_the_sources() {
        for (at, (source, _)) in NAMES.iter().enumerate() {
            assert_eq!(*source as usize, at);
        }
    }
}
