//! The environment of a program.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::error::RequestError;
use crate::proc::environ::name;

/// What is changed of an environment.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentChanges {
    is_cleared: bool,
    /// `None` for what is taken out.
    variables: BTreeMap<OsString, Option<OsString>>,
}

impl EnvironmentChanges {
    /// Sets a variable, or takes it out.
    pub fn set(&mut self, name: &OsStr, value: Option<&OsStr>) {
        self.variables.insert(name.to_os_string(), value.map(OsStr::to_os_string));
    }

    /// Takes out all.
    pub fn clear(&mut self) {
        *self = EnvironmentChanges { is_cleared: true, variables: BTreeMap::new() };
    }

    /// Our own environment with the changes. Errors: a NUL byte.
    pub fn of_ours(&self) -> Result<Vec<CString>, RequestError> {
        let own = std::env::vars_os().map(|(name, value)| entry(&name, &value));
        let own = if self.is_cleared { Vec::new() } else { own.collect::<Result<_, _>>()? };
        self.of(own)
    }

    /// These entries with the changes; that all are to be taken out is said of our own.
    pub fn of(&self, entries: Vec<CString>) -> Result<Vec<CString>, RequestError> {
        let is_kept =
            |entry: &CString| name(entry).is_none_or(|name| !self.variables.contains_key(OsStr::from_bytes(name)));
        let mut changed: Vec<CString> = entries.into_iter().filter(is_kept).collect();
        for (name, value) in &self.variables {
            if let Some(value) = value {
                changed.push(entry(name, value)?);
            }
        }
        Ok(changed)
    }
}

fn entry(name: &OsStr, value: &OsStr) -> Result<CString, RequestError> {
    let mut entry = name.to_os_string();
    entry.push("=");
    entry.push(value);
    CString::new(entry.into_vec()).map_err(|_| RequestError::NulByte)
}
