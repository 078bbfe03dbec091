//! Fills cells for rows, and prints them.

pub(super) mod cells;
mod holders;
pub mod render;
