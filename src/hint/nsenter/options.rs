//! Guesses what the user meant by a command line that we cannot parse.

use std::ffi::OsStr;

use crate::error::UsageError;

/// The hint for a value that an option of nsenter does not take.
pub fn hint(error: &UsageError) -> Option<String> {
    match error {
        UsageError::BadValue { option, value, .. }
            if option.split('/').any(|name| name == "-t" || name == "--target") =>
        {
            no_pid(value)
        }
        UsageError::BadValue { value, .. } => swallowed(value),
        _ => None,
    }
}

fn no_pid(value: &OsStr) -> Option<String> {
    let text = value.to_str()?;
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (None, _) => {
            return Some("the PID is empty: the variable or the command that should give it gave nothing".to_string());
        }
        (Some(first), Some(_)) if first.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Some(format!("these are several PIDs, and -t takes one: -t {first}"));
        }
        _ => {}
    }
    if text.bytes().all(|byte| byte == b'0') {
        return Some(
            "no process has the PID 0: an engine gives it for a container that is not running, so start the container \
             first"
                .to_string(),
        );
    }
    match text.as_bytes() {
        [b'-', second, ..] if !second.is_ascii_digit() => {
            Some(format!("{text} was taken for the PID: the variable or the command before it probably gave nothing"))
        }
        bytes if is_name(bytes) => Some(format!(
            "-t takes a PID: 'pgrep -o {text}' finds that of a program; a container is entered by --container {text}, a \
             unit by --unit {text}"
        )),
        _ => None,
    }
}

/// An option took the next option as its argument, because a variable such as `$USER` was empty: `-S -n`.
pub fn swallowed(value: &OsStr) -> Option<String> {
    let text = value.to_str()?;
    match text.as_bytes() {
        [] => Some("it is empty: the variable or the command that should give it gave nothing".to_string()),
        [b'-', second, ..] if !second.is_ascii_digit() => Some(format!(
            "{text} was taken for the argument of the option before it: the variable or the command that should give one \
             probably gave nothing"
        )),
        _ => None,
    }
}

/// Whether it is the name of a program or container, and not a mistyped number.
fn is_name(text: &[u8]) -> bool {
    let of_names = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    text.first().is_some_and(u8::is_ascii_alphabetic) && text.iter().all(of_names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_for(value: &str) -> Option<String> {
        hint(&UsageError::BadValue {
            said: String::new(),
            option: "-t/--target".to_string(),
            value: value.into(),
            expected: "PID or PID:INODE",
        })
    }

    #[test]
    fn a_pid_that_is_none_says_where_it_came_from() {
        for (value, words) in [
            ("", "the PID is empty"),
            (" ", "the PID is empty"),
            ("-n", "-n was taken for the PID"),
            ("--net", "--net was taken for the PID"),
            ("0", "a container that is not running"),
            ("12 34", "-t takes one: -t 12"),
            ("nginx", "'pgrep -o nginx'"),
            ("web-1", "--container web-1"),
        ] {
            let hint = hint_for(value).unwrap_or_default();
            assert!(hint.contains(words), "{value}: {hint}");
        }
        // A mistyped number needs no hint, and only a name may go into a proposed command.
        for value in ["-5", "12x", "1:", "a;b", "99999999999", "a b"] {
            assert_eq!(hint_for(value), None, "{value}");
        }
    }
}
