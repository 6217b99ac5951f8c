//! The view of an error: every text that a template or a problem document may contain.
//!
//! All forms read the same view, so that they cannot disagree.

use super::error::{Cause, Outcome, State};
use super::form::Form;
use super::kind::Kind;
use super::sanitise::{is_link, shown};
use super::slots::{LONGEST_NAME, SlotValues};
use super::words::{Drawing, Hop, Story, advice};
use crate::config::Page;
use crate::language::{Language, Message, Words};

/// What the templates may show. Text from outside is sanitised, and not escaped yet.
pub(super) struct View<'a> {
    pub(super) kind: &'a Kind,
    words: Words<'a>,
    pub(super) language: &'static str,
    pub(super) direction: &'a str,
    pub(super) site: String,
    pub(super) logo: Option<&'a str>,
    pub(super) hero: Option<&'a str>,
    /// `None` on a page for several statuses.
    pub(super) status: Option<String>,
    pub(super) heading: &'a str,
    /// The lead is cut where it names the site. A template isolates the name (`<bdi>`), so that a name in the other
    /// direction of writing does not reorder the sentence.
    pub(super) lead_before: String,
    pub(super) names_site: bool,
    pub(super) lead_after: &'a str,
    pub(super) client: HopView<'a>,
    pub(super) edge: HopView<'a>,
    pub(super) origin: HopView<'a>,
    pub(super) outcome: Option<&'a str>,
    pub(super) outcome_class: &'static str,
    pub(super) advice: String,
    /// When the maintenance ends, as `at`, and for people. Empty if that is not known.
    pub(super) until: &'a str,
    pub(super) until_time: &'a str,
    /// Whether the site is closed on purpose.
    pub(super) is_planned: bool,
    /// Whether the page reloads itself and offers a link to try again.
    pub(super) returns: bool,
    /// Seconds.
    pub(super) retry_after: &'a str,
    pub(super) support_url: Option<&'a str>,
    pub(super) status_url: Option<&'a str>,
    /// `None` on a page for several requests, as is `at`.
    pub(super) address: Option<&'a str>,
    pub(super) at: Option<&'a str>,
    /// The same time for people.
    pub(super) time: &'a str,
    pub(super) id: &'a str,
}

/// One hop on the way from the client to the origin.
pub(super) struct HopView<'a> {
    pub(super) state: State,
    pub(super) drawing: Drawing,
    /// `None` if nobody knows how the hop did.
    pub(super) words: Option<&'a str>,
}

impl<'a> View<'a> {
    /// The view of an error of this `kind`. Nothing of a request gets here except in `values`.
    pub(super) fn of(kind: &'a Kind, page: &'a Page, values: &'a SlotValues) -> Self {
        let words = words(kind.language, page);
        let story = Story::of(kind.cause);
        let (before, after) = words.around(story.lead);
        let lead_before = if story.clears_client && is_for_people(kind.form) {
            with_space(words.get(Message::ConnectionFine)) + before
        } else {
            before.to_owned()
        };
        let hop = |hop: Hop| HopView {
            state: hop.state,
            drawing: hop.drawing,
            words: hop.words.map(|message| words.get(message)),
        };
        Self {
            kind,
            language: kind.language.tag(),
            direction: words.get(Message::Direction),
            site: page
                .brand
                .as_deref()
                .map_or_else(|| values.host.clone(), |brand| shown(brand, LONGEST_NAME)),
            logo: page.logo.as_deref().filter(|url| url.starts_with("data:image/")),
            hero: page.hero.as_deref().filter(|url| url.starts_with("data:image/")),
            status: kind.has_one_status.then(|| status_line(kind)),
            heading: words.get(story.heading),
            lead_before,
            lead_after: after.unwrap_or_default(),
            names_site: after.is_some(),
            client: HopView {
                state: State::Working,
                drawing: Drawing::Screen,
                words: Some(words.get(Message::Working)),
            },
            edge: hop(story.edge),
            origin: hop(story.origin),
            outcome: kind.outcome.map(|outcome| words.get(outcome.sentence())),
            outcome_class: kind.outcome.map_or("", Outcome::class),
            advice: words.fill(advice(kind.outcome), words.get(kind.when)),
            until: if kind.has_end { &values.until } else { "" },
            until_time: &values.until_time,
            is_planned: kind.cause == Cause::Maintenance,
            returns: kind.has_one_status && kind.can_reload,
            retry_after: &values.retry_after,
            support_url: page.support_url.as_deref().filter(|url| is_link(url)),
            status_url: page.status_url.as_deref().filter(|url| is_link(url)),
            address: kind.is_of_one_request.then_some(&values.address),
            at: kind.is_of_one_request.then_some(&values.at),
            time: &values.time,
            id: if kind.has_id { &values.id } else { "" },
            words,
        }
    }

    /// The text of `message`.
    pub(super) fn say(&self, message: Message) -> &'a str {
        self.words.get(message)
    }

    /// What happened, in one text.
    pub(super) fn lead(&self) -> String {
        let site = if self.names_site { self.site.as_str() } else { "" };
        [&self.lead_before, site, self.lead_after].concat()
    }

    /// All sentences in one text: what happened, the outcome, the advice.
    pub(super) fn detail(&self) -> String {
        let sentences = [&self.lead(), self.outcome.unwrap_or_default(), &self.advice];
        joined(sentences)
    }
}

/// Whether a person reads `form`, and not a program that has no connection to worry about.
const fn is_for_people(form: Form) -> bool {
    match form {
        Form::Html | Form::Text => true,
        Form::Problem | Form::GraphQl | Form::Grpc | Form::Markdown | Form::Empty => false,
    }
}

/// The status and its reason phrase, such as `504 Gateway Timeout`.
fn status_line(kind: &Kind) -> String {
    let status = kind.cause.status();
    let reason = status.canonical_reason().unwrap_or_default();
    format!("{} {reason}", status.as_u16()).trim_end().to_owned()
}

/// The words of `language`. The operator's own texts replace the catalogue's.
fn words<'a>(language: Language, page: &'a Page) -> Words<'a> {
    let mut words = language.words();
    for own in page.texts.iter().filter(|own| own.language == language) {
        words.replace(own.message, &own.text);
    }
    words
}

/// `sentence` and the space after it. No space follows a full-width mark.
fn with_space(sentence: &str) -> String {
    let space = if sentence.ends_with(['。', '！', '？']) { "" } else { " " };
    [sentence, space].concat()
}

/// `sentences` as one text, the empty ones left out.
pub(super) fn joined<const N: usize>(sentences: [&str; N]) -> String {
    let said = sentences.into_iter().filter(|sentence| !sentence.is_empty());
    let text: String = said.map(with_space).collect();
    text.trim_end().to_owned()
}
