//! Every page that a visitor may see, written to a folder for people to look at.
//!
//! Each kind of error in each language and look, with the brand of the settings; the other forms; and pages
//! for Cloudflare to show when the Worker itself is not asked.

use anyhow::{Context, Result, ensure};
use askama::Template;
use check::pages::{Asked, KINDS, Kind, answer, rendered};
use holdfast::config::{Config, Page, Theme};
use holdfast::language::{Language, Message};
use holdfast::origin::failure::Failure;
use holdfast::response::error::Occasion;
use holdfast::response::form::Form;

/// What Cloudflare fills in on pages of its own.
const RAY_ID: &str = "::RAY_ID::";

/// Where each of Cloudflare's own error pages must have the box with Cloudflare's own words.
const BOXES: [(&str, &str, Failure); 2] = [
    ("5xx", "::CLOUDFLARE_ERROR_500S_BOX::", Failure::CircuitOpen),
    ("1xxx", "::CLOUDFLARE_ERROR_1000S_BOX::", Failure::Internal),
];

/// A folder for pages. Names in it are paths with slashes.
pub trait Folder {
    /// How people would write `name` in it.
    fn path_of(&self, name: &str) -> String;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> Result<bool>;

    /// Whether there is a file or folder `name` in it.
    fn has(&self, name: &str) -> bool;

    /// Removes the folder `name` in it, with all that is in there.
    fn remove(&mut self, name: &str) -> Result<()>;

    /// Writes the file `name` in it, and makes the folders on the way.
    fn write(&mut self, name: &str, text: &str) -> Result<()>;

    /// How many bytes `text` has, compressed by gzip.
    fn gzipped(&self, text: &str) -> Result<usize>;
}

/// Writes every page to `folder`, from which those of an earlier run are removed first, and answers a summary.
///
/// The pages for Cloudflare need `page.brand`, since nobody knows beforehand for which host they will stand; without
/// one they are left out.
pub fn pages(settings: &serde_json::Value, folder: &mut impl Folder) -> Result<String> {
    let config = Config::from_value(settings).map_err(|errors| {
        anyhow::anyhow!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let page = config.defaults.page;
    let mut gallery = Gallery::in_emptied(folder)?;
    let mut looks = Vec::new();
    for look in Theme::ALL {
        let page = Page { theme: look, ..page.clone() };
        looks.push(gallery.look(&page)?);
    }
    gallery.forms(&page)?;
    let left_out = match page.brand {
        Some(_) => {
            gallery.cloudflare(&page)?;
            ""
        }
        None => "; none for Cloudflare, which need a page.brand",
    };
    let index = Index {
        has_cloudflare: page.brand.is_some(),
        looks: &looks,
        languages: &Language::all().map(Row::of).collect::<Vec<_>>(),
    };
    gallery.write("index.html", &index.render()?)?;
    let files = gallery.files;
    let (plain, compressed) =
        (looks.iter().map(|look| look.plain).max(), looks.iter().map(|look| look.compressed).max());
    Ok(format!(
        "{files} files; the largest page has {} bytes, {} gzipped{left_out}\n{}",
        plain.unwrap_or_default(),
        compressed.unwrap_or_default(),
        folder.path_of("index.html")
    ))
}

/// A look and how large its largest page is.
struct LookPages {
    look: &'static str,
    plain: usize,
    compressed: usize,
}

/// A language in the index.
struct Row {
    tag: &'static str,
    name: &'static str,
}

impl Row {
    fn of(language: Language) -> Self {
        let words = language.words();
        Self { tag: language.tag(), name: words.get(Message::Language) }
    }
}

#[derive(Template)]
#[template(path = "pages.html")]
struct Index<'a> {
    has_cloudflare: bool,
    looks: &'a [LookPages],
    languages: &'a [Row],
}

struct Gallery<'a, F> {
    folder: &'a mut F,
    files: usize,
}

impl<'a, F: Folder> Gallery<'a, F> {
    /// In `folder`, without what an earlier run wrote there, which left a mark; what is not of ours is not touched.
    fn in_emptied(folder: &'a mut F) -> Result<Self> {
        const MARK: &str = ".holdfast-pages";
        ensure!(
            folder.has(MARK) || folder.is_empty()?,
            "{} holds something else; name a new folder",
            folder.path_of("")
        );
        for written in Theme::ALL.map(Theme::word).into_iter().chain(["forms", "cloudflare"]) {
            if folder.has(written) {
                folder.remove(written)?;
            }
        }
        folder.write(MARK, "")?;
        Ok(Self { folder, files: 0 })
    }

    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        self.folder.write(name, text)?;
        self.files += 1;
        Ok(())
    }

    fn look(&mut self, page: &Page) -> Result<LookPages> {
        let mut sizes = LookPages { look: page.theme.word(), plain: 0, compressed: 0 };
        for language in Language::all() {
            for kind in KINDS {
                let html = rendered(kind, Form::Html, language, page)?.body;
                sizes.plain = sizes.plain.max(html.len());
                sizes.compressed = sizes.compressed.max(self.folder.gzipped(&html)?);
                self.write(&format!("{}/{}/{}.html", sizes.look, language.tag(), kind.name), &html)?;
            }
        }
        Ok(sizes)
    }

    fn forms(&mut self, page: &Page) -> Result<()> {
        for language in Language::all() {
            for kind in KINDS {
                for (form, ending) in [
                    (Form::Problem, "json"),
                    (Form::GraphQl, "graphql.json"),
                    (Form::Markdown, "md"),
                    (Form::Text, "txt"),
                ] {
                    let body = rendered(kind, form, language, page)?.body;
                    self.write(&format!("forms/{}/{}.{ending}", language.tag(), kind.name), &body)?;
                }
            }
        }
        Ok(())
    }

    /// Pages without a time or an address, and with Cloudflare's id: one for each kind to be uploaded as assets of
    /// custom error rules, and two, each for many statuses, with the boxes that error pages must have.
    fn cloudflare(&mut self, page: &Page) -> Result<()> {
        for language in Language::all() {
            let static_page = |kind, occasion| {
                let asked = Asked { occasion, id: RAY_ID, ..Asked::default() };
                answer(kind, Form::Html, language, page, &asked).map(|page| page.body)
            };
            for kind in KINDS.into_iter().filter(|kind| !kind.is_unsafe) {
                let html = static_page(kind, Occasion::Later)?;
                self.write(&format!("cloudflare/{}/assets/{}.html", language.tag(), kind.name), &html)?;
            }
            for (name, token, failure) in BOXES {
                let html = static_page(Kind::failure(name, failure), Occasion::AnyStatusLater)?;
                let (before, after) = html.split_once("</footer>").context("a page has a footer")?;
                let html = format!(
                    "{before}</footer>\n<details><summary>Cloudflare</summary>\n{token}\n</details>{after}"
                );
                self.write(&format!("cloudflare/{}/error-pages/{name}.html", language.tag()), &html)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use serde_json::json;

    /// A folder in memory.
    #[derive(Default)]
    struct Memory(BTreeMap<String, String>);

    impl Folder for Memory {
        fn path_of(&self, name: &str) -> String {
            format!("pages/{name}")
        }

        fn is_empty(&self) -> Result<bool> {
            Ok(self.0.is_empty())
        }

        fn has(&self, name: &str) -> bool {
            self.0.keys().any(|file| file == name || file.starts_with(&format!("{name}/")))
        }

        fn remove(&mut self, name: &str) -> Result<()> {
            self.0.retain(|file, _| !file.starts_with(&format!("{name}/")));
            Ok(())
        }

        fn write(&mut self, name: &str, text: &str) -> Result<()> {
            self.0.insert(name.to_owned(), text.to_owned());
            Ok(())
        }

        fn gzipped(&self, text: &str) -> Result<usize> {
            Ok(text.len() / 2)
        }
    }

    fn written(folder: &mut Memory, settings: serde_json::Value) -> Result<String> {
        pages(&settings, folder)
    }

    #[test]
    fn nothing_is_removed_that_the_command_did_not_write() {
        // A site that happens to have the same names.
        let theirs = ["index.html", "forms/contact.html"].map(|name| (name.to_owned(), "mine".to_owned()));
        let mut folder = Memory(theirs.clone().into());
        let refused = written(&mut folder, json!({})).unwrap_err().to_string();
        assert_eq!(refused, "pages/ holds something else; name a new folder");
        assert_eq!(folder.0, theirs.into());

        let mut folder = Memory::default();
        written(&mut folder, json!({ "page": { "brand": "Example Shop" } })).unwrap();
        folder.write("notes.txt", "mine").unwrap();
        folder.write("forms/en/old.txt", "of an earlier version").unwrap();
        written(&mut folder, json!({})).unwrap();
        assert!(folder.has("notes.txt") && !folder.has("forms/en/old.txt"));
        assert!(!folder.has("cloudflare"), "those of the other brand are gone");
    }

    #[test]
    fn the_index_leads_to_every_page_and_the_summary_counts_them() {
        let mut folder = Memory::default();
        let said = written(&mut folder, json!({})).unwrap();
        let kinds_and_languages = KINDS.len() * Language::all().count();
        let files = kinds_and_languages * (Theme::ALL.len() + 4) + 1;
        let largest = folder.0.iter().filter(|(name, _)| name.ends_with(".html") && name.contains('/'));
        let largest = largest.map(|(_, html)| html.len()).max().unwrap();
        assert_eq!(
            said,
            format!(
                "{files} files; the largest page has {largest} bytes, {} gzipped; none for Cloudflare, which need a page.brand\npages/index.html",
                largest / 2
            )
        );
        let index = &folder.0["index.html"];
        for kind in KINDS {
            let page = format!("calm/en/{}.html", kind.name);
            assert!(index.contains(&format!("href=\"{page}\"")) && folder.has(&page), "{page}");
        }
    }

    #[test]
    fn pages_for_cloudflare_say_nothing_that_is_not_known_beforehand() {
        let mut folder = Memory::default();
        let said = written(&mut folder, json!({ "page": { "brand": "Example Shop" } })).unwrap();
        assert!(!said.contains("Cloudflare"), "{said}");
        let read = |name: &str| &folder.0[&format!("cloudflare/en/{name}")];
        for kind in KINDS.into_iter().filter(|kind| !kind.is_unsafe) {
            let html = read(&format!("assets/{}.html", kind.name));
            assert!(html.contains(&format!(">{} ", &kind.name[..3])), "its status: {}", kind.name);
            assert!(!html.contains("example.com") && !html.contains("<time"), "{}", kind.name);
            assert!(html.contains("id=\"return\"") && html.contains(RAY_ID), "{}", kind.name);
        }
        for (name, token, _) in BOXES {
            let html = read(&format!("error-pages/{name}.html"));
            assert!(html.contains(token) && html.contains(RAY_ID) && html.contains("Example Shop"), "{name}");
            for unknown in ["example.com", "<time", "id=\"status\"", "id=\"return\"", "href=\"\""] {
                assert!(!html.contains(unknown), "{name}: {unknown}");
            }
        }
    }
}
