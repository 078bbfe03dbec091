//! The patterns of `=~`: POSIX extended regular expressions, see regex(7), rewritten for an engine whose time is linear in
//! the text whatever the pattern is.
//!
//! We do not use regcomp(3). The text is another user's command line, and the GNU C library bounds neither time nor
//! memory: it needs more than a minute and gigabytes for `(a|b)*a(a|b){250}c` on 8 kB of `a` and `b`, and more than a
//! minute to compile `\<a?++++++`. A limit on repetitions would not help: the useful `[a-z]+[0-9]+[a-z]+x` already
//! takes time quadratic in the text.

use regex_lite::{Regex, RegexBuilder};

use super::MOST_PATTERN_BYTES;
use crate::error::FilterError;
use crate::error::Shown;

/// The memory limit of a compiled pattern: it makes `(a{255}){255}` an error rather than a gigabyte.
const MOST_MEMORY: usize = 1024 * 1024;
/// How deep groups may lie in each other.
const MOST_DEPTH: u32 = 50;
/// RE_DUP_MAX of POSIX.
const MOST_REPEATS: u32 = 255;

/// A pattern, not anchored, case-sensitive.
#[derive(Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern. Errors: bytes that are not UTF-8.
    pub fn new(pattern: &[u8]) -> Result<Pattern, FilterError> {
        let error = |reason| FilterError::Pattern { pattern: pattern.shown().to_string(), reason };
        if pattern.len() > MOST_PATTERN_BYTES {
            return Err(FilterError::PatternTooLong);
        }
        let text = std::str::from_utf8(pattern).map_err(|_| error("it is no UTF-8"))?;
        let translated = Translation::of(text).map_err(error)?;
        let regex = RegexBuilder::new(&translated)
            .dot_matches_new_line(true)
            .size_limit(MOST_MEMORY)
            .nest_limit(MOST_DEPTH)
            .build();
        match regex {
            Ok(regex) => Ok(Pattern(regex)),
            // The translation produces only valid syntax, so the engine can only complain about its limits.
            Err(_) => Err(FilterError::PatternTooLong),
        }
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.is_match(&String::from_utf8_lossy(text))
    }
}

/// Character classes within brackets, of ASCII.
const CLASSES: [(&str, &str); 12] = [
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("blank", " \\t"),
    ("cntrl", "\\x00-\\x1f\\x7f"),
    ("digit", "0-9"),
    ("graph", "!-~"),
    ("lower", "a-z"),
    ("print", " -~"),
    ("punct", "!-/:-@\\[-`{-~"),
    ("space", " \\t-\\r"),
    ("upper", "A-Z"),
    ("xdigit", "0-9A-Fa-f"),
];

/// The characters that have a meaning for the engine, in or out of brackets.
const SIGNS: &str = "\\.+*?()|[]{}^$#&-~";

/// The translation of a pattern in progress.
struct Translation<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
    out: String,
    /// How many groups are open.
    open: usize,
    /// Whether what was last read can be repeated.
    repeatable: bool,
}

impl Translation<'_> {
    fn of(pattern: &str) -> Result<String, &'static str> {
        let mut translation =
            Translation { rest: pattern.chars().peekable(), out: String::new(), open: 0, repeatable: false };
        while let Some(character) = translation.rest.next() {
            translation.step(character)?;
        }
        if translation.open > 0 {
            return Err("a ( without its )");
        }
        Ok(translation.out)
    }

    fn step(&mut self, character: char) -> Result<(), &'static str> {
        let mut repeatable = true;
        match character {
            '(' => {
                self.open += 1;
                self.out.push_str("(?:");
                repeatable = false;
            }
            ')' if self.open > 0 => {
                self.open -= 1;
                self.out.push(')');
            }
            '|' => {
                self.out.push('|');
                repeatable = false;
            }
            // Absolute, whatever line breaks a text has.
            '^' => {
                self.out.push_str("\\A");
                repeatable = false;
            }
            '$' => {
                self.out.push_str("\\z");
                repeatable = false;
            }
            '.' => self.out.push('.'),
            '*' | '+' | '?' => return self.repeat(character.to_string()),
            '{' => {
                let interval = self.interval()?;
                return self.repeat(interval);
            }
            '[' => self.bracket()?,
            '\\' => repeatable = self.escape()?,
            literal => self.literal(literal),
        }
        self.repeatable = repeatable;
        Ok(())
    }

    /// After the first of one or more repetition operators. We merge them into one (`a**` and `a+?` become `a*`),
    /// because `a+?` means something else to the engine.
    fn repeat(&mut self, first: String) -> Result<(), &'static str> {
        if !self.repeatable {
            return Err("nothing before a repetition");
        }
        let mut row = vec![first];
        while let Some(next) = self.rest.next_if(|next| matches!(next, '*' | '+' | '?' | '{')) {
            row.push(match next {
                '{' => self.interval()?,
                next => next.to_string(),
            });
        }
        match &row[..] {
            [only] => self.out.push_str(only),
            row => self.out.push_str(row_as_one(row)?),
        }
        self.repeatable = false;
        Ok(())
    }

    /// Behind `{`.
    fn interval(&mut self) -> Result<String, &'static str> {
        const WRONG: &str = "{ without a number and }";
        const TOO_MANY: &str = "a number of repetitions beyond 255";
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or(WRONG)? {
                '}' => break,
                digit @ ('0'..='9' | ',') => text.push(digit),
                _ => return Err(WRONG),
            }
        }
        let (from, to) = text.split_once(',').unwrap_or((&text, &text));
        let count = |text: &str| match text.parse() {
            Ok(count) if count <= MOST_REPEATS => Ok(count),
            Err(_) if text.is_empty() || text.contains(',') => Err(WRONG),
            _ => Err(TOO_MANY),
        };
        let from = match from {
            "" if text.contains(',') => 0,
            from => count(from)?,
        };
        if to.is_empty() {
            return Ok(format!("{{{from},}}"));
        }
        let to = count(to)?;
        if to < from {
            return Err("a range of repetitions that ends before it begins");
        }
        Ok(format!("{{{from},{to}}}"))
    }

    /// After `\`. Returns whether a repetition may follow.
    fn escape(&mut self) -> Result<bool, &'static str> {
        let (text, repeatable) = match self.rest.next().ok_or("a \\ at the end")? {
            'w' => ("[0-9A-Z_a-z]", true),
            'W' => ("[^0-9A-Z_a-z]", true),
            's' => ("[ \\t-\\r]", true),
            'S' => ("[^ \\t-\\r]", true),
            'b' => ("\\b", false),
            'B' => ("\\B", false),
            '<' => ("\\b{start}", false),
            '>' => ("\\b{end}", false),
            '`' => ("\\A", false),
            '\'' => ("\\z", false),
            '1'..='9' => return Err("back references are not taken"),
            literal => {
                self.literal(literal);
                return Ok(true);
            }
        };
        self.out.push_str(text);
        Ok(repeatable)
    }

    /// Adds a character that stands for itself. We escape only what we must: `\<` would mean the start of a word.
    fn literal(&mut self, character: char) {
        if SIGNS.contains(character) {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    /// After `[`. A `]` that comes first, and a `\` anywhere, stand for themselves.
    fn bracket(&mut self) -> Result<(), &'static str> {
        const OPEN: &str = "a [ without its ]";
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let from = match self.rest.next().ok_or(OPEN)? {
                ']' if !first => break,
                '[' if self.rest.next_if_eq(&':').is_some() => {
                    let class = self.named(':')?;
                    let known = CLASSES.iter().find(|(name, _)| *name == class);
                    self.out.push_str(known.ok_or("an unknown class")?.1);
                    first = false;
                    continue;
                }
                '[' if self.rest.peek().is_some_and(|next| matches!(next, '.' | '=')) => {
                    return Err("collating elements are not taken");
                }
                character => character,
            };
            first = false;
            self.literal(from);
            // A `-` before the closing bracket stands for itself.
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && ahead.peek().is_some_and(|next| *next != ']') {
                self.rest.next();
                let to = self.rest.next().ok_or(OPEN)?;
                if to == '[' && self.rest.peek().is_some_and(|next| matches!(next, '.' | '=' | ':')) {
                    return Err("a range that ends in a class");
                }
                if to < from {
                    return Err("a range that ends before it begins");
                }
                self.out.push('-');
                self.literal(to);
            }
        }
        self.out.push(']');
        Ok(())
    }

    /// A name up to `:]`.
    fn named(&mut self, end: char) -> Result<String, &'static str> {
        let mut name = String::new();
        loop {
            match self.rest.next().ok_or("a [: without its :]")? {
                found if found == end => break,
                found => name.push(found),
            }
        }
        match self.rest.next() {
            Some(']') => Ok(name),
            _ => Err("a [: without its :]"),
        }
    }
}

/// Merges a row of repetition operators. A `{…}` among them has no simple equivalent.
fn row_as_one(row: &[String]) -> Result<&'static str, &'static str> {
    if row.iter().all(|operator| operator == "+") {
        return Ok("+");
    }
    if row.iter().all(|operator| operator == "?") {
        return Ok("?");
    }
    if row.iter().all(|operator| !operator.starts_with('{')) {
        return Ok("*");
    }
    Err("a repetition of a repetition")
}
