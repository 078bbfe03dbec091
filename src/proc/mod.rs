//! The files of /proc: their bytes made into values. Nothing here opens a file: who calls does.

pub mod cgroup;
pub mod environ;
pub mod link;
pub mod mountinfo;
pub mod stat;
pub mod status;
