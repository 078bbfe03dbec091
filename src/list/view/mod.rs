//! Fills cells for rows, and prints them.

mod bidi;
pub(super) mod cells;
pub(super) mod fill;
mod holders;
pub mod render;
