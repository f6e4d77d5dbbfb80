//! Statements of exactly the conditions given: a plan for `($1 IS NULL OR ...)` would use no index.

use tokio_postgres::types::ToSql;

pub(super) type Parameter = Box<dyn ToSql + Sync + Send>;

/// Conditions joined by AND, with their parameters numbered as they come.
#[derive(Default)]
pub(super) struct Conditions {
    sql: String,
    parameters: Vec<Parameter>,
}

impl Conditions {
    /// Adds a condition; each `?` stands for the next of the parameters.
    pub(super) fn add<const N: usize>(&mut self, text: &str, parameters: [Parameter; N]) {
        self.sql.push_str(if self.sql.is_empty() { "" } else { " AND " });
        let text = self.bind(text, parameters);
        self.sql.push_str(&text);
    }

    /// The same for text that stands elsewhere in the statement.
    pub(super) fn bind<const N: usize>(&mut self, text: &str, parameters: [Parameter; N]) -> String {
        let mut bound = String::with_capacity(text.len() + N);
        for (at, piece) in text.split('?').enumerate() {
            if at > 0 {
                bound.push_str(&format!("${}", self.parameters.len() + at));
            }
            bound.push_str(piece);
        }
        self.parameters.extend(parameters);
        bound
    }

    /// The conditions; `true` where there is none.
    pub(super) fn sql(&self) -> &str {
        if self.sql.is_empty() { "true" } else { &self.sql }
    }

    /// The parameters, as the client takes them.
    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(|p| p.as_ref() as &(dyn ToSql + Sync)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_as_they_come() {
        let mut conditions = Conditions::default();
        assert_eq!(conditions.sql(), "true");
        conditions.add("a = ?", [Box::new(1) as Parameter]);
        let streams = conditions.bind("unnest(?)", [Box::new(vec![1]) as Parameter]);
        conditions.add("b BETWEEN ? AND ?", [Box::new(1) as Parameter, Box::new(2)]);
        conditions.add("NOT c", []);
        assert_eq!(streams, "unnest($2)");
        assert_eq!(conditions.sql(), "a = $1 AND b BETWEEN $3 AND $4 AND NOT c");
        assert_eq!(conditions.parameters().len(), 4);
    }
}
