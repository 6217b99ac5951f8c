//! Every page that a visitor may see, written to a folder for people to look at.
//!
//! Each kind of error in each language and look, with the brand of `wrangler.toml`; the other forms; and pages
//! for Cloudflare to show when the Worker itself is not asked.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use askama::Template;
use check::pages::{Asked, Kind, answer};
pub use check::pages::{KINDS, rendered};
use flate2::Compression;
use flate2::write::GzEncoder;
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

/// Writes every page to `folder`, from which those of an earlier run are removed first, and answers a summary.
///
/// The pages for Cloudflare need `page.brand`, since nobody knows beforehand for which host they will stand; without
/// one they are left out.
pub fn pages(settings: &serde_json::Value, folder: &Path) -> Result<String> {
    let config = Config::from_value(settings).map_err(|errors| {
        anyhow::anyhow!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let page = config.defaults.page;
    let mut folder = Folder::emptied(folder)?;
    let mut looks = Vec::new();
    for look in Theme::ALL {
        let page = Page { theme: look, ..page.clone() };
        looks.push(folder.look(&page)?);
    }
    folder.forms(&page)?;
    let left_out = match page.brand {
        Some(_) => {
            folder.cloudflare(&page)?;
            ""
        }
        None => "; none for Cloudflare, which need a page.brand",
    };
    let index = Index {
        has_cloudflare: page.brand.is_some(),
        looks: &looks,
        languages: &Language::all().map(Row::of).collect::<Vec<_>>(),
    };
    folder.write("index.html", &index.render()?)?;
    let (plain, compressed) =
        (looks.iter().map(|look| look.plain).max(), looks.iter().map(|look| look.compressed).max());
    Ok(format!(
        "{} files; the largest page has {} bytes, {} gzipped{left_out}\n{}",
        folder.files,
        plain.unwrap_or_default(),
        compressed.unwrap_or_default(),
        folder.path.join("index.html").display()
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

struct Folder {
    path: PathBuf,
    files: usize,
}

impl Folder {
    /// `path` without what an earlier run wrote there, which left a mark; what is not of ours is not touched.
    fn emptied(path: &Path) -> Result<Self> {
        const MARK: &str = ".holdfast-pages";
        fs::create_dir_all(path).with_context(|| format!("could not make {}", path.display()))?;
        let is_ours = path.join(MARK).is_file();
        let is_empty = fs::read_dir(path)?.next().is_none();
        ensure!(is_ours || is_empty, "{} holds something else; name a new folder", path.display());
        for written in Theme::ALL.map(Theme::word).into_iter().chain(["forms", "cloudflare"]) {
            let written = path.join(written);
            if written.is_dir() {
                fs::remove_dir_all(written)?;
            }
        }
        fs::write(path.join(MARK), "")?;
        Ok(Self { path: path.to_owned(), files: 0 })
    }

    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        self.files += 1;
        Ok(())
    }

    fn look(&mut self, page: &Page) -> Result<LookPages> {
        let mut sizes = LookPages { look: page.theme.word(), plain: 0, compressed: 0 };
        for language in Language::all() {
            for kind in KINDS {
                let html = rendered(kind, Form::Html, language, page)?.body;
                sizes.plain = sizes.plain.max(html.len());
                sizes.compressed = sizes.compressed.max(gzipped(&html)?);
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

fn gzipped(text: &str) -> Result<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes())?;
    Ok(gzip.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pages-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn nothing_is_removed_that_the_command_did_not_write() {
        let folder = Scratch::new("foreign");
        let write = |name: &str| {
            let path = folder.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "mine").unwrap();
        };
        // A site that happens to have the same names.
        write("index.html");
        write("forms/contact.html");
        let refused = Folder::emptied(&folder.0).err().unwrap().to_string();
        assert!(refused.contains("holds something else"), "{refused}");
        assert!(folder.0.join("forms/contact.html").is_file());

        fs::remove_dir_all(&folder.0).unwrap();
        Folder::emptied(&folder.0).unwrap().write("forms/en/a.txt", "").unwrap();
        write("notes.txt");
        Folder::emptied(&folder.0).unwrap();
        assert!(folder.0.join("notes.txt").is_file() && !folder.0.join("forms").exists());
    }

    #[test]
    fn pages_for_cloudflare_say_nothing_that_is_not_known_beforehand() {
        let folder = Scratch::new("cloudflare");
        let said = pages(&json!({ "page": { "brand": "Example Shop" } }), &folder.0).unwrap();
        assert!(!said.contains("Cloudflare"), "{said}");
        let read = |name: &str| fs::read_to_string(folder.0.join("cloudflare/en").join(name)).unwrap();
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
        let said = pages(&json!({}), &folder.0).unwrap();
        assert!(said.contains("none for Cloudflare, which need a page.brand"), "{said}");
        assert!(!folder.0.join("cloudflare").exists(), "those of the other brand are gone");
    }
}
