//! To an endpoint of another kind, which knows neither batches nor versions: serially, in parts of the size agreed, and with the
//! present state of what has changed since.

use super::content::Content;
use super::cut::Cut;
use super::outcome::Outcome;
use super::plan::{Part, plan};
use super::{HttpsUplink, own_store};
use crate::broker::Delivery;
use crate::client::Account;
use crate::failure::Reason;
use crate::flow::failures::Fault;
use crate::standard::random::Random;
use crate::store::{Store, StoreError};
use tokio::sync::Mutex;
use uuid::Uuid;

/// What was agreed with an endpoint of another kind.
pub struct Agreement {
    /// This node's account there.
    pub account: Account,
    /// The most records of one request.
    pub records: usize,
    /// The most bytes of one request.
    pub bytes: usize,
    /// The node's store, with two connections of its own: one is held while an exchange is under way.
    pub store: Store,
}

pub(super) struct Foreign {
    agreement: Agreement,
    /// Whose turn it is in this process; among processes the store tells.
    turn: Mutex<()>,
}

impl Foreign {
    pub(super) fn new(agreement: Agreement) -> Self {
        Self { agreement, turn: Mutex::default() }
    }

    /// Sends the batch, and waits for the verdict on each part.
    pub(super) async fn hand_over(&self, link: &HttpsUplink, delivery: &Delivery) -> Outcome {
        let content = match Content::open(link.context(), delivery).await {
            Ok(content) => content,
            Err(fault) => return Outcome::Unsendable(fault),
        };
        let _turn = self.turn.lock().await;
        let sending = self.send(link, content);
        match self.agreement.store.serially(sending).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) | Err(error) => own_store(&error),
        }
    }

    async fn send(&self, link: &HttpsUplink, content: Content) -> Result<Outcome, StoreError> {
        let store = &self.agreement.store;
        let (batch, busicode) = (content.batch, content.busicode.to_string());
        // Now that it is this batch's turn: what is committed later is sent later.
        let states = store.newer_states(&content.versions()).await?;
        let cut = self.cut(&busicode);
        let cipher = link.context().node.cipher.clone();
        let planning = tokio::task::spawn_blocking(move || plan(&content, &states, &cut, cipher.as_ref()));
        let Ok(parts) = planning.await else {
            let fault = Fault::new(Reason::Internal, "the program panicked; please report it".to_owned());
            return Ok(Outcome::Unsendable(fault));
        };
        let (count, mut refusal) = (parts.len(), None);
        let taken = store.parts_taken(batch).await?;
        for (at, part) in parts.into_iter().enumerate().filter(|(_, part)| !taken.contains(&part.random)) {
            let random = part.random;
            match self.send_part(link, &busicode, part).await {
                Outcome::Taken => store.note_part(batch, random).await?,
                // The others may be good.
                Outcome::Refused(code, fault) => {
                    let detail = match count {
                        1 => fault.detail.clone(),
                        _ => format!("part {} of {count}: {}", at + 1, fault.detail),
                    };
                    refusal.get_or_insert((code, Fault { detail, ..fault }));
                }
                other @ (Outcome::Outage(_) | Outcome::Unsendable(_)) => return Ok(other),
            }
        }
        if let Some((code, fault)) = refusal {
            return Ok(Outcome::Refused(code, fault));
        }
        Ok(Outcome::Taken)
    }

    /// Forgets what was taken of a batch, now that it does not come again.
    pub(super) async fn forget(&self, batch: Uuid) {
        if let Err(error) = self.agreement.store.forget_parts(batch).await {
            tracing::debug!(%error, %batch, "its parts stay noted until its month is dropped");
        }
    }

    async fn send_part(&self, link: &HttpsUplink, busicode: &str, part: Part) -> Outcome {
        let (account, random) = (&self.agreement.account, Random::from(part.random));
        let body = account.request(busicode, part.action, &part.busilist, &random);
        let result = link.post(&[], body.into()).await;
        Outcome::of(&result, &random, |response| account.believes(response, &random))
    }

    fn cut(&self, busicode: &str) -> Cut {
        let Agreement { account, records, bytes, .. } = &self.agreement;
        Cut::new(account, busicode, *records, *bytes)
    }
}
