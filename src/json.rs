//! JSON from outside: settings, purge orders and purge rules. What does a text say, and how is a value shown?
//!
//! `serde_json` has the types and writes what has a known form. It could do this too, but not small: it reads and
//! writes every fraction to the last bit, by tables of powers, and has an error for every type there might be.

use std::fmt;

use serde_json::{Map, Number, Value};

/// Tables and lists inside each other, at most.
const DEEPEST: u8 = 128;

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// What should be there instead.
    expected: &'static str,
    line: usize,
    column: usize,
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at line {} column {}", self.expected, self.line, self.column)
    }
}

/// Reads `text` (RFC 8259). Of a key that is there twice the last value counts.
///
/// A fraction of up to 15 digits is exact, as long as its exponent is at most 22.
pub fn read(text: &str) -> Result<Value, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let read = reader.value(DEEPEST).and_then(|value| {
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err("the end") }
    });
    read.map_err(|expected| {
        let before = text.as_bytes().get(..reader.at).unwrap_or_default();
        let line = before.iter().rev().take_while(|byte| **byte != b'\n');
        let (line, column) = (before.iter().filter(|byte| **byte == b'\n').count() + 1, line.count() + 1);
        NotJson { expected, line, column }
    })
}

/// What was read, or what should be there.
type Read<T> = Result<T, &'static str>;

/// A text, read up to a place.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: u8) -> Read<Value> {
        self.skip_space();
        match self.next() {
            Some(b'{') => self.table(depth.checked_sub(1).ok_or("less depth")?).map(Value::Object),
            Some(b'[') => self.list(depth.checked_sub(1).ok_or("less depth")?).map(Value::Array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(_) | None => {
                for (word, value) in [("null", Value::Null), ("true", true.into()), ("false", false.into())] {
                    if self.rest().starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err("a value")
            }
        }
    }

    fn table(&mut self, depth: u8) -> Read<Map<String, Value>> {
        self.at += 1;
        let mut table = Map::new();
        self.skip_space();
        if self.skips(b'}') {
            return Ok(table);
        }
        loop {
            self.skip_space();
            if self.next() != Some(b'"') {
                return Err("a key in quotes");
            }
            let key = self.string()?;
            self.skip_space();
            if !self.skips(b':') {
                return Err("`:`");
            }
            let value = self.value(depth)?;
            table.insert(key, value);
            self.skip_space();
            if self.skips(b'}') {
                return Ok(table);
            }
            if !self.skips(b',') {
                return Err("`,` or `}`");
            }
        }
    }

    fn list(&mut self, depth: u8) -> Read<Vec<Value>> {
        self.at += 1;
        let mut list = Vec::new();
        self.skip_space();
        if self.skips(b']') {
            return Ok(list);
        }
        loop {
            list.push(self.value(depth)?);
            self.skip_space();
            if self.skips(b']') {
                return Ok(list);
            }
            if !self.skips(b',') {
                return Err("`,` or `]`");
            }
        }
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let plain = self.take_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            string.push_str(plain);
            if self.skips(b'"') {
                return Ok(string);
            }
            if !self.skips(b'\\') {
                return Err("a character of a text, or `\"`");
            }
            string.push(self.escaped().ok_or("an escape of JSON")?);
        }
    }

    /// The character that stands behind a backslash.
    fn escaped(&mut self) -> Option<char> {
        let letter = self.next()?;
        self.at += 1;
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let second = if (0xD800..0xDC00).contains(&first) && self.rest().starts_with("\\u") {
                    self.at += 2;
                    Some(self.unit()?)
                } else {
                    None
                };
                char::decode_utf16([first].into_iter().chain(second)).next()?.ok()?
            }
            _ => return None,
        })
    }

    /// A unit of UTF-16 in four digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += digits.len();
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Read<Number> {
        let from = self.at;
        let is_negative = self.skips(b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err("a number without a zero before it");
        }
        let fraction = if self.skips(b'.') { self.digits()? } else { "" };
        let mut exponent = 0_i32;
        if self.skips(b'e') || self.skips(b'E') {
            let shrinks = self.skips(b'-');
            if !shrinks {
                self.skips(b'+');
            }
            let size = self.digits()?.parse().unwrap_or(i32::MAX);
            exponent = if shrinks { -size } else { size };
        } else if fraction.is_empty() {
            let written = self.text.get(from..self.at).unwrap_or_default();
            if let Ok(number) = written.parse::<u64>() {
                return Ok(number.into());
            }
            // -0 is a fraction.
            if let Some(number) = written.parse().ok().filter(|number: &i64| *number < 0) {
                return Ok(number.into());
            }
        }
        let size = decimal(whole, fraction, exponent);
        Number::from_f64(if is_negative { -size } else { size }).ok_or("a smaller number")
    }

    fn digits(&mut self) -> Read<&'t str> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        if digits.is_empty() { Err("a digit") } else { Ok(digits) }
    }

    fn skip_space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Goes on over the bytes that `take` accepts. They end where a character ends.
    fn take_while(&mut self, take: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = rest.bytes().position(|byte| !take(byte)).unwrap_or(rest.len());
        self.at += taken;
        rest.get(..taken).unwrap_or_default()
    }

    /// Goes on over `byte`, if it is next.
    fn skips(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// The number with these digits before and behind its point, times a power of ten; infinite if it is too large.
fn decimal(whole: &str, fraction: &str, exponent: i32) -> f64 {
    let (mut digits, mut power) = (0_u64, exponent);
    for (place, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
        let is_whole = place < whole.len();
        match digits.checked_mul(10).and_then(|digits| digits.checked_add(u64::from(digit - b'0'))) {
            Some(more) => {
                digits = more;
                power = power.saturating_sub(i32::from(!is_whole));
            }
            // What is behind nineteen digits is too small to matter.
            None => power = power.saturating_add(i32::from(is_whole)),
        }
    }
    if digits == 0 {
        return 0.0;
    }
    let digits = digits as f64;
    if power < 0 { digits / power_of_ten(power) } else { digits * power_of_ten(power) }
}

/// Ten to the power of `power`, whose sign does not count. Exact up to 22.
fn power_of_ten(power: i32) -> f64 {
    // Beyond 308 there is infinity.
    (0..power.unsigned_abs().min(309)).fold(1.0, |product, _| product * 10.0)
}

/// `value` as JSON.
pub fn written(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    let mut before = '[';
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(number, text),
        Value::String(string) => text.push_str(&quoted(string)),
        Value::Array(list) => {
            for value in list {
                text.push(std::mem::replace(&mut before, ','));
                write(value, text);
            }
            text.push_str(if list.is_empty() { "[]" } else { "]" });
        }
        Value::Object(table) => {
            before = '{';
            for (key, value) in table {
                text.push(std::mem::replace(&mut before, ','));
                text.push_str(&quoted(key));
                text.push(':');
                write(value, text);
            }
            text.push_str(if table.is_empty() { "{}" } else { "}" });
        }
    }
}

/// `text` in quotes.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A fraction gets as many digits as it needs, at most fifteen before and behind the point together.
fn write_number(number: &Number, text: &mut String) {
    let written = match (number.as_u64(), number.as_i64()) {
        (Some(number), _) => number.to_string(),
        (None, Some(number)) => number.to_string(),
        (None, None) => fraction(number.as_f64().unwrap_or_default()),
    };
    text.push_str(&written);
}

fn fraction(number: f64) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let (mut size, mut exponent) = (number.abs(), 0_i32);
    let (is_large, is_small) = (size >= 1e15, size < 1e-5 && size > 0.0);
    while is_large && size >= 10.0 {
        (size, exponent) = (size / 10.0, exponent + 1);
    }
    while is_small && size < 1.0 {
        (size, exponent) = (size * 10.0, exponent - 1);
    }
    let (mut unit, mut places) = (1.0, 0);
    while ((size * unit + 0.5).floor() / unit - size).abs() > size * 1e-15 && size * unit < 1e14 {
        (unit, places) = (unit * 10.0, places + 1);
    }
    let digits = (size * unit + 0.5) as u64;
    let unit = unit as u64;
    let (whole, behind) = (digits / unit, digits % unit);
    match (places, exponent) {
        (0, 0) => format!("{sign}{whole}.0"),
        (0, _) => format!("{sign}{whole}e{exponent}"),
        (_, 0) => format!("{sign}{whole}.{behind:0>places$}"),
        (_, _) => format!("{sign}{whole}.{behind:0>places$}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_not_json_is_refused_and_its_place_named() {
        for (text, expected) in [
            ("", "expected a value at line 1 column 1"),
            ("{\n  \"a\": 1,\n  b: 2\n}", "expected a key in quotes at line 3 column 3"),
            ("{\"a\": 1 \"b\": 2}", "expected `,` or `}` at line 1 column 9"),
            ("{\"a\" 1}", "expected `:` at line 1 column 6"),
            ("{\"a\": 1,}", "expected a key in quotes at line 1 column 9"),
            ("[1 2]", "expected `,` or `]` at line 1 column 4"),
            ("[1,]", "expected a value at line 1 column 4"),
            ("[\n1,\n\n", "expected a value at line 4 column 1"),
            ("nul", "expected a value at line 1 column 1"),
            ("1 1", "expected the end at line 1 column 3"),
            ("01", "expected a number without a zero before it at line 1 column 3"),
            ("1.", "expected a digit at line 1 column 3"),
            ("-", "expected a digit at line 1 column 2"),
            ("1e+", "expected a digit at line 1 column 4"),
            ("1e309", "expected a smaller number at line 1 column 6"),
            ("\"a", "expected a character of a text, or `\"` at line 1 column 3"),
            ("\"a\nb\"", "expected a character of a text, or `\"` at line 1 column 3"),
            (r#""\x""#, "expected an escape of JSON at line 1 column 4"),
            (r#""\u00e""#, "expected an escape of JSON at line 1 column 4"),
            (r#""\ud800""#, "expected an escape of JSON at line 1 column 8"),
            (r#""\ud800\u0041""#, "expected an escape of JSON at line 1 column 14"),
            (r#""\udc00""#, "expected an escape of JSON at line 1 column 8"),
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
            assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(read(&nested(usize::from(DEEPEST))).is_ok());
        assert!(read(&nested(usize::from(DEEPEST) + 1)).is_err());
        assert!(read(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        for text in [
            "0",
            "1",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "0.0",
            "1.0",
            "-0.5",
            "0.1",
            "0.29",
            "0.0007",
            "0.00005",
            "123.456",
            "100000.5",
            "1e22",
            "1.5e-7",
            "-2.5e20",
            "0.123456789012345",
        ] {
            let number: Value = serde_json::from_str(text).unwrap();
            let again: Value = serde_json::from_str(&written(&number)).unwrap();
            assert_eq!(again, number, "{text}: {}", written(&number));
            assert_eq!(read(text).unwrap(), number, "{text}");
        }
        assert_eq!(written(&json!([0.1, 0.00005, 50.0, -1.5])), "[0.1,0.00005,50.0,-1.5]");
        assert_eq!(written(&json!([1e300, -2.5e-7, 1e15])), "[1e300,-2.5e-7,1e15]");
    }

    fn values() -> impl Strategy<Value = Value> {
        let share = (0..=10_000_u16).prop_map(|parts| json!(f64::from(parts) / 10_000.0));
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            share,
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_written_and_read_as_serde_json_does(value in values()) {
            prop_assert_eq!(written(&value), value.to_string());
            prop_assert_eq!(read(&written(&value)).unwrap(), value.clone());
            prop_assert_eq!(read(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), value);
        }

        #[test]
        fn a_text_is_json_here_if_it_is_for_serde_json(text in r#"([\[\]{},:"\\ \n\t]|\\u[d0][8c]00|"a"|-?[0-9.]{1,4}|[eE][+-]?[0-9]|true|null|é|\x01){0,12}"#) {
            let other: Result<Value, _> = serde_json::from_str(&text);
            match (read(&text), other) {
                (Ok(own), Ok(other)) => prop_assert_eq!(own, other),
                (own, other) => prop_assert_eq!(own.is_ok(), other.is_ok(), "{}", text),
            }
        }

        #[test]
        fn a_fraction_is_almost_what_was_written(number in prop_oneof![-1e6..1e6_f64, any::<f64>()]) {
            prop_assume!(number.is_finite() && (number == 0.0 || number.abs() > 1e-290));
            let again = read(&written(&json!(number))).unwrap().as_f64().unwrap();
            prop_assert!((again - number).abs() <= number.abs() * 1e-13, "{} became {}", number, again);
            let read = read(&format!("{number:e}")).unwrap().as_f64().unwrap();
            prop_assert!((read - number).abs() <= number.abs() * 1e-13, "{} became {}", number, read);
        }
    }
}
