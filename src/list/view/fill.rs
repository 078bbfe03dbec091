//! How much goes into a cell.

/// How much goes into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// As much as a person reads.
    Short,
    /// The same on a terminal, where programs do not read it.
    ForPerson,
    /// All, for programs and filters.
    Whole,
}
