//! Guesses what the user meant by a command line that we cannot parse.

use std::ffi::OsStr;

use crate::error::UsageError;

/// Characters that look like `-`. Text processors and web pages replace it by them.
const DASHES: [(char, &str); 7] = [
    ('\u{2010}', "HYPHEN"),
    ('\u{2011}', "NON-BREAKING HYPHEN"),
    ('\u{2012}', "FIGURE DASH"),
    ('\u{2013}', "EN DASH"),
    ('\u{2014}', "EM DASH"),
    ('\u{2015}', "HORIZONTAL BAR"),
    ('\u{2212}', "MINUS SIGN"),
];

/// Options of other tools that have another name here.
const OTHER_NAMES: [(&str, &str); 17] = [
    ("private", "propagation=private"),
    ("shared", "propagation=shared"),
    ("slave", "propagation=slave"),
    ("hostname", "uts"),
    ("chroot", "root"),
    ("chdir", "wd"),
    ("cwd", "wd"),
    ("process", "pid"),
    ("process", "task"),
    ("pid", "task"),
    ("mnt", "mount"),
    ("uid", "setuid"),
    ("gid", "setgid"),
    ("root-user", "map-root-user"),
    ("namespace", "type"),
    ("namespaces", "type"),
    ("columns", "output"),
];

/// An operand that begins with a typographic dash: the user meant an option, and pasted it from a formatted text.
pub fn pasted_dash(operand: &OsStr) -> Option<String> {
    let text = operand.to_str()?;
    let first = text.chars().next()?;
    let (_, name) = DASHES.iter().find(|(dash, _)| *dash == first)?;
    let rest = text.trim_start_matches(|character| DASHES.iter().any(|(dash, _)| *dash == character));
    // Before a whole word, the dash stands for `--`.
    let dashes = if rest.trim_start_matches('-').chars().count() > 1 { "--" } else { "-" };
    let rest = rest.trim_start_matches('-');
    Some(format!(
        "'{text}' begins with a dash that is not '-' (U+{:04X} {name}), as text that was pasted may: write {dashes}{rest}",
        u32::from(first)
    ))
}

/// The hint for a command line that cannot be read; `names` are those of the tool's long options.
pub fn hint<'n>(error: &UsageError, names: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
    match error {
        UsageError::UnknownName(name) => {
            let name = name.to_string_lossy();
            let nearest = nearest(name.split('=').next()?, names)?;
            Some(format!("the nearest option is --{nearest}"))
        }
        UsageError::BadValue { option, value, .. } => pasted_dash(value).or_else(|| form_of_map(option)),
        UsageError::Words { value, .. } => pasted_dash(value),
        _ => None,
    }
}

fn form_of_map(option: &str) -> Option<String> {
    let is_map = ["--map-users", "--map-groups"].contains(&option);
    is_map.then(|| {
        "a block is INNER:OUTER:COUNT or, as in util-linux 2.38, OUTER,INNER,COUNT; or auto, subids, all".into()
    })
}

/// The option that the user probably meant: it has another name here, or its name begins with what was typed, or
/// differs from it in few letters.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    let known = |wanted: &str| names.clone().find(|name| *name == wanted.split('=').next().unwrap_or_default());
    if let Some((_, meant)) = OTHER_NAMES.iter().find(|(other, meant)| *other == name && known(meant).is_some()) {
        return Some(meant);
    }
    // `--network` is --net.
    let beginning = names.clone().filter(|known| known.len() > 2 && name.starts_with(known));
    if let Some(longest) = beginning.max_by_key(|known| known.len()) {
        return Some(longest);
    }
    let near = names.map(|known| (distance(name, known), known));
    let (least, found) = near.clone().min_by_key(|(distance, _)| *distance)?;
    let alone = near.filter(|(distance, _)| *distance == least).count() == 1;
    (alone && least <= 2 && least * 3 <= name.len()).then_some(found)
}

/// The number of letters to insert, delete or change to turn one name into the other (Levenshtein distance).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    // Longer than any option is far from all.
    for (at, letter) in one.chars().take(40).enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, theirs) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *theirs);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = ["net", "mount", "mount-proc", "propagation", "fork", "map-users", "map-user", "uts"];

    #[test]
    fn the_nearest_option_is_named_where_there_is_one() {
        let of = |name: &str| nearest(name, NAMES.into_iter());
        assert_eq!(of("network"), Some("net"));
        assert_eq!(of("private"), Some("propagation=private"));
        assert_eq!(of("hostname"), Some("uts"));
        assert_eq!(of("mnt"), Some("mount"));
        let of_lsns = |name: &str| nearest(name, ["task", "type", "tree"].into_iter());
        assert_eq!((of_lsns("pid"), of_lsns("process")), (Some("task"), Some("task")));
        let ids = |name: &str| nearest(name, ["pid", "setuid", "setgid"].into_iter());
        assert_eq!((ids("uid"), ids("gid"), ids("process")), (Some("setuid"), Some("setgid"), Some("pid")));
        assert_eq!(of("mount-procc"), Some("mount-proc"));
        assert_eq!(of("frok"), Some("fork").filter(|_| distance("frok", "fork") <= 1));
        assert_eq!(of("propogation"), Some("propagation"));
        // As far from the one as from the other.
        assert_eq!(of("map-useXs"), Some("map-users"));
        assert_eq!(of("zzz"), None);
        assert_eq!(of(""), None);
        // This tool has no --root.
        assert_eq!(of("chroot"), None);
        assert_eq!(of(&"x".repeat(100_000)), None);
    }

    #[test]
    fn a_dash_that_is_none_is_told_whatever_stands_behind_it() {
        for (operand, meant) in [
            ("\u{2013}fork", "--fork"),
            ("\u{2014}fork", "--fork"),
            ("\u{2212}f", "-f"),
            ("\u{2010}t", "-t"),
            ("\u{2013}\u{2013}fork", "--fork"),
            ("\u{2013}-fork", "--fork"),
        ] {
            let hint = pasted_dash(OsStr::new(operand)).unwrap();
            assert!(hint.ends_with(&format!("write {meant}")), "{hint}");
        }
        assert!(pasted_dash(OsStr::new("\u{2013}t")).unwrap().contains("U+2013 EN DASH"));
        for operand in ["-fork", "fork", "", "a\u{2013}b"] {
            assert_eq!(pasted_dash(OsStr::new(operand)), None, "{operand}");
        }
    }
}
