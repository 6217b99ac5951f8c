//! The tables in the object's database, and how an older database becomes one of today.

/// The number of the form of the tables. A change of a table needs another one, and a step to it from each older one.
pub(super) const FORM: u64 = 3;

/// Creates each table if it is missing.
pub(super) const TABLES: [&str; 10] = [
    "CREATE TABLE IF NOT EXISTS counts (minute INTEGER NOT NULL, origin TEXT NOT NULL, what TEXT NOT NULL, \
     n INTEGER NOT NULL, PRIMARY KEY (minute, origin, what)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS totals (origin TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, \
     PRIMARY KEY (origin, what)) WITHOUT ROWID",
    // `ok_ms`, `failed_ms` and `up_ms` are of form 1. They are in `evidence` now.
    "CREATE TABLE IF NOT EXISTS origins (name TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL, \
     ok_ms INTEGER NOT NULL DEFAULT 0, failed_ms INTEGER NOT NULL DEFAULT 0, up_ms INTEGER NOT NULL DEFAULT 0, \
     probe_ms INTEGER NOT NULL, probe_end TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS evidence (origin TEXT NOT NULL, fault TEXT NOT NULL, place TEXT NOT NULL, \
     ok_ms INTEGER NOT NULL, up_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL, failed_ms INTEGER NOT NULL, \
     refused_ms INTEGER NOT NULL, opened_ms INTEGER NOT NULL, kind TEXT NOT NULL, probe_kind TEXT NOT NULL, \
     lost INTEGER NOT NULL, seconds TEXT NOT NULL, PRIMARY KEY (origin, fault, place)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS incidents (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, origin TEXT NOT NULL, \
     class TEXT NOT NULL, kind TEXT NOT NULL, began_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, \
     over_ms INTEGER NOT NULL, ended_ms INTEGER, attempts INTEGER NOT NULL, touched INTEGER NOT NULL, \
     stale INTEGER NOT NULL, fault TEXT NOT NULL DEFAULT 'down', place TEXT NOT NULL DEFAULT '', ok_ms INTEGER, \
     errors INTEGER NOT NULL DEFAULT 0, whole INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS ends (incident INTEGER NOT NULL, word TEXT NOT NULL, n INTEGER NOT NULL, \
     first_ms INTEGER NOT NULL DEFAULT 0, last_ms INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (incident, word)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS alerts (incident INTEGER NOT NULL, moment TEXT NOT NULL, id TEXT NOT NULL, \
     tries INTEGER NOT NULL, due_ms INTEGER, sent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (incident, moment)) \
     WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY, form INTEGER NOT NULL, minute INTEGER NOT NULL, \
     reports INTEGER NOT NULL, flush_s INTEGER NOT NULL, folded INTEGER NOT NULL, dashboard TEXT NOT NULL)",
    // New in form 3, like the next one.
    "CREATE TABLE IF NOT EXISTS latency (minute INTEGER NOT NULL, origin TEXT NOT NULL, buckets TEXT NOT NULL, \
     PRIMARY KEY (minute, origin)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS recent (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
];

/// Makes the tables of form 2 of those of form 1. Nothing is lost.
///
/// Form 1 had an incident for each class. Of several that are open at an origin, the newest goes on, and the others end with
/// their last failure. What was open is taken for an outage of the whole origin that has not been answered yet.
pub(super) const FROM_1: [&str; 15] = [
    "ALTER TABLE incidents ADD COLUMN fault TEXT NOT NULL DEFAULT 'down'",
    "ALTER TABLE incidents ADD COLUMN place TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE incidents ADD COLUMN ok_ms INTEGER",
    "ALTER TABLE incidents ADD COLUMN errors INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE incidents ADD COLUMN whole INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE ends ADD COLUMN first_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE ends ADD COLUMN last_ms INTEGER NOT NULL DEFAULT 0",
    "UPDATE incidents SET fault = class WHERE class IN ('error', 'internal')",
    "DROP INDEX IF EXISTS open_incidents",
    "INSERT OR IGNORE INTO alerts (id, incident, moment, tries, due_ms) SELECT i.id || '-end', i.seq, 'end', 0, i.last_ms \
     FROM incidents i JOIN alerts b ON b.incident = i.seq AND b.moment = 'begin' WHERE i.ended_ms IS NULL \
     AND EXISTS (SELECT 1 FROM incidents o WHERE o.origin = i.origin AND o.fault = i.fault AND o.ended_ms IS NULL \
     AND o.seq > i.seq)",
    "UPDATE incidents SET ended_ms = last_ms WHERE ended_ms IS NULL AND EXISTS (SELECT 1 FROM incidents o \
     WHERE o.origin = incidents.origin AND o.fault = incidents.fault AND o.ended_ms IS NULL \
     AND o.seq > incidents.seq)",
    "UPDATE ends SET first_ms = (SELECT began_ms FROM incidents WHERE seq = incident), \
     last_ms = (SELECT last_ms FROM incidents WHERE seq = incident) \
     WHERE EXISTS (SELECT 1 FROM incidents WHERE seq = incident)",
    "INSERT OR IGNORE INTO evidence (origin, fault, place, ok_ms, up_ms, since_ms, failed_ms, refused_ms, opened_ms, kind, \
     probe_kind, lost, seconds) SELECT o.name, 'down', '', o.ok_ms, 0, CASE WHEN o.failed_ms < o.ok_ms THEN 0 \
     WHEN coalesce(i.began_ms, 0) > o.ok_ms THEN i.began_ms ELSE o.failed_ms END, o.failed_ms, 0, 0, \
     coalesce(i.kind, ''), '', 0, '' FROM origins o LEFT JOIN incidents i ON i.origin = o.name AND i.fault = 'down' \
     AND i.ended_ms IS NULL",
    "INSERT OR IGNORE INTO evidence (origin, fault, place, ok_ms, up_ms, since_ms, failed_ms, refused_ms, opened_ms, kind, \
     probe_kind, lost, seconds) SELECT origin, fault, '', 0, 0, began_ms, last_ms, 0, 0, kind, '', 0, '' FROM incidents \
     WHERE ended_ms IS NULL",
    "UPDATE incidents SET whole = 1 WHERE ended_ms IS NULL AND fault = 'down'",
];

/// Creates the indexes, once the tables are of today's form: at most one open incident for each part and fault.
pub(super) const INDEX: &str = "CREATE UNIQUE INDEX IF NOT EXISTS open_parts ON incidents (origin, fault, place) \
     WHERE ended_ms IS NULL";
