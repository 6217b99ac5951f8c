//! The `incident` and `alert` tables. When do failures count as an incident, and who is notified?

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::share::Share;
use super::values::{Accepted, web_link};

/// `incident`: when failed attempts at an origin count as an incident; see docs/operations.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// How many attempts must fail in the same way within this minute and the last; at least 1.
    pub minimum: u32,
    /// The share of all attempts at that origin that they must reach as well; more than zero.
    pub share: Share,
    /// The name of the service that runs the origin, as systemd knows it, for the commands of the runbook.
    pub service: Option<String>,
    /// How many objects share the isolates' reports before they reach the one object; 1 to 256, and with 1 there are none.
    pub shards: u32,
}

impl Default for Incident {
    fn default() -> Self {
        Self { minimum: 5, share: Share::in_10_000(1000), service: None, shards: 1 }
    }
}

/// `alert`: who is notified of an incident, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The URL that receives alerts; `None` for no alerts. The secret `HOLDFAST_ALERT_WEBHOOK` overrides the setting:
    /// the reader of the secrets sets it here.
    pub webhook: Option<Webhook>,
    /// The format.
    pub form: AlertForm,
    /// An incident ends after this long without such failures; ten seconds or more.
    pub quiet: Duration,
    /// PagerDuty's routing key, from the secret `HOLDFAST_ALERT_KEY`. Not a key of `HOLDFAST`: the reader of the
    /// secrets sets it.
    pub key: Option<RoutingKey>,
}

impl Default for Alert {
    fn default() -> Self {
        Self { webhook: None, form: AlertForm::Json, quiet: Duration::from_secs(5 * 60), key: None }
    }
}

/// The format of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlertForm {
    /// Our own JSON, with a field for each fact.
    #[default]
    Json,
    /// A Slack message, which other services accept too.
    Slack,
    /// An event for PagerDuty's Events API v2.
    PagerDuty,
    /// A message for a Discord webhook.
    Discord,
    /// An adaptive card for a workflow of Microsoft Teams.
    Teams,
}

impl AlertForm {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Json, Self::Slack, Self::PagerDuty, Self::Discord, Self::Teams];

    /// The name in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
            Self::Discord => "discord",
            Self::Teams => "teams",
        }
    }
}

/// The URL that receives alerts. Not printed: whoever knows it can often post to its channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook(String);

impl Webhook {
    /// The longest URL, in bytes.
    const LONGEST: usize = 1024;

    /// The rule for a valid URL.
    pub const RULE: &str = r#"an https URL is accepted, e.g. "https://hooks.example.com/alerts"; http only for localhost and 127.0.0.1, to try it"#;

    /// Parses a webhook; `None` if `text` breaks [`RULE`](Self::RULE).
    pub fn new(text: &str) -> Option<Self> {
        let url = web_link(&Value::from(text)).ok().filter(|url| url.len() <= Self::LONGEST)?;
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let is_here = matches!(host, "localhost" | "127.0.0.1");
        (scheme.eq_ignore_ascii_case("https") || is_here).then_some(Self(url))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Webhook(…)")
    }
}

/// PagerDuty's routing key, which identifies the service. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RoutingKey(String);

impl RoutingKey {
    /// The rule for a valid key.
    pub const RULE: &str = "1 to 128 letters and digits are accepted";

    /// Parses a key; `None` if `text` breaks [`RULE`](Self::RULE).
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RoutingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RoutingKey(…)")
    }
}

/// Accepts the URL for alerts.
pub(super) fn webhook(value: &Value) -> Accepted<Option<Webhook>> {
    value.as_str().and_then(Webhook::new).map(Some).ok_or_else(|| Webhook::RULE.to_owned())
}

/// Accepts the name of a format.
pub(super) fn form(value: &Value) -> Accepted<AlertForm> {
    let named = |text: &str| AlertForm::ALL.into_iter().find(|form| form.word() == text);
    value
        .as_str()
        .and_then(named)
        .ok_or_else(|| r#""json", "slack", "pagerduty", "discord" or "teams" is accepted"#.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_leave_over_tls() {
        for (written, fits) in [
            ("https://hooks.slack.com/services/T0/B0/x", true),
            ("HTTPS://hooks.example:8443/a?b=c", true),
            ("http://localhost:9000/", true),
            ("http://127.0.0.1:9000/hook", true),
            ("http://hooks.example/", false),
            ("http://localhost.example/", false),
            ("http://127.0.0.1@hooks.example/", false),
            ("https://me:secret@hooks.example/", false),
            ("https://", false),
            ("ftp://hooks.example/", false),
            ("hooks.example", false),
            ("https://a/ b", false),
            ("", false),
        ] {
            assert_eq!(Webhook::new(written).is_some(), fits, "{written}");
        }
        let long = |length: usize| format!("https://a/{}", "b".repeat(length));
        assert!(Webhook::new(&long(1014)).is_some() && Webhook::new(&long(1015)).is_none());
    }

    #[test]
    fn a_routing_key_is_letters_and_digits() {
        for (written, fits) in
            [("R0123456789abcdef", true), ("", false), ("a b", false), ("a\n", false), ("é", false)]
        {
            assert_eq!(RoutingKey::new(written).is_some(), fits, "{written:?}");
        }
        assert!(RoutingKey::new(&"a".repeat(129)).is_none());
    }

    #[test]
    fn what_lets_others_write_to_the_channel_is_not_printed() {
        let printed = format!("{:?} {:?}", Webhook::new("https://a/secret"), RoutingKey::new("secret"));
        assert_eq!(printed, "Some(Webhook(…)) Some(RoutingKey(…))");
    }
}
