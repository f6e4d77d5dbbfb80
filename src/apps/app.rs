//! One app: its keys, its grants, and how it wants its answers.

use crate::config::AppSettings;
use crate::standard::cipher::Key;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::grants::Grants;
use crate::standard::moment::Moment;
use crate::standard::proof::Proof;
use crate::standard::region::Region;
use crate::standard::response::DatalistForm;
use crate::standard::sign::Profile;
use crate::standard::volume::Volume;
use crate::volume::Gate;
use std::sync::Arc;

/// One app.
#[derive(Debug, Clone)]
pub struct App {
    /// 应用账号.
    pub appid: String,
    /// What it signs with.
    pub keys: Keys,
    /// What it must prove itself with.
    pub proof: Proof,
    /// How it signs.
    pub profile: Profile,
    /// Where given, every busilist is encrypted with it.
    pub data_key: Option<Key>,
    /// The app's own region.
    pub home: Region,
    /// What it may write and read.
    pub grants: Grants,
    /// Whether it sees the log of all apps.
    pub operator: bool,
    /// How `datalist` is written in its answers.
    pub form: DatalistForm,
    /// Whether its answers always have the HTTP status 200.
    pub always_ok: bool,
    /// Whether a wrong signature is explained to it.
    pub is_test: bool,
    /// The limits it is held to (§7.3).
    pub gate: Arc<Gate>,
}

/// The limits of apps that have none of their own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowance {
    /// What each app may exchange.
    pub volume: Volume,
    /// The longest body the node takes, in bytes.
    pub longest_body: usize,
}

impl Allowance {
    /// The gate of an app with limits of its own, whole or in part.
    pub(super) fn gate(&self, own: Volume) -> Gate {
        Gate::new(&own.or(self.volume), self.longest_body)
    }
}

/// The key of an app, and the one it had before for as long as both are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The key.
    pub current: Key,
    /// The key before, and until when it is good too.
    pub previous: Option<(Key, Moment)>,
}

impl Keys {
    /// One key, and none before.
    pub fn one(key: Key) -> Self {
        Self { current: key, previous: None }
    }

    /// The keys that are good at a moment, the newest first.
    pub fn good_at(&self, now: Moment) -> impl Iterator<Item = &Key> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(key, _)| key);
        std::iter::once(&self.current).chain(previous)
    }

    /// The key that was good once and is no more.
    pub fn retired_at(&self, now: Moment) -> Option<&Key> {
        self.previous.as_ref().filter(|(_, until)| now >= *until).map(|(key, _)| key)
    }
}

/// Settings of an app that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[[apps]] {appid}: {reason}")]
pub struct BadSettings {
    appid: String,
    reason: String,
}

/// Why a text cannot be an appid, if it cannot. A canonical string is built of appid and the rest: `&` and `=` would let one
/// be read as another.
pub fn appid_fault(appid: &str) -> Option<&'static str> {
    if appid.is_empty() || appid.contains(['&', '=']) {
        return Some("an appid has at least one character and neither & nor =");
    }
    if appid.chars().count() > 64 || appid.trim() != appid || appid.chars().any(char::is_control) {
        return Some("an appid has at most 64 characters, no space at its ends and no control character");
    }
    None
}

impl App {
    /// A child node as a caller: its answers are signed with `key`. It hands over batches, which prove themselves; as an app it may
    /// do nothing.
    pub fn of_node(appid: &str, key: Key, region: Region) -> Self {
        Self {
            appid: appid.to_owned(),
            keys: Keys::one(key),
            proof: Proof::Signature,
            profile: Profile::default(),
            data_key: None,
            home: region,
            grants: Grants::none(),
            operator: false,
            form: DatalistForm::default(),
            always_ok: false,
            is_test: false,
            gate: Arc::new(Gate::new(&Volume::default(), 0)),
        }
    }

    /// An app of the settings.
    pub(super) fn of_settings(settings: &AppSettings, allowance: &Allowance) -> Result<Self, BadSettings> {
        let bad = |reason: String| BadSettings { appid: settings.appid.clone(), reason };
        if let Some(fault) = appid_fault(&settings.appid) {
            return Err(bad(fault.to_owned()));
        }
        let busicodes = settings.busicodes.as_ref().map(|codes| {
            codes.iter().map(|code| BusinessCode::parse(code).map_err(|e| bad(e.to_string()))).collect::<Result<_, _>>()
        });
        let actions = settings.actions.as_ref().map(|codes| {
            codes.iter().map(|code| Action::parse(code).map_err(|e| bad(e.to_string()))).collect::<Result<_, _>>()
        });
        let regions = if settings.regions.is_empty() { vec![settings.region] } else { settings.regions.clone() };
        Ok(Self {
            appid: settings.appid.clone(),
            keys: Keys::one(settings.key.key().clone()),
            proof: settings.proof().map_err(|e| bad(e.to_string()))?,
            profile: settings.profile,
            data_key: settings.data_key.as_ref().map(|source| source.key().clone()),
            home: settings.region,
            grants: Grants { regions, busicodes: busicodes.transpose()?, actions: actions.transpose()? },
            operator: settings.operator,
            form: form(settings.datalist_as_string),
            always_ok: settings.always_ok,
            is_test: settings.test,
            gate: Arc::new(allowance.gate(settings.limits)),
        })
    }

    /// What it may exchange.
    pub fn volume(&self) -> &Volume {
        self.gate.volume()
    }
}

/// The form of answers that a flag stands for.
pub(super) fn form(datalist_as_string: bool) -> DatalistForm {
    if datalist_as_string { DatalistForm::Text } else { DatalistForm::Object }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_replaced_is_good_until_its_end_and_no_longer() {
        let key = |byte| Key::from_bytes([byte; 16]);
        let end = Moment::from_micros(1_000);
        let keys = Keys { current: key(2), previous: Some((key(1), end)) };
        let good = |at| keys.good_at(Moment::from_micros(at)).cloned().collect::<Vec<_>>();
        assert_eq!(good(999), [key(2), key(1)]);
        assert_eq!(good(1_000), [key(2)]);
        assert_eq!((keys.retired_at(end), keys.retired_at(Moment::from_micros(999))), (Some(&key(1)), None));
        assert_eq!(Keys::one(key(3)).good_at(end).count(), 1);
    }

    #[test]
    fn an_appid_is_one_word_of_the_canonical_string() {
        assert_eq!(appid_fault("370203-A01 检验院"), None);
        for bad in ["", "a&b", "a=b", " a", "a ", "a\nb", &"a".repeat(65)] {
            assert!(appid_fault(bad).is_some(), "{bad:?}");
        }
    }
}
