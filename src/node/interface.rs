//! What a node's settings say of its interface: addresses and limits. For running nodes and for commands alike.

use crate::config::InterfaceSettings;
use crate::interface::{BadAlias, Interface, Limits};

/// The interface that the settings describe.
pub fn interface_of(settings: &InterfaceSettings) -> Result<Interface, BadAlias> {
    let limits = Limits { body_bytes: settings.max_body_bytes, records: settings.max_records };
    Interface::new(&settings.service, &settings.aliases, limits)
}
