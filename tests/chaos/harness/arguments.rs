//! The command line.

use super::sabotage::Sabotage;

/// Kill everything at random under load, and prove that nothing was lost or doubled and that the tiers agree
///
/// Runs counties 370203 (two processes) and 370211, city 370200 and province 370000 on two private RabbitMQ and PostgreSQL,
/// with callers that add, modify, delete, repeat and send stale data, while processes, servers and lines fail. docs/chaos.md
/// tells how to read what it prints.
#[derive(Debug, clap::Parser)]
#[command(
    name = "make chaos",
    override_usage = "make chaos ARGS=\"[OPTIONS]\"",
    after_help = "Example: make chaos ARGS=\"--kills 200 --seed 7\"\n\n\
                  Exit status: 0 nothing lost, nothing doubled, the tiers agree; 1 otherwise; 2 wrong usage."
)]
pub struct Arguments {
    /// How many faults, of all kinds
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub kills: u32,
    /// Chooses faults, victims, times and what is sent; drawn and printed by default
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Break sesame on purpose at one node, to see that it is noticed: the exit status must be 1
    #[arg(long, value_enum)]
    pub sabotage: Option<Sabotage>,
}
