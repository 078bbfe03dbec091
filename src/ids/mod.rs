//! Who is who: the maps of user namespaces, subordinate ids, and the names of users and groups.

mod getent;
pub mod getsubids;
pub mod map;
pub mod passwd;
mod service;
pub mod subid;
pub mod users;
