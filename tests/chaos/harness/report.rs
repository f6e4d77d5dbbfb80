//! What a run has found, for people.

use super::flow::LONGEST;
use super::layout::{PLACES, STRICT};
use super::ledger::{Kind, Outcome};
use super::run::{Flow, Options, Report};
use super::sabotage::Sabotage;
use super::timeline::longest_recovery;
use super::verdict::Sort;
use std::collections::BTreeMap;

/// Differences shown of each sort.
const SHOWN: usize = 12;

impl Report {
    /// Whether nothing was lost, nothing doubled, and the tiers agree.
    pub fn passed(&self) -> bool {
        self.flow == Flow::Resumed
            && self.verdict.differences.is_empty()
            && self.quiet.restless.is_empty()
            && self.closed.oddities.is_empty()
            && self.replayed.endless.is_empty()
    }

    /// Prints all but the faults, which were printed as they were healed.
    pub fn print(&self) {
        self.print_faults();
        self.print_counts();
        self.print_recovery();
        self.print_verdict();
        println!("again:                {}", again(self.options));
    }

    fn print_faults(&self) {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for event in &self.events {
            let victim = event.fault.harm.victim().to_string();
            // "sesame 370203-1": what it is, not which one.
            let what = match event.fault.harm.victim() {
                super::plan::Victim::Process(_) => "sesame",
                super::plan::Victim::Line(_) => "line",
                super::plan::Victim::Key(_) => "key",
                _ => victim.rsplit(' ').next().unwrap_or_default(),
            };
            *kinds.entry(format!("{} {what}", event.fault.harm.deed())).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        println!("\nfaults:               {} ({})", self.events.len(), kinds.join(", "));
    }

    fn print_counts(&self) {
        let (entries, counts) = (&self.closed.entries, self.closed.counts);
        let of = |test: &dyn Fn(&super::ledger::Entry) -> bool| entries.iter().filter(|entry| test(entry)).count();
        let acknowledged = |entry: &super::ledger::Entry| matches!(entry.outcome, Outcome::Acknowledged(_));
        let sizes: Vec<usize> = entries.iter().filter(|e| acknowledged(e)).map(|e| e.sent.keys.len()).collect();
        let kind = |kind: Kind| of(&|entry| entry.sent.kind == kind);
        println!(
            "acknowledged:         {} batches of {} records (1 to {} a batch)",
            sizes.len(),
            sizes.iter().sum::<usize>(),
            sizes.iter().max().copied().unwrap_or(0)
        );
        println!(
            "among what was sent:  {} with a new random again, {} stale, {} of the same SJGXSJ, {} of what was never added",
            kind(Kind::Again),
            kind(Kind::Stale),
            kind(Kind::Tie),
            kind(Kind::Orphan)
        );
        let refused = |entry: &super::ledger::Entry| matches!(entry.outcome, Outcome::Refused(_));
        let strictly = |entry: &super::ledger::Entry| refused(entry) && entry.sent.barred.is_some();
        println!(
            "refused:              {} of {} that break a rule of every node, {} that break one of {} alone, sent there; {} went there from below",
            of(&|entry| refused(entry) && entry.sent.kind == Kind::Invalid),
            kind(Kind::Invalid),
            of(&strictly),
            PLACES[STRICT].region,
            of(&|entry| acknowledged(entry) && entry.sent.barred.is_some())
        );
        println!("exchanges:            {}, of {} the outcome was unknown", counts.exchanges, counts.unknown);
        println!(
            "recovered:            {} batches by repeating the same envelope until it was answered",
            of(&|entry| acknowledged(entry) && entry.unknown > 0)
        );
        println!(
            "sent on purpose:      {} acknowledged envelopes once more, {} to two processes at once",
            counts.repeated, counts.at_once
        );
        println!("sent before its add:  {} modifies, each a failure until the add came", kind(Kind::Early));
        let replayed = &self.replayed;
        println!(
            "replayed meanwhile:   by {} acts; {} went through, {} failed again, {} had moved on",
            replayed.acts, replayed.resolved, replayed.failed, replayed.skipped
        );
        println!("duplicates delivered: {} at least, and found to be there", self.counts.duplicates);
        println!(
            "not to be verified:   {} messages under a key that did not agree, {} of them parked; {} batches at least were signed anew",
            self.unverified.failed, self.unverified.parked, self.counts.again
        );
    }

    fn print_recovery(&self) {
        match longest_recovery(&self.events) {
            (Some((time, event)), measured) => println!(
                "longest recovery:     {:.1} s until batches flowed from every entering node to the top again, after {} of {} at {:.1} s \
                 (measured of {measured} of {} heals: no other fault fell into their time)",
                time.as_secs_f64(),
                event.fault.harm.deed(),
                event.fault.harm.victim(),
                event.began.as_secs_f64(),
                self.events.len()
            ),
            (None, _) => println!("longest recovery:     not measured: another fault fell into every one"),
        }
    }

    fn print_verdict(&self) {
        let records: Vec<String> = PLACES
            .iter()
            .zip(&self.verdict.records)
            .map(|(place, count)| format!("{} {count}", place.region))
            .collect();
        println!("records:              {}", records.join(", "));
        println!(
            "failures left:        {} of what was never added, {} of records that only {} refuses",
            self.verdict.listed, self.verdict.refused, PLACES[STRICT].region
        );
        println!(
            "quiet after:          {:.1} s; in all {:.0} s",
            self.quiet.waited.as_secs_f64(),
            self.took.as_secs_f64()
        );
        if self.flow == Flow::Stalled {
            println!(
                "STALLED               batches did not flow from every entering node to the top within {} s",
                LONGEST.as_secs()
            );
        }
        for line in &self.quiet.restless {
            println!("NOT QUIET             {line}");
        }
        for act in &self.replayed.endless {
            println!("ENDLESS               {act}");
        }
        for line in &self.closed.oddities {
            println!("CONTRADICTION         {line}");
        }
        let sorts = [Sort::Lost, Sort::Doubled, Sort::Differs, Sort::Invented, Sort::Misjudged, Sort::Unsettled];
        for sort in sorts {
            let differences = self.verdict.differences.iter().filter(|difference| difference.sort == sort);
            differences.take(SHOWN).for_each(|difference| println!("{difference}"));
            if self.verdict.count(sort) > SHOWN {
                println!("... and {} more {sort:?}", self.verdict.count(sort) - SHOWN);
            }
        }
        println!(
            "\nlost {}, doubled {}: {}",
            self.verdict.count(Sort::Lost),
            self.verdict.count(Sort::Doubled),
            if self.passed() { "every tier agrees" } else { "NOT PASSED" }
        );
        if let Some(sabotage) = self.options.sabotage {
            let (region, sort) = (PLACES[Sabotage::node(self.options.seed)].region, sabotage.sort());
            println!("sabotage at {region}:  {sabotage:?} was noticed {} times as {sort:?}", self.verdict.count(sort));
        }
    }
}

/// The command that runs the same seed again.
pub fn again(options: Options) -> String {
    let sabotage = options
        .sabotage
        .map_or_else(String::new, |sabotage| format!(" --sabotage {}", format!("{sabotage:?}").to_lowercase()));
    format!("make chaos ARGS=\"--kills {} --seed {}{sabotage}\"", options.kills, options.seed)
}
