//! Pages in the order of time out of many streams, each of which an index gives in that order.
//!
//! An index that begins with a region gives the rows of one region in order, and not those of a province. Sorting them all, or
//! walking through all rows of the nation until enough of the province have come, takes seconds where the province has many, or
//! where they come late. So a page is merged from one stream for each region of the province that has rows at all.

/// What a page is read from.
pub(super) struct Source<'a> {
    /// Output columns, of the table as `r`.
    pub(super) columns: &'a str,
    /// The table.
    pub(super) table: &'a str,
    /// The column of time; ties are broken by `id`.
    pub(super) time: &'a str,
    /// Conditions of every row.
    pub(super) conditions: &'a str,
}

/// The streams a page is merged from.
pub(super) struct Streams<'a> {
    /// A table function that gives one row `s` for each.
    pub(super) from: &'a str,
    /// What the rows of one stream have in common.
    pub(super) condition: &'a str,
    /// How many there are.
    pub(super) count: usize,
}

impl Source<'_> {
    /// The first `rows` rows, of an index that gives them in order.
    pub(super) fn page(&self, rows: i64) -> String {
        let Self { columns, table, time, conditions } = self;
        format!("SELECT {columns} FROM {table} r WHERE {conditions} ORDER BY r.{time}, r.id LIMIT {rows}")
    }

    /// The first `rows` rows, merged from streams.
    ///
    /// A first look takes no more than times, a few of each stream, and finds one that the page surely ends before; so the second
    /// fetches little that is not on the page.
    pub(super) fn merged(&self, streams: &Streams<'_>, rows: i64) -> String {
        let Self { columns, table, time, conditions } = self;
        let Streams { from, condition, count } = streams;
        let few = rows / (*count).max(1) as i64 + 2;
        format!(
            "WITH bound AS MATERIALIZED (SELECT CASE WHEN count(*) = {rows} THEN max(at) ELSE 'infinity' END AS at FROM \
             (SELECT h.at FROM {from} CROSS JOIN LATERAL (SELECT {time} AS at FROM {table} WHERE {conditions} AND {condition} \
             ORDER BY {time}, id LIMIT {few}) h ORDER BY h.at LIMIT {rows}) first) \
             SELECT {columns} FROM {from} CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {conditions} AND {condition} \
             AND {time} <= (SELECT at FROM bound) ORDER BY {time}, id LIMIT {rows}) r ORDER BY r.{time}, r.id LIMIT {rows}"
        )
    }
}

/// The distinct values of a column, each found by one look into an index that begins with it (or with what `conditions` fix):
/// PostgreSQL's DISTINCT would read all rows.
pub(super) fn distinct(column: &str, table: &str, conditions: &str, most: usize) -> String {
    let next =
        |beyond: &str| format!("(SELECT {column} FROM {table} WHERE {conditions}{beyond} ORDER BY {column} LIMIT 1)");
    format!(
        "WITH RECURSIVE found(value) AS ({} UNION ALL SELECT {} FROM found WHERE found.value IS NOT NULL) \
         SELECT value::text FROM found WHERE value IS NOT NULL LIMIT {most}",
        next(""),
        next(&format!(" AND {column} > found.value")),
    )
}
