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
    /// Conditions of every row, but for those on time.
    pub(super) conditions: String,
    /// Columns an index begins with before the time, each with the value all rows of a stream have in it. As a range and not as
    /// equal to it: PostgreSQL would take an index by time alone for as good, and read millions of rows where the value is
    /// rarer than it thinks.
    pub(super) prefix: Vec<(&'a str, String)>,
    /// Inclusive.
    pub(super) from: Option<String>,
    /// Exclusive.
    pub(super) until: Option<String>,
    /// The row before the page: time and id.
    pub(super) after: Option<(String, String)>,
}

/// The streams a page is merged from.
pub(super) struct Streams {
    /// A table function, or several, that give one row for each.
    pub(super) from: String,
    /// What the rows of one stream have in common, unless the prefix says so.
    pub(super) condition: String,
    /// How many there are.
    pub(super) count: usize,
}

/// More times than this of each stream take longer than one more look into each.
const MOST_TIMES: i64 = 400;

impl Source<'_> {
    /// The first `rows` rows, of an index that gives them in order.
    pub(super) fn page(&self, rows: i64) -> String {
        let Self { columns, table, .. } = self;
        format!("SELECT {columns} FROM {table} r WHERE {} ORDER BY {} LIMIT {rows}", self.within(None), self.order())
    }

    /// The first `rows` rows, merged from streams.
    ///
    /// A first look takes no more than times, which the index alone gives, and finds where the page ends; so the second fetches
    /// hardly anything that is not on the page. Where the first would take many of each stream, one more look before it takes a few
    /// of each and finds where the page surely has ended.
    pub(super) fn merged(&self, streams: &Streams, rows: i64) -> String {
        let Self { columns, table, time, .. } = self;
        let Streams { from, condition, count } = streams;
        let (count, order) = ((*count).max(1) as i64, self.order());
        let stream = |of: &str, until: Option<&str>, most: i64| {
            let last = until.map(|look| format!("(SELECT at FROM {look})"));
            let within = self.within(last.as_deref());
            format!(
                "{from} CROSS JOIN LATERAL (SELECT {of} FROM {table} WHERE {condition} AND {within} ORDER BY {order} LIMIT {most})"
            )
        };
        let look = |name: &str, until: Option<&str>, most: i64| {
            let times = stream(&format!("{time} AS at"), until, most);
            format!(
                "{name} AS MATERIALIZED (SELECT CASE WHEN count(*) = {rows} THEN max(at) ELSE 'infinity' END AS at FROM \
                 (SELECT h.at FROM {times} h ORDER BY h.at LIMIT {rows}) times)"
            )
        };
        let looks = if rows > MOST_TIMES && count > 1 {
            format!("{}, {}", look("rough", None, rows / count + 2), look("page", Some("rough"), rows))
        } else {
            look("page", None, rows)
        };
        let fetched = stream("*", Some("page"), rows);
        format!("WITH {looks} SELECT {columns} FROM {fetched} r ORDER BY r.{time}, r.id LIMIT {rows}")
    }

    fn order(&self) -> String {
        let columns = self.prefix.iter().map(|(column, _)| *column).chain([self.time, "id"]);
        columns.collect::<Vec<_>>().join(", ")
    }

    /// All conditions; `last` is the latest time, where one is known.
    fn within(&self, last: Option<&str>) -> String {
        let time = self.time;
        let mut all = vec![self.conditions.clone()];
        // By these months are passed over; a row of columns tells PostgreSQL nothing about them.
        all.extend(self.from.iter().map(|from| format!("{time} >= {from}")));
        all.extend(self.after.iter().map(|(at, _)| format!("{time} >= {at}")));
        all.extend(self.until.iter().map(|until| format!("{time} < {until}")));
        let columns: Vec<&str> = self.prefix.iter().map(|(column, _)| *column).collect();
        let values: Vec<&str> = self.prefix.iter().map(|(_, value)| value.as_str()).collect();
        let mut row = |further: &[&str], is: &str, than: &[&str]| {
            let (left, right) = ([columns.as_slice(), further].concat(), [values.as_slice(), than].concat());
            all.push(format!("({}) {is} ({})", left.join(", "), right.join(", ")));
        };
        let is_prefixed = !self.prefix.is_empty();
        match (&self.after, &self.from) {
            (Some((at, id)), _) => row(&[time, "id"], ">", &[at, id]),
            (None, Some(from)) if is_prefixed => row(&[time], ">=", &[from]),
            (None, None) if is_prefixed => row(&[], ">=", &[]),
            _ => {}
        }
        match (last, &self.until) {
            (Some(last), _) => row(&[time], "<=", &[last]),
            (None, Some(until)) if is_prefixed => row(&[time], "<", &[until]),
            (None, None) if is_prefixed => row(&[], "<=", &[]),
            _ => {}
        }
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

    fn source(prefix: Vec<(&'static str, String)>) -> Source<'static> {
        Source { columns: "*", table: "log", time: "at", conditions: "true".to_owned(), prefix, ..Source::default() }
    }

    #[test]
    fn a_page_has_the_conditions_on_time_that_are_given() {
        let plain = Source { from: Some("$1".to_owned()), until: Some("$2".to_owned()), ..source(vec![]) };
        assert_eq!(plain.page(3), "SELECT * FROM log r WHERE true AND at >= $1 AND at < $2 ORDER BY at, id LIMIT 3");
        let after = Some(("$1".to_owned(), "$2".to_owned()));
        assert_eq!(
            Source { after, ..source(vec![]) }.page(3),
            "SELECT * FROM log r WHERE true AND at >= $1 AND (at, id) > ($1, $2) ORDER BY at, id LIMIT 3"
        );
    }

    #[test]
    fn a_prefix_is_a_range_of_the_index_and_of_its_order() {
        let prefix = || vec![("appid", "$1".to_owned()), ("action", "s.action".to_owned())];
        assert_eq!(
            source(prefix()).page(3),
            "SELECT * FROM log r WHERE true AND (appid, action) >= ($1, s.action) AND (appid, action) <= ($1, s.action) \
             ORDER BY appid, action, at, id LIMIT 3"
        );
        let after = Some(("$2".to_owned(), "$3".to_owned()));
        let page = Source { after, until: Some("$4".to_owned()), ..source(prefix()) }.page(3);
        assert!(
            page.contains(
                "(appid, action, at, id) > ($1, s.action, $2, $3) AND (appid, action, at) < ($1, s.action, $4)"
            )
        );
    }
}
