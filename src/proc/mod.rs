//! Parses the files of /proc: bytes → values. Callers open the files.

pub mod cgroup;
pub mod clocks;
pub mod environ;
pub mod limits;
pub mod link;
pub mod mountinfo;
pub mod net_dev;
pub mod rights;
pub mod stat;
pub mod status;
pub mod timens;
