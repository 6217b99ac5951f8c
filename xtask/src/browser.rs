//! The browser that the tests of the error page run in, and the fonts that they set its text in.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::step::{run, step};

/// Two families that differ in width: a page that fits with both fits with what visitors have.
pub const FONTS: [Family; 2] = [
    Family {
        sans: "Liberation Sans",
        serif: "Liberation Serif",
        mono: "Liberation Mono",
        package: "fonts-liberation",
    },
    // About a tenth wider.
    Family {
        sans: "DejaVu Sans",
        serif: "DejaVu Serif",
        mono: "DejaVu Sans Mono",
        package: "fonts-dejavu-core",
    },
];

/// Typefaces that belong together.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Family {
    pub sans: &'static str,
    pub serif: &'static str,
    pub mono: &'static str,
    /// Debian's and Ubuntu's package.
    pub package: &'static str,
}

/// Debian's package of the browser, and that of the program that knows which fonts there are.
const CHROMIUM: &str = "chromium";
const FONTCONFIG: &str = "fontconfig";

/// The browser's names on Debian, on Ubuntu, as Google delivers it, and on macOS.
const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// The browser's program: what the variable `CHROMIUM` names, else the first known one that starts.
///
/// The error says in one line what to do.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).collect();
    let mut programs = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let Some(program) = programs.find(|program| program.is_file() && starts(program)) else {
        bail!(
            "the tests of the error page need Chromium: install it (on Debian: apt-get install {CHROMIUM}), \
             or say in the variable CHROMIUM where its program is"
        );
    };
    Ok(program)
}

/// Ubuntu has a program of that name which only says where to get the browser.
fn starts(program: &Path) -> bool {
    let mut ask = Command::new(program);
    ask.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ask.status().is_ok_and(|status| status.success())
}

/// Installs the browser and the fonts where they are missing and apt-get may be used.
///
/// Where that does not help, the error says in one line what to do.
pub fn ensure() -> Result<()> {
    let missing = packages(program().is_ok(), families().as_deref());
    if let (false, Some(apt)) = (missing.is_empty(), apt()) {
        // What fails here is told below, if it is still missing then.
        drop(step(&format!("apt-get: {} (once)", missing.join(", ")), || install(&missing, &apt)));
    }
    program()?;
    let Some(families) = families() else { return Ok(()) };
    let fonts = packages(true, Some(&families));
    if !fonts.is_empty() {
        bail!(
            "the tests of the error page need fonts: install {} (as Debian calls them)",
            fonts.join(" and ")
        );
    }
    Ok(())
}

/// The packages of what is not there; `families` are those of the fonts, if that is known.
fn packages(has_browser: bool, families: Option<&str>) -> Vec<&'static str> {
    let browser = (!has_browser).then_some(CHROMIUM);
    let knows_fonts = families.is_none().then_some(FONTCONFIG);
    let families = families.unwrap_or_default();
    let has = |name: &str| families.split(['\n', ',']).any(|family| family == name);
    let is_missing = |font: &&Family| ![font.sans, font.serif, font.mono].into_iter().all(has);
    let fonts = FONTS.iter().filter(is_missing).map(|font| font.package);
    browser.into_iter().chain(knows_fonts).chain(fonts).collect()
}

/// The families of the fonts that are installed; nothing where fontconfig is not.
fn families() -> Option<String> {
    let answer = Command::new("fc-list").args([":", "family"]).stderr(Stdio::null()).output().ok()?;
    answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// apt-get as it can be called without a question, if it can.
fn apt() -> Option<Vec<&'static str>> {
    let succeeds = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        let output = command.args(words).stdin(Stdio::null()).output();
        output.ok().filter(|output| output.status.success())
    };
    succeeds("apt-get", &["--version"])?;
    let is_root = succeeds("id", &["-u"]).is_some_and(|id| id.stdout.trim_ascii() == b"0");
    let sudo: &[_] = if is_root { &[] } else { &["sudo", "-n"] };
    if !is_root {
        succeeds("sudo", &["-n", "true"])?;
    }
    Some(
        [sudo, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]]
            .concat(),
    )
}

/// Installs each of `packages`, whatever becomes of the others.
fn install(packages: &[&str], apt: &[&str]) -> Result<()> {
    let get = |words: &[&str]| {
        let mut command = Command::new("env");
        run(command.args(apt).args(words).stdin(Stdio::null()).stdout(Stdio::null()))
    };
    // A source that cannot be asked need not be the one that has them.
    drop(get(&["update"]));
    let install = |package: &&str| get(&["install", "-y", "--no-install-recommends", package]);
    let done: Vec<_> = packages.iter().map(install).collect();
    done.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBERATION: &str = "Liberation Mono\nLiberation Serif\nLiberation Sans\n";
    const DEJAVU: &str = "DejaVu Sans Mono\nDejaVu Sans,DejaVu Sans Condensed\nDejaVu Serif\n";

    #[test]
    fn what_is_missing_is_installed_and_nothing_else() {
        let both = [LIBERATION, DEJAVU].concat();
        for (has_browser, families, expected) in [
            (true, Some(both.as_str()), &[][..]),
            (false, Some(&both), &["chromium"]),
            (true, Some(DEJAVU), &["fonts-liberation"]),
            (true, Some(LIBERATION), &["fonts-dejavu-core"]),
            (false, Some(""), &["chromium", "fonts-liberation", "fonts-dejavu-core"]),
            (true, None, &["fontconfig", "fonts-liberation", "fonts-dejavu-core"]),
        ] {
            assert_eq!(packages(has_browser, families), expected, "{families:?}");
        }
    }
}
