//! The command line of the benchmark.

use crate::floor::FloorArguments;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Measure sesame against the bare pipeline on this machine
///
/// Everything is measured in one run, in turn, on servers of its own: compare ratios of one run, never figures of two.
#[derive(Debug, Parser)]
#[command(name = "make bench")]
#[command(after_help = "Example: make bench ARGS=\"--only=pipeline --json bench.json\"")]
pub struct Arguments {
    /// Only these, separated by commas; by default pipeline, chain and standard
    #[arg(long, value_delimiter = ',', value_name = "SCENARIO")]
    pub only: Vec<Scenario>,
    /// Write what was found to a file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Measure nothing: write the figures of such files into docs/performance.md, and their chart beside it
    #[arg(long, value_delimiter = ',', value_name = "FILE", conflicts_with_all = ["only", "json"])]
    pub chart: Vec<PathBuf>,
    /// Least number of rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub rounds: u16,
    /// Rounds end at this number although the spread is wider than wished
    #[arg(long, default_value_t = 9)]
    pub most_rounds: u16,
    /// Rounds go on until the standard error of every median ratio is below so many percent
    #[arg(long, default_value_t = 3.0)]
    pub error: f64,
    /// Consumers of the floor; more than one number, separated by commas, measures them all
    #[arg(long, value_delimiter = ',', default_value = "2")]
    pub consumers: Vec<usize>,
    /// Records of one bulk measurement
    #[arg(long, default_value_t = 300_000)]
    pub bulk_records: usize,
    /// Exchanges of one measurement of singles
    #[arg(long, default_value_t = 60_000)]
    pub singles: usize,
    /// Records of the scenario volume
    #[arg(long, default_value_t = 20_000_000)]
    pub volume_records: usize,
    /// Small exchanges that wait in the scenario backlog
    #[arg(long, default_value_t = 1_000_000)]
    pub backlog_small: usize,
    #[command(flatten)]
    pub query: QueryArguments,
    #[command(flatten)]
    pub failures: FailureArguments,
    /// Folder of its servers, settings and logs
    #[arg(long, value_name = "DIR", default_value = ".run/bench")]
    pub dir: PathBuf,
    /// Given by cargo to every benchmark
    #[arg(long, hide = true)]
    pub bench: bool,
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// What the scenario query asks of.
#[derive(Debug, Args)]
pub struct QueryArguments {
    /// Rows of the log in the scenario query: of a nation in thirteen months, 20 million
    #[arg(long = "rows", value_name = "ROWS", default_value_t = 1_000_000)]
    pub log_rows: usize,
    /// Records in the scenario query: of a nation, 5 million
    #[arg(long, value_name = "RECORDS", default_value_t = 250_000)]
    pub query_records: usize,
    /// Write the plan of every query into docs/query-plans.md
    #[arg(long)]
    pub plans: bool,
    /// Leave the filled store for runs with --filled: filling takes most of the time
    #[arg(long)]
    pub keep: bool,
    /// Ask the store that a run with --keep has left, brought to the present schema, and leave it again
    #[arg(long, conflicts_with_all = ["log_rows", "query_records"])]
    pub filled: bool,
    /// Only the queries of the scenario query whose name contains this; such figures are no run of the scenario
    #[arg(long, value_name = "TEXT", conflicts_with = "plans")]
    pub asking: Option<String>,
}

impl QueryArguments {
    /// Whether a query of this name is to be asked.
    pub fn asks(&self, name: &str) -> bool {
        self.asking.as_deref().is_none_or(|text| name.contains(text))
    }
}

/// What the scenario failures does.
#[derive(Debug, Clone, Copy, Args)]
pub struct FailureArguments {
    /// Failures that are open while the desk is asked and fresh batches flow; a million takes a quarter of an hour
    #[arg(long, value_name = "FAILURES", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=2_000_000))]
    pub failures: u32,
    /// Batches of one record that fail, are mended and replayed
    #[arg(long, value_name = "REPLAYS", default_value_t = 10_000)]
    pub replays: usize,
    /// Fresh batches of one record, without failures and with them
    #[arg(long, value_name = "BATCHES", default_value_t = 20_000)]
    pub fresh: usize,
}

/// Other processes of the benchmark, which it starts by itself.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// The bare pipeline
    #[command(hide = true)]
    Floor(FloorArguments),
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// The floor and one node: batches of 2,000 with 4 clients, single records with 200
    Pipeline,
    /// Only the batches of 2,000
    Bulk,
    /// Only the single records
    Singles,
    /// Four tiers on this machine: delay when idle, and throughput
    Chain,
    /// The performance clauses of the standard, 6.4
    Standard,
    /// Ways to store a batch, in PostgreSQL alone
    Storage,
    /// Millions of records into one node: does it become slower? Takes long
    Volume,
    /// 500 bodies of 1 MB and a million small ones wait for a node: how much memory does it take to work them off? Takes long
    Backlog,
    /// Every documented query of the log and of records, on a store as large as `--rows` and `--query-records` say
    Query,
    /// The failure desk with `--failures` open failures, fresh batches beside them, and replays of what is mended
    Failures,
    /// Where the time goes: flamegraphs of bulk and singles, by perf
    Profile,
}

impl Arguments {
    /// Whether a scenario is to be run.
    pub fn wants(&self, scenario: Scenario) -> bool {
        use Scenario::{Bulk, Chain, Pipeline, Singles, Standard};
        let named = self.only.contains(&scenario);
        match scenario {
            Bulk | Singles => named || self.wants(Pipeline),
            Pipeline | Chain | Standard => named || self.only.is_empty(),
            _ => named,
        }
    }
}
