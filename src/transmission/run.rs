//! One round of a transmission.

use super::{Fate, Rule, Shelf, ShelfError, Step, Transmission, fate};
use crate::client::{Answered, ClientError};
use crate::clock::Clock;

/// What a round works with.
pub struct Run<'a> {
    /// Where the transmission is kept.
    pub shelf: &'a Shelf,
    /// How often, and after how long.
    pub rule: Rule,
    /// What time it is.
    pub clock: &'a Clock,
}

/// How a round ended.
#[derive(Debug)]
pub enum Ended {
    /// The node has it, or the same again would end the same.
    Settled {
        /// What came.
        outcome: Result<Answered, ClientError>,
        /// Whether the random of a refusal is kept, since a try may have reached the node: once the cause is mended the same
        /// content goes under the same random.
        is_kept: bool,
    },
    /// It rests: marked failed, or because the node asked for it.
    Rests(Transmission),
}

/// A failed try, to be told.
#[derive(Debug)]
pub struct Failed<'a> {
    /// The transmission.
    pub transmission: &'a Transmission,
    /// What comes next.
    pub step: Step,
}

impl Run<'_> {
    /// Tries a transmission that is on the shelf until it is settled or rests. `was_there` says whether it was there before this
    /// run, so that the node may know it.
    pub async fn go(
        &self,
        mut transmission: Transmission,
        was_there: bool,
        send: impl AsyncFn() -> Result<Answered, ClientError>,
        mut told: impl FnMut(Failed<'_>),
    ) -> Result<Ended, ShelfError> {
        let mut may_be_known = was_there;
        loop {
            let outcome = send().await;
            let reason = match &outcome {
                Ok(answered) => answered.message.clone(),
                Err(error) => error.to_string(),
            };
            let miss = match fate(&outcome) {
                Fate::Failed(miss) => miss,
                Fate::Refused { is_unknown } if may_be_known || is_unknown => {
                    transmission.reason = reason;
                    self.shelf.put(&transmission)?;
                    return Ok(Ended::Settled { outcome, is_kept: true });
                }
                Fate::Done | Fate::Refused { .. } => {
                    self.shelf.remove(&transmission.content)?;
                    return Ok(Ended::Settled { outcome, is_kept: false });
                }
            };
            may_be_known |= miss.is_unknown;
            let step = transmission.failed(self.rule, self.clock.now(), miss, &reason);
            self.shelf.put(&transmission)?;
            told(Failed { transmission: &transmission, step });
            match step {
                Step::Again(pause) => tokio::time::sleep(pause).await,
                Step::Rest(_) => return Ok(Ended::Rests(transmission)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
