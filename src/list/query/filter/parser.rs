//! Tokens → tree. `not` binds tightest, then comparisons, then `and` and `or`, which have **one** precedence and go from
//! left to right: `a or b and c` is `(a or b) and c`.

use super::MOST_NODES;
use super::lexer::{Comparison, Placed, Token};
use super::pattern::Pattern;
use crate::error::FilterError;
use crate::list::column::Column;

/// A part of an expression.
#[derive(Debug)]
pub enum Node {
    /// Both hold.
    And(Box<Node>, Box<Node>),
    /// Either holds.
    Or(Box<Node>, Box<Node>),
    /// It does not hold.
    Not(Box<Node>),
    /// One side against the other.
    Compare(Comparison, Box<Node>, Box<Node>),
    /// A text against a pattern.
    Match {
        /// The text.
        text: Box<Node>,
        /// What is looked for in it.
        pattern: Pattern,
        /// Whether it must not be there.
        negated: bool,
    },
    /// A whole number.
    Integer(u64),
    /// A number with a point.
    Float(f64),
    /// A text.
    Text(Vec<u8>),
    /// True or false.
    Bool(bool),
    /// The cell of a column.
    Column(Column),
}

impl Node {
    /// Adds the columns below this node to `columns`.
    pub fn collect(&self, columns: &mut Vec<Column>) {
        match self {
            Node::And(left, right) | Node::Or(left, right) | Node::Compare(_, left, right) => {
                left.collect(columns);
                right.collect(columns);
            }
            Node::Not(inner) | Node::Match { text: inner, .. } => inner.collect(columns),
            Node::Column(column) => columns.push(*column),
            Node::Integer(_) | Node::Float(_) | Node::Text(_) | Node::Bool(_) => {}
        }
    }
}

/// Reads all of `tokens`; the text that they are from is `length` bytes long.
pub fn parse(tokens: &[Placed], length: usize) -> Result<Node, FilterError> {
    let mut parser = Parser { tokens: tokens.iter(), end: length + 1, nodes: 0, unknown: None };
    let node = parser.expression()?;
    match (parser.tokens.next(), parser.unknown) {
        (Some(token), _) => Err(unexpected(token, "an operator or the end")),
        (None, Some(unknown)) => Err(unknown),
        (None, None) => Ok(node),
    }
}

fn unexpected(token: &Placed, expected: &'static str) -> FilterError {
    FilterError::Unexpected { found: Some(token.text.clone()), at: token.at, expected }
}

/// Recurses once for each `(` and `not`. Each counts as a node, so the depth is at most [`MOST_NODES`].
struct Parser<'t> {
    tokens: std::slice::Iter<'t, Placed>,
    end: usize,
    nodes: usize,
    /// The first name that no column has. As in util-linux, an error of syntax is reported before it.
    unknown: Option<FilterError>,
}

impl<'t> Parser<'t> {
    fn count(&mut self) -> Result<(), FilterError> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(FilterError::TooManyNodes);
        }
        Ok(())
    }

    fn peek(&self) -> Option<&'t Token> {
        self.tokens.as_slice().first().map(|placed| &placed.token)
    }

    fn next(&mut self, expected: &'static str) -> Result<&'t Placed, FilterError> {
        self.tokens.next().ok_or(FilterError::Unexpected { found: None, at: self.end, expected })
    }

    /// Comparisons between `and` and `or`.
    fn expression(&mut self) -> Result<Node, FilterError> {
        let mut left = self.comparison()?;
        while let Some(operator @ (Token::And | Token::Or)) = self.peek() {
            self.tokens.next();
            self.count()?;
            let sides = (Box::new(left), Box::new(self.comparison()?));
            left = match operator {
                Token::And => Node::And(sides.0, sides.1),
                _ => Node::Or(sides.0, sides.1),
            };
        }
        Ok(left)
    }

    /// Operands between `==` and its like, from left to right.
    fn comparison(&mut self) -> Result<Node, FilterError> {
        let mut left = self.operand()?;
        loop {
            left = match self.peek() {
                Some(Token::Compare(comparison)) => {
                    self.tokens.next();
                    self.count()?;
                    Node::Compare(*comparison, Box::new(left), Box::new(self.operand()?))
                }
                Some(Token::Match { negated }) => {
                    self.tokens.next();
                    self.count()?;
                    Node::Match { text: Box::new(left), pattern: self.pattern()?, negated: *negated }
                }
                _ => return Ok(left),
            };
        }
    }

    fn pattern(&mut self) -> Result<Pattern, FilterError> {
        const EXPECTED: &str = "a pattern in quotes";
        let placed = self.next(EXPECTED)?;
        self.count()?;
        match &placed.token {
            Token::Text(text) => Pattern::new(text),
            _ => Err(unexpected(placed, EXPECTED)),
        }
    }

    fn operand(&mut self) -> Result<Node, FilterError> {
        const EXPECTED: &str = "a column, a number, a string, true, false, not or (";
        let placed = self.next(EXPECTED)?;
        self.count()?;
        Ok(match &placed.token {
            Token::Not => Node::Not(Box::new(self.operand()?)),
            Token::Open => {
                let inner = self.expression()?;
                let close = self.next("an operator or )")?;
                match close.token {
                    Token::Close => inner,
                    _ => return Err(unexpected(close, "an operator or )")),
                }
            }
            Token::Integer(value) => Node::Integer(*value),
            Token::Float(value) => Node::Float(*value),
            Token::Text(text) => Node::Text(text.clone()),
            Token::Bool(value) => Node::Bool(*value),
            Token::Column(Some(column)) => Node::Column(*column),
            Token::Column(None) => {
                let unknown = || FilterError::UnknownColumn { name: placed.text.clone(), at: placed.at };
                self.unknown.get_or_insert_with(unknown);
                Node::Bool(false)
            }
            _ => return Err(unexpected(placed, EXPECTED)),
        })
    }
}
