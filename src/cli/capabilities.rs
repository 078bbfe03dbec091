//! --cap-drop, --cap-add and --no-new-privs, of unshare and nsenter.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::getopt::{Matched, Opt, UsageError, Wording};
use crate::error::RequestError;
use crate::sys::capability::{CapabilitySet, is_known, number_of};

/// What these options say, --cap-drop and --cap-add each once or more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// --cap-drop.
    pub dropped: Option<CapabilityList>,
    /// --cap-add.
    pub added: Option<CapabilityList>,
    /// --no-new-privs.
    pub no_new_privileges: bool,
}

/// The row of --cap-drop.
pub const fn cap_drop<A: AsMut<Capabilities>>() -> Opt<A> {
    Opt::read("cap-drop", "Run the program without these capabilities", |args: &mut A, matched| {
        args.as_mut().dropped.get_or_insert_default().read(&matched)
    })
    .required("LIST")
    .ours()
    .repeatable()
}

/// The row of --cap-add.
pub const fn cap_add<A: AsMut<Capabilities>>() -> Opt<A> {
    Opt::read("cap-add", "Keep these capabilities, although --cap-drop names them", |args: &mut A, matched| {
        args.as_mut().added.get_or_insert_default().read(&matched)
    })
    .required("LIST")
    .ours()
    .repeatable()
}

/// The row of --no-new-privs.
pub const fn no_new_privs<A: AsMut<Capabilities>>() -> Opt<A> {
    let help = "Let no program inside gain rights by set-user-ID files or file capabilities";
    Opt::switch("no-new-privs", help, |args: &mut A| args.as_mut().no_new_privileges = true).ours()
}

/// A list of capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapabilityList {
    /// Whether `all` is among them.
    pub all: bool,
    /// Their numbers; the kernel may have no such capability.
    pub numbers: Vec<u64>,
}

impl Capabilities {
    /// The capabilities of --cap-drop without those of --cap-add; `None` if neither option is given. Errors: --cap-add
    /// names one that the kernel lacks.
    pub fn resolve(&self) -> Result<Option<CapabilitySet>, RequestError> {
        if self.dropped.is_none() && self.added.is_none() {
            return Ok(None);
        }
        let unknown = |number: &&u64| !u32::try_from(**number).is_ok_and(is_known);
        if let Some(number) = self.added.iter().flat_map(|added| &added.numbers).find(unknown) {
            return Err(RequestError::NoSuchCapability(*number));
        }
        let set = |list: &Option<CapabilityList>| list.as_ref().map_or(CapabilitySet::EMPTY, CapabilityList::set);
        Ok(Some(set(&self.dropped).difference(set(&self.added))))
    }
}

impl CapabilityList {
    fn read<A>(&mut self, matched: &Matched<'_, A>) -> Result<(), UsageError> {
        let value = matched.value.as_deref().unwrap_or_default();
        for name in value.as_bytes().split(|byte| *byte == b',') {
            if name.eq_ignore_ascii_case(b"all") {
                self.all = true;
                continue;
            }
            let number = number(name).ok_or_else(|| {
                let said = Wording::Quoted("failed to parse capability:").of(OsStr::from_bytes(name));
                matched.bad_value(said, "a comma-separated list of capabilities: names, numbers or all")
            })?;
            self.numbers.push(number);
        }
        Ok(())
    }

    fn set(&self) -> CapabilitySet {
        if self.all {
            return CapabilitySet::ALL;
        }
        let numbers = self.numbers.iter().filter_map(|number| u32::try_from(*number).ok());
        numbers.fold(CapabilitySet::EMPTY, CapabilitySet::with)
    }
}

/// By name or number. A number that is too large for any kernel stays one.
fn number(name: &[u8]) -> Option<u64> {
    let name = std::str::from_utf8(name).ok()?;
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(name.parse().unwrap_or(u64::MAX));
    }
    number_of(name).map(u64::from)
}
