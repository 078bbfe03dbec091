//! What comes and goes.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::error::Result;
use super::listed::{Identity, NamespaceInfo, Namespaces};
use super::listing::Listing;

/// A namespace has come or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The listing has it now, and did not at the look before.
    Appeared(NamespaceInfo),
    /// The listing no longer has it: in most cases it has ended. With [`Listing::of_process`], [`Listing::find`] or
    /// [`Listing::without_processes`] it may live on, and just no longer be what was asked for.
    Vanished(Identity),
}

/// An iterator of changes, which never ends. It looks again only when it is asked for the next change, and sleeps until it is
/// time to look.
///
/// The first look has been taken when this is made: what comes and goes from then on is told. [`Watch::latest`] is what it saw.
/// What comes and goes between two looks is not seen.
///
/// Namespaces are told apart by their 64-bit ids where the kernel has these, so that an inode number that is used again is not
/// taken for the namespace that had it before.
///
/// An error is that of a look. The next call looks again, once it is time. When the process of [`Listing::of_process`] has ended,
/// its namespaces vanish, and every later look is an error of the kind [`NotFound`](crate::ErrorKind::NotFound).
#[derive(Debug)]
pub struct Watch {
    listing: Listing,
    interval: Duration,
    latest: Namespaces,
    /// `None` if that is further away than the clock counts.
    next: Option<Instant>,
    changes: std::vec::IntoIter<Change>,
}

/// Looks at all namespaces now, and then every `interval`: each change is told that comes after the first look.
///
/// ```no_run
/// use nskit::Change;
///
/// # fn main() -> nskit::Result<()> {
/// for change in nskit::watch(std::time::Duration::from_secs(1))? {
///     match change? {
///         Change::Appeared(namespace) => println!("+ {namespace} {:?}", namespace.leader()),
///         Change::Vanished(identity) => println!("- {identity}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Errors: as [`namespaces`](crate::namespaces).
pub fn watch(interval: Duration) -> Result<Watch> {
    Listing::new().watch(interval)
}

impl Listing {
    /// Looks now, and then every `interval`, and tells what has changed: see [`watch`]. Errors: as [`Listing::scan`].
    pub fn watch(self, interval: Duration) -> Result<Watch> {
        let latest = self.scan()?;
        let next = Instant::now().checked_add(interval);
        Ok(Watch { listing: self, interval, latest, next, changes: Vec::new().into_iter() })
    }
}

impl Watch {
    /// What the latest look has found. Before the first change is asked for, that is the first look. A change that is not asked
    /// for yet may be in it already.
    pub fn latest(&self) -> &Namespaces {
        &self.latest
    }

    /// The next change, as the iterator gives it; `None` if none is seen within this time. It may take longer by one look.
    ///
    /// ```
    /// # fn main() -> nskit::Result<()> {
    /// use std::time::Duration;
    ///
    /// let mut changes = nskit::Listing::new().kinds([nskit::Kind::Time]).watch(Duration::from_millis(50))?;
    /// println!("{} time namespaces", changes.latest().len());
    /// if let Some(change) = changes.next_timeout(Duration::from_millis(120))? {
    ///     println!("{change:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_timeout(&mut self, limit: Duration) -> Result<Option<Change>> {
        self.next_until(Instant::now().checked_add(limit))
    }

    /// `None` for an end that never comes.
    fn next_until(&mut self, end: Option<Instant>) -> Result<Option<Change>> {
        loop {
            if let Some(change) = self.changes.next() {
                return Ok(Some(change));
            }
            let is_before_end = |next: Instant| end.is_none_or(|end| next <= end);
            match self.next.filter(|next| is_before_end(*next)) {
                Some(next) => thread::sleep(next.saturating_duration_since(Instant::now())),
                None => {
                    let rest = end.map(|end| end.saturating_duration_since(Instant::now()));
                    thread::sleep(rest.unwrap_or(Duration::MAX));
                    return Ok(None);
                }
            }
            let looked = self.look();
            // After a failure not at once either: whatever has run out may come back.
            self.next = Instant::now().checked_add(self.interval);
            looked?;
        }
    }

    fn look(&mut self) -> Result<()> {
        let mut now = match self.listing.look()? {
            Ok(now) => now,
            // What was there is told to have gone, and then that nothing is there to look at.
            Err(_) if !self.latest.is_empty() => Namespaces::new(Vec::new(), 0),
            Err(gone) => return Err(gone),
        };
        now.take_ids(&self.latest);
        let known = std::mem::replace(&mut self.latest, now);
        let identities = |of: &Namespaces| of.iter().map(NamespaceInfo::identity).collect::<BTreeSet<Identity>>();
        let (before, after) = (identities(&known), identities(&self.latest));
        let gone = before.difference(&after).copied().map(Change::Vanished);
        let come = self.latest.iter().filter(|namespace| !before.contains(&namespace.identity()));
        self.changes = gone.chain(come.cloned().map(Change::Appeared)).collect::<Vec<_>>().into_iter();
        Ok(())
    }
}

impl Iterator for Watch {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Result<Change>> {
        self.next_until(None).transpose()
    }
}
