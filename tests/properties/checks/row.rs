//! Rows that filters are asked about.

use nskit::internals::list::column::Column;
use nskit::internals::list::value::Value;

/// A namespace with processes, one without, and one of a process that is out to confuse.
pub const ROWS: [fn(Column) -> Value; 3] = [ordinary, processless, odd];

fn ordinary(column: Column) -> Value {
    match column {
        Column::Ns => Value::Number(4026532000),
        Column::Type => Value::text(b"net"),
        Column::NProcs => Value::Number(2048),
        Column::Pid => Value::Number(5),
        Column::Command => Value::text(b" sleep 5 "),
        Column::User => Value::text(b"1000"),
        Column::NetNsId => Value::text(b"12"),
        Column::Nsfs => Value::Lines(vec![b"/run/a".to_vec(), b"/run/b".to_vec()]),
        _ => Value::Empty,
    }
}

fn processless(column: Column) -> Value {
    match column {
        Column::Ns => Value::Number(1),
        Column::Type => Value::text(b"user"),
        Column::NProcs => Value::Number(0),
        _ => Value::Empty,
    }
}

fn odd(column: Column) -> Value {
    match column {
        Column::Ns => Value::Number(u64::MAX),
        Column::NProcs => Value::Number(1 << 53 | 1),
        Column::Pid => Value::Number(1),
        Column::Command => Value::text(b"\xff\x1b[31m\n1.5"),
        Column::User => Value::text(b" \t "),
        Column::NetNsId => Value::text(b"99999999999999999999"),
        Column::Nsfs => Value::Lines(vec![b" /mnt/\xe2\x82 ".to_vec()]),
        Column::Unit => Value::text(b"."),
        _ => Value::Empty,
    }
}
