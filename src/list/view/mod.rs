//! What is shown: rows made into cells, and cells printed.

pub(super) mod cells;
mod holders;
mod netnsid;
pub mod render;
