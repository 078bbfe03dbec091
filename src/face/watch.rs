//! What comes and goes.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::error::Result;
use super::listed::{Identity, NamespaceInfo};
use super::listing::Listing;

/// A namespace has come or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It is there now.
    Appeared(NamespaceInfo),
    /// It is gone.
    Vanished(Identity),
}

/// An endless iterator of changes. It looks again only when it is asked for the next one, and sleeps until it is time.
///
/// Namespaces are told apart by their 64-bit ids where the kernel has these, so that an inode number that is used again is not
/// taken for the namespace that had it before. What comes and goes between two looks is not seen.
#[derive(Debug)]
pub struct Watch {
    listing: Listing,
    interval: Duration,
    known: BTreeSet<Identity>,
    next: Option<Instant>,
    changes: std::vec::IntoIter<Change>,
}

/// Looks at all namespaces every `interval`. The first look, which counts as what was there before, is when the iterator is
/// asked for the first change.
///
/// ```no_run
/// use nskit::Change;
///
/// # fn main() -> nskit::Result<()> {
/// for change in nskit::watch(std::time::Duration::from_secs(1)) {
///     match change? {
///         Change::Appeared(namespace) => println!("+ {namespace} {:?}", namespace.leader()),
///         Change::Vanished(identity) => println!("- {identity}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub fn watch(interval: Duration) -> Watch {
    Listing::new().watch(interval)
}

impl Listing {
    /// Looks every `interval`, and tells what has changed: see [`watch`].
    pub fn watch(self, interval: Duration) -> Watch {
        Watch { listing: self, interval, known: BTreeSet::new(), next: None, changes: Vec::new().into_iter() }
    }
}

impl Watch {
    fn look(&mut self) -> Result<()> {
        let is_first = self.next.is_none();
        let now = self.listing.scan()?;
        self.next = Some(Instant::now() + self.interval);
        let found = now.iter().map(NamespaceInfo::identity).collect();
        let known = std::mem::replace(&mut self.known, found);
        if is_first {
            return Ok(());
        }
        let gone = known.difference(&self.known).copied().map(Change::Vanished);
        let come = now.into_iter().filter(|namespace| !known.contains(&namespace.identity()));
        self.changes = gone.chain(come.map(Change::Appeared)).collect::<Vec<_>>().into_iter();
        Ok(())
    }
}

/// An error is that of a look. The next call looks again.
impl Iterator for Watch {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Result<Change>> {
        loop {
            if let Some(change) = self.changes.next() {
                return Some(Ok(change));
            }
            if let Some(next) = self.next {
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            if let Err(error) = self.look() {
                // Not at once: whatever has run out may come back.
                self.next = self.next.map(|_| Instant::now() + self.interval);
                return Some(Err(error));
            }
        }
    }
}
