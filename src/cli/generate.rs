//! `sesame generate`

use crate::dataset::Dictionary;
use crate::generate::{Share, World};
use crate::standard::code::BusinessCode;
use crate::standard::region::{Region, RegionTable};
use anyhow::Context;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

/// Print generated, valid records of a dataset as a JSON array, with bad ones among them if asked
///
/// The same seed makes the same records; devices have their inspections, maintenance and licences in the other datasets of
/// the same seed and region.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame generate --busicode 003 --count 1000 --seed 7 --region 370203 --invalid 1%")]
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
    /// Make about so many of the records bad, each in another way
    #[arg(long, value_name = "PER CENT", value_parser = Share::parse, default_value = "0%")]
    invalid: Share,
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let world = World::new(self.seed, self.region, &RegionTable::builtin())?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        out.write_all(b"[")?;
        let dictionary = Dictionary::builtin();
        let dataset =
            dictionary.get(self.busicode).with_context(|| format!("there is no dataset {}", self.busicode))?;
        let mut bad = 0;
        for (at, (record, flaw)) in world.records_some_bad(dataset, self.count, self.invalid)?.enumerate() {
            if at > 0 {
                out.write_all(b",\n")?;
            }
            out.write_all(record.as_bytes())?;
            bad += u32::from(flaw.is_some());
        }
        out.write_all(b"]\n")?;
        out.flush()?;
        if self.invalid != Share::NONE {
            eprintln!("{bad} of {} records are bad", self.count);
        }
        Ok(ExitCode::SUCCESS)
    }
}
