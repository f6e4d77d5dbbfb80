//! JSON as a parameter of a statement.

/// JSON text that goes to PostgreSQL as it is, without being parsed and written again.
#[derive(Debug)]
pub(super) struct JsonText<'a>(pub(super) &'a str);

impl tokio_postgres::types::ToSql for JsonText<'_> {
    fn to_sql(
        &self,
        _: &tokio_postgres::types::Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(tokio_postgres::types::IsNull::No)
    }

    tokio_postgres::types::accepts!(JSON);
    tokio_postgres::types::to_sql_checked!();
}
