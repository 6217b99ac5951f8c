//! The tables in the object's database.

/// Creates each table if it is missing. A change of a table needs another `form` of `state`.
pub(super) const TABLES: [&str; 8] = [
    "CREATE TABLE IF NOT EXISTS counts (minute INTEGER NOT NULL, origin TEXT NOT NULL, what TEXT NOT NULL, \
     n INTEGER NOT NULL, PRIMARY KEY (minute, origin, what)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS totals (origin TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL, \
     PRIMARY KEY (origin, what)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS origins (name TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL, ok_ms INTEGER NOT NULL, \
     failed_ms INTEGER NOT NULL, up_ms INTEGER NOT NULL, probe_ms INTEGER NOT NULL, probe_end TEXT NOT NULL) \
     WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS incidents (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, origin TEXT NOT NULL, \
     class TEXT NOT NULL, kind TEXT NOT NULL, began_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, \
     over_ms INTEGER NOT NULL, ended_ms INTEGER, attempts INTEGER NOT NULL, touched INTEGER NOT NULL, \
     stale INTEGER NOT NULL)",
    // At most one open incident for each origin and class, whatever fails in between.
    "CREATE UNIQUE INDEX IF NOT EXISTS open_incidents ON incidents (origin, class) WHERE ended_ms IS NULL",
    "CREATE TABLE IF NOT EXISTS ends (incident INTEGER NOT NULL, word TEXT NOT NULL, n INTEGER NOT NULL, \
     PRIMARY KEY (incident, word)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS alerts (incident INTEGER NOT NULL, moment TEXT NOT NULL, id TEXT NOT NULL, \
     tries INTEGER NOT NULL, due_ms INTEGER, sent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (incident, moment)) \
     WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY, form INTEGER NOT NULL, minute INTEGER NOT NULL, \
     reports INTEGER NOT NULL, flush_s INTEGER NOT NULL, folded INTEGER NOT NULL, dashboard TEXT NOT NULL)",
];
