//! The settings and secrets of every node of a federation, a folder for each. What is there stays as it is.

use super::address::{BrokerAddress, password_of};
use super::error::FederationError;
use super::file::{Federation, FederationNode};
use super::link::{BROKER_URI, CONSOLE_PASSWORD, Link, MASTER_KEY, NODE_KEY, PARENT_URI};
use super::secrets::{create, draw, folder, keep_or_create, read};
use super::settings::{SettingsText, child_section, parent_section};
use crate::standard::region::{Region, RegionTable};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What was written, and what a person should look at.
#[derive(Debug, Default)]
pub struct Written {
    /// Files that were not there.
    pub created: Vec<PathBuf>,
    /// Sections added to settings that were there.
    pub added: Vec<(PathBuf, String)>,
    /// Where settings that were there say something else than the federation.
    pub notes: Vec<String>,
}

/// Writes `<out>/<region>/node.toml` for each node, with its secrets beside it. Run again, it adds what is missing, changes
/// no secret and no line that is there.
pub fn write(federation: &Federation, table: &RegionTable, out: &Path) -> Result<Written, FederationError> {
    let mut written = Written::default();
    for node in federation.nodes() {
        folder(&place(out, node.region))?;
    }
    for node in federation.nodes() {
        secrets(federation, node, out, &mut written)?;
    }
    for node in federation.nodes() {
        settings(federation, node, table, out, &mut written)?;
    }
    Ok(written)
}

fn place(out: &Path, region: Region) -> PathBuf {
    out.join(region.to_string())
}

fn broker(node: &FederationNode) -> Result<BrokerAddress, FederationError> {
    let missing = || FederationError::NoAddress { region: node.region, key: "broker" };
    BrokerAddress::parse(node.addresses.broker.as_deref().ok_or_else(missing)?)
}

fn secrets(
    federation: &Federation,
    node: &FederationNode,
    out: &Path,
    written: &mut Written,
) -> Result<(), FederationError> {
    let (here, own, appid) = (place(out, node.region), broker(node)?, node.appid());
    let mut password = None;
    if let Some(parent) = node.parent.and_then(|parent| federation.node(parent)) {
        let (above, parents) = (broker(parent)?, place(out, parent.region));
        let link = Link { child: node.region, appid: &appid, childs: &here, parents: &parents, broker: &above };
        let shared = link.tie(&mut written.created)?;
        // A broker knows one password of a user, in whichever vhost.
        password = own.is_the_same_broker(&above).then_some(shared);
    }
    keep_or_create(&here.join(NODE_KEY), draw, &mut written.created)?;
    keep_or_create(&here.join(CONSOLE_PASSWORD), draw, &mut written.created)?;
    let uri = || own.for_user(&appid, &password.clone().unwrap_or_else(draw));
    let there = keep_or_create(&here.join(BROKER_URI), uri, &mut written.created)?;
    if password.is_some() && password != password_of(&there) {
        return Err(FederationError::Unlike { one: here.join(BROKER_URI), other: here.join(PARENT_URI) });
    }
    if BrokerAddress::parse(&there)? != own {
        let file = here.join(BROKER_URI);
        written
            .notes
            .push(format!("{} names another broker than the federation, {own}: change it by hand", file.display()));
    }
    Ok(())
}

fn settings(
    federation: &Federation,
    node: &FederationNode,
    table: &RegionTable,
    out: &Path,
    written: &mut Written,
) -> Result<(), FederationError> {
    let file = place(out, node.region).join("node.toml");
    let children: Vec<Region> = federation.children(node.region).map(|child| child.region).collect();
    let Some(there) = read(&file)? else {
        let missing = || FederationError::NoAddress { region: node.region, key: "store" };
        let text = SettingsText {
            region: node.region,
            table,
            management: node.addresses.management.as_deref(),
            store: node.addresses.store.as_deref().ok_or_else(missing)?,
            parent: node.parent,
            children: &children,
        };
        // With the settings alone: a lost one must be missed, since another opens nothing.
        keep_or_create(&place(out, node.region).join(MASTER_KEY), draw, &mut written.created)?;
        create(&file, &text.text())?;
        written.created.push(file);
        return Ok(());
    };
    let there = Neighbours::read(&there).map_err(|reason| FederationError::Unusable { path: file.clone(), reason })?;
    let mut sections = Vec::new();
    match (there.parent, node.parent) {
        (None, Some(parent)) => sections.push((format!("[parent] {parent}"), parent_section(parent, table))),
        (Some(found), Some(parent)) if found != parent => {
            written.notes.push(format!(
                "{}: [parent] is {found}, in the federation {parent}: change it by hand",
                file.display()
            ));
        }
        _ => {}
    }
    for child in children.iter().filter(|child| !there.children.contains(child)) {
        sections.push((format!("[[children]] {child}"), child_section(*child, table, "")));
    }
    for child in there.children.iter().filter(|child| !children.contains(child)) {
        written.notes.push(format!(
            "{}: [[children]] {child} is not in the federation: if it left, remove its section and run `sesame topology apply`",
            file.display()
        ));
    }
    for (name, text) in sections {
        append(&file, &text)?;
        written.added.push((file.clone(), name));
    }
    Ok(())
}

fn append(file: &Path, text: &str) -> Result<(), FederationError> {
    let opened = std::fs::OpenOptions::new().append(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|reason| FederationError::File { what: "write", path: file.to_owned(), reason })
}

/// The neighbours that settings name already.
struct Neighbours {
    parent: Option<Region>,
    children: Vec<Region>,
}

impl Neighbours {
    fn read(text: &str) -> Result<Self, String> {
        // Not the reader's own words, which show the line: it may hold a secret.
        let table: toml::Table = text.parse().map_err(|_| "it is no TOML".to_owned())?;
        let region = |value: Option<&toml::Value>| {
            let text = value.and_then(|value| value.get("region")).and_then(toml::Value::as_str);
            Region::parse(text.unwrap_or_default()).map_err(|e| e.to_string())
        };
        let parent = table.get("parent").map(|parent| region(Some(parent))).transpose()?;
        let children = table.get("children").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(Self { parent, children: children.iter().map(|child| region(Some(child))).collect::<Result<_, _>>()? })
    }
}
