//! Whether an expression holds for a row.

use std::cmp::Ordering;

use super::FilterError;
use super::lexer::Comparison;
use super::parser::Node;
use crate::digits::digits;
use crate::list::column::Column;
use crate::list::value::Value;

/// What an operand comes to.
enum Operand {
    Integer(u64),
    Float(f64),
    Text(Vec<u8>),
    Bool(bool),
    /// The empty cell of a column of numbers.
    Nothing,
}

/// Whether the expression holds. Goes as deep as the parser went.
pub fn truth(node: &Node, cell: &mut impl FnMut(Column) -> Value) -> Result<bool, FilterError> {
    Ok(match node {
        Node::And(left, right) => truth(left, cell)? && truth(right, cell)?,
        Node::Or(left, right) => truth(left, cell)? || truth(right, cell)?,
        Node::Not(inner) => !truth(inner, cell)?,
        Node::Compare(comparison, left, right) => compare(*comparison, operand(left, cell)?, operand(right, cell)?)?,
        Node::Match { text, pattern, negated } => pattern.is_in(&text_of(operand(text, cell)?)) != *negated,
        _ => match operand(node, cell)? {
            Operand::Integer(value) => value != 0,
            Operand::Float(value) => value != 0.0,
            Operand::Text(text) => !text.is_empty(),
            Operand::Bool(value) => value,
            Operand::Nothing => false,
        },
    })
}

fn operand(node: &Node, cell: &mut impl FnMut(Column) -> Value) -> Result<Operand, FilterError> {
    Ok(match node {
        Node::Integer(value) => Operand::Integer(*value),
        Node::Float(value) => Operand::Float(*value),
        Node::Text(text) => Operand::Text(text.trim_ascii().to_vec()),
        Node::Bool(value) => Operand::Bool(*value),
        Node::Column(column) => match cell(*column) {
            Value::Empty if column.facts().number => Operand::Nothing,
            Value::Empty => Operand::Text(Vec::new()),
            Value::Number(value) => Operand::Integer(value),
            Value::Text(text) => Operand::Text(text.trim_ascii().to_vec()),
            Value::Lines(lines) => Operand::Text(lines.join(&b'\n').trim_ascii().to_vec()),
        },
        _ => Operand::Bool(truth(node, cell)?),
    })
}

fn text_of(operand: Operand) -> Vec<u8> {
    match operand {
        Operand::Integer(value) => value.to_string().into_bytes(),
        Operand::Float(value) => value.to_string().into_bytes(),
        Operand::Text(text) => text,
        Operand::Bool(value) => value.to_string().into_bytes(),
        Operand::Nothing => Vec::new(),
    }
}

/// A number on either side makes numbers of both, a point in either makes both numbers with a point.
fn compare(comparison: Comparison, left: Operand, right: Operand) -> Result<bool, FilterError> {
    use Operand::{Bool, Float, Integer, Nothing, Text};
    let ordering = match (left, right) {
        (Nothing, _) | (_, Nothing) => None,
        // An empty cell is no number, and an empty text is as good as one.
        (Text(text), Integer(_) | Float(_)) | (Integer(_) | Float(_), Text(text)) if text.is_empty() => None,
        (Text(left), Text(right)) => Some(left.cmp(&right)),
        (Integer(left), Integer(right)) => Some(left.cmp(&right)),
        (Integer(left), Text(right)) if float_of(&right).is_none() => Some(left.cmp(&integer(&right)?)),
        (Text(left), Integer(right)) if float_of(&left).is_none() => Some(integer(&left)?.cmp(&right)),
        (left @ (Bool(_) | Integer(_) | Float(_)), right @ Bool(_))
        | (left @ Bool(_), right @ (Integer(_) | Float(_))) => number(left)?.partial_cmp(&number(right)?),
        (Bool(left), Text(right)) => Some(left.cmp(&!right.is_empty())),
        (Text(left), Bool(right)) => Some((!left.is_empty()).cmp(&right)),
        (left, right) => number(left)?.partial_cmp(&number(right)?),
    };
    Ok(ordering.is_some_and(|ordering| match comparison {
        Comparison::Equal => ordering == Ordering::Equal,
        Comparison::NotEqual => ordering != Ordering::Equal,
        Comparison::Less => ordering == Ordering::Less,
        Comparison::LessOrEqual => ordering != Ordering::Greater,
        Comparison::Greater => ordering == Ordering::Greater,
        Comparison::GreaterOrEqual => ordering != Ordering::Less,
    }))
}

fn number(operand: Operand) -> Result<f64, FilterError> {
    match operand {
        Operand::Integer(value) => Ok(value as f64),
        Operand::Float(value) => Ok(value),
        Operand::Bool(value) => Ok(f64::from(u8::from(value))),
        Operand::Text(text) => match float_of(&text) {
            Some(value) => Ok(value),
            None => integer(&text).map(|value| value as f64),
        },
        Operand::Nothing => Ok(f64::NAN),
    }
}

/// The value of a text with a point in it.
fn float_of(text: &[u8]) -> Option<f64> {
    let digits_and_point = text.contains(&b'.') && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    std::str::from_utf8(text).ok().filter(|_| digits_and_point)?.parse().ok()
}

fn integer(text: &[u8]) -> Result<u64, FilterError> {
    digits(text).ok_or_else(|| FilterError::NoNumber(String::from_utf8_lossy(text).into_owned()))
}
