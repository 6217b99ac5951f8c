//! What must hold of all that is stored.

use std::rc::Rc;

use holdfast::cache::entry::{Entry, Stored};

use crate::ended;
use crate::record::serial_of;
use crate::rules::{fits_status, storable};
use crate::world::World;
use testkit::body::{Content, Ending};

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
            world.violated("what is kept is a response", || format!("ask {ask}"))
        }
        Entry::Response(stored) => taken(world, ask, stored, Some(content), true),
    }
}

/// The edge cache is told to remove it.
pub fn removed(world: &Rc<World>, ask: u64, stored: &Stored) {
    let serial = serial_of(&stored.headers);
    if let (Some(serial), Some(head)) = (serial, world.record(serial)) {
        ended::removed(world, ask, serial, &head);
    }
}

fn taken(world: &Rc<World>, ask: u64, stored: &Stored, content: Option<&Content>, is_kept: bool) {
    let serial = serial_of(&stored.headers);
    if stored.headers.contains_key("set-cookie") {
        world.violated("a cookie is for who got it", || format!("ask {ask} stores {:?}", stored.headers));
    }
    let Some(head) = world.record(serial) else {
        world.violated("what is stored came from an origin", || format!("ask {ask}: {:?}", stored.headers));
        return;
    };
    let body = world.record(content.and_then(|content| content.serial));
    for record in [Some(&*head), body.as_deref()].into_iter().flatten() {
        if let Err(why) = storable(&world.plan, record) {
            world.violated("what an origin does not give to all is never stored", || {
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
        world.violated("nothing that did not arrive whole is stored", || {
            format!("ask {ask}: {content:?} of {whole:?}")
        });
    }
    let has_copy = world
        .ledger
        .borrow()
        .stored_at
        .keys()
        .any(|serial| world.record(Some(*serial)).is_some_and(|record| record.page == head.page));
    if let Some(serial) = serial.filter(|_| !is_kept) {
        let now = world.now();
        world.ledger.borrow_mut().stored_at.entry(serial).or_insert(now);
    }
    // An empty body says nothing about where it came from.
    let status = stored.status.as_u16();
    let is_good = body.as_ref().is_none_or(|body| {
        body.method == "GET" && body.status == status && fits_status(body, status, has_copy)
    });
    if !(is_kept || is_good && matches!(status, 200 | 301 | 302 | 303 | 307 | 308 | 404 | 410)) {
        world.violated("no error and no part takes a good copy's place", || format!("ask {ask}: {stored:?}"));
    }
}
