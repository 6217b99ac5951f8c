//! Every page that a visitor may see, written to a folder for people to look at: see [`operator::pages`].

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
pub use check::pages::{KINDS, rendered};
use flate2::Compression;
use flate2::write::GzEncoder;
use operator::pages::Folder;

/// Writes every page to `folder`, and answers a summary.
pub fn pages(settings: &serde_json::Value, folder: &Path) -> Result<String> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    operator::pages::pages(settings, &mut OnDisk(folder.to_owned()))
}

struct OnDisk(PathBuf);

impl Folder for OnDisk {
    fn path_of(&self, name: &str) -> String {
        if name.is_empty() { self.0.display().to_string() } else { self.0.join(name).display().to_string() }
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(fs::read_dir(&self.0)?.next().is_none())
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        fs::remove_dir_all(self.0.join(name))
            .with_context(|| format!("could not remove {}", self.path_of(name)))
    }

    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
    }

    fn gzipped(&self, text: &str) -> Result<usize> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text.as_bytes())?;
        Ok(gzip.finish()?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_second_run_leaves_the_pages_of_the_second_run_alone() {
        let folder = std::env::temp_dir().join(format!("pages-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        pages(&json!({ "page": { "brand": "Example Shop" } }), &folder).unwrap();
        assert!(folder.join("cloudflare/en/error-pages/5xx.html").is_file());
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        let said = pages(&json!({}), &folder).unwrap();
        assert!(said.ends_with(&format!("\n{}", folder.join("index.html").display())), "{said}");
        assert!(folder.join("calm/en/502-lost.html").is_file() && folder.join("notes.txt").is_file());
        assert!(!folder.join("cloudflare").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
