//! The parties that may call: their keys and grants (§6.5.1 授权管理, §7.2 身份认证).

use super::proof::Proof;
use crate::config::AppSettings;
use crate::standard::cipher::Key;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::region::Region;
use crate::standard::response::DatalistForm;
use crate::standard::sign::Profile;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// One app.
#[derive(Debug)]
pub struct App {
    /// 应用账号.
    pub(super) appid: String,
    pub(super) key: Key,
    pub(super) profile: Profile,
    /// Where given, every busilist is encrypted with it.
    pub(super) data_key: Option<Key>,
    /// The app's own region.
    pub(super) home: Region,
    /// Regions it may write and read; each covers all below.
    pub(super) regions: Vec<Region>,
    busicodes: Option<BTreeSet<BusinessCode>>,
    actions: Option<BTreeSet<Action>>,
    /// Sees the log of all apps.
    pub(super) operator: bool,
    pub(super) form: DatalistForm,
    pub(super) always_ok: bool,
    /// What it must prove itself with.
    pub(super) proof: Proof,
}

/// Settings of an app that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[[apps]] {appid}: {reason}")]
pub struct BadApp {
    appid: String,
    reason: String,
}

/// All apps by appid.
#[derive(Debug, Default)]
pub struct Apps(HashMap<String, Arc<App>>);

impl Apps {
    /// The apps of the settings.
    pub fn new(settings: &[AppSettings]) -> Result<Self, BadApp> {
        settings.iter().map(|s| Ok((s.appid.clone(), Arc::new(App::new(s)?)))).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn get(&self, appid: &str) -> Option<&Arc<App>> {
        self.0.get(appid)
    }
}

impl App {
    fn new(settings: &AppSettings) -> Result<Self, BadApp> {
        let bad = |reason: String| BadApp { appid: settings.appid.clone(), reason };
        // A canonical string is built of appid and the rest: these would let one be read as another.
        if settings.appid.is_empty() || settings.appid.contains(['&', '=']) {
            return Err(bad("an appid has at least one character and neither & nor =".to_owned()));
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
            key: settings.key.key().clone(),
            profile: settings.profile,
            data_key: settings.data_key.as_ref().map(|source| source.key().clone()),
            home: settings.region,
            regions,
            busicodes: busicodes.transpose()?,
            actions: actions.transpose()?,
            operator: settings.operator,
            form: if settings.datalist_as_string { DatalistForm::Text } else { DatalistForm::Object },
            always_ok: settings.always_ok,
            proof: Proof::of(settings).map_err(|e| bad(e.to_string()))?,
        })
    }

    pub(super) fn may_touch(&self, busicode: BusinessCode) -> bool {
        self.busicodes.as_ref().is_none_or(|granted| granted.contains(&busicode))
    }

    pub(super) fn may(&self, action: Action) -> bool {
        self.actions.as_ref().is_none_or(|granted| granted.contains(&action))
    }

    pub(super) fn may_reach(&self, region: Region) -> bool {
        self.regions.iter().any(|granted| granted.covers(region))
    }
}
