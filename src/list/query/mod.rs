//! What is asked for: the request, and which namespaces or processes answer it.

pub mod filter;
pub mod find;
pub mod request;
pub mod select;
