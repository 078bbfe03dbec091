//! What a user of the library sees. Everything is done by the rooms below, as for the tools: a [`Command`] makes the request
//! that a command line would make, and a [`Listing`] scans as lsns(8) does.

mod child;
mod command;
mod error;
mod held;
mod listed;
mod listing;
mod namespace;
#[cfg(feature = "serde")]
mod serialize;
mod setting;
mod stdio;
mod tree;
mod visit;
mod watch;
mod words;

pub use child::Child;
pub use command::{Command, Plan};
pub use error::{Error, ErrorKind, Result};
pub use held::Holder;
pub use listed::{Identity, NamespaceInfo, Namespaces};
pub use listing::{Listing, Source, namespaces};
pub use namespace::Namespace;
pub use setting::{Clock, ClockChange, IdMap, Propagation, Target};
pub use stdio::Stdio;
pub use watch::{Change, Watch, watch};
