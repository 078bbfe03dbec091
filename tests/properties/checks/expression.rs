//! What `--filter` means, beside a second reading of its grammar: an expression is split where it binds least.

use std::cmp::Ordering;
use std::ffi::OsStr;

use nskit::internals::list::column::Column;
use nskit::internals::list::query::filter::Filter;
use nskit::internals::list::value::Value;

use super::Check;
use super::row::ROWS;

/// The check.
pub const CHECK: Check = Check { name: "expression", tokens: &[], run: check };

/// More are no other than these, and the second reading is quadratic.
const MOST: usize = 60;

/// A byte stands for one of these words.
const WORDS: [&str; 48] = [
    "PID",
    "type",
    "NPROCS",
    "Command",
    "USER",
    "NETNSID",
    "NSFS",
    "UNIT",
    "NS",
    "PPID",
    "0",
    "1",
    "5",
    "2K",
    "2048",
    "18446744073709551615",
    "9007199254740993",
    "1.5",
    "0.0",
    "12.0",
    "'a'",
    "''",
    "' 5 '",
    "'2048'",
    "\"1.5\"",
    "'.5'",
    "'5.'",
    "'1..2'",
    "'sleep 5'",
    "'99999999999999999999'",
    "true",
    "FALSE",
    "==",
    "!=",
    "<",
    "LE",
    ">",
    "ge",
    "=~",
    "!~",
    "and",
    "OR",
    "&&",
    "||",
    "not",
    "!",
    "(",
    ")",
];

fn check(bytes: &[u8]) {
    let words: Vec<&str> = bytes.iter().take(MOST).map(|byte| WORDS[usize::from(*byte) % WORDS.len()]).collect();
    let text = words.join(" ");
    if text.is_empty() {
        return;
    }
    let filter = Filter::parse(OsStr::new(&text));
    let tree = tree(&words);
    assert_eq!(filter.is_ok(), tree.is_some(), "{text}: {filter:?}");
    if let (Ok(filter), Some(tree)) = (filter, tree) {
        for cell in ROWS {
            assert_eq!(filter.holds(cell), tree.meaning(cell).is_true(), "{text}");
        }
    }
}

enum Tree<'w> {
    Word(&'w str),
    Not(Box<Tree<'w>>),
    Both(Box<Tree<'w>>, &'w str, Box<Tree<'w>>),
}

/// Operators that bind less than all others, then those that bind less than `not`.
const LOOSE: [&str; 4] = ["and", "OR", "&&", "||"];
const COMPARISONS: [&str; 8] = ["==", "!=", "<", "LE", ">", "ge", "=~", "!~"];

fn tree<'w>(words: &[&'w str]) -> Option<Tree<'w>> {
    for operators in [&LOOSE[..], &COMPARISONS] {
        // What comes last is done last: operators of one rank go from left to right.
        if let Some(at) = last_outside_of_parentheses(words, operators)? {
            let (left, right) = (tree(&words[..at])?, &words[at + 1..]);
            let matches = ["=~", "!~"].contains(&words[at]);
            if matches && !(right.len() == 1 && right[0].starts_with(['"', '\''])) {
                return None;
            }
            return Some(Tree::Both(Box::new(left), words[at], Box::new(tree(right)?)));
        }
    }
    match words {
        ["not" | "!", rest @ ..] => Some(Tree::Not(Box::new(tree(rest)?))),
        ["(", inner @ .., ")"] => tree(inner),
        [word] if !["(", ")"].contains(word) => Some(Tree::Word(word)),
        _ => None,
    }
}

/// `None` where parentheses do not fit together.
fn last_outside_of_parentheses(words: &[&str], operators: &[&str]) -> Option<Option<usize>> {
    let (mut depth, mut last) = (0usize, None);
    for (at, word) in words.iter().enumerate() {
        match *word {
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            word if depth == 0 && operators.contains(&word) => last = Some(at),
            _ => {}
        }
    }
    (depth == 0).then_some(last)
}

#[derive(Clone, Debug)]
enum Meaning {
    Whole(u64),
    Broken(f64),
    Text(Vec<u8>),
    Truth(bool),
    /// What a cell holds.
    Cell(Box<Meaning>),
    /// An empty cell, of a column of numbers or of texts.
    Empty(bool),
}

use Meaning::{Broken, Cell, Empty, Text, Truth, Whole};

impl Tree<'_> {
    fn meaning(&self, cell: fn(Column) -> Value) -> Meaning {
        let (left, operator, right) = match self {
            Tree::Word(word) => return of_word(word, cell),
            Tree::Not(inner) => return Truth(!inner.meaning(cell).is_true()),
            Tree::Both(left, operator, right) => (left.meaning(cell), *operator, right),
        };
        Truth(match operator {
            "and" | "&&" => left.is_true() && right.meaning(cell).is_true(),
            "OR" | "||" => left.is_true() || right.meaning(cell).is_true(),
            "=~" | "!~" => {
                let Tree::Word(pattern) = **right else { unreachable!() };
                is_in(unquoted(pattern), &left.text()) == (operator == "=~")
            }
            _ => compare(&left, operator, &right.meaning(cell)),
        })
    }
}

fn of_word(word: &str, cell: fn(Column) -> Value) -> Meaning {
    match word {
        "true" => return Truth(true),
        "FALSE" => return Truth(false),
        "2K" => return Whole(2048),
        _ => {}
    }
    if word.starts_with(['"', '\'']) {
        return Text(unquoted(word).trim_ascii().to_vec());
    }
    if let Ok(number) = word.parse() {
        return Whole(number);
    }
    if let Ok(number) = word.parse() {
        return Broken(number);
    }
    let column = Column::from_name(word.as_bytes()).unwrap();
    let text = |text: &[u8]| Text(text.trim_ascii().to_vec());
    Cell(Box::new(match cell(column) {
        Value::Empty => return Empty(column.facts().number),
        Value::Number(number) => Whole(number),
        Value::Text(id) if column == Column::NetNsId => {
            let number = std::str::from_utf8(&id).ok().and_then(|id| id.parse().ok());
            number.map_or(text(&id), Whole)
        }
        Value::Text(found) => text(&found),
        Value::Lines(lines) => text(&lines.join(&b'\n')),
    }))
}

fn unquoted(word: &str) -> &[u8] {
    &word.as_bytes()[1..word.len() - 1]
}

/// Of the signs of patterns, the words above have the point only.
fn is_in(pattern: &[u8], text: &[u8]) -> bool {
    let text: Vec<char> = String::from_utf8_lossy(text).chars().collect();
    let fits = |part: &[char]| {
        let mut pairs = part.iter().zip(pattern);
        pairs.all(|(found, wanted)| *wanted == b'.' || *found == char::from(*wanted))
    };
    (0..=text.len()).any(|at| text.get(at..at + pattern.len()).is_some_and(fits))
}

impl Meaning {
    fn is_true(&self) -> bool {
        match self {
            Whole(number) => *number != 0,
            Broken(number) => *number != 0.0,
            Text(text) => !text.is_empty(),
            Truth(truth) => *truth,
            Cell(inner) => inner.is_true(),
            Empty(_) => false,
        }
    }

    fn text(&self) -> Vec<u8> {
        match self {
            Whole(number) => number.to_string().into(),
            Broken(number) => number.to_string().into(),
            Text(text) => text.clone(),
            Truth(truth) => truth.to_string().into(),
            Cell(inner) => inner.text(),
            Empty(_) => Vec::new(),
        }
    }

    /// Beside `true` and `false`, a text must say so.
    fn says_so(&self) -> Option<bool> {
        match self {
            Text(text) => Some(*text == b"true" || *text == b"1"),
            Cell(inner) => inner.says_so(),
            Empty(_) => None,
            other => Some(other.is_true()),
        }
    }

    fn number(&self) -> Option<Meaning> {
        match self {
            Text(text) => {
                let text = std::str::from_utf8(text).ok()?;
                if text.contains(|character: char| !character.is_ascii_digit() && character != '.') {
                    return None;
                }
                Some(match text.contains('.') {
                    true => Broken(text.parse().ok()?),
                    false => Whole(text.parse().ok()?),
                })
            }
            Cell(inner) => inner.number(),
            number => Some(number.clone()),
        }
    }

    /// Whether nothing about it is a number: a cell of texts, empty or not.
    fn is_of_texts(&self) -> bool {
        matches!(self, Empty(false)) || matches!(self, Cell(inner) if matches!(**inner, Text(_)))
    }

    fn is_written_number(&self) -> bool {
        matches!(self, Whole(_) | Broken(_))
    }

    fn broken(&self) -> f64 {
        match self {
            Whole(number) => *number as f64,
            Broken(number) => *number,
            _ => f64::NAN,
        }
    }
}

fn compare(left: &Meaning, operator: &str, right: &Meaning) -> bool {
    let either = |is: fn(&Meaning) -> bool| is(left) || is(right);
    let ordering = if either(|side| matches!(side, Truth(_))) {
        let (Some(left), Some(right)) = (left.says_so(), right.says_so()) else { return false };
        Some(left.cmp(&right))
    } else if either(|side| matches!(side, Text(_))) && !either(Meaning::is_written_number)
        || left.is_of_texts() && right.is_of_texts()
    {
        Some(left.text().cmp(&right.text()))
    } else if either(|side| matches!(side, Empty(_))) {
        return false;
    } else {
        match (left.number(), right.number()) {
            (Some(Whole(left)), Some(Whole(right))) => Some(left.cmp(&right)),
            (Some(left), Some(right)) => left.broken().partial_cmp(&right.broken()),
            _ => None,
        }
    };
    match operator {
        "==" => ordering == Some(Ordering::Equal),
        "!=" => ordering != Some(Ordering::Equal),
        "<" => ordering == Some(Ordering::Less),
        "LE" => ordering.is_some_and(Ordering::is_le),
        ">" => ordering == Some(Ordering::Greater),
        _ => ordering.is_some_and(Ordering::is_ge),
    }
}
