//! Who is who: the maps of user namespaces, subordinate ids, and the names of users and groups.

mod getent;
pub mod map;
pub mod passwd;
pub mod subid;
pub mod users;
