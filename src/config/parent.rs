//! `[parent]` and `[parent.https]`: the node this one shares up to, and the link to it.

use super::{KeySource, PeerTls, TextSource, node};
use crate::standard::region::Region;
use crate::standard::sign::Profile;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// The node this one shares up to.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Section")]
pub struct ParentSettings {
    /// The parent's region.
    pub region: Region,
    /// How batches reach it.
    pub link: LinkSettings,
    /// Messages a second that this process sends to the parent (§7.3); more wait.
    pub messages_per_second: Option<NonZeroU32>,
    /// Bytes a second that this process sends to the parent (§7.3); more wait.
    pub bytes_per_second: Option<NonZeroU32>,
    /// How long a batch that the parent does not take is held before it is put into its queue anew.
    pub hold: Duration,
    /// The CAs its certificate may be signed by, in PEM; the system's by default.
    pub ca: Option<PathBuf>,
    /// A certificate to show to it, and the private key of that.
    pub client_certificate: Option<PathBuf>,
    /// The private key of `client_certificate`.
    pub client_key: Option<PathBuf>,
    /// Whether it may be spoken to unencrypted although it is another host.
    pub plaintext: bool,
}

impl ParentSettings {
    /// Whether batches may come to the link in parcels. RabbitMQ wants a parcel back, and counts that, of which one batch is held for too
    /// long: over https each may be, and at so many messages a second all are that wait behind others.
    pub fn takes_parcels(&self) -> bool {
        matches!(self.link, LinkSettings::Amqp(_)) && self.messages_per_second.is_none()
    }
}

/// The link to the parent.
#[derive(Debug, Clone)]
pub enum LinkSettings {
    /// The uplink step publishes to the parent's broker.
    Amqp(AmqpLinkSettings),
    /// It posts exchanges to an endpoint of the standard (§6.3).
    Https(HttpsLinkSettings),
}

/// A link to the parent's broker.
#[derive(Debug, Clone)]
pub struct AmqpLinkSettings {
    /// `amqps://user:password@host:port/vhost` of the parent's broker; the user is this node's appid.
    pub uri: TextSource,
    /// Messages on their way to the parent at once.
    pub window: u16,
}

/// A link to an endpoint of the standard.
#[derive(Debug, Clone)]
pub struct HttpsLinkSettings {
    /// Where exchanges are posted to.
    pub url: EndpointUrl,
    /// How long a connection may take to be there.
    pub connect: Duration,
    /// How long the first byte of an answer may take.
    pub answer: Duration,
    /// How long an exchange may take in all.
    pub exchange: Duration,
    /// Who answers there.
    pub peer: PeerSettings,
}

/// Who answers at an endpoint.
#[derive(Debug, Clone)]
pub enum PeerSettings {
    /// A node of our kind, which knows batches and versions.
    Sesame {
        /// Exchanges under way at once.
        window: u16,
    },
    /// Anyone who speaks the standard, and no more than that.
    Foreign(ForeignSettings),
}

/// `[parent.https.foreign]`: what was agreed with an endpoint of another kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignSettings {
    /// 应用账号 of this node there.
    pub appid: String,
    /// The key that requests are signed with.
    pub key: KeySource,
    /// How they are signed.
    #[serde(default)]
    pub profile: Profile,
    /// The key that busilists are encrypted with (§7.1); not encrypted without one.
    pub data_key: Option<KeySource>,
    /// Whether an unencrypted busilist is sent as a JSON string (table 1) instead of an array (Annex A.1).
    #[serde(default)]
    pub busilist_as_string: bool,
    /// The most records of one request (§7.3).
    #[serde(default = "records")]
    pub max_records: NonZeroU32,
    /// The most bytes of one request (§7.3).
    #[serde(default = "bytes")]
    pub max_bytes: NonZeroU32,
}

/// `http(s)://<host>:<port>/<service>/<interFlag>` (§6.3), whatever the two are called there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EndpointUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = url::Url::parse(&text).map_err(|e| format!("url {text:?}: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("url {text:?}: write https://<host>:<port>/<service>/<interFlag>"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("url: an endpoint has neither user, password nor #: its caller signs (§6.2.2)".to_owned());
        }
        Ok(Self(url.into()))
    }
}

impl ParentSettings {
    /// What a connection trusts, and what it shows of itself.
    pub fn tls(&self) -> PeerTls {
        PeerTls::of(&self.ca, &self.client_certificate, &self.client_key)
    }
}

/// `[parent]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(deserialize_with = "node::region")]
    region: Region,
    uri: Option<TextSource>,
    window: Option<u16>,
    https: Option<HttpsSection>,
    messages_per_second: Option<NonZeroU32>,
    bytes_per_second: Option<NonZeroU32>,
    #[serde(default = "hold")]
    hold_secs: u64,
    ca: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    #[serde(default)]
    plaintext: bool,
}

/// `[parent.https]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpsSection {
    url: EndpointUrl,
    #[serde(default = "connect")]
    connect_secs: u64,
    #[serde(default = "answer")]
    answer_secs: u64,
    #[serde(default = "exchange")]
    exchange_secs: u64,
    foreign: Option<ForeignSettings>,
}

impl TryFrom<Section> for ParentSettings {
    type Error = String;

    fn try_from(section: Section) -> Result<Self, String> {
        let link = match (section.uri, section.https) {
            (Some(uri), None) => {
                LinkSettings::Amqp(AmqpLinkSettings { uri, window: section.window.unwrap_or(AMQP_WINDOW) })
            }
            (None, Some(https)) => LinkSettings::Https(https.link(section.window)?),
            (Some(_), Some(_)) => {
                return Err("[parent] uri and [parent.https] are two links: give one of them".to_owned());
            }
            (None, None) => return Err("[parent]: give uri of its broker, or [parent.https]".to_owned()),
        };
        if !(1..=LONGEST_HOLD).contains(&section.hold_secs) {
            return Err(format!(
                "[parent] hold_secs: 1 to {LONGEST_HOLD}; what is held for longer RabbitMQ takes back, and counts as a delivery"
            ));
        }
        Ok(Self {
            region: section.region,
            link,
            hold: Duration::from_secs(section.hold_secs),
            messages_per_second: section.messages_per_second,
            bytes_per_second: section.bytes_per_second,
            ca: section.ca,
            client_certificate: section.client_certificate,
            client_key: section.client_key,
            plaintext: section.plaintext,
        })
    }
}

impl HttpsSection {
    fn link(self, window: Option<u16>) -> Result<HttpsLinkSettings, String> {
        let peer = match (self.foreign, window) {
            (Some(foreign), None) => PeerSettings::Foreign(foreign),
            (None, Some(0)) => return Err("[parent] window: at least 1".to_owned()),
            (None, window) => PeerSettings::Sesame { window: window.unwrap_or(HTTPS_WINDOW) },
            (Some(_), Some(_)) => {
                return Err("[parent] window: to an endpoint of another kind one exchange goes at a time".to_owned());
            }
        };
        if [self.connect_secs, self.answer_secs, self.exchange_secs].contains(&0) {
            return Err("[parent.https] connect_secs, answer_secs and exchange_secs: at least 1".to_owned());
        }
        Ok(HttpsLinkSettings {
            url: self.url,
            connect: Duration::from_secs(self.connect_secs),
            answer: Duration::from_secs(self.answer_secs),
            exchange: Duration::from_secs(self.exchange_secs),
            peer,
        })
    }
}

/// At less than this a window of messages would be on its way for longer than RabbitMQ waits for an ack, 30 minutes.
pub(super) const LEAST_BYTES_PER_SECOND: u32 = 64 * 1024;

/// Twice as long a batch may lie here unacknowledged: once behind a window, once in it. RabbitMQ waits for 30 minutes.
const LONGEST_HOLD: u64 = 840;

const AMQP_WINDOW: u16 = 200;
/// Each exchange under way holds a connection, and its body.
const HTTPS_WINDOW: u16 = 16;

fn hold() -> u64 {
    600
}

fn connect() -> u64 {
    5
}

/// §6.4 allows 40 seconds across domains.
fn answer() -> u64 {
    40
}

fn exchange() -> u64 {
    120
}

/// §6.4: at least 2,000 records at once.
fn records() -> NonZeroU32 {
    const { NonZeroU32::new(2_000).unwrap() }
}

/// §6.4 speaks of exchanges below 1 M.
fn bytes() -> NonZeroU32 {
    const { NonZeroU32::new(1_000_000).unwrap() }
}
