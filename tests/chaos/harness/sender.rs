//! A caller as the contract wants it: it repeats the same envelope until it knows what became of it.

use super::draw::{Draw, Next};
use super::layout::PLACES;
use super::ledger::{Kind, Ledger, Sent};
use super::model::Effect;
use super::record;
use sesame::client::{Answered, Client, ClientError};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{error::Elapsed, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than a node takes to say that the outcome is unknown. A frozen process says nothing at all.
const PATIENCE: Duration = Duration::from_secs(6);
/// Before the same envelope is sent again.
const PAUSE: Duration = Duration::from_millis(400);

/// One caller of a node.
pub struct Sender {
    pub draw: Draw,
    /// The processes of its node.
    pub doors: Vec<Client>,
    pub ledger: Arc<Ledger>,
    /// No new batches any more.
    pub stop: CancellationToken,
    /// Whatever is unknown stays unknown.
    pub give_up: CancellationToken,
    /// Whether it adds the records that all senders of its region write.
    pub leads: bool,
}

type Answer = Result<Result<Answered, ClientError>, Elapsed>;

impl Sender {
    /// Sends until told to stop, and then makes sure of the last batch.
    pub async fn run(mut self) {
        if self.leads {
            let sent = self.draw.shared();
            self.deliver(sent, false).await;
        }
        while !self.stop.is_cancelled() {
            match self.draw.next() {
                Next::Batch { sent, at_once } => self.deliver(sent, at_once).await,
                Next::Early { early, mends, after } => {
                    self.deliver(early, false).await;
                    sleep(after).await;
                    self.deliver(mends, false).await;
                }
                Next::Repeat(place, sent) => self.repeat(place, &sent).await,
            }
            let pause = self.draw.pause();
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn deliver(&mut self, sent: Sent, at_once: bool) {
        let (place, sent) = (self.ledger.begin(sent.clone()), Arc::new(sent));
        let envelope = Envelope::of(&sent);
        if at_once {
            self.ledger.count(|counts| counts.at_once += 1);
            let doors = [&self.doors[0], &self.doors[self.doors.len() - 1]];
            let answers = tokio::join!(self.ask(doors[0], &envelope), self.ask(doors[1], &envelope));
            self.note(place, &sent, answers.0);
            self.note(place, &sent, answers.1);
        }
        self.make_sure(place, &sent, &envelope).await;
    }

    /// Sends an envelope until its outcome is known, to one process of the node after the other.
    async fn make_sure(&mut self, place: usize, sent: &Arc<Sent>, envelope: &Envelope) {
        for attempt in 0.. {
            if self.give_up.is_cancelled() {
                return;
            }
            let door = &self.doors[(place + attempt) % self.doors.len()];
            let answer = self.ask(door, envelope).await;
            if self.note(place, sent, answer) {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn repeat(&mut self, place: usize, sent: &Arc<Sent>) {
        self.ledger.count(|counts| counts.repeated += 1);
        self.make_sure(place, sent, &Envelope::of(sent)).await;
    }

    async fn ask(&self, door: &Client, envelope: &Envelope) -> Answer {
        self.ledger.count(|counts| counts.exchanges += 1);
        timeout(PATIENCE, door.send(envelope.busicode, envelope.action, &envelope.busilist, &envelope.random)).await
    }

    /// Whether the outcome is known now.
    fn note(&mut self, place: usize, sent: &Arc<Sent>, answer: Answer) -> bool {
        match answer {
            Ok(Ok(answered)) if answered.success => {
                // An id that cannot be read matches no batch, and shows in the end.
                if self.ledger.acknowledge(place, batch_of(&answered).unwrap_or_default()) {
                    self.draw.learn(place, sent.clone());
                }
                true
            }
            Ok(Ok(answered)) if !matches!(answered.status, 429 | 503) => {
                self.ledger.refuse(place, answered.message);
                true
            }
            // UNAVAILABLE, too much at once, no answer, or half of one.
            _ => {
                self.ledger.unknown(place);
                false
            }
        }
    }
}

/// What is sent, the same each time.
struct Envelope {
    busicode: BusinessCode,
    action: Action,
    busilist: String,
    random: Random,
}

impl Envelope {
    fn of(sent: &Sent) -> Self {
        let action = match (&sent.effect, sent.kind) {
            // A modify's fields as an add: fields that every record must have are missing.
            (_, Kind::Invalid) | (Effect::Add(_), _) => Action::Add,
            (Effect::Modify(_), _) => Action::Modify,
            (Effect::Delete, _) => Action::Delete,
        };
        Self {
            busicode: BusinessCode::parse(record::BUSICODE).expect("a business code"),
            action,
            busilist: record::busilist(PLACES[sent.entry].region, sent),
            random: Random::parse(&sent.random).expect("a random"),
        }
    }
}

fn batch_of(answered: &Answered) -> Option<Uuid> {
    let list: serde_json::Value = serde_json::from_str(&answered.busilist).ok()?;
    list[0]["BATCH"].as_str()?.parse().ok()
}
