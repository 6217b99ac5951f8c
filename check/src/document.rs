//! A configuration file of wrangler's, TOML or JSON with comments, as one kind of tree. What stands where?

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

/// The language of a file. wrangler goes by the ending of its name too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `.toml`, and whatever has another ending.
    Toml,
    /// `.json` and `.jsonc`, both with comments and trailing commas.
    Json,
}

impl Syntax {
    /// The language of the file with this name.
    pub(crate) fn of(file: &str) -> Self {
        if file.ends_with(".json") || file.ends_with(".jsonc") { Self::Json } else { Self::Toml }
    }
}

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The offset of its first byte.
    pub at: usize,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Anything that is no list and no table.
    Plain(Value),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<Field>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The key.
    pub key: String,
    /// The offset of its first byte.
    pub at: usize,
    /// The offset of an earlier key of the same name, whose value does not count. TOML has none.
    pub earlier: Option<usize>,
    /// The value.
    pub value: Node,
}

/// Why a text is no document: the offset, if it is known, and the words.
pub(crate) type Unreadable = (Option<usize>, String);

/// The document in `text`.
pub(crate) fn read(syntax: Syntax, text: &str) -> Result<Node, Unreadable> {
    match syntax {
        Syntax::Toml => match DeTable::parse(text) {
            Ok(document) => Ok(Node { at: 0, content: Content::Table(toml_fields(document.get_ref())) }),
            Err(error) => {
                Err((error.span().map(|span| span.start), error.message().trim().replace('\n', ", ")))
            }
        },
        Syntax::Json => {
            let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
            let document = parse_to_ast(text.trim_start_matches('\u{feff}'), &collect, &AS_WRANGLER_READS)
                .map_err(|error| (Some(error.range().start), error.kind().to_string()))?;
            match document.value.as_ref().map(json_node) {
                Some(node) if matches!(node.content, Content::Table(_)) => Ok(node),
                Some(_) | None => Err((None, "an object is accepted, as in { \"name\": … }".to_owned())),
            }
        }
    }
}

const AS_WRANGLER_READS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn toml_fields(table: &DeTable<'_>) -> Vec<Field> {
    let field = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &toml::Spanned<std::borrow::Cow<'_, str>> = key;
        let node = Node { at: value.span().start, content: toml_content(value.get_ref()) };
        Field { key: key.get_ref().to_string(), at: key.span().start, earlier: None, value: node }
    };
    table.iter().map(field).collect()
}

fn toml_content(value: &DeValue<'_>) -> Content {
    Content::Plain(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(number.as_str()),
        },
        DeValue::Float(number) => {
            let float = number.as_str().parse().ok().and_then(Number::from_f64);
            float.map_or_else(|| Value::from(number.as_str()), Value::Number)
        }
        DeValue::Boolean(switch) => Value::from(*switch),
        DeValue::Datetime(moment) => Value::from(moment.to_string()),
        DeValue::Array(entries) => {
            let node = |entry: &toml::Spanned<DeValue<'_>>| Node {
                at: entry.span().start,
                content: toml_content(entry.get_ref()),
            };
            return Content::List(entries.iter().map(node).collect());
        }
        DeValue::Table(fields) => return Content::Table(toml_fields(fields)),
    })
}

fn json_node(value: &ast::Value<'_>) -> Node {
    let content = match value {
        ast::Value::StringLit(text) => Content::Plain(Value::from(text.value.as_ref())),
        ast::Value::NumberLit(number) => {
            let read = serde_json::from_str::<Number>(number.value).map(Value::Number);
            Content::Plain(read.unwrap_or_else(|_| Value::from(number.value)))
        }
        ast::Value::BooleanLit(switch) => Content::Plain(Value::from(switch.value)),
        ast::Value::NullKeyword(_) => Content::Plain(Value::Null),
        ast::Value::Array(array) => Content::List(array.elements.iter().map(json_node).collect()),
        ast::Value::Object(object) => {
            let mut fields: Vec<Field> = Vec::new();
            for property in &object.properties {
                let key = property.name.as_str().to_owned();
                // The last of several counts, as for JavaScript.
                let same = fields.iter().position(|field| field.key == key);
                let earlier = same.map(|index| fields.remove(index).at);
                let at = property.name.start();
                fields.push(Field { key, at, earlier, value: json_node(&property.value) });
            }
            Content::Table(fields)
        }
    };
    Node { at: value.start(), content }
}

impl Node {
    /// Its fields; none if it is no table.
    pub(crate) fn fields(&self) -> &[Field] {
        match &self.content {
            Content::Table(fields) => fields,
            Content::List(_) | Content::Plain(_) => &[],
        }
    }

    /// Its entries; none if it is no list.
    pub(crate) fn entries(&self) -> &[Node] {
        match &self.content {
            Content::List(entries) => entries,
            Content::Table(_) | Content::Plain(_) => &[],
        }
    }

    /// Whether it is a table.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.content, Content::Table(_))
    }

    /// The value of `key`, if it is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.fields().iter().find(|field| field.key == key).map(|field| &field.value)
    }

    /// The value of a field of a field, and so on.
    pub(crate) fn at_path(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Its text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Plain(value) => value.as_str(),
            Content::List(_) | Content::Table(_) => None,
        }
    }

    /// Whether it is `true` or `false`, if it is one of them.
    pub(crate) fn switch(&self) -> Option<bool> {
        match &self.content {
            Content::Plain(value) => value.as_bool(),
            Content::List(_) | Content::Table(_) => None,
        }
    }

    /// What wrangler hands to the worker. What JSON has no form for became text.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Plain(value) => value.clone(),
            Content::List(entries) => entries.iter().map(Self::value).collect(),
            Content::Table(fields) => {
                let fields = fields.iter().map(|field| (field.key.clone(), field.value.value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// Where the value of `key` (as errors name it) begins, or of the nearest table around it.
    pub(crate) fn offset_of(&self, key: &str) -> Option<usize> {
        let mut found = None;
        let mut node = self;
        for part in key.split(['.', '[']) {
            let next = match part.strip_suffix(']') {
                Some(index) => index.parse::<usize>().ok().and_then(|index| node.entries().get(index)),
                None => node.get(part.trim_matches('"')),
            };
            let Some(next) = next else { break };
            found = Some(next.at);
            node = next;
        }
        found
    }
}

/// The line of `text` in which the byte at `offset` stands, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
