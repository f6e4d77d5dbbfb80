//! Where a transmission stands (§7.4). Pure: the caller says what time it is, and what came of a try.

use super::{Content, Miss};
use crate::standard::moment::Moment;
use crate::standard::random::Random;
use std::path::PathBuf;
use std::time::Duration;

/// How often, and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The pauses after the first and the second failed try.
    pub pauses: [Duration; 2],
    /// How long a transmission that failed three times stays marked.
    pub mark: Duration,
}

impl Rule {
    /// Tries of a round: one more than there are pauses between them.
    pub const TRIES: u32 = 3;
    /// The longest that is waited between two tries. Who is asked to wait longer comes back another time.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(60);
}

impl Default for Rule {
    fn default() -> Self {
        Self { pauses: [Duration::from_secs(2), Duration::from_secs(10)], mark: Duration::from_secs(24 * 3_600) }
    }
}

/// A content that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmission {
    /// What is sent.
    pub content: Content,
    /// The same in every try: by it the node knows the exchange again.
    pub random: Random,
    /// Where the content was read from.
    pub file: PathBuf,
    /// When it was begun.
    pub begun: Moment,
    /// Failed tries of this round.
    pub tries: u32,
    /// Rounds that ended in a mark.
    pub marked: u32,
    /// Why the last try failed; empty before.
    pub reason: String,
    /// When it may go again. `None` while it may go at once: it was begun, or interrupted.
    pub next: Option<Moment>,
}

/// What to do after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Wait, then try again.
    Again(Duration),
    /// Let it rest until then.
    Rest(Moment),
}

impl Transmission {
    /// One that has not been tried.
    pub fn new(content: Content, random: Random, file: PathBuf, begun: Moment) -> Self {
        Self { content, random, file, begun, tries: 0, marked: 0, reason: String::new(), next: None }
    }

    /// Until when it has to rest, if it has.
    pub fn rests_until(&self, now: Moment) -> Option<Moment> {
        self.next.filter(|next| *next > now)
    }

    /// Goes on after a rest, or by hand before its end: with another round where it was marked, else where it was.
    pub fn resume(&mut self) {
        self.next = None;
        if self.tries >= Rule::TRIES {
            self.tries = 0;
        }
    }

    /// A try failed in a way that another may mend.
    pub fn failed(&mut self, rule: Rule, now: Moment, miss: Miss, reason: &str) -> Step {
        reason.clone_into(&mut self.reason);
        let asked = miss.wait.unwrap_or_default();
        // A transfer that the node has marked has used up its tries there.
        self.tries = if miss.is_marked { Rule::TRIES } else { self.tries.saturating_add(1) };
        if self.tries >= Rule::TRIES {
            self.marked = self.marked.saturating_add(1);
            // The node's mark ends when it says.
            let rest = if miss.is_marked && miss.wait.is_some() { asked } else { rule.mark.max(asked) };
            return self.rest(now, rest);
        }
        let [short, long] = rule.pauses;
        let pause = if self.tries == 1 { short } else { long };
        if asked > pause.max(Rule::LONGEST_WAIT) {
            return self.rest(now, asked);
        }
        Step::Again(pause.max(asked))
    }

    fn rest(&mut self, now: Moment, rest: Duration) -> Step {
        let until = now.plus_micros(i64::try_from(rest.as_micros()).unwrap_or(i64::MAX));
        self.next = Some(until);
        Step::Rest(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::code::{Action, BusinessCode};

    const START: Moment = Moment::from_micros(1_700_000_000_000_000);
    const DAY: i64 = 86_400_000_000;

    fn begun() -> Transmission {
        let content = Content::new("http://n/sesame", "a", BusinessCode::parse("003").unwrap(), Action::Add, "[{}]");
        Transmission::new(content, Random::parse("r").unwrap(), "a.json".into(), START)
    }

    fn again(wait: Option<u64>) -> Miss {
        Miss { wait: wait.map(Duration::from_secs), is_unknown: true, is_marked: false }
    }

    fn fail(transmission: &mut Transmission, miss: Miss) -> Step {
        transmission.failed(Rule::default(), START, miss, "no answer")
    }

    #[test]
    fn clause_7_4_three_failures_with_growing_pauses_mark_a_transmission_for_24_hours() {
        let mut transmission = begun();
        assert_eq!(fail(&mut transmission, again(None)), Step::Again(Duration::from_secs(2)));
        assert_eq!(fail(&mut transmission, again(None)), Step::Again(Duration::from_secs(10)));
        assert_eq!(transmission.rests_until(START), None);
        let until = START.plus_micros(DAY);
        assert_eq!(fail(&mut transmission, again(None)), Step::Rest(until));
        assert_eq!((transmission.tries, transmission.marked, transmission.reason.as_str()), (3, 1, "no answer"));
        assert_eq!(transmission.rests_until(until.plus_micros(-1)), Some(until));
        assert_eq!(transmission.rests_until(until), None);
    }

    #[test]
    fn clause_7_4_after_the_mark_another_round_of_the_same_random_begins() {
        let mut transmission = begun();
        for _ in 0..3 {
            fail(&mut transmission, again(None));
        }
        let random = transmission.random.clone();
        transmission.resume();
        assert_eq!((transmission.tries, transmission.next, &transmission.random), (0, None, &random));
        assert_eq!(fail(&mut transmission, again(None)), Step::Again(Duration::from_secs(2)));
        assert_eq!(transmission.marked, 1);
    }

    #[test]
    fn a_round_that_was_interrupted_goes_on_where_it_was() {
        let mut transmission = begun();
        fail(&mut transmission, again(None));
        transmission.resume();
        assert_eq!(transmission.tries, 1);
        assert_eq!(fail(&mut transmission, again(None)), Step::Again(Duration::from_secs(10)));
    }

    #[test]
    fn nothing_is_tried_before_the_node_asked_for_it() {
        assert_eq!(fail(&mut begun(), again(Some(30))), Step::Again(Duration::from_secs(30)));
        assert_eq!(fail(&mut begun(), again(Some(1))), Step::Again(Duration::from_secs(2)));
        let mut transmission = begun();
        let until = START.plus_micros(3_600_000_000);
        assert_eq!(fail(&mut transmission, again(Some(3_600))), Step::Rest(until), "nobody waits an hour at a prompt");
        assert_eq!((transmission.tries, transmission.marked), (1, 0), "and it is no mark");
        transmission.resume();
        for _ in 0..2 {
            fail(&mut transmission, again(None));
        }
        assert_eq!(transmission.marked, 1);
    }

    #[test]
    fn clause_7_4_a_mark_of_the_nodes_is_a_mark_here_and_ends_with_it() {
        let mut transmission = begun();
        let marked = |wait| Miss { is_marked: true, ..again(wait) };
        assert_eq!(fail(&mut transmission, marked(Some(3_600))), Step::Rest(START.plus_micros(3_600_000_000)));
        assert_eq!(transmission.marked, 1);
        transmission.resume();
        assert_eq!(transmission.tries, 0, "another round");
        assert_eq!(fail(&mut begun(), marked(None)), Step::Rest(START.plus_micros(DAY)));
    }
}
