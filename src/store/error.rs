//! What can go wrong with PostgreSQL, sorted by what to do about it.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// A failed call to the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL cannot be reached or is going down (SQLSTATE 08, 53, 57P), its disk fails (58), it is read-only (25) or
    /// not as this program needs it (42): wait and try again; nothing has failed.
    #[error("PostgreSQL is unavailable: {0}")]
    Outage(String),
    /// Two transactions met (SQLSTATE 40, or a key inserted by another at the same moment): run it again.
    #[error("transactions met: {0}")]
    Conflict(String),
    /// Another session has held a lock for longer than this transaction was to wait (SQLSTATE 55P03): nothing has failed.
    #[error("another session holds a lock that is needed: {0}")]
    Locked(String),
    /// A statement took longer than it may, and PostgreSQL has ended it (SQLSTATE 57014).
    #[error("a statement did not end in time: {0}")]
    Stalled(String),
    /// There is no table for the month of a row: it has to be made. Whoever writes such rows does so, and says why it cannot.
    #[error("a month has no table: {0}")]
    NoMonth(String),
    /// PostgreSQL refuses this very statement: some datum in it is at fault, or the schema.
    #[error("PostgreSQL refused the statement ({sqlstate}): {message}")]
    Refused {
        /// The five characters of SQLSTATE; empty where the client library refused a value.
        sqlstate: String,
        /// PostgreSQL's own words.
        message: String,
    },
}

impl StoreError {
    /// Whether the store as a whole is at fault rather than what was asked of it.
    pub fn is_outage(&self) -> bool {
        matches!(self, StoreError::Outage(_) | StoreError::Locked(_) | StoreError::NoMonth(_))
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            // A value that does not fit its column's type is no outage; a closed or broken connection is.
            return if error.is_closed() || source_is_io(&error) {
                StoreError::Outage(describe(&error))
            } else {
                StoreError::Refused { sqlstate: String::new(), message: describe(&error) }
            };
        };
        let message = db.message().to_owned();
        let code = db.code().code();
        let starting = *db.code() == SqlState::CANNOT_CONNECT_NOW;
        match &code[..2] {
            // Insufficient resources, a failing disk, a read-only standby, missing rights or tables: no batch is at fault.
            "08" | "53" | "58" | "25" | "42" => StoreError::Outage(message),
            "40" => StoreError::Conflict(message),
            // A row that fits no partition violates a check that has no name.
            "23" if *db.code() == SqlState::CHECK_VIOLATION && db.constraint().is_none() => {
                StoreError::NoMonth(message)
            }
            "55" if *db.code() == SqlState::LOCK_NOT_AVAILABLE => StoreError::Locked(message),
            "57" if *db.code() == SqlState::QUERY_CANCELED => StoreError::Stalled(message),
            _ if code.starts_with("57P") || starting => StoreError::Outage(message),
            _ => StoreError::Refused { sqlstate: code.to_owned(), message },
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(e) => match StoreError::from(e) {
                // Without a connection no statement was at fault: a wrong password is an outage until it is mended.
                StoreError::Refused { message, .. } => StoreError::Outage(message),
                other => other,
            },
            other => StoreError::Outage(other.to_string()),
        }
    }
}

fn source_is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// The error with its cause: tokio-postgres keeps the interesting half in `source`.
fn describe(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
