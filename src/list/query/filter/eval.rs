//! Whether an expression holds for a row.

use std::cmp::Ordering;

use super::lexer::Comparison;
use super::parser::Node;
use crate::list::column::Column;
use crate::list::value::Value;
use crate::number::parse_decimal;

/// The value of an operand. A literal in the expression decides how it is compared, before the type of a cell does.
enum Operand {
    /// Written.
    Integer(u64),
    /// Written.
    Float(f64),
    /// Written.
    Text(Vec<u8>),
    /// Written, or what a comparison came to.
    Bool(bool),
    /// A cell with a number in it.
    NumberCell(u64),
    /// A cell with something else in it.
    TextCell(Vec<u8>),
    /// An empty cell, of a column of numbers or of texts.
    EmptyCell { of_numbers: bool },
}

/// Whether the expression holds. Goes as deep as the parser went.
pub fn truth(node: &Node, cell: &mut impl FnMut(Column) -> Value) -> bool {
    match node {
        Node::And(left, right) => truth(left, cell) && truth(right, cell),
        Node::Or(left, right) => truth(left, cell) || truth(right, cell),
        Node::Not(inner) => !truth(inner, cell),
        Node::Compare(comparison, left, right) => {
            let (left, right) = (operand(left, cell), operand(right, cell));
            relate(left, right).is_some_and(|relation| holds(*comparison, relation))
        }
        Node::Match { text, pattern, negated } => pattern.is_in(&text_of(operand(text, cell))) != *negated,
        _ => match operand(node, cell) {
            Operand::Integer(value) | Operand::NumberCell(value) => value != 0,
            Operand::Float(value) => value != 0.0,
            Operand::Text(text) | Operand::TextCell(text) => !text.is_empty(),
            Operand::Bool(value) => value,
            Operand::EmptyCell { .. } => false,
        },
    }
}

fn operand(node: &Node, cell: &mut impl FnMut(Column) -> Value) -> Operand {
    match node {
        Node::Integer(value) => Operand::Integer(*value),
        Node::Float(value) => Operand::Float(*value),
        Node::Text(text) => Operand::Text(text.trim_ascii().to_vec()),
        Node::Bool(value) => Operand::Bool(*value),
        Node::Column(column) => match cell(*column) {
            Value::Empty => Operand::EmptyCell { of_numbers: column.facts().number },
            Value::Number(value) => Operand::NumberCell(value),
            // An id, or `unassigned`.
            Value::Text(text) if *column == Column::NetNsId => {
                parse_decimal(&text).map_or(Operand::TextCell(text.to_vec()), Operand::NumberCell)
            }
            Value::Text(text) => Operand::TextCell(text.trim_ascii().to_vec()),
            Value::Lines(lines) => Operand::TextCell(lines.join(&b'\n').trim_ascii().to_vec()),
        },
        _ => Operand::Bool(truth(node, cell)),
    }
}

fn text_of(operand: Operand) -> Vec<u8> {
    match operand {
        Operand::Integer(value) | Operand::NumberCell(value) => value.to_string().into_bytes(),
        Operand::Float(value) => value.to_string().into_bytes(),
        Operand::Text(text) | Operand::TextCell(text) => text,
        Operand::Bool(value) => value.to_string().into_bytes(),
        Operand::EmptyCell { .. } => Vec::new(),
    }
}

/// How two operands stand to each other.
enum Relation {
    Ordered(Ordering),
    /// A number, and what is none.
    Unequal,
}

/// `true` or `false` on either side makes truth values of both, as does a comparison; then a string that is written makes
/// strings of it and a cell, a number makes numbers of both. `None` where an empty cell is not even unequal.
fn relate(left: Operand, right: Operand) -> Option<Relation> {
    use Operand::{Bool, EmptyCell, NumberCell, Text, TextCell};
    let ordering = match (&left, &right) {
        (Bool(_), _) | (_, Bool(_)) => truth_value(&left)?.cmp(&truth_value(&right)?),
        (Text(_), Text(_) | TextCell(_) | NumberCell(_) | EmptyCell { .. })
        | (TextCell(_) | NumberCell(_) | EmptyCell { .. }, Text(_))
        | (TextCell(_) | EmptyCell { of_numbers: false }, TextCell(_) | EmptyCell { of_numbers: false }) => {
            text_of(left).cmp(&text_of(right))
        }
        (EmptyCell { .. }, _) | (_, EmptyCell { .. }) => return None,
        _ => match (number(&left), number(&right)) {
            (Some(Number::Integer(left)), Some(Number::Integer(right))) => left.cmp(&right),
            (Some(left), Some(right)) => left.as_float().partial_cmp(&right.as_float())?,
            _ => return Some(Relation::Unequal),
        },
    };
    Some(Relation::Ordered(ordering))
}

fn holds(comparison: Comparison, relation: Relation) -> bool {
    let Relation::Ordered(ordering) = relation else {
        return comparison == Comparison::NotEqual;
    };
    match comparison {
        Comparison::Equal => ordering == Ordering::Equal,
        Comparison::NotEqual => ordering != Ordering::Equal,
        Comparison::Less => ordering == Ordering::Less,
        Comparison::LessOrEqual => ordering != Ordering::Greater,
        Comparison::Greater => ordering == Ordering::Greater,
        Comparison::GreaterOrEqual => ordering != Ordering::Less,
    }
}

/// A number is true if it is not 0, a string if it says so; an empty cell is neither true nor false.
fn truth_value(operand: &Operand) -> Option<bool> {
    match operand {
        Operand::Integer(value) | Operand::NumberCell(value) => Some(*value != 0),
        Operand::Float(value) => Some(*value != 0.0),
        Operand::Text(text) | Operand::TextCell(text) => Some(matches!(&text[..], b"true" | b"1")),
        Operand::Bool(value) => Some(*value),
        Operand::EmptyCell { .. } => None,
    }
}

/// A point in either of two numbers makes both numbers with a point.
enum Number {
    Integer(u64),
    Float(f64),
}

impl Number {
    fn as_float(&self) -> f64 {
        match self {
            Number::Integer(value) => *value as f64,
            Number::Float(value) => *value,
        }
    }
}

fn number(operand: &Operand) -> Option<Number> {
    match operand {
        Operand::Integer(value) | Operand::NumberCell(value) => Some(Number::Integer(*value)),
        Operand::Float(value) => Some(Number::Float(*value)),
        Operand::Text(text) | Operand::TextCell(text) => {
            float_of(text).map(Number::Float).or_else(|| parse_decimal(text).map(Number::Integer))
        }
        Operand::Bool(_) | Operand::EmptyCell { .. } => None,
    }
}

/// The value of a text with a point in it.
fn float_of(text: &[u8]) -> Option<f64> {
    let digits_and_point = text.contains(&b'.') && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    std::str::from_utf8(text).ok().filter(|_| digits_and_point)?.parse().ok()
}
