//! Pages in the order of time, out of one or of many streams, each of which an index gives in that order.
//!
//! An index that begins with a region gives the rows of one region in order, and not those of a province. Sorting them all, or
//! walking through all rows of the nation until enough of the province have come, takes seconds where the province has many, or
//! where they come late. So a page is merged from one stream for each region of the province that has rows at all.

/// What a page is read from.
#[derive(Default)]
pub(super) struct Source<'a> {
    /// Output columns, of the table as `r`.
    pub(super) columns: &'a str,
    /// The table.
    pub(super) table: &'a str,
    /// The column of time; ties are broken by `id`.
    pub(super) time: &'a str,
    /// The column that with `id` tells where a row lies: the one whose months the table is in.
    pub(super) place: &'a str,
    /// What holds of every row and the index that a stream is read by demands, with `AND` behind it; empty where it has all rows.
    /// To fetch a row by its place it must be said again: else PostgreSQL may not use that index.
    pub(super) partial: &'static str,
    /// Conditions of every row, but for those on time.
    pub(super) conditions: String,
    /// Inclusive.
    pub(super) from: Option<String>,
    /// Exclusive.
    pub(super) until: Option<String>,
    /// The row before the page: time and id.
    pub(super) after: Option<(String, String)>,
}

/// The streams a page is merged from: one for every row that `from` gives.
pub(super) struct Streams {
    /// Table functions, each with one column `value`, under the names that `keys` have.
    pub(super) from: String,
    /// The names of the functions, and the columns of the table (or expressions of them) that have their value in a stream.
    pub(super) keys: Vec<(&'static str, &'static str)>,
    /// How many there are.
    pub(super) count: usize,
    /// Whether a look passes over rows that do not meet the conditions, as one by an index does that does not begin with them.
    pub(super) is_sifted: bool,
}

/// More places than this of each stream take longer than one more look into each.
const MOST_PLACES: i64 = 400;
/// Of more streams than this it takes longer to sift a page of each than to look into each once more.
const MOST_SIFTED: usize = 16;
/// Times as many as the page has rows, a look that finds its end takes of all streams together. With as many, the rarest of them
/// would tell the end; with more, those that have most of the page.
const LOOKED_AT: i64 = 4;

impl Streams {
    /// Whether a page of `rows` rows is read sooner if [`Source::times`] have told first where it surely has ended.
    pub(super) fn is_bounded_first(&self, rows: i64) -> bool {
        self.count > 1 && (rows > MOST_PLACES || self.is_sifted && self.count > MOST_SIFTED)
    }
}

impl Source<'_> {
    /// The first `rows` rows, of an index that gives them in order and begins with all conditions.
    pub(super) fn page(&self, rows: i64) -> String {
        let Self { columns, table, time, .. } = self;
        format!("SELECT {columns} FROM {table} r WHERE {} ORDER BY r.{time}, r.id LIMIT {rows}", self.within())
    }

    /// The same of an index that has what some conditions are on only as a further column: it is looked through alone, and the
    /// rows that are found are fetched.
    pub(super) fn found(&self, rows: i64) -> String {
        let Self { table, time, place, .. } = self;
        let within = self.within();
        let places =
            format!("SELECT {place} AS place, id FROM {table} WHERE {within} ORDER BY {time}, id LIMIT {rows}");
        self.fetched(&[], &format!("page AS MATERIALIZED ({places})"))
    }

    /// The first `rows` rows, merged from streams.
    ///
    /// A look into each stream takes no more than places in the order of time, which the index alone gives; those that come first
    /// are the page, and only they are fetched.
    pub(super) fn merged(&self, streams: &Streams, rows: i64) -> String {
        let Streams { keys, .. } = streams;
        let places = self.looks(streams, &format!("{} AS at, {} AS place, id", self.time, self.place), rows);
        let named: String = keys.iter().map(|(name, _)| format!("{name}.value AS {name}, ")).collect();
        let page = format!(
            "page AS MATERIALIZED (SELECT {named}h.place, h.id FROM {places} ORDER BY h.at, h.id LIMIT {rows})"
        );
        self.fetched(keys, &page)
    }

    /// Times of a few rows of each stream, the first `rows` of them: where there are as many, the page has ended by the last.
    pub(super) fn times(&self, streams: &Streams, rows: i64) -> String {
        let of_each = LOOKED_AT * rows / streams.count.max(1) as i64 + 2;
        let times = self.looks(streams, &format!("{} AS at", self.time), of_each);
        format!("SELECT h.at FROM {times} ORDER BY h.at LIMIT {rows}")
    }

    /// The first rows of each stream, `most` of each, as `h`.
    fn looks(&self, Streams { from, keys, .. }: &Streams, of: &str, most: i64) -> String {
        let (Self { table, time, .. }, within) = (self, self.within());
        let of_stream: String = keys.iter().map(|(name, column)| format!("{column} = {name}.value AND ")).collect();
        format!(
            "{from} CROSS JOIN LATERAL (SELECT {of} FROM {table} WHERE {of_stream}{within} ORDER BY {time}, id LIMIT {most}) h"
        )
    }

    /// Fetches the rows whose places are in `page`.
    fn fetched(&self, keys: &[(&str, &str)], looks: &str) -> String {
        let Self { columns, table, time, place, partial, .. } = self;
        let of_stream: String = keys.iter().map(|(name, column)| format!("{column} = page.{name} AND ")).collect();
        format!(
            "WITH {looks} SELECT {columns} FROM page CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {partial}{of_stream}{place} = page.place \
             AND id = page.id OFFSET 0) r ORDER BY r.{time}, r.id"
        )
    }

    /// All conditions.
    fn within(&self) -> String {
        let time = self.time;
        let mut all = vec![self.conditions.clone()];
        all.extend(self.from.iter().map(|from| format!("{time} >= {from}")));
        // By the first of these months are passed over; a row of columns tells PostgreSQL nothing about them.
        all.extend(self.after.iter().map(|(at, id)| format!("{time} >= {at} AND ({time}, id) > ({at}, {id})")));
        all.extend(self.until.iter().map(|until| format!("{time} < {until}")));
        all.join(" AND ")
    }
}

/// The distinct values of a column, as text, each found by one look into an index that begins with it, or with what `conditions`
/// fix: PostgreSQL's DISTINCT would read all rows.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source<'static> {
        Source { columns: "*", table: "log", time: "at", place: "at", conditions: "c".to_owned(), ..Source::default() }
    }

    fn some(count: usize) -> Streams {
        Streams { from: "unnest($1) AS s(value)".to_owned(), keys: vec![("s", "a")], count, is_sifted: false }
    }

    #[test]
    fn a_page_has_the_conditions_on_time_that_are_given() {
        let between = Source { from: Some("$1".to_owned()), until: Some("$2".to_owned()), ..source() };
        assert_eq!(between.page(3), "SELECT * FROM log r WHERE c AND at >= $1 AND at < $2 ORDER BY r.at, r.id LIMIT 3");
        let after = Source { after: Some(("$1".to_owned(), "$2".to_owned())), ..source() };
        let expected = "SELECT * FROM log r WHERE c AND at >= $1 AND (at, id) > ($1, $2) ORDER BY r.at, r.id LIMIT 3";
        assert_eq!(after.page(3), expected);
    }

    #[test]
    fn what_is_found_by_an_index_alone_is_fetched_by_its_place() {
        let expected = "WITH page AS MATERIALIZED (SELECT at AS place, id FROM log WHERE c ORDER BY at, id LIMIT 3) \
                        SELECT * FROM page CROSS JOIN LATERAL (SELECT * FROM log WHERE at = page.place AND id = page.id \
                        OFFSET 0) r ORDER BY r.at, r.id";
        assert_eq!(source().found(3), expected);
    }

    #[test]
    fn a_page_is_merged_from_a_look_into_each_stream() {
        let streams = some(10);
        let page = source().merged(&streams, 101);
        assert!(page.contains("WHERE a = s.value AND c ORDER BY at, id LIMIT 101) h"), "{page}");
        assert!(page.contains("WHERE a = page.s AND at = page.place"), "{page}");
        let partial = Source { partial: "p AND ", ..source() }.merged(&streams, 101);
        assert!(partial.contains("WHERE p AND a = page.s AND at = page.place"), "{partial}");
    }

    #[test]
    fn the_end_of_a_large_page_or_of_one_that_is_sifted_from_many_streams_is_found_first() {
        let times = source().times(&some(10), 2_001);
        assert!(times.starts_with("SELECT h.at FROM unnest") && times.contains("LIMIT 802)"), "{times}");
        assert!(some(10).is_bounded_first(2_001) && !some(10).is_bounded_first(101));
        assert!(!some(1).is_bounded_first(2_001), "one stream is read to its end anyway");
        let sifted = |count| Streams { is_sifted: true, ..some(count) };
        assert!(sifted(95).is_bounded_first(101) && !sifted(10).is_bounded_first(101));
    }
}
