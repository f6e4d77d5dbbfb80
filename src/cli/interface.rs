//! `sesame interface`

use crate::config::{self, InterfaceSettings};
use crate::dataset::Dictionary;
use crate::interface::Edition;
use crate::node::{dictionary_of, interface_of, regions_of};
use anyhow::Context;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Write the interface document (§6.5.1): a page for people, or OpenAPI for programs
///
/// The page is one HTML file, Chinese and English, that loads nothing: it can be mailed and printed. A running node shows the same
/// at /interface of its console, and the OpenAPI document at /<service>/openapi.json of its interface.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame interface --config /etc/sesame/node.toml --output interface.html")]
pub struct InterfaceCommand {
    /// The node's settings, for its addresses, limits and dictionary; without them, the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// html: a page for people; openapi: OpenAPI 3.1 as JSON
    #[arg(long, value_name = "FORMAT", default_value = "html")]
    format: Format,
    /// Where to write it; standard output by default
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Html,
    Openapi,
}

impl InterfaceCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (interface, dictionary) = match &self.config {
            Some(path) => {
                let config = config::load(path)?;
                let regions = regions_of(&config)?;
                (interface_of(&config.interface)?, dictionary_of(&config, &regions)?)
            }
            None => (interface_of(&InterfaceSettings::default())?, Dictionary::builtin()),
        };
        let edition = Edition::new(interface, Arc::new(dictionary));
        let document = match self.format {
            Format::Html => edition.page(),
            Format::Openapi => edition.openapi(),
        };
        match &self.output {
            Some(path) => {
                std::fs::write(path, document.bytes()).with_context(|| format!("cannot write {}", path.display()))?
            }
            None => std::io::stdout().lock().write_all(document.bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
