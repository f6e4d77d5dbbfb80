//! What a record is and how changes merge into it: pure, without history, without a clock. Because [`State::merge`] is
//! commutative, associative and idempotent, no order of arrival and no repetition of batches matters at any tier.

mod change;
mod fields;
mod state;
mod version;

pub use change::{Change, Effect, RecordId};
pub use fields::{Fields, FieldsError};
pub use state::{Outcome, State};
pub use version::{ENCODED_LEN, Version};
