//! What a run of the benchmark found, as JSON keeps it.

use crate::statistics::{median, uncertainty_percent};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Everything found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Date, cores, memory, versions: figures of different machines are not to be compared.
    pub machine: String,
    /// Loads given to several subjects in turn.
    pub comparisons: Vec<Comparison>,
    /// Other figures, in the order they were found.
    pub figures: Vec<Figure>,
    /// What was to be reached, and whether it was.
    pub checks: Vec<Check>,
}

/// One load, given to several subjects in turn.
#[derive(Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// `bulk` or `singles`.
    pub name: String,
    /// The load in words.
    pub load: String,
    /// Every measurement, in the order taken.
    pub runs: Vec<Run>,
}

/// One measurement of one subject.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// What was measured.
    pub subject: String,
    /// Whether it is a variant of the floor.
    pub floor: bool,
    /// In which round.
    pub round: usize,
    /// From the first request until everything was persisted.
    pub seconds: f64,
    /// From the first request to the last answer.
    pub answered_seconds: f64,
    /// Records persisted a second.
    pub records_per_second: f64,
    /// Exchanges persisted a second.
    pub exchanges_per_second: f64,
    /// Half of the answers came within this time.
    pub p50_ms: f64,
    /// 99 of 100 answers came within this time.
    pub p99_ms: f64,
    /// Requests that were told to come again.
    pub repeated: usize,
    /// What each part took of the machine.
    pub processes: Vec<Process>,
    /// Bytes PostgreSQL logged for each record.
    pub wal_bytes_per_record: f64,
    /// Bytes by which the database grew for each record.
    pub disk_bytes_per_record: f64,
}

/// What a process with its children took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Process {
    /// service, rabbit, pg or load.
    pub name: String,
    /// CPU seconds a second.
    pub cores: f64,
    /// The most memory at once.
    pub peak_mib: f64,
}

/// A figure that stands alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// The scenario it comes from.
    pub scenario: String,
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Of what.
    pub unit: String,
}

/// Something to be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Check {
    /// `target`, or the clause of the standard.
    pub clause: String,
    /// What is asked.
    pub asked: String,
    /// The bound in words.
    pub required: String,
    /// What was measured, in words.
    pub measured: String,
    /// Whether it was reached.
    pub pass: bool,
}

/// A value over several rounds.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The lowest.
    pub least: f64,
    /// The highest.
    pub most: f64,
    /// Standard error of the median, in percent of it; unknown of a single value.
    pub uncertainty: Option<f64>,
}

impl Spread {
    /// The uncertainty in words.
    pub fn error(&self) -> String {
        self.uncertainty.map_or_else(|| "± unknown".to_owned(), |percent| format!("± {percent:.1} %"))
    }

    /// Of these values.
    pub fn of(values: &[f64]) -> Self {
        Self {
            median: median(values),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(0.0, f64::max),
            uncertainty: uncertainty_percent(values),
        }
    }
}

impl Comparison {
    /// The subjects, in the order of the first round.
    pub fn subjects(&self) -> Vec<&str> {
        let mut subjects: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !subjects.contains(&run.subject.as_str()) {
                subjects.push(&run.subject);
            }
        }
        subjects
    }

    /// Runs of one subject.
    pub fn of<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.subject == subject)
    }

    /// Some value of one subject over the rounds.
    pub fn spread(&self, subject: &str, value: impl Fn(&Run) -> f64) -> Spread {
        Spread::of(&self.of(subject).map(value).collect::<Vec<_>>())
    }

    /// The variant of the floor with the highest median, which all are held against.
    pub fn strongest_floor(&self) -> Option<&str> {
        let speed = |subject: &str| self.spread(subject, |run| run.records_per_second).median;
        let floors = self.subjects().into_iter().filter(|subject| self.of(subject).all(|run| run.floor));
        floors.max_by(|a, b| speed(a).total_cmp(&speed(b)))
    }

    /// Speed of a subject as a part of the strongest floor's in the same round.
    pub fn ratio(&self, subject: &str) -> Option<Spread> {
        let floor = self.strongest_floor()?;
        let ratios: Vec<f64> = self
            .of(subject)
            .filter_map(|run| {
                let base = self.of(floor).find(|other| other.round == run.round)?;
                Some(run.records_per_second / base.records_per_second)
            })
            .collect();
        (!ratios.is_empty()).then(|| Spread::of(&ratios))
    }
}

impl Run {
    /// What a part took, if it was watched.
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == name)
    }

    /// The service's peak memory.
    pub fn service_mib(&self) -> f64 {
        self.process("service").map_or(0.0, |process| process.peak_mib)
    }
}

impl Report {
    /// Adds a figure.
    pub fn figure(&mut self, scenario: &str, name: &str, value: f64, unit: &str) {
        let [scenario, name, unit] = [scenario, name, unit].map(str::to_owned);
        self.figures.push(Figure { scenario, name, value, unit });
    }

    /// Adds what another run has found.
    pub fn extend(&mut self, other: Report) {
        if !self.machine.contains(&other.machine) {
            let separator = if self.machine.is_empty() { "" } else { "; " };
            self.machine = format!("{}{separator}{}", self.machine, other.machine);
        }
        self.comparisons.extend(other.comparisons);
        self.figures.extend(other.figures);
        self.checks.extend(other.checks);
    }

    /// Reads one that was written.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no report of this benchmark", file.display()))
    }

    /// Writes it.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}
