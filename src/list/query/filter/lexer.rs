//! Text → tokens.

use crate::error::FilterError;
use crate::error::Shown;
use crate::list::column::Column;
use crate::number::parse_decimal;

/// How two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `not`
    Not,
    /// `and`
    And,
    /// `or`
    Or,
    /// `==` and its like.
    Compare(Comparison),
    /// `=~`, or `!~` if `negated`.
    Match {
        /// Whether rows that match are left out.
        negated: bool,
    },
    /// A whole number.
    Integer(u64),
    /// A number with a point.
    Float(f64),
    /// A text in quotes.
    Text(Vec<u8>),
    /// `true`, `false`.
    Bool(bool),
    /// The name of a column; `None` if no column has that name.
    Column(Option<Column>),
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What it is.
    pub token: Token,
    /// As it is written.
    pub text: String,
    /// Where, from 1.
    pub at: usize,
}

/// The operators made of signs, longer ones first.
const SIGNS: [(&[u8], Token); 13] = [
    (b"==", Token::Compare(Comparison::Equal)),
    (b"!=", Token::Compare(Comparison::NotEqual)),
    (b"<=", Token::Compare(Comparison::LessOrEqual)),
    (b">=", Token::Compare(Comparison::GreaterOrEqual)),
    (b"=~", Token::Match { negated: false }),
    (b"!~", Token::Match { negated: true }),
    (b"&&", Token::And),
    (b"||", Token::Or),
    (b"<", Token::Compare(Comparison::Less)),
    (b">", Token::Compare(Comparison::Greater)),
    (b"!", Token::Not),
    (b"(", Token::Open),
    (b")", Token::Close),
];

/// The operators made of letters, all in one case. In mixed case, the same word can be the name of a column.
const WORDS: [(&str, Token); 11] = [
    ("or", Token::Or),
    ("and", Token::And),
    ("not", Token::Not),
    ("eq", Token::Compare(Comparison::Equal)),
    ("ne", Token::Compare(Comparison::NotEqual)),
    ("lt", Token::Compare(Comparison::Less)),
    ("le", Token::Compare(Comparison::LessOrEqual)),
    ("gt", Token::Compare(Comparison::Greater)),
    ("ge", Token::Compare(Comparison::GreaterOrEqual)),
    ("true", Token::Bool(true)),
    ("false", Token::Bool(false)),
];

/// The suffixes of numbers, each 1024 times the one before.
const SUFFIXES: [u8; 6] = *b"KMGTPE";

/// All tokens of the text.
pub fn tokens(text: &[u8]) -> Result<Vec<Placed>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_ascii_start();
    while !rest.is_empty() {
        let at = text.len() - rest.len() + 1;
        let (token, length) = token(rest, at)?;
        tokens.push(Placed { token, text: written(&rest[..length]), at });
        rest = rest[length..].trim_ascii_start();
    }
    Ok(tokens)
}

fn written(text: &[u8]) -> String {
    text.shown().to_string()
}

fn length_of(text: &[u8], part: impl Fn(&u8) -> bool) -> usize {
    text.iter().position(|byte| !part(byte)).unwrap_or(text.len())
}

/// The first token and its length.
fn token(text: &[u8], at: usize) -> Result<(Token, usize), FilterError> {
    match text[0] {
        quote @ (b'"' | b'\'') => {
            let length = text[1..].iter().position(|byte| *byte == quote);
            let length = length.ok_or(FilterError::OpenString { at })?;
            Ok((Token::Text(text[1..=length].to_vec()), length + 2))
        }
        b'0'..=b'9' => number(text, at),
        byte if byte.is_ascii_alphabetic() || byte == b'_' => {
            let length = length_of(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            Ok((word(&text[..length]), length))
        }
        _ => SIGNS
            .iter()
            .find(|(sign, _)| text.starts_with(sign))
            .map(|(sign, token)| (token.clone(), sign.len()))
            .ok_or_else(|| {
                let valid = text.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
                let first = valid.map_or_else(|| text[..1].shown().to_string(), String::from);
                FilterError::Unexpected { found: Some(first), at, expected: "an operator or an operand" }
            }),
    }
}

fn word(text: &[u8]) -> Token {
    let operator =
        WORDS.iter().find(|(word, _)| text == word.as_bytes() || text == word.to_ascii_uppercase().as_bytes());
    match operator {
        Some((_, token)) => token.clone(),
        None => Token::Column(Column::from_name(text)),
    }
}

/// `5`, `5.5`, `5K`, `5KiB`.
fn number(text: &[u8], at: usize) -> Result<(Token, usize), FilterError> {
    let length = length_of(text, u8::is_ascii_alphanumeric);
    let whole = length_of(text, u8::is_ascii_digit);
    let too_large = |length: usize| FilterError::NumberTooLarge { text: written(&text[..length]), at };
    if text.get(whole) == Some(&b'.') {
        let length = whole + 1 + length_of(&text[whole + 1..], u8::is_ascii_alphanumeric);
        let number = written(&text[..length]);
        let digits_only = text[whole + 1..length].iter().all(u8::is_ascii_digit);
        return match number.parse() {
            Ok(value) if digits_only && length > whole + 1 => Ok((Token::Float(value), length)),
            _ => Err(no_number(number, at)),
        };
    }
    let factor = match &text[whole..length] {
        [] => 1,
        [suffix] | [suffix, b'i', b'B'] => {
            let power = SUFFIXES.iter().position(|known| known == suffix);
            let power = power.ok_or_else(|| no_number(written(&text[..length]), at))?;
            1u64 << (10 * (power + 1))
        }
        _ => return Err(no_number(written(&text[..length]), at)),
    };
    let value = parse_decimal::<u64>(&text[..whole]).and_then(|value| value.checked_mul(factor));
    Ok((Token::Integer(value.ok_or_else(|| too_large(length))?), length))
}

fn no_number(found: String, at: usize) -> FilterError {
    FilterError::Unexpected {
        found: Some(found),
        at,
        expected: "a number, which has digits, and a point and digits or one of K M G T P E (iB)",
    }
}
