//! The text of a node's settings. Pure: secrets stand in files beside it, which it names.

use super::file::appid;
use super::link::{BROKER_URI, CONSOLE_PASSWORD, MASTER_KEY, NODE_KEY, PARENT_URI, child_key, child_password};
use crate::standard::region::{Region, RegionTable};

/// What a settings file is written from.
pub(super) struct SettingsText<'a> {
    pub(super) region: Region,
    pub(super) table: &'a RegionTable,
    pub(super) management: Option<&'a str>,
    pub(super) store: &'a str,
    pub(super) parent: Option<Region>,
    pub(super) children: &'a [Region],
}

impl SettingsText<'_> {
    /// The file.
    pub(super) fn text(&self) -> String {
        let region = self.region;
        let management = match self.management {
            Some(address) => format!("management = {}\n", quoted(address)),
            None => "# RabbitMQ's management API with an administrator, for `sesame topology`.\n\
                     # management = \"http://admin:password@127.0.0.1:15672\"\n"
                .to_owned(),
        };
        let mut text = format!(
            "# Settings of the node of {}. Yours to change: `sesame topology settings` adds sections for a new\n\
             # parent or child, and touches nothing else. Every other key is explained in config/node.toml.\n\
             # file: names a file beside this one; they hold secrets, for their owner alone.\n\n\
             [node]\nregion = \"{region}\"\nappid = \"{}\"\nkey = \"file:{NODE_KEY}\"\n\
             # Keep a copy: without it the keys of apps in the store are lost.\n\
             master_key = \"file:{MASTER_KEY}\"\n\n\
             [console]\nadmin_password = \"file:{CONSOLE_PASSWORD}\"\n\n\
             [broker]\nuri = \"file:{BROKER_URI}\"\n{management}\n\
             [store]\nuri = {}\n",
            named(region, self.table),
            appid(region),
            quoted(self.store),
        );
        text.extend(self.parent.map(|parent| parent_section(parent, self.table)));
        text.extend(self.children.iter().map(|child| child_section(*child, self.table, "")));
        text
    }
}

/// The `[parent]` section.
pub(super) fn parent_section(parent: Region, table: &RegionTable) -> String {
    format!("\n# {}\n[parent]\nregion = \"{parent}\"\nuri = \"file:{PARENT_URI}\"\n", named(parent, table))
}

/// A `[[children]]` section; `folder` goes before the names of its files.
pub(super) fn child_section(child: Region, table: &RegionTable, folder: &str) -> String {
    format!(
        "\n# {}\n[[children]]\nregion = \"{child}\"\nappid = \"{}\"\nkey = {}\nbroker_password = {}\n",
        named(child, table),
        appid(child),
        quoted(&format!("file:{folder}{}", child_key(child))),
        quoted(&format!("file:{folder}{}", child_password(child))),
    )
}

fn named(region: Region, table: &RegionTable) -> String {
    match table.name(region) {
        Some(name) => format!("{region} {name} ({})", region.tier()),
        None => format!("{region} ({})", region.tier()),
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
