//! What must hold of all that is stored.

use std::rc::Rc;

use holdfast::cache::entry::{Entry, Stored};
use http::StatusCode;

use crate::body::{Content, Ending};
use crate::judge::{record, serial_of};
use crate::rules::storable;
use crate::world::World;

/// The edge cache takes an entry.
pub fn stored(world: &Rc<World>, ask: u64, entry: &Entry, content: Option<&Content>) {
    match entry {
        Entry::Variants(_) | Entry::Down { .. } => {}
        Entry::Response(stored) => taken(world, ask, stored, content, false),
    }
}

/// The namespace takes a copy.
pub fn kept(world: &Rc<World>, ask: u64, entry: &Entry, content: &Content) {
    match entry {
        Entry::Variants(_) | Entry::Down { .. } => {
            world.find("what is kept is a response", || format!("ask {ask}"))
        }
        Entry::Response(stored) => taken(world, ask, stored, Some(content), true),
    }
}

fn taken(world: &Rc<World>, ask: u64, stored: &Stored, content: Option<&Content>, is_kept: bool) {
    let Some(head) = record(world, serial_of(&stored.headers)) else {
        world.find("what is stored came from an origin", || format!("ask {ask}: {:?}", stored.headers));
        return;
    };
    let body = record(world, content.and_then(|content| content.serial));
    for record in [Some(&*head), body.as_deref()].into_iter().flatten() {
        if let Err(why) = storable(record) {
            world.find("what an origin does not give to all is never stored", || {
                format!("ask {ask}: {why}: {record:?}")
            });
        }
    }
    let text = content.map_or("", |content| &content.text);
    let whole = body.as_ref().unwrap_or(&head);
    let is_whole = content.is_none_or(|content| content.ending == Ending::Whole)
        && (whole.status != 200 || whole.method != "GET" || *text == *whole.text)
        && stored.length.is_none_or(|length| length == text.len() as u64);
    if !is_whole {
        world.find("nothing that did not arrive whole is stored", || {
            format!("ask {ask}: {content:?} of {whole:?}")
        });
    }
    // An empty body says nothing about where it came from.
    let is_good = body.as_ref().is_none_or(|body| body.method == "GET" && body.status == 200);
    if !(is_kept || is_good && stored.status == StatusCode::OK) {
        world.find("no error and no part takes a good copy's place", || format!("ask {ask}: {stored:?}"));
    }
}
