//! What a cgroup path says.

/// A container, as a cgroup path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The runtime: `docker`.
    pub runtime: Vec<u8>,
    /// The id or name.
    pub id: Vec<u8>,
    /// Which part of the path names it.
    pub at: usize,
}

impl Container {
    /// The runtime, a colon, and the id or name: `docker:0123…`.
    pub fn name(&self) -> Vec<u8> {
        [&self.runtime, &b":"[..], &self.id].concat()
    }
}
