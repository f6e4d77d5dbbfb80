//! `sesame generate`

use crate::generate::World;
use crate::standard::code::BusinessCode;
use crate::standard::region::{Region, RegionTable};
use std::io::{BufWriter, Write};
use std::process::ExitCode;

/// Print generated, valid records of a dataset as a JSON array
///
/// The same seed makes the same records; devices have their inspections, maintenance and licences in the other datasets of
/// the same seed and region.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame generate --busicode 003 --count 10 --seed 7 --region 370203")]
pub struct Generate {
    /// Business code, 001 to 011
    #[arg(long, value_parser = BusinessCode::parse)]
    busicode: BusinessCode,
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: u32,
    /// Seed
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Region whose records they are; spread over its counties
    #[arg(long, value_name = "R", value_parser = Region::parse)]
    region: Region,
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let world = World::new(self.seed, self.region, &RegionTable::builtin())?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        out.write_all(b"[")?;
        for (at, record) in world.records(self.busicode, self.count)?.enumerate() {
            if at > 0 {
                out.write_all(b",\n")?;
            }
            out.write_all(record.to_json().as_bytes())?;
        }
        out.write_all(b"]\n")?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
