//! Who is who: the maps of user namespaces, subordinate ids, and the names of users and groups.

pub mod map;
pub mod subid;
pub mod users;
