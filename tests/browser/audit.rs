//! What is wrong with a page for those who cannot see it, see it badly, or see it small.

use std::fs;
use std::sync::LazyLock;

use serde_json::Value;
use xtask::root;

use crate::tab::Tab;

/// What axe-core finds: rule, element and what is wrong with it, one a line.
///
/// The rules are all that it has for levels A and AA of WCAG 2.0 to 2.2, and its best practices. Contrast that
/// it cannot judge counts too.
#[track_caller]
pub fn violations(tab: &Tab) -> Vec<String> {
    axe(tab, "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice']")
}

/// What of it depends on colours alone.
#[track_caller]
pub fn faint(tab: &Tab) -> Vec<String> {
    axe(tab, "{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }")
}

#[track_caller]
fn axe(tab: &Tab, rules: &str) -> Vec<String> {
    static AXE: LazyLock<String> = LazyLock::new(|| {
        let file = root().join("node_modules/axe-core/axe.min.js");
        fs::read_to_string(file).expect("axe-core is installed with the other packages from npm")
    });
    if tab.run("typeof axe") == "undefined" {
        tab.run(&format!("{};undefined", *AXE));
    }
    lines(&tab.run(&format!("({RUN_AXE})({rules})")))
}

const RUN_AXE: &str = "async (runOnly) => {
  const { violations, incomplete } = await axe.run({ runOnly });
  return [...violations, ...incomplete.filter(({ id }) => id === 'color-contrast')].flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`));
}";

/// Text that leaves the page at its sides, sticks out of its box, is cut off, or lies on other text; a page
/// that has to be scrolled sideways.
#[track_caller]
pub fn misfits(tab: &Tab) -> Vec<String> {
    lines(&tab.run(MISFITS))
}

const MISFITS: &str = r#"(() => {
  const root = document.documentElement, found = [], texts = [];
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`);
  const isForEars = (element) => element.closest("svg") || getComputedStyle(element).clipPath !== "none";
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = nodes.nextNode();) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style")) continue;
    if (!element.checkVisibility({ visibilityProperty: true }) || isForEars(element)) continue;
    const what = JSON.stringify(node.data.trim());
    const range = document.createRange();
    range.selectNodeContents(node);
    let holder = element;
    while (getComputedStyle(holder).display === "inline") holder = holder.parentElement;
    const box = holder.getBoundingClientRect();
    for (const { left, right, top, bottom, width, height } of range.getClientRects()) {
      if (width < 1 || height < 1) continue;
      if (left < -1 || right > root.clientWidth + 1) found.push(`leaves the page: ${what}`);
      if (left < box.left - 1 || right > box.right + 1) found.push(`sticks out of its box: ${what}`);
      // Letters seldom fill their line.
      texts.push({ node, what, left: left + 1, right: right - 1, top: top + height / 5, bottom: bottom - height / 5 });
    }
    for (let at = element; at !== root; at = at.parentElement) {
      const { overflowX, textOverflow } = getComputedStyle(at);
      if (overflowX !== "visible" && at.scrollWidth > at.clientWidth + 1) found.push(`is cut off: ${what} (${textOverflow})`);
    }
  }
  texts.forEach((one, index) => texts.slice(index + 1).forEach((other) => {
    const meet = one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
    if (meet && one.node !== other.node) found.push(`lie on each other: ${one.what} and ${other.what}`);
  }));
  return [...new Set(found)];
})()"#;

/// Words that a line breaks in two, other than behind a hyphen: in labels and on buttons, always; elsewhere, where the
/// width of the page would have been enough for them.
///
/// Names, numbers and addresses are no words, and Chinese, Japanese and Thai do not show where theirs end.
#[track_caller]
pub fn broken_words(tab: &Tab) -> Vec<String> {
    lines(&tab.run(&format!("({BROKEN_WORDS})()")))
}

/// The same of every page in `bodies`, an expression whose value is a list of bodies, put into this one's place.
#[track_caller]
pub fn broken_words_of_all(tab: &Tab, bodies: &str) -> Vec<String> {
    let script = format!(
        "{bodies}.flatMap(({{ lang, dir, body }}) => {{
           Object.assign(document.documentElement, {{ lang, dir }});
           document.body.replaceWith(body);
           return ({BROKEN_WORDS})().map((line) => `${{lang}}: ${{line}}`);
         }})"
    );
    lines(&tab.run(&format!("[...new Set({script})]")))
}

const BROKEN_WORDS: &str = r#"() => {
  const { clientWidth } = document.body, { paddingLeft, paddingRight } = getComputedStyle(document.body);
  const room = clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  const found = [], nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = nodes.nextNode();) {
    const element = node.parentElement;
    if (element.closest("script, bdi, dd")) continue;
    const isLabel = element.closest(".name, .state, .button, button");
    for (const { 0: word, index } of node.data.matchAll(/[^\s-]+-*/g)) {
      if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(word)) continue;
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const parts = [...range.getClientRects()].filter(({ width }) => width >= 1);
      const lines = new Set(parts.map(({ top }) => Math.round(top)));
      const width = parts.reduce((sum, part) => sum + part.width, 0);
      if (lines.size > 1 && (isLabel || width <= room)) found.push(`is broken: ${word}`);
    }
  }
  return [...new Set(found)];
}"#;

fn lines(found: &Value) -> Vec<String> {
    let lines = found.as_array().expect("a list").iter();
    lines.map(|line| line.as_str().expect("of text").to_owned()).collect()
}
