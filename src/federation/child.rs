//! What one more child needs, on both sides.

use super::address::BrokerAddress;
use super::error::FederationError;
use super::file::appid;
use super::link::{BROKER_URI, CONSOLE_PASSWORD, Link, MASTER_KEY, PARENT_URI};
use super::secrets::{draw, folder, keep_or_create, read};
use super::settings::{SettingsText, child_section};
use crate::config::Config;
use crate::standard::region::{Region, RegionTable};
use std::path::{Path, PathBuf};

/// What was prepared for a child.
#[derive(Debug)]
pub struct NewChild {
    /// The `[[children]]` section for the parent's settings.
    pub section: String,
    /// The child's settings, also written into its folder.
    pub settings: String,
    /// The folder to be handed to the child's operator.
    pub folder: PathBuf,
    /// Files written; others were there and are as they were.
    pub created: Vec<PathBuf>,
    /// What the operators have to do, in order; the first word says whose turn it is.
    pub steps: Vec<String>,
}

/// Where a child's own servers are until its operator says otherwise.
const OWN_BROKER: &str = "amqp://127.0.0.1:5672/sesame";
const OWN_STORE: &str = "postgresql://sesame@127.0.0.1:5432/sesame";

/// Prepares a child: its secrets and settings under `<out>/<region>`, the parent's copies of the secrets in `out`. Safe to
/// repeat: secrets that are there stay.
///
/// `settings` is the parent's settings file, `address` the parent's broker as the child reaches it, if not as in `[broker]`.
///
/// # Errors
/// When the region is not in the table, does not lie in the node's, or is a child's already; when a file cannot be used.
pub fn new_child(
    config: &Config,
    settings: &Path,
    table: &RegionTable,
    region: Region,
    out: &Path,
    address: Option<&str>,
) -> Result<NewChild, FederationError> {
    allowed(config, table, region)?;
    folder(out)?;
    let here = out.join(region.to_string());
    folder(&here)?;
    let broker = BrokerAddress::parse(address.unwrap_or(config.broker.uri.text()))?;
    let (appid, mut created) = (appid(region), Vec::new());
    Link { child: region, appid: &appid, childs: &here, parents: out, broker: &broker }.tie(&mut created)?;
    keep_or_create(&here.join(CONSOLE_PASSWORD), draw, &mut created)?;
    let own = BrokerAddress::parse(OWN_BROKER)?;
    keep_or_create(&here.join(BROKER_URI), || own.for_user(&appid, &draw()), &mut created)?;
    let text = SettingsText {
        region,
        table,
        management: None,
        store: OWN_STORE,
        parent: Some(config.node.region),
        children: &[],
    };
    if read(&here.join("node.toml"))?.is_none() {
        keep_or_create(&here.join(MASTER_KEY), draw, &mut created)?;
    }
    let childs_settings = keep_or_create(&here.join("node.toml"), || text.text(), &mut created)?;
    let section = child_section(region, table, &prefix(settings, out)?);
    // A file of a former run stays as it is, and may name another address.
    let named = BrokerAddress::parse(&read(&here.join(PARENT_URI))?.unwrap_or_default())?;
    let steps = steps([config.node.region, region], settings, &here, &named, &broker);
    Ok(NewChild { section, settings: childs_settings, folder: here, created, steps })
}

fn allowed(config: &Config, table: &RegionTable, region: Region) -> Result<(), FederationError> {
    let parent = config.node.region;
    let not = |reason: String| Err(FederationError::NotAChild { child: region, parent, reason });
    if let Some(absence) = table.absence(region) {
        return not(format!("{absence}; give a newer region table by [dictionary] regions if that is wrong"));
    }
    if region == parent || !parent.covers(region) {
        return not("it does not lie in the node's region".to_owned());
    }
    if config.children.iter().any(|child| child.region == region) {
        return not("it is one already: its section is in the settings".to_owned());
    }
    if let Some(between) = config.children.iter().find(|child| child.region.covers(region)) {
        return not(format!(
            "it lies in {}, whose node speaks for it here: make it a child of that one",
            between.region
        ));
    }
    Ok(())
}

/// What goes before the names of the secrets in the parent's section: nothing where they lie beside its settings.
fn prefix(settings: &Path, out: &Path) -> Result<String, FederationError> {
    let real = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().map_err(|reason| FederationError::File { what: "find", path: path.to_owned(), reason })
    };
    let (beside, out) = (real(settings.parent().unwrap_or(Path::new(".")))?, real(out)?);
    Ok(if beside == out { String::new() } else { format!("{}/", out.display()) })
}

/// `named` is the parent's broker as the child's files name it, `wanted` as it was asked for.
fn steps(
    [parent, child]: [Region; 2],
    settings: &Path,
    folder: &Path,
    named: &BrokerAddress,
    wanted: &BrokerAddress,
) -> Vec<String> {
    let (settings, folder) = (settings.display(), folder.display());
    let unreachable = (named.is_loopback() || named != wanted).then(|| {
        format!(
            "{parent}: {folder}/parent.uri names this broker as {named}: put the address there by which {child} reaches it, or \
             delete the file and run this again with --address"
        )
    });
    let ours = [
        format!("{parent}: append the [[children]] section above to {settings}"),
        format!(
            "{parent}: run `sesame topology apply --config {settings}`: it makes the child's user, permissions and receipts"
        ),
        format!("{parent}: restart the node's `sesame serve` processes, which read keys when they start"),
        format!("{parent}: hand {folder} to the operator of {child} by a way nobody else can read, and delete it here"),
    ];
    let theirs = [
        format!("{child}: keep the files together, readable by the user of `sesame serve` alone"),
        format!("{child}: in broker.uri set host and vhost of your own RabbitMQ; keep user and password"),
        format!("{child}: in node.toml set [broker] management and [store] uri"),
        format!(
            "{child}: run `sesame topology apply --config node.toml`, then `sesame topology check --config node.toml`"
        ),
        format!(
            "{child}: run `sesame serve --config node.toml`; the metric sesame_uplink_up shows whether the parent is reached"
        ),
    ];
    unreachable.into_iter().chain(ours).chain(theirs).collect()
}
