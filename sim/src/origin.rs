//! The simulated origins: what they answer, and the record of each answer.

use std::collections::BTreeMap;
use std::rc::Rc;

use holdfast::origin::forward::Forward;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use testkit::body::Ending;
use testkit::chance::Chance;
use testkit::front::Reply;

use crate::fault::Trouble;
use crate::page::{Page, Personal, Ranges, Rules, Scripts, Validator};
use crate::plan::Plan;
use crate::record::{Record, text_of, visitor_of};
use crate::turn::{SCRIPT, Turn};

/// An answer of the origin's, and what the invariants must know of it.
#[derive(Debug)]
pub struct SimAnswer {
    pub record: Record,
    pub headers: HeaderMap,
    pub text: Rc<str>,
    pub body_takes: u64,
}

/// The site as it is now.
#[derive(Clone, Debug)]
pub struct SimOrigin {
    pub versions: Vec<u64>,
    /// When each version was published, in seconds on the wall.
    pub published_at: Vec<u64>,
    /// The pages that are something else just now, for everybody or for one visitor.
    pub turns: BTreeMap<(usize, Option<usize>), Turn>,
}

impl SimOrigin {
    pub fn new(plan: &Plan, now: u64) -> Self {
        Self {
            versions: vec![1; plan.pages.len()],
            published_at: vec![now / 1000 - 1_000_000; plan.pages.len()],
            turns: BTreeMap::new(),
        }
    }

    /// A page becomes something else, or itself again.
    pub fn turn(&mut self, page: usize, whom: Option<usize>, turn: Option<Turn>) {
        match turn {
            Some(turn) => self.turns.insert((page, whom), turn),
            None => self.turns.remove(&(page, whom)),
        };
    }

    /// What a page is for who sends this.
    fn turn_for(&self, plan: &Plan, page: usize, seen: &HeaderMap) -> Option<Turn> {
        let is_met = |whom: Option<usize>| {
            whom.and_then(|whom| plan.visitors.get(whom)).is_none_or(|visitor| match visitor.address {
                Some(address) => text_of(seen, "cf-connecting-ip").as_deref() == Some(address),
                None => {
                    !seen.contains_key("cf-connecting-ip")
                        && text_of(seen, "accept-language").as_deref() == visitor.language
                        && text_of(seen, "accept-encoding").as_deref() == visitor.coding
                }
            })
        };
        let of_page = self.turns.iter().filter(|((of, _), _)| *of == page);
        of_page.filter(|((_, whom), _)| is_met(*whom)).map(|(_, turn)| *turn).next_back()
    }

    pub fn publish(&mut self, page: usize, now: u64) {
        self.versions[page] += 1;
        self.published_at[page] = now / 1000;
    }

    /// The tag of the version that a request gets.
    pub fn tag(&self, page: usize, kind: &Page, whom: &str, seen: &HeaderMap) -> String {
        let weak = if kind.validator == Validator::Weak { "W/" } else { "" };
        let selected = kind.vary.and_then(|name| text_of(seen, name)).unwrap_or_default();
        let selected: String = selected.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("{weak}\"{}-{whom}-{selected}-{}\"", self.versions[page], is_coded(kind, seen))
    }

    /// What the site itself has to say to `forward`, before any trouble.
    fn answer(&self, plan: &Plan, number: usize, forward: &Forward, now: u64) -> (Record, HeaderMap) {
        let page = &plan.pages[number];
        let seen = &forward.headers();
        let known = visitor_of(seen);
        let whom = known.filter(|_| page.personal != Personal::Nothing);
        let mut rules = page.rules[self.versions[number] as usize % page.rules.len()].clone();
        let mut vary: Vec<&'static str> = page.vary.into_iter().collect();
        if page.personal == Personal::Vary {
            vary.extend(["cookie", "authorization"]);
        }
        if page.scripts == Scripts::Asker {
            vary.push("origin");
        }
        if whom.is_some() {
            match page.personal {
                Personal::Nothing | Personal::Vary => {}
                Personal::Private => rules.private = true,
                Personal::NoStore => rules.no_store = true,
                Personal::SetCookie => rules.set_cookie = true,
                Personal::Silent => rules = Rules::default(),
            }
        }
        let turn = self.turn_for(plan, number, seen);
        if let Some(turn) = turn.filter(|turn| turn.status == 200) {
            rules = Rules { targeted: rules.targeted, expires: rules.expires, ..turn.rules() };
        }
        let coded = is_coded(page, seen);
        let marker = whom.as_deref().unwrap_or("-");
        let language = page.vary.and_then(|name| text_of(seen, name)).unwrap_or_default();
        let mut headers = HeaderMap::new();
        let mut put = |name: &str, value: &str| {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        };
        put("date", &date(now));
        put("content-type", "text/html");
        let said = rules.directives();
        if rules.targeted && !said.is_empty() {
            put("cdn-cache-control", &said);
            put("cache-control", "no-cache");
        } else {
            rules.targeted = false;
            if !said.is_empty() {
                put("cache-control", &said);
            }
        }
        if let Some(span) = rules.expires {
            put("expires", &date(now + span * 1000));
        }
        if let Some(age) = rules.age {
            put("age", &age.to_string());
        }
        if rules.set_cookie {
            put("set-cookie", &format!("seen={marker}"));
        }
        if rules.vary_star {
            put("vary", "*");
        } else if !vary.is_empty() {
            put("vary", &vary.join(", "));
        }
        let asker = text_of(seen, "origin");
        let allows = match page.scripts {
            Scripts::Silent => None,
            Scripts::All => Some("*".to_owned()),
            Scripts::Asker | Scripts::AskerSilently => asker,
            Scripts::One => Some(SCRIPT.to_owned()),
        };
        if let Some(allowed) = &allows {
            put("access-control-allow-origin", allowed);
        }
        if page.ranges != Ranges::Silent {
            put("accept-ranges", "bytes");
        }
        if page.unbuffered {
            put("x-accel-buffering", "no");
        }
        match page.validator {
            Validator::None => {}
            Validator::Strong | Validator::Weak => put("etag", &self.tag(number, page, marker, seen)),
            Validator::Date => put("last-modified", &date(self.published_at[number] * 1000)),
        }
        if coded {
            put("content-encoding", "br");
            vary.push("accept-encoding");
        }
        // Who is named may read it, and nobody else.
        if allows.as_deref().is_some_and(|allowed| allowed != "*") && !vary.contains(&"origin") {
            vary.push("origin");
        }
        let line =
            format!("{} v{} for={marker} as={language} coded={coded}|", page.path, self.versions[number]);
        let mut text = line;
        text.extend(std::iter::repeat_n(".", page.size.saturating_sub(text.len())));
        if page.size == 0 {
            text.clear();
        }
        let record = Record {
            ask: 0,
            page: number,
            method: forward.method.to_string(),
            status: 200,
            marker: whom,
            rules,
            vary,
            seen: seen.clone(),
            coded,
            allows,
            turn,
            text: text.into(),
            requested_at: now,
            received_at: now,
            sent_at: 0,
            came_at: 0,
            ending: Ending::Whole,
        };
        (record, headers)
    }

    /// What an origin in this trouble does with `forward`; `now` is the time on the wall.
    pub fn reply(
        &mut self,
        plan: &Plan,
        page: usize,
        forward: &Forward,
        now: u64,
        chance: &mut Chance,
        trouble: Trouble,
    ) -> Reply<SimAnswer> {
        let takes = plan.pages[page].body_takes;
        for (kind, reply) in [
            (Trouble::Refuses, Reply::Lost),
            (Trouble::Garbage, Reply::Garbage),
            (Trouble::Hangs, Reply::Hangs),
        ] {
            if trouble == kind {
                return reply;
            }
        }
        let is_read = matches!(forward.method.as_str(), "GET" | "HEAD");
        let (mut record, mut headers) = self.answer(plan, page, forward, now);
        if !is_read {
            self.publish(page, now);
            record.rules = Rules::default();
            record.vary.clear();
            record.coded = false;
            record.allows = None;
            record.turn = None;
            record.text = if forward.method == "PUT" { "" } else { "done" }.into();
            record.status = if forward.method == "PUT" { 204 } else { 200 };
            headers.retain_only(&["date", "content-type"]);
        }
        let set = |headers: &mut HeaderMap, name: HeaderName, value: &str| {
            headers.insert(name, HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("")));
        };
        let error = |record: &mut Record, headers: &mut HeaderMap, status: u16, text: &str| {
            record.status = status;
            record.rules = Rules::default();
            record.vary.clear();
            record.coded = false;
            record.allows = None;
            record.text = text.into();
            headers.retain_only(&["date", "content-type"]);
        };
        // A date does not tell what is for all from what is for one.
        let tells = record.marker.is_none() || plan.pages[page].validator != Validator::Date;
        if matches!(
            trouble,
            Trouble::OwnError(_) | Trouble::Busy(_) | Trouble::TooMany(_) | Trouble::EdgeError(_)
        ) {
            record.turn = None;
        }
        if let Trouble::OwnError(status) = trouble {
            error(&mut record, &mut headers, status, "the origin is in trouble");
        } else if let Trouble::Busy(seconds) = trouble {
            error(&mut record, &mut headers, 503, "busy");
            set(&mut headers, header::RETRY_AFTER, &seconds.to_string());
        } else if let Trouble::TooMany(seconds) = trouble {
            error(&mut record, &mut headers, 429, "slower, please");
            set(&mut headers, header::RETRY_AFTER, &seconds.to_string());
        } else if let Trouble::EdgeError(code @ (1016 | 1033)) = trouble {
            error(&mut record, &mut headers, 530, &format!("error code: {code}"));
        } else if let Trouble::EdgeError(status) = trouble {
            error(&mut record, &mut headers, status, "error");
        } else if let Some(turn) = record.turn.filter(|turn| turn.status != 200) {
            error(&mut record, &mut headers, turn.status, turn.name());
            (record.rules, record.marker) = (turn.rules(), None);
            let said = record.rules.directives();
            if !said.is_empty() {
                set(&mut headers, header::CACHE_CONTROL, &said);
            }
            if turn.is_elsewhere() {
                set(&mut headers, header::LOCATION, "/elsewhere");
            }
            if record.rules.set_cookie {
                set(&mut headers, header::SET_COOKIE, "challenge=1");
            }
        } else if trouble == Trouble::WrongNotModified && is_read && is_conditional(forward) {
            error(&mut record, &mut headers, 304, "");
            set(&mut headers, header::ETAG, "\"another\"");
        } else if is_read && tells && self.is_unchanged(plan, page, forward, &headers) {
            record.status = 304;
            record.text = "".into();
            headers.remove(header::CONTENT_TYPE);
        }
        let mut text = Rc::clone(&record.text);
        let heeds = plan.pages[page].ranges == Ranges::Careful;
        let is_same = !heeds
            || text_of(&forward.headers(), "if-range")
                .is_none_or(|tag| Some(tag) == text_of(&headers, "etag"));
        if record.status == 200
            && is_same
            && let Some((start, end)) = range_of(forward)
            && start < text.len()
            && !headers.contains_key(header::CONTENT_ENCODING)
        {
            let end = end.min(text.len() - 1);
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes {start}-{end}/{}", text.len()));
            record.status = 206;
            text = text[start..=end].into();
        }
        let has_body =
            forward.method != "HEAD" && !matches!(record.status, 204 | 304) && record.status >= 200;
        if plan.pages[page].announced && !matches!(record.status, 204 | 304) && record.status >= 200 {
            set(&mut headers, header::CONTENT_LENGTH, &text.len().to_string());
        }
        if !has_body {
            text = "".into();
        }
        if has_body && !text.is_empty() {
            let cut = chance.below(text.len() as u64) as usize;
            let endings = [
                (Trouble::TornBody, Ending::Torn),
                (Trouble::SilentBody, Ending::Silent),
                (Trouble::BadFraming, Ending::BadlyFramed),
            ];
            let ending = endings.into_iter().find(|(kind, _)| *kind == trouble);
            record.ending = ending.map_or(Ending::Whole, |(_, ending)| ending);
            if record.ending != Ending::Whole {
                text = text[..cut].into();
            }
        }
        let body_takes = if trouble == Trouble::Overload { takes * 4 + 1_000 } else { takes };
        Reply::Answers(SimAnswer { record, headers, text, body_takes })
    }

    fn is_unchanged(&self, plan: &Plan, page: usize, forward: &Forward, headers: &HeaderMap) -> bool {
        let asked = &forward.headers();
        if let Some(tags) = text_of(asked, "if-none-match") {
            let own = text_of(headers, "etag");
            return own.is_some_and(|own| tags.contains(own.trim_start_matches("W/")));
        }
        match text_of(asked, "if-modified-since")
            .and_then(|text| holdfast::time::Timestamp::parse_http_date(&text))
        {
            Some(since) if plan.pages[page].validator == Validator::Date => {
                self.published_at[page] <= since.as_millis() / 1000
            }
            Some(_) | None => false,
        }
    }
}

trait RetainOnly {
    fn retain_only(&mut self, names: &[&str]);
}

impl RetainOnly for HeaderMap {
    fn retain_only(&mut self, names: &[&str]) {
        let others: Vec<_> = self.keys().filter(|name| !names.contains(&name.as_str())).cloned().collect();
        for name in others {
            self.remove(name);
        }
    }
}

fn is_conditional(forward: &Forward) -> bool {
    forward.headers().contains_key(header::IF_NONE_MATCH)
        || forward.headers().contains_key(header::IF_MODIFIED_SINCE)
}

fn range_of(forward: &Forward) -> Option<(usize, usize)> {
    let text = text_of(&forward.headers(), "range").filter(|_| forward.method == "GET")?;
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = if end.is_empty() { usize::MAX } else { end.parse().ok()? };
    Some((start.parse().ok()?, end))
}

fn is_coded(page: &Page, seen: &HeaderMap) -> bool {
    page.coded && text_of(seen, "accept-encoding").is_some_and(|value| value.contains("br"))
}

fn date(now: u64) -> String {
    holdfast::time::Timestamp::from_millis(now).to_http_date()
}
