//! What there is: what the scan has seen, how namespaces belong together, and how one is opened.

pub mod graph;
pub(super) mod mount_ns_probe;
pub mod opener;
pub mod snapshot;
