//! What `--filter` means, beside a second reading of its grammar: an expression is split where it binds least.

use std::cmp::Ordering;
use std::ffi::OsStr;

use nskit::list::column::Column;
use nskit::list::filter::Filter;
use nskit::list::value::Value;

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
            let expected = tree.meaning(cell).map(|meaning| meaning.is_true());
            assert_eq!(filter.holds(cell).ok(), expected, "{text}");
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
    NoNumber,
}

use Meaning::{Broken, NoNumber, Text, Truth, Whole};

impl Tree<'_> {
    /// `None` where a text is to be a number and is none.
    fn meaning(&self, cell: fn(Column) -> Value) -> Option<Meaning> {
        let (left, operator, right) = match self {
            Tree::Word(word) => return Some(of_word(word, cell)),
            Tree::Not(inner) => return Some(Truth(!inner.meaning(cell)?.is_true())),
            Tree::Both(left, operator, right) => (left.meaning(cell)?, *operator, right),
        };
        Some(Truth(match operator {
            "and" | "&&" => left.is_true() && right.meaning(cell)?.is_true(),
            "OR" | "||" => left.is_true() || right.meaning(cell)?.is_true(),
            "=~" | "!~" => {
                let Tree::Word(pattern) = **right else { unreachable!() };
                is_in(unquoted(pattern), &left.text()) == (operator == "=~")
            }
            _ => compare(left, operator, right.meaning(cell)?)?,
        }))
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
    match cell(column) {
        Value::Empty if column.facts().number => NoNumber,
        Value::Empty => Text(Vec::new()),
        Value::Number(number) => Whole(number),
        Value::Text(text) => Text(text.trim_ascii().to_vec()),
        Value::Lines(lines) => Text(lines.join(&b'\n').trim_ascii().to_vec()),
    }
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
            NoNumber => false,
        }
    }

    fn text(&self) -> Vec<u8> {
        match self {
            Whole(number) => number.to_string().into(),
            Broken(number) => number.to_string().into(),
            Text(text) => text.clone(),
            Truth(truth) => truth.to_string().into(),
            NoNumber => Vec::new(),
        }
    }

    fn number(self) -> Option<Meaning> {
        Some(match self {
            Truth(truth) => Whole(truth.into()),
            Text(text) => {
                let text = String::from_utf8(text).ok()?;
                if text.contains(|character: char| !character.is_ascii_digit() && character != '.') {
                    return None;
                }
                match text.contains('.') {
                    true => Broken(text.parse().ok()?),
                    false => Whole(text.parse().ok()?),
                }
            }
            number => number,
        })
    }
}

fn compare(left: Meaning, operator: &str, right: Meaning) -> Option<bool> {
    let empty = |text: &Meaning, other: &Meaning| {
        matches!(text, Text(text) if text.is_empty()) && matches!(other, Whole(_) | Broken(_))
    };
    if matches!(left, NoNumber) || matches!(right, NoNumber) || empty(&left, &right) || empty(&right, &left) {
        return Some(false);
    }
    let ordering = match (&left, &right) {
        (Text(left), Text(right)) => left.cmp(right),
        (Truth(_), Text(_)) | (Text(_), Truth(_)) => left.is_true().cmp(&right.is_true()),
        _ => match (left.number()?, right.number()?) {
            (Whole(left), Whole(right)) => left.cmp(&right),
            (left, right) => left.broken().partial_cmp(&right.broken())?,
        },
    };
    Some(match operator {
        "==" => ordering == Ordering::Equal,
        "!=" => ordering != Ordering::Equal,
        "<" => ordering == Ordering::Less,
        "LE" => ordering != Ordering::Greater,
        ">" => ordering == Ordering::Greater,
        _ => ordering != Ordering::Less,
    })
}

impl Meaning {
    fn broken(&self) -> f64 {
        match self {
            Whole(number) => *number as f64,
            Broken(number) => *number,
            _ => f64::NAN,
        }
    }
}
