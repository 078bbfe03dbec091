//! Names and numbers of users and groups. We read the files ourselves, because a static binary cannot load name service
//! modules. For names that are not in the files, we ask getent(1).

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::getent;
use super::passwd::{Database, Entry, visit_file};

/// The first entry for which `wanted` holds: in the file, otherwise in getent's answer for `key`.
fn find(database: Database, key: OsString, wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
    let mut found = None;
    let take = |found: &mut Option<Entry>, entry: Entry| {
        if found.is_none() && wanted(&entry) {
            *found = Some(entry);
        }
        found.is_none()
    };
    let ask = visit_file(database, |entry| take(&mut found, entry));
    if found.is_none() && !key.is_empty() && ask {
        getent::visit(database, &[key], |entry| take(&mut found, entry));
    }
    found
}

/// The number of the user or group called `name`; `None` if no entry has that name.
pub fn id_by_name(database: Database, name: &OsStr) -> Option<u32> {
    let key = name.to_os_string();
    find(database, key, |entry| entry.name == name.as_bytes()).map(|entry| entry.id)
}

/// Whether getent(1) may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Getent {
    /// It may.
    Run,
    /// It may not: our next child must be the program.
    Leave,
}

/// The login shell of a user; `None` without an entry or with an empty field.
pub fn shell_of(uid: u32, getent: Getent) -> Option<OsString> {
    // An empty key is not asked for.
    let key = match getent {
        Getent::Run => uid.to_string(),
        Getent::Leave => String::new(),
    };
    let user = find(Database::Users, key.into(), |entry| entry.id == uid)?;
    Some(OsString::from_vec(user.last)).filter(|shell| !shell.is_empty())
}

/// The home directory of a user; `None` without an entry or with an empty field.
pub fn home_of(uid: u32) -> Option<OsString> {
    let user = find(Database::Users, uid.to_string().into(), |entry| entry.id == uid)?;
    Some(OsString::from_vec(user.before_last)).filter(|home| !home.is_empty())
}

/// The names of those of `uids` that have one. If several lines have a UID, the first counts.
pub fn names_by_uid(uids: &[u32]) -> HashMap<u32, OsString> {
    let mut missing: BTreeSet<u32> = uids.iter().copied().collect();
    let mut names = HashMap::new();
    let mut take = |missing: &mut BTreeSet<u32>, entry: Entry| {
        if missing.remove(&entry.id) {
            names.insert(entry.id, OsString::from_vec(entry.name));
        }
        !missing.is_empty()
    };
    if visit_file(Database::Users, |entry| take(&mut missing, entry)) {
        let keys: Vec<OsString> = missing.iter().map(|uid| uid.to_string().into()).collect();
        getent::visit(Database::Users, &keys, |entry| take(&mut missing, entry));
    }
    names
}
