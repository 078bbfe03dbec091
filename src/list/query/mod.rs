//! What is asked for: the request, what must be scanned for it, and which namespaces or processes answer it.

pub mod filter;
pub mod find;
pub mod request;
pub mod scan_plan;
pub mod select;
pub mod wanted;
