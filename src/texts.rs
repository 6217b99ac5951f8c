//! Texts that only a page needs: style sheets, scripts, the sentences of stock pages and the catalogues of languages.
//!
//! Every isolate compiles its module before its first answer, and most isolates never make a page. On the platform these
//! texts are therefore in a file beside the modules, [`FILE`], which is part of the same upload. `read_with` says how it
//! is read. Everywhere else they come straight from templates/.

/// The name of the file beside the modules.
pub const FILE: &str = "texts.bin";

/// One of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The script of the error page.
    ErrorScript,
    /// The rules of all themes of the error page.
    ErrorStyle,
    /// Those of the theme `calm` alone.
    Calm,
    /// Those of the theme `paper` alone.
    Paper,
    /// Those of the theme `bold` alone.
    Bold,
    /// Those of the theme `poster` alone.
    Poster,
    /// What the page for everybody adds to the style of the error page.
    PublicStyle,
    /// The script of the operators' pages.
    StatusScript,
    /// The style of the operators' pages.
    StatusStyle,
    /// The sentences of stock error pages, one a line.
    StockSentences,
    /// The messages of the language with this number, one line each.
    Catalogue(u8),
}

impl Text {
    /// The texts of the file before the catalogues.
    const ASSETS: [Self; 10] = [
        Self::ErrorScript,
        Self::ErrorStyle,
        Self::Calm,
        Self::Paper,
        Self::Bold,
        Self::Poster,
        Self::PublicStyle,
        Self::StatusScript,
        Self::StatusStyle,
        Self::StockSentences,
    ];

    /// The place in the file, from zero.
    pub fn place(self) -> usize {
        let number = if let Self::Catalogue(number) = self { usize::from(number) } else { 0 };
        Self::ASSETS.iter().position(|asset| *asset == self).unwrap_or(Self::ASSETS.len() + number)
    }
}

#[cfg(target_family = "wasm")]
pub use beside::{read, read_with};
#[cfg(not(target_family = "wasm"))]
pub use source::{file, read};

/// The texts in the file beside the modules.
#[cfg(target_family = "wasm")]
mod beside {
    use std::sync::OnceLock;

    use super::Text;

    static READER: OnceLock<fn(usize) -> String> = OnceLock::new();

    /// Sets the function that reads the text at a place in the file.
    pub fn read_with(read: fn(usize) -> String) {
        let _ = READER.set(read);
    }

    /// Reads `text`. Whoever needs it more than once keeps it.
    pub fn read(text: Text) -> String {
        READER.get().map(|read| read(text.place())).unwrap_or_default()
    }
}

/// The texts in templates/.
#[cfg(not(target_family = "wasm"))]
mod source {
    use super::Text;

    include!(concat!(env!("OUT_DIR"), "/catalogues.rs"));

    /// Reads `text`.
    pub fn read(text: Text) -> String {
        match text {
            Text::ErrorScript => tight_script(include_str!("../templates/error.js")),
            Text::ErrorStyle => tight(include_str!("../templates/error.css")),
            Text::Calm => tight(include_str!("../templates/looks/calm.css")),
            Text::Paper => tight(include_str!("../templates/looks/paper.css")),
            Text::Bold => tight(include_str!("../templates/looks/bold.css")),
            Text::Poster => tight(include_str!("../templates/looks/poster.css")),
            Text::PublicStyle => tight(include_str!("../templates/public.css")),
            Text::StatusScript => without_comments(include_str!("../templates/status.js")),
            Text::StatusStyle => tight(include_str!("../templates/status.css")),
            Text::StockSentences => include_str!("response/author/stock.txt").to_owned(),
            Text::Catalogue(number) => {
                CATALOGUES.get(usize::from(number)).copied().unwrap_or_default().to_owned()
            }
        }
    }

    /// What the file beside the modules contains: every text in its place, with NUL between them.
    pub fn file() -> String {
        let catalogues = (0..).take(CATALOGUES.len()).map(Text::Catalogue);
        let all = Text::ASSETS.into_iter().chain(catalogues);
        all.map(read).collect::<Vec<_>>().join("\0")
    }

    /// `source` without indentation and comments. Comments have lines of their own.
    fn without_comments(source: &str) -> String {
        let lines = source.lines().map(str::trim);
        let code =
            lines.filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("/*"));
        code.flat_map(|line| [line, "\n"]).collect()
    }

    /// `script` without comments, and without white space that only people need. In the template, no text in quotes
    /// contains one of these.
    fn tight_script(script: &str) -> String {
        const TIGHTER: [(&str, &str); 7] = [
            (" = ", "="),
            (" => ", "=>"),
            (", ", ","),
            (") {", "){"),
            (";\n", ";"),
            ("{\n", "{"),
            ("\n}", "}"),
        ];
        TIGHTER.iter().fold(without_comments(script), |script, (from, to)| script.replace(from, to))
    }

    /// `style` without comments, and without white space that only people need. In the templates, no space that means
    /// something in CSS is next to one of these characters.
    pub(super) fn tight(style: &str) -> String {
        const TIGHTER: [(&str, &str); 6] =
            [("\n", " "), ("; ", ";"), (": ", ":"), (", ", ","), (" {", "{"), ("{ ", "{")];
        let style = TIGHTER.iter().fold(without_comments(style), |style, (from, to)| style.replace(from, to));
        style.replace("} ", "}").replace(" }", "}").replace(";}", "}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_that_means_something_stays() {
        let style =
            "a + b { margin: 0 auto; inset: calc(50% + 2px) 0; }\n@media (a: b) {\n:root { --x: #fff; }\n}\n";
        assert_eq!(
            source::tight(style),
            "a + b{margin:0 auto;inset:calc(50% + 2px) 0}@media (a:b){:root{--x:#fff}}"
        );
    }

    #[test]
    fn the_file_has_every_text_in_its_place() {
        let file = file();
        let texts: Vec<_> = file.split('\0').collect();
        let catalogues = texts.len() - Text::ASSETS.len();
        assert!(catalogues >= 20);
        let all = Text::ASSETS.into_iter().chain((0..).take(catalogues).map(Text::Catalogue));
        for (place, text) in all.enumerate() {
            assert_eq!(text.place(), place, "{text:?}");
            assert_eq!(texts[place], read(text), "{text:?}");
            assert!(!texts[place].is_empty(), "{text:?}");
        }
    }
}
