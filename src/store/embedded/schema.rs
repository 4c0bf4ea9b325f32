//! The tables of the file, and how a new file gets them.

use rusqlite::Connection;

/// Raised with every change of the tables; a file of another version is refused.
pub(super) const SCHEMA_VERSION: i64 = 5;

/// Bytes of a page: a few documents, which makes for fewer pages on the way to one.
const PAGE: i64 = 16 << 10;

/// A series is what a search looks into: the documents of one type of one job in one index. Numbers stand for it, so that the
/// indices over the documents stay small; these hold all a filter needs, so that counting reads no document, and `tallies`
/// count those of a span of time (`tally.rs`). `odd`
/// marks documents of which the columns do not tell all. `seq` is the order in which documents were stored. `jobs` are those
/// whose configuration was loaded, with the index that it names; `aliases` say more, where they were loaded.
pub(super) const SCHEMA: &str = "
    CREATE TABLE indices (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        index_id INTEGER NOT NULL,
        job TEXT,
        type TEXT,
        UNIQUE (job, type, index_id)
    );
    CREATE TABLE results (
        seq INTEGER PRIMARY KEY,
        series INTEGER NOT NULL,
        time INTEGER,
        score REAL,
        interim INTEGER,
        odd INTEGER NOT NULL,
        source BLOB NOT NULL
    );
    CREATE INDEX by_time ON results (series, time, interim, score);
    CREATE INDEX by_score ON results (series, score, time, interim);
    CREATE INDEX odd_ones ON results (series) WHERE odd;
    CREATE TABLE tallies (
        series INTEGER NOT NULL,
        level INTEGER NOT NULL,
        slot INTEGER NOT NULL,
        interim INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (series, level, slot, interim)
    ) WITHOUT ROWID;
    CREATE TABLE ids (
        index_id INTEGER NOT NULL,
        id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (index_id, id)
    ) WITHOUT ROWID;
    CREATE TABLE jobs (job TEXT PRIMARY KEY, index_name TEXT) WITHOUT ROWID;
    CREATE TABLE aliases (job TEXT NOT NULL, index_id INTEGER NOT NULL, PRIMARY KEY (job, index_id)) WITHOUT ROWID;
    CREATE TABLE fields (
        index_id INTEGER NOT NULL,
        path TEXT NOT NULL,
        object INTEGER NOT NULL,
        PRIMARY KEY (index_id, path)
    ) WITHOUT ROWID;
    CREATE TABLE imports (
        file TEXT PRIMARY KEY,
        mark BLOB NOT NULL,
        offset INTEGER NOT NULL,
        line INTEGER NOT NULL,
        bad INTEGER NOT NULL
    ) WITHOUT ROWID;
    PRAGMA user_version = 5;
";

/// Makes a new file a store, and gives the version of what is there. A file that is something else is left as it is.
pub(super) fn set_up(connection: &Connection) -> rusqlite::Result<i64> {
    if tables(connection)? == 0 {
        connection.pragma_update(None, "page_size", PAGE)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // another process may be doing the same
        connection.execute_batch("BEGIN IMMEDIATE")?;
        if tables(connection)? == 0 {
            connection.execute_batch(SCHEMA)?;
        }
        connection.execute_batch("COMMIT")?;
    }
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// How many tables and indices there are.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}
