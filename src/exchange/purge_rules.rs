//! The purge rules of the operator, as far as this isolate knows them.

use std::rc::Rc;
use std::time::Duration;

use super::context::Context;
use super::remembered_store::RememberedStore;
use crate::cache::purge::PurgeRules;
use crate::ports::{Background, Clock, Memory, Ports};

/// Rules younger than this are used as they are; older ones are read again behind the answer.
const NEW: Duration = Duration::from_secs(30);

/// Rules older than this are read again before they are used.
const OLD: Duration = Duration::from_secs(60);

/// How long a client waits for them.
const LONGEST_RULES_READ: Duration = Duration::from_secs(1);

/// The rules that this isolate has read within the last minute. If they cannot be read, the known ones hold for another
/// while.
pub(super) async fn current<P: Ports>(ctx: &Context<P>) -> Rc<PurgeRules> {
    if !ctx.store().has_last_good() {
        return Rc::default();
    }
    let (known, now, isolate) = (ctx.ports().isolate().purge_rules(), ctx.now(), ctx.ports().isolate());
    match known {
        Some((rules, at)) if now.since(at) < NEW => rules,
        Some((rules, at)) if now.since(at) < OLD => {
            // They count as read from now on, so that one request reads them and not every one.
            isolate.set_purge_rules(Rc::clone(&rules), now);
            let store = ctx.store().clone();
            ctx.ports().spawn(async move {
                read(&store).await;
            });
            rules
        }
        known => match read(ctx.store()).await {
            Some(rules) => rules,
            None => {
                let rules = known.map(|(rules, _)| rules).unwrap_or_default();
                isolate.set_purge_rules(Rc::clone(&rules), now);
                rules
            }
        },
    }
}

async fn read<P: Ports>(store: &RememberedStore<P>) -> Option<Rc<PurgeRules>> {
    let text = store.load_purge_rules(LONGEST_RULES_READ).await.ok()?;
    // Rules that cannot be decoded are as good as unread.
    let mut rules = text.map_or_else(|| Some(PurgeRules::default()), |text| PurgeRules::decode(&text))?;
    let (isolate, now) = (store.runtime().isolate(), store.runtime().now());
    // An order that was taken here may not show yet in what is read. Where there is no room for both, what is read holds.
    if let Some((known, _)) = isolate.purge_rules() {
        let _ = rules.unite((*known).clone(), now);
    }
    let rules = Rc::new(rules);
    isolate.set_purge_rules(Rc::clone(&rules), now);
    Some(rules)
}
