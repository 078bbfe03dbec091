//! `--filter`: a small language of comparisons over the cells of a row.
//!
//! text ─lexer─▶ tokens ─parser─▶ [`Filter`] ─eval─▶ whether a row is listed. Everything is bounded: the length of the
//! text, the number of nodes (and so the depth), and the patterns.

mod eval;
mod lexer;
mod parser;
mod pattern;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub use crate::error::filter::{MOST_BYTES, MOST_NODES, MOST_PATTERN_BYTES};

use crate::error::FilterError;
use crate::list::column::Column;
use crate::list::value::Value;
use parser::Node;

/// A parsed filter. An empty one lets all rows pass.
#[derive(Debug)]
pub struct Filter(Option<Node>);

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &OsStr) -> Result<Filter, FilterError> {
        let text = text.as_bytes();
        if text.len() > MOST_BYTES {
            return Err(FilterError::TooLong);
        }
        if text.is_empty() {
            return Ok(Filter(None));
        }
        parser::parse(&lexer::tokens(text)?, text.len()).map(|node| Filter(Some(node)))
    }

    /// The columns that it looks at.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        if let Some(node) = &self.0 {
            node.collect(&mut columns);
        }
        columns
    }

    /// Whether a row passes. `cell` fills the cells that the filter needs.
    pub fn holds(&self, mut cell: impl FnMut(Column) -> Value) -> bool {
        self.0.as_ref().is_none_or(|node| eval::truth(node, &mut cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of a network namespace with processes, and one without.
    fn cell(column: Column, processless: bool) -> Value {
        match column {
            Column::Ns => Value::Number(4026532000),
            Column::Type => Value::text(b"net"),
            Column::NProcs if processless => Value::Number(0),
            Column::NProcs => Value::Number(2048),
            Column::Pid if !processless => Value::Number(5),
            Column::Command if !processless => Value::text(b" sleep 5 "),
            Column::NetNsId => Value::text(b"12"),
            Column::Nsfs => Value::Lines(vec![b"/run/a ".to_vec()]),
            _ => Value::Empty,
        }
    }

    fn holds(text: &str, processless: bool) -> Result<bool, String> {
        Filter::parse(OsStr::new(text))
            .map(|filter| filter.holds(|column| cell(column, processless)))
            .map_err(|error| error.to_string())
    }

    /// Whether the text holds for the row with processes, then for the one without.
    fn both(text: &str) -> (bool, bool) {
        (holds(text, false).unwrap(), holds(text, true).unwrap())
    }

    #[test]
    fn precedence() {
        for (text, same) in [
            // `and` and `or` are equals, from left to right.
            ("true or true and false", false),
            ("true or (true and false)", true),
            ("false and false or true", true),
            ("false and (false or true)", false),
            ("true || true && false", false),
            // Comparisons bind tighter than both, `not` tighter than a comparison.
            ("1 == 2 or 2 == 2", true),
            ("not 1 == 2", false),
            ("not (1 == 2)", true),
            ("!1 == false", true),
            ("not not true", true),
            ("! false and true", true),
            // Comparisons of comparisons go from left to right, as truth values.
            ("3 > 2 > 1", false),
            ("3 > 2 > 0", true),
            ("1 < 2 == true", true),
            ("5 == 5 == 5", true),
            ("1 < NPROCS < 9", false),
            ("9999 < NPROCS < 9", true),
            ("9999 < NPROCS < 0", false),
            ("TYPE == 'a' == 'b'", true),
            ("TYPE == 'net' == 'b'", false),
            ("TYPE == 'net' == 'true'", true),
            ("TYPE == 'net' == '1'", true),
            ("(TYPE == 'net') == 7", true),
            ("(TYPE == 'net') != 7", false),
            ("NOT FALSE AND TRUE OR FALSE", true),
        ] {
            assert_eq!(holds(text, false), Ok(same), "{text}");
        }
    }

    #[test]
    fn comparisons_by_type() {
        for (text, expected) in [
            ("NPROCS == 2K", (true, false)),
            ("NPROCS == 2KiB", (true, false)),
            ("nprocs eq 2048 and Pid ne 6", (true, false)),
            ("NPROCS >= 2047.5", (true, false)),
            ("NPROCS < 1M", (true, true)),
            ("1T gt NPROCS", (true, true)),
            ("NPROCS le 0 or NPROCS ge 3000", (false, true)),
            // A string that is written makes strings of cells.
            ("NPROCS == '2048'", (true, false)),
            ("NPROCS == '2048.0'", (false, false)),
            ("NPROCS < '5'", (true, true)),
            ("NETNSID == '12'", (true, true)),
            ("NETNSID == 12", (true, true)),
            ("NETNSID == 12.0", (true, true)),
            ("'5' == 5 and '5.5' == 5.5", (true, true)),
            ("NPROCS == PID", (false, false)),
            // A text that is not a number is unequal to every number.
            ("TYPE == 5", (false, false)),
            ("TYPE != 5", (true, true)),
            ("TYPE != 5.5", (true, true)),
            ("TYPE < 5 or TYPE >= 5", (false, false)),
            ("TYPE != NPROCS", (true, true)),
            ("'5x' == 5 or '' == 0", (false, false)),
            // A number is true if it is not 0, a string if it says so.
            ("NPROCS == true", (true, false)),
            ("NPROCS == false", (false, true)),
            ("true != NPROCS", (false, true)),
            ("TYPE == true", (false, false)),
            ("TYPE == false", (true, true)),
            ("'true' == true and '1' == true", (true, true)),
            ("'yes' == true", (false, false)),
            ("PID == false or COMMAND == false", (true, false)),
            // Texts: case counts, outer blanks do not.
            ("COMMAND == 'sleep 5'", (true, false)),
            ("COMMAND == \" sleep 5\"", (true, false)),
            ("COMMAND == 'Sleep 5'", (false, false)),
            ("NSFS == '/run/a'", (true, true)),
            ("TYPE < 'pid'", (true, true)),
            // An empty cell equals no number, and is the empty text.
            ("PID == 0", (false, false)),
            ("PID == '0'", (false, false)),
            ("PID != 0", (true, false)),
            ("PID < 5.5", (true, false)),
            ("COMMAND != 'x'", (true, true)),
            ("COMMAND == ''", (false, true)),
            // Alone: not empty, not 0.
            ("PID", (true, false)),
            ("!PID", (false, true)),
            ("NPROCS", (true, false)),
            ("COMMAND", (true, false)),
            ("'x'", (true, true)),
            ("''", (false, false)),
            ("0", (false, false)),
            ("0.0", (false, false)),
            ("", (true, true)),
        ] {
            assert_eq!(both(text), expected, "{text}");
        }
    }

    #[test]
    fn patterns() {
        for (text, expected) in [
            ("COMMAND =~ 'l[e]+p'", true),
            ("COMMAND !~ 'l[e]+p'", false),
            ("COMMAND =~ '^sleep 5$'", true),
            ("COMMAND =~ '^leep'", false),
            ("COMMAND =~ '(a|s)l{1}e{2,3}p'", true),
            ("COMMAND =~ 'SLEEP'", false),
            ("COMMAND =~ '[[:digit:]]$'", true),
            ("COMMAND =~ '[^[:alpha:] ]'", true),
            ("COMMAND =~ '\\<5\\>'", true),
            ("COMMAND =~ ''", true),
            ("NPROCS =~ '^20..$'", true),
            ("'a]b' =~ '[]]'", true),
            ("'a-b' =~ 'a[x-]b'", true),
            ("'a\\b' =~ '[\\]'", true),
            ("'a.b' =~ 'a\\.b'", true),
            ("'axb' =~ 'a\\.b'", false),
            ("'a+' =~ 'a\\+$'", true),
            ("'aab' =~ '^a+*b'", true),
            ("'b' =~ '^a{,2}b'", true),
            ("'aaab' =~ '^a{,}b'", true),
            ("'#&~' =~ '#&~'", true),
            // Signs that stand for themselves and do not end a word.
            ("'a<b' =~ 'a<b'", true),
            ("'ab' =~ '<a'", false),
            ("'a>' =~ '[\\<>]$'", true),
            ("'\u{e9}' =~ '^.$'", true),
        ] {
            assert_eq!(holds(text, false), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        const OPERAND: &str = "a column, a number, a string, true, false, not or (";
        for (text, expected) in [
            (" ", format!("syntax error, unexpected end at 2, expecting {OPERAND}")),
            ("PID ==", format!("syntax error, unexpected end at 7, expecting {OPERAND}")),
            ("PID == == 1", format!("syntax error, unexpected '==' at 8, expecting {OPERAND}")),
            ("PID 1", "syntax error, unexpected '1' at 5, expecting an operator or the end".into()),
            ("(PID", "syntax error, unexpected end at 5, expecting an operator or )".into()),
            ("PID)", "syntax error, unexpected ')' at 4, expecting an operator or the end".into()),
            ("PID = 1", "syntax error, unexpected '=' at 5, expecting an operator or an operand".into()),
            ("PID @ 1", "syntax error, unexpected '@' at 5, expecting an operator or an operand".into()),
            ("PIG == (1", "syntax error, unexpected end at 10, expecting an operator or )".into()),
            ("PIG == 1", "syntax error, no column is called 'PIG' (at 1)".into()),
            ("And", "syntax error, no column is called 'And' (at 1)".into()),
            ("USER == \"x", "syntax error, the string that begins at 9 has no closing quote".into()),
            ("PID == 99999999999999999999", "syntax error, the number '99999999999999999999' at 8 is too large".into()),
            ("PID == 16E", "syntax error, the number '16E' at 8 is too large".into()),
            ("COMMAND =~ TYPE", "syntax error, unexpected 'TYPE' at 12, expecting a pattern in quotes".into()),
            ("TYPE =~ '('", "Invalid regular expression: '(': a ( without its )".into()),
            ("TYPE =~ '*a'", "Invalid regular expression: '*a': nothing before a repetition".into()),
            ("TYPE =~ '(a)\\1'", "Invalid regular expression: '(a)\\1': back references are not taken".into()),
        ] {
            assert_eq!(holds(text, false), Err(expected), "{text}");
        }
        for number in ["5X", "5KB", "5.", "5.5K", "0x10"] {
            assert!(holds(number, false).unwrap_err().starts_with("syntax error, unexpected '"), "{number}");
        }
    }

    #[test]
    fn limits() {
        assert_eq!(holds(&"1".repeat(1025), false), Err(FilterError::TooLong.to_string()));
        let deep = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(holds(&deep(255), false), Ok(true));
        assert_eq!(holds(&deep(256), false), Err(FilterError::TooManyNodes.to_string()));
        let too_long = FilterError::PatternTooLong.to_string();
        let long = format!("'' =~ '{}'", "a".repeat(257));
        assert_eq!(holds(&long, false), Err(too_long.clone()));
        assert_eq!(holds("'' =~ '((a{255}){255}){255}'", false), Err(too_long));
        // Exponential in an engine that goes back.
        let text = format!("'{}' =~ '^(a+)+$'", "a".repeat(900) + "b");
        assert_eq!(holds(&text, false), Ok(false));
    }

    /// Each takes regcomp(3) or regexec(3) of the GNU C library more than a minute, or gigabytes.
    #[test]
    fn no_pattern_takes_more_than_its_share() {
        // In no order that repeats, so that an automaton has a new state for each byte.
        let mut seed = 1u32;
        let letters = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"ab"[(seed >> 31) as usize]
        });
        let text: Vec<u8> = letters.take(8 * 1024).collect();
        for (pattern, expected) in [
            ("(a|b)*a(a|b){250}c", false),
            ("\\<a?++++++", true),
            ("[a-z]+[0-9]+[a-z]+x", false),
            ("((((((((a?)+)+)+)+)+)+)+)+$c", false),
        ] {
            let filter = Filter::parse(OsStr::new(&format!("COMMAND =~ '{pattern}'"))).unwrap();
            assert_eq!(filter.holds(|_| Value::text(&text)), expected, "{pattern}");
        }
    }
}
