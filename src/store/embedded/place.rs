//! Where the results of a job are, and whether anything is known of it.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::results::job_id::JobId;

/// Stands for an index without any document.
const NO_INDEX: i64 = -1;

/// Where the documents of a job are.
pub(super) struct Place {
    /// The indices that a search of the job goes to, in the order of their names.
    pub(super) indices: Vec<(i64, String)>,
}

/// Where the job's results are: the indices that hold any, and those that its alias leads to. `None` for a job of which
/// nothing is known, not even a configuration.
///
/// Elasticsearch makes index and alias together with a job, so the index that a configuration names is there, even while it is
/// empty; only where aliases were loaded, and none for the job, is none there.
pub(super) fn place(connection: &Connection, job: &JobId) -> rusqlite::Result<Option<Place>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name FROM indices WHERE id IN (
            SELECT index_id FROM series WHERE job = ?1 UNION SELECT index_id FROM aliases WHERE job = ?1
        ) ORDER BY name",
    )?;
    let indices: Vec<_> =
        statement.query_map([job.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    if !indices.is_empty() {
        return Ok(Some(Place { indices }));
    }
    let mut statement = connection.prepare_cached(
        "SELECT index_name, (SELECT id FROM indices WHERE name = index_name), EXISTS (SELECT 1 FROM aliases)
        FROM jobs WHERE job = ?1",
    )?;
    let of_configuration = |row: &Row<'_>| -> rusqlite::Result<Place> {
        let (name, id, aliases): (Option<String>, Option<i64>, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let named = name.filter(|_| !aliases).map(|name| (id.unwrap_or(NO_INDEX), name));
        Ok(Place { indices: named.into_iter().collect() })
    };
    statement.query_row([job.as_str()], of_configuration).optional()
}
