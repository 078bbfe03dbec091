//! What is asked for: the request, what must be scanned for it, and which namespaces or processes answer it.

#[cfg(feature = "cli")]
pub mod filter;
pub mod find;
pub mod reach;
#[cfg(feature = "cli")]
pub mod request;
#[cfg(feature = "cli")]
pub mod scan_plan;
#[cfg(feature = "cli")]
pub mod select;
pub mod wanted;
