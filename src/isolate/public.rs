//! What everybody may know of the site, as the object said last. When is the object asked again?

use std::rc::Rc;
use std::time::Duration;

use crate::time::Timestamp;

/// How long what the object said holds.
pub const KNOWN_FOR: Duration = Duration::from_secs(10);

/// What the object said last.
#[derive(Debug, Default)]
pub struct PublicView {
    asked_at: Option<Timestamp>,
    is_answered: bool,
    text: Option<Rc<str>>,
}

/// What to do for a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// It is told this; nothing if the object did not answer.
    Is(Option<Rc<str>>),
    /// It asks the object.
    Ask,
    /// Another request asks already, and nothing is known yet.
    Soon,
}

impl PublicView {
    /// What to do for a request at `now`. Whoever is to ask then calls [`set`](Self::set). If it vanishes before, another asks
    /// after [`KNOWN_FOR`].
    pub fn look(&mut self, now: Timestamp) -> Known {
        if self.asked_at.is_none_or(|at| now.since(at) >= KNOWN_FOR) {
            (self.asked_at, self.is_answered) = (Some(now), false);
            return Known::Ask;
        }
        if self.is_answered || self.text.is_some() { Known::Is(self.text.clone()) } else { Known::Soon }
    }

    /// The object's answer, if it gave one.
    pub fn set(&mut self, text: Option<Rc<str>>) {
        (self.is_answered, self.text) = (true, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn one_request_asks_and_the_others_go_by_what_it_learns() {
        let mut view = PublicView::default();
        assert_eq!((view.look(second(0)), view.look(second(1))), (Known::Ask, Known::Soon));
        view.set(Some("well".into()));
        assert_eq!(view.look(second(9)), Known::Is(Some("well".into())));
        assert_eq!(view.look(second(10)), Known::Ask);
        assert_eq!(view.look(second(10)), Known::Is(Some("well".into())), "the old one meanwhile");
        view.set(None);
        assert_eq!(view.look(second(19)), Known::Is(None), "a silent object is left alone too");
        assert_eq!((view.look(second(20)), view.look(second(29))), (Known::Ask, Known::Soon));
        assert_eq!(view.look(second(30)), Known::Ask, "who asked has vanished");
    }
}
