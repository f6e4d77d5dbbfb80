//! The time, as a parameter: tests let 24 hours pass in a moment.

use crate::standard::moment::Moment;
use std::sync::Arc;
use time::OffsetDateTime;

/// Tells the time. Clones tell the same.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(|| OffsetDateTime::now_utc().into()))
    }

    /// Whatever `tell` says.
    pub fn new(tell: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Now.
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}
