//! `new-child` and `settings`.

use crate::config::{self, Config};
use crate::federation::{Federation, new_child, write};
use crate::standard::region::{Region, RegionTable};
use anyhow::Context;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct NewChild {
    /// The child's region
    #[arg(value_parser = Region::parse)]
    region: Region,
    /// The parent's settings
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder for the secrets and the child's settings; beside the parent's settings by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The parent's broker as the child reaches it, amqps://host:port/vhost, if not as in the parent's settings
    #[arg(long, value_name = "URI")]
    address: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl NewChild {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = config::load(&self.config)?;
        let table = region_table(&config)?;
        let beside = self.config.parent().map(Path::to_owned).unwrap_or_default();
        let out = self.out.as_ref().unwrap_or(&beside);
        let child = new_child(&config, &self.config, &table, self.region, out, self.address.as_deref())?;
        if self.out.is_some() {
            let section = out.join(format!("child-{}.section", self.region));
            std::fs::write(&section, &child.section).with_context(|| format!("cannot write {}", section.display()))?;
        }
        if self.json {
            let value = json!({
                "region": self.region.to_string(), "folder": child.folder, "created": child.created,
                "section": child.section, "settings": child.settings, "steps": child.steps,
            });
            println!("{value:#}");
            return Ok(ExitCode::SUCCESS);
        }
        for file in &child.created {
            println!("+ {}", file.display());
        }
        println!("\nfor {}:\n{}", self.config.display(), child.section);
        println!("{}/node.toml:\n\n{}", child.folder.display(), child.settings);
        println!("What remains to be done:");
        for (at, step) in (1..).zip(&child.steps) {
            println!("{at}. {step}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn region_table(config: &Config) -> anyhow::Result<RegionTable> {
    let Some(path) = &config.dictionary.regions else { return Ok(RegionTable::builtin()) };
    read_table(path)
}

fn read_table(path: &Path) -> anyhow::Result<RegionTable> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(RegionTable::parse(&path.to_string_lossy(), &text)?)
}

#[derive(clap::Args)]
pub(super) struct Settings {
    /// The nodes of a federation: topology/province.toml explains the format
    #[arg(long, value_name = "FILE")]
    federation: PathBuf,
    /// Folder in which each node gets one of its own
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The region table, if not the one that ships with sesame
    #[arg(long, value_name = "FILE")]
    regions: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Settings {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let table = self.regions.as_deref().map_or_else(|| Ok(RegionTable::builtin()), read_table)?;
        let file = self.federation.display();
        let text = std::fs::read_to_string(&self.federation).with_context(|| format!("cannot read {file}"))?;
        let federation = Federation::parse(&text, &table).with_context(|| file.to_string())?;
        let written = write(&federation, &table, &self.out)?;
        if self.json {
            let added: Vec<_> =
                written.added.iter().map(|(file, section)| json!({"file": file, "section": section})).collect();
            let value = json!({
                "nodes": federation.nodes().len(), "created": written.created, "added": added, "notes": written.notes,
            });
            println!("{value:#}");
            return Ok(ExitCode::SUCCESS);
        }
        for file in &written.created {
            println!("+ {}", file.display());
        }
        for (file, section) in &written.added {
            println!("~ {}: + {section}", file.display());
        }
        for note in &written.notes {
            println!("! {note}");
        }
        let (nodes, out) = (federation.nodes().len(), self.out.display());
        println!("{nodes} nodes; next: sesame topology plan --config {out}");
        Ok(ExitCode::SUCCESS)
    }
}
