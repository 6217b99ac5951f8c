//! Turns the catalogues in templates/languages/ into Rust, so that a page with a hole in it cannot be built.
//!
//! Each file is one language in Fluent's syntax, of which plain messages are used: text, and the placeholders
//! `{ $site }` and `{ $when }`. Every catalogue has to have the messages of the English one, no others, and in
//! each the same placeholders.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Message, PatternElement};
use fluent_syntax::parser;

const FOLDER: &str = "templates/languages";

/// The language that the others are compared with.
const MODEL: &str = "en";

/// What a message may leave open.
const PLACEHOLDERS: [&str; 2] = ["site", "when"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={FOLDER}");
    match generated(&catalogues(Path::new(FOLDER))?) {
        Ok(files) => {
            let out = env::var("OUT_DIR").map_err(io::Error::other)?;
            files.iter().try_for_each(|(name, code)| fs::write(Path::new(&out).join(name), code))
        }
        Err(mistakes) => {
            for mistake in mistakes {
                println!("cargo::error={FOLDER}/{mistake}");
            }
            Ok(())
        }
    }
}

/// Every `TAG.ftl` in `folder`: its tag and its text.
fn catalogues(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "ftl") {
            let tag = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(tag, fs::read_to_string(&path)?);
        }
    }
    Ok(found)
}

/// The messages of one catalogue by their ids, in the order of the file.
struct Catalogue(Vec<(String, Text)>);

/// A message's text, with its placeholders written `{site}` and `{when}`.
#[derive(Default)]
struct Text {
    text: String,
    placeholders: Vec<&'static str>,
}

impl Catalogue {
    fn get(&self, id: &str) -> Option<&Text> {
        self.0.iter().find(|(other, _)| other == id).map(|(_, text)| text)
    }
}

/// A file of Rust code: its name and its text.
type Code = (&'static str, String);

/// The Rust code for `sources` (tags and texts), or every mistake in them.
pub fn generated(sources: &BTreeMap<String, String>) -> Result<[Code; 2], Vec<String>> {
    let mut mistakes = Vec::new();
    let mut read = Vec::new();
    for (tag, source) in sources {
        let mut note = |mistake: String| mistakes.push(format!("{tag}.ftl: {mistake}"));
        if !is_tag(tag) {
            note("the file's name is not a language tag, such as de or zh-Hant".to_owned());
        }
        read.push((tag.as_str(), parsed(source, &mut note)));
    }
    // English is what everybody gets who reads none of the others.
    read.sort_by_key(|(tag, _)| *tag != MODEL);
    let Some(((first, model), others)) = read.split_first().filter(|((first, _), _)| *first == MODEL) else {
        mistakes.push(format!("{MODEL}.ftl: missing"));
        return Err(mistakes);
    };
    for (tag, catalogue) in others {
        compare(model, catalogue, |mistake| mistakes.push(format!("{tag}.ftl: {mistake}")));
    }
    let first = (*first, model);
    let catalogues: Vec<_> =
        [first].into_iter().chain(others.iter().map(|(tag, other)| (*tag, other))).collect();
    if mistakes.is_empty() {
        Ok([("languages.rs", code(model, &catalogues)), ("catalogues.rs", texts(model, &catalogues))])
    } else {
        Err(mistakes)
    }
}

/// Whether `tag` has the form of a language tag (RFC 5646 §2.1), as far as pages need one.
fn is_tag(tag: &str) -> bool {
    tag.split('-')
        .all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Reads one catalogue; what cannot be used is noted and left out.
fn parsed(source: &str, note: &mut impl FnMut(String)) -> Catalogue {
    let resource = parser::parse(source).unwrap_or_else(|(resource, errors)| {
        for error in errors {
            let line = source.get(..error.pos.start).unwrap_or_default().lines().count().max(1);
            note(format!("line {line}: {error}"));
        }
        resource
    });
    let mut catalogue = Catalogue(Vec::new());
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let id = message.id.name.to_owned();
                let text = text_of(&message, note);
                if catalogue.get(&id).is_some() {
                    note(format!("{id} stands there twice"));
                }
                if id == "direction" && !["ltr", "rtl"].contains(&text.text.as_str()) {
                    note(format!("direction = {}: ltr or rtl is accepted", text.text));
                }
                catalogue.0.push((id, text));
            }
            Entry::Term(term) => note(format!("-{}: terms are not understood", term.id.name)),
            // What the parser could not read is noted already.
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) | Entry::Junk { .. } => {}
        }
    }
    catalogue
}

fn text_of(message: &Message<&str>, note: &mut impl FnMut(String)) -> Text {
    let id = message.id.name;
    let mut text = Text::default();
    if !message.attributes.is_empty() {
        note(format!("{id}: attributes are not understood"));
    }
    for element in message.value.iter().flat_map(|pattern| &pattern.elements) {
        match element {
            PatternElement::TextElement { value } => text.text.push_str(value),
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id: name }),
            } if PLACEHOLDERS.contains(&name.name) => {
                text.placeholders.extend(PLACEHOLDERS.iter().find(|known| **known == name.name));
                text.text.push_str(&format!("{{{}}}", name.name));
            }
            PatternElement::Placeable { .. } => {
                note(format!("{id}: only the placeholders {{ $site }} and {{ $when }} are understood"));
            }
        }
    }
    if text.text.trim().is_empty() || text.text.contains(char::is_control) {
        note(format!("{id}: a text on one line is accepted"));
    }
    if text.placeholders.len() > 1 {
        note(format!("{id}: at most one placeholder is accepted"));
    }
    text
}

/// Notes what `catalogue` lacks of `model`, has beyond it, or leaves open in another way.
fn compare(model: &Catalogue, catalogue: &Catalogue, mut note: impl FnMut(String)) {
    for (id, expected) in &model.0 {
        match catalogue.get(id) {
            None => note(format!("{id} is missing; in English it is: {}", expected.text)),
            Some(text) if text.placeholders != expected.placeholders => {
                note(format!("{id} needs the same placeholders as in English: {}", expected.text));
            }
            Some(_) => {}
        }
    }
    for (id, _) in &catalogue.0 {
        if model.get(id).is_none() {
            note(format!("{id} is not a message of {MODEL}.ftl"));
        }
    }
}

/// The enum of messages, and the languages' tags.
fn code(model: &Catalogue, catalogues: &[(&str, &Catalogue)]) -> String {
    let ids = || model.0.iter().map(|(id, _)| id.as_str());
    let count = model.0.len();
    let mut code = String::from("/// One message of the catalogues in templates/languages/.\n");
    code += "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Message {\n";
    for (id, text) in &model.0 {
        let _ = writeln!(code, "/// `{id}`, in English {:?}.\n{},", text.text, camel_case(id));
    }
    let _ = writeln!(code, "}}\n\nimpl Message {{\n/// Every message, in the order of the catalogues.");
    let _ = writeln!(code, "pub const ALL: [Self; {count}] = [");
    ids().for_each(|id| code += &format!("Self::{},\n", camel_case(id)));
    let _ = writeln!(code, "];\n}}\n\n/// The messages' ids.\nstatic IDS: [&str; {count}] = [");
    ids().for_each(|id| code += &format!("{id:?},\n"));
    let _ = writeln!(code, "];\n\n/// What they leave open.\nstatic OPEN: [Option<&str>; {count}] = [");
    for (_, text) in &model.0 {
        let open = text.placeholders.first().map(|name| format!("{{{name}}}"));
        let _ = writeln!(code, "{open:?},");
    }
    let languages = catalogues.len();
    let _ = writeln!(code, "];\n\n/// The languages' tags.\nstatic TAGS: [&str; {languages}] = [");
    for (tag, _) in catalogues {
        let _ = writeln!(code, "{tag:?},");
    }
    code += "];\n";
    code
}

/// The catalogues, each one text of a line for every message.
fn texts(model: &Catalogue, catalogues: &[(&str, &Catalogue)]) -> String {
    let texts = catalogues.iter().map(|(_, catalogue)| {
        let texts = model.0.iter().map(|(id, _)| catalogue.get(id).map_or("", |text| text.text.as_str()));
        texts.collect::<Vec<_>>().join("\n")
    });
    let texts: Vec<_> = texts.collect();
    format!("static CATALOGUES: [&str; {}] = {texts:?};\n", texts.len())
}

/// `too-late` as `TooLate`.
fn camel_case(id: &str) -> String {
    let capital = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    id.split(['-', '_']).map(capital).collect()
}
