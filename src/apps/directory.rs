//! All apps a process knows at this moment, swapped as a whole when the store's have changed.

use super::{Allowance, App, BadSettings, Vault};
use crate::config::AppSettings;
use crate::standard::grants::Grants;
use crate::store::{BadApp, StoredApp};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The apps by appid. Clones show the same.
#[derive(Clone)]
pub struct Directory {
    /// Those of the settings: known always, changed never.
    fixed: Arc<HashMap<String, Arc<App>>>,
    /// The limits of apps without limits of their own.
    allowance: Allowance,
    /// Those of the store; `None` until they have been read.
    stored: Arc<watch::Sender<Option<Stored>>>,
}

/// The apps of the store at one version.
struct Stored {
    version: i64,
    apps: HashMap<String, Option<Arc<App>>>,
    unreadable: Vec<String>,
}

/// Why there is no app of an appid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// There is none, or it is disabled.
    Unknown,
    /// It cannot be told: the store has not been read yet, or its keys do not open.
    CannotTell,
}

impl Directory {
    /// The apps of the settings, and none of the store yet.
    pub fn new(settings: &[AppSettings], allowance: Allowance) -> Result<Self, BadSettings> {
        let apps = settings.iter().map(|s| Ok((s.appid.clone(), Arc::new(App::of_settings(s, &allowance)?))));
        let fixed = Arc::new(apps.collect::<Result<_, _>>()?);
        Ok(Self { fixed, allowance, stored: Arc::new(watch::Sender::new(None)) })
    }

    /// The app of an appid.
    pub fn get(&self, appid: &str) -> Result<Arc<App>, Absent> {
        if let Some(app) = self.fixed.get(appid) {
            return Ok(app.clone());
        }
        match self.stored.borrow().as_ref().map(|stored| stored.apps.get(appid)) {
            Some(Some(Some(app))) => Ok(app.clone()),
            Some(None) => Err(Absent::Unknown),
            Some(Some(None)) | None => Err(Absent::CannotTell),
        }
    }

    /// What an app of the settings is granted; those of the store are granted what the store says at the moment.
    pub fn fixed_grants(&self, appid: &str) -> Option<&Grants> {
        self.fixed.get(appid).map(|app| &app.grants)
    }

    /// The version of the store's apps that is shown; `None` until they have been read.
    pub fn version(&self) -> Option<i64> {
        self.stored.borrow().as_ref().map(|stored| stored.version)
    }

    /// What is wrong with apps of the store, one line each.
    pub fn unreadable(&self) -> Vec<String> {
        self.stored.borrow().as_ref().map(|stored| stored.unreadable.clone()).unwrap_or_default()
    }

    /// Shows the apps of the store from now on.
    pub(super) fn swap(&self, version: i64, apps: &[StoredApp], bad: &[BadApp], vault: Option<&Vault>) {
        let mut stored = Stored { version, apps: HashMap::new(), unreadable: Vec::new() };
        for BadApp { appid, reason } in bad {
            stored.apps.insert(appid.clone(), None);
            stored.unreadable.push(format!("{appid}: {reason}"));
        }
        // A disabled app is as if it were not there.
        for app in apps.iter().filter(|app| app.disabled.is_none()) {
            let opened = match App::of_store(app, vault, &self.allowance) {
                Ok(opened) => Some(Arc::new(self.with_known_gate(opened))),
                Err(error) => {
                    stored.unreadable.push(format!("{}: {error}", app.appid));
                    None
                }
            };
            stored.apps.insert(app.appid.clone(), opened);
        }
        self.stored.send_replace(Some(stored));
    }

    /// The same app with the gate it has had so far, if its limits are the same: what it has used up stays used up when
    /// some other app is changed.
    fn with_known_gate(&self, app: App) -> App {
        let stored = self.stored.borrow();
        let before = stored.as_ref().and_then(|stored| stored.apps.get(&app.appid)?.clone());
        match before.filter(|before| before.volume() == app.volume()) {
            Some(before) => App { gate: before.gate.clone(), ..app },
            None => app,
        }
    }
}
