//! The link to the parent, as the settings say.

use super::StartError;
use super::certificates::Certificates;
use crate::broker::{Connection, Names, Publisher};
use crate::client::{Account, Dialer, Patience};
use crate::config::{Config, HttpsLinkSettings, LinkSettings, ParentSettings, PeerSettings};
use crate::flow::receipts::{Asker, Reader};
use crate::flow::{Agreement, AmqpUplink, Context, HttpsUplink, LinkDesk, Peer, Uplink};
use crate::store::{Purpose, Store};
use crate::tls::ClientTls;
use crate::volume::Pace;

/// Answers to writes list faults at the most: a hundred of them.
const LONGEST_ANSWER: usize = 1 << 20;

/// A link to the parent.
pub(super) struct Link {
    /// What goes up.
    pub(super) uplink: Uplink,
    /// What reads the parent's receipts and asks for them, where its broker is known.
    pub(super) receipts: Option<(Reader, Asker)>,
}

/// The link; `connect` makes connections to brokers.
pub(super) fn link(
    config: &Config,
    parent: &ParentSettings,
    context: Context,
    certificates: &Certificates,
    connect: impl Fn(&str, &ClientTls, &str) -> Connection,
) -> Result<Link, StartError> {
    let taking = connect(config.broker.uri.text(), &certificates.broker, "uplink take");
    let pace = Pace::new(parent.messages_per_second, parent.bytes_per_second);
    let desk = LinkDesk::new(context.clone(), pace, parent.hold);
    Ok(match &parent.link {
        LinkSettings::Amqp(link) => {
            let connect = |purpose: &str| connect(link.uri.text(), &certificates.parent, purpose);
            let publisher = Publisher::new(connect("uplink"), &context.node.appid, 2, None);
            let names = Names(parent.region.tier());
            let queue = names.receipts_of(context.node.region);
            let former = config.node.former_keys.iter().map(|source| source.key().clone()).collect();
            let reader = Reader::new(context.clone(), connect("receipts"), queue, parent.region, former);
            let asker = Asker::new(context.clone(), publisher.clone(), parent.region);
            let uplink = Uplink::Amqp(AmqpUplink::new(desk, taking, publisher, names, link.window));
            Link { uplink, receipts: Some((reader, asker)) }
        }
        LinkSettings::Https(link) => {
            let HttpsLinkSettings { url, connect, answer, exchange, peer } = link;
            let patience = Patience { connect: *connect, answer: *answer, whole: *exchange };
            let dialer = Dialer::new(&certificates.parent, patience, LONGEST_ANSWER)
                .map_err(|error| StartError::Setting(format!("[parent.https]: {error}")))?;
            let peer = peer_of(config, peer, certificates)?;
            let uplink = Uplink::Https(HttpsUplink::new(desk, taking, dialer, url.as_str(), peer));
            Link { uplink, receipts: None }
        }
    })
}

fn peer_of(config: &Config, peer: &PeerSettings, certificates: &Certificates) -> Result<Peer, StartError> {
    let foreign = match peer {
        PeerSettings::Sesame { window } => return Ok(Peer::Sesame { window: *window }),
        PeerSettings::Foreign(foreign) => foreign,
    };
    let account = Account {
        appid: foreign.appid.clone(),
        key: foreign.key.key().clone(),
        profile: foreign.profile,
        data_key: foreign.data_key.as_ref().map(|key| key.key().clone()),
        busilist_as_string: foreign.busilist_as_string,
    };
    // One is held while an exchange is under way.
    let store = Store::secured(config.store.uri.text(), 2, Purpose::Serve, certificates.store.clone())?;
    let (records, bytes) = (foreign.max_records.get() as usize, foreign.max_bytes.get() as usize);
    Ok(Peer::Foreign(Agreement { account, records, bytes, store }))
}
