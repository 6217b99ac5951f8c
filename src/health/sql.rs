//! The database, as a port: SQLite as a Durable Object has it.

/// A database. Calls are synchronous. All calls within one event of the object are one transaction.
pub trait Sql {
    /// Executes one statement with `params` for its `?`, in order. Returns its rows. A statement that fails returns none
    /// and changes nothing.
    fn exec(&self, statement: &str, params: &[Param<'_>]) -> Vec<Vec<Cell>>;
}

/// The value for a `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param<'a> {
    /// Text, whatever is in it.
    Text(&'a str),
    /// An integer that JavaScript represents exactly.
    Number(i64),
    /// Nothing.
    Null,
}

/// The value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// An integer.
    Number(i64),
    /// Nothing.
    Null,
}

/// One row, read from left to right. A value that is missing or of another type reads as empty, or as 0.
pub(super) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    /// The next column as text.
    pub fn text(&mut self) -> String {
        match self.0.next() {
            Some(Cell::Text(text)) => text,
            Some(Cell::Number(_) | Cell::Null) | None => String::new(),
        }
    }

    /// The next column as a number that is not negative.
    pub fn number(&mut self) -> u64 {
        self.number_or_none().unwrap_or(0)
    }

    /// The next column as a number that is not negative, where there is one.
    pub fn number_or_none(&mut self) -> Option<u64> {
        match self.0.next() {
            Some(Cell::Number(number)) => u64::try_from(number).ok(),
            Some(Cell::Text(_) | Cell::Null) | None => None,
        }
    }
}

/// The rows that a statement returns.
pub(super) fn rows<S: Sql>(
    sql: &S,
    statement: &str,
    params: &[Param<'_>],
) -> impl Iterator<Item = Row> + use<S> {
    sql.exec(statement, params).into_iter().map(|row| Row(row.into_iter()))
}

/// The first row that a statement returns.
pub(super) fn row(sql: &impl Sql, statement: &str, params: &[Param<'_>]) -> Option<Row> {
    rows(sql, statement, params).next()
}

/// A number as a parameter. The range ends where JavaScript's exact numbers do, at 2^53.
pub(super) fn number(number: u64) -> Param<'static> {
    const LARGEST: i64 = (1 << 53) - 1;
    Param::Number(i64::try_from(number).map_or(LARGEST, |number| number.min(LARGEST)))
}
