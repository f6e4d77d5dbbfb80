//! `[[apps]]`

use super::{KeySource, node};
use crate::standard::proof::{Authentication, NotAProof, Proof};
use crate::standard::region::Region;
use crate::standard::sign::Profile;
use crate::standard::subject::Subject;
use crate::standard::volume::Volume;
use serde::Deserialize;

/// A party that may call this node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    /// 应用账号 (§6.2.2).
    pub appid: String,
    /// The key it signs with.
    pub key: KeySource,
    /// How it signs.
    #[serde(default)]
    pub profile: Profile,
    /// The key it encrypts busilists with. Where given, every exchange must be encrypted.
    pub data_key: Option<KeySource>,
    /// The app's own region: what XZQHDM is where a modify or delete leaves it out.
    #[serde(deserialize_with = "node::region")]
    pub region: Region,
    /// Regions it may write and read; each covers all below. Its own region by default.
    #[serde(default, deserialize_with = "node::regions")]
    pub regions: Vec<Region>,
    /// Business codes granted; all by default.
    pub busicodes: Option<Vec<String>>,
    /// Action codes granted; all by default.
    pub actions: Option<Vec<String>>,
    /// Whether it sees the log of all apps.
    #[serde(default)]
    pub operator: bool,
    /// Whether `datalist` of its answers is a JSON string (§6.2.3, table 4) instead of an object (Annex A.2).
    #[serde(default)]
    pub datalist_as_string: bool,
    /// Whether its answers always have the HTTP status 200.
    #[serde(default)]
    pub always_ok: bool,
    /// Whether `SIGN_MISMATCH` names the likely cause: for apps under development.
    #[serde(default)]
    pub test: bool,
    /// What was agreed of §7.3.
    #[serde(default)]
    pub limits: Volume,
    /// How it proves who it is (§7.2).
    #[serde(default)]
    pub authentication: Authentication,
    /// Subject of its client certificate, where `authentication` asks for one.
    pub certificate: Option<Subject>,
}

impl AppSettings {
    /// What it must prove itself with. Settings that were read are found to have fitting ones.
    pub fn proof(&self) -> Result<Proof, NotAProof> {
        Proof::new(self.authentication, self.certificate.clone())
    }
}
