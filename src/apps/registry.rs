//! The acts that change apps of the store. Each is noted, with who did it, in the transaction that does it.

use super::view::{difference, view};
use super::{CannotOpen, Column, Vault, appid_fault};
use crate::clock::Clock;
use crate::standard::cipher::Key;
use crate::standard::moment::Moment;
use crate::standard::proof::NotAProof;
use crate::standard::region::Region;
use crate::store::{AppAct, Store, StoreError, StoredApp};
use std::time::Duration;

/// Changes apps of the store in somebody's name.
pub struct Registry {
    store: Store,
    /// Only acts that seal keys need one.
    vault: Option<Vault>,
    node: Region,
    clock: Clock,
    actor: Actor,
}

/// Who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// User of the operating system.
    pub user: String,
    /// The machine.
    pub host: String,
}

/// An app to be added: as it is to be stored, but its keys not sealed yet.
pub struct NewApp {
    /// Everything but the keys and the times, which are overwritten.
    pub app: StoredApp,
    /// What it signs with.
    pub key: Key,
    /// What it encrypts with.
    pub data_key: Option<Key>,
}

/// New keys for an app.
pub struct Rotation {
    /// What it will sign with.
    pub key: Key,
    /// What it will encrypt with, if that changes too.
    pub data_key: Option<Key>,
    /// How long the key before stays good.
    pub overlap: Duration,
    /// Whether the key before the last rotation may end now, though it was promised longer.
    pub end_previous: bool,
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store does not answer, or refuses.
    #[error("{0}; check [store] uri and that PostgreSQL runs")]
    Store(#[from] StoreError),
    /// A fresh node without master key.
    #[error(
        "[node] master_key is not set, and keys of apps are sealed under it: draw one with `openssl rand -hex 16`, set it as \
         master_key = \"file:master.key\", and start the node anew"
    )]
    NoMasterKeyYet,
    /// There is such an app.
    #[error("{0} is there already: choose another appid, or see `sesame app show {0}`")]
    Taken(String),
    /// There is no such app.
    #[error("there is no app {0} in the store: `sesame app list` shows them")]
    Missing(String),
    /// No appid.
    #[error("{appid:?}: {reason}")]
    BadAppid {
        /// What was given.
        appid: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A region that the node has no say over.
    #[error("region {region} does not lie in the node's region {node}: a node can grant only what it answers for")]
    Outside {
        /// The region.
        region: Region,
        /// The node's.
        node: Region,
    },
    /// No region at all.
    #[error("an app needs at least one region: give --regions")]
    NoRegion,
    /// An authentication and a certificate that do not fit together.
    #[error("{0} (--authentication, --certificate)")]
    Proof(#[from] NotAProof),
    /// A rotation while the one before still lasts.
    #[error(
        "the key before the last rotation is good until {0}, and another rotation would end it now: \
         wait, or give --end-previous"
    )]
    OverlapLasts(Moment),
    /// Keys cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] CannotOpen),
}

/// Why nothing is written.
enum Halt {
    Refused(RegistryError),
    /// It is as it should be already: nothing happened that could be noted.
    Unchanged(Box<StoredApp>),
}

impl Registry {
    /// Acts on the apps of a node.
    pub fn new(store: Store, vault: Option<Vault>, node: Region, clock: Clock, actor: Actor) -> Self {
        Self { store, vault, node, clock, actor }
    }

    /// Adds an app.
    pub async fn add(&self, new: NewApp) -> Result<StoredApp, RegistryError> {
        let appid = new.app.appid.clone();
        if let Some(reason) = appid_fault(&appid) {
            return Err(RegistryError::BadAppid { appid, reason });
        }
        self.refuse_second_master_key().await?;
        let now = self.clock.now();
        let app = StoredApp {
            key: self.seal(&appid, Column::Key, &new.key)?,
            data_key: new.data_key.map(|key| self.seal(&appid, Column::DataKey, &key)).transpose()?,
            previous: None,
            disabled: None,
            created: now,
            changed: now,
            ..new.app
        };
        self.check(&app)?;
        let act = self.act("add", &app, view(&app));
        if self.store.add_app(&app, &act).await? { Ok(app) } else { Err(RegistryError::Taken(appid)) }
    }

    /// Gives an app new keys. The key before stays good for the overlap; a data key is replaced at once, since what is
    /// encrypted with one cannot be told from what is encrypted with the other.
    pub async fn rotate(&self, appid: &str, rotation: &Rotation) -> Result<StoredApp, RegistryError> {
        let now = self.clock.now();
        let Rotation { key, data_key, overlap, end_previous } = rotation;
        self.edit("rotate", appid, |app| {
            // Without an overlap keys are in wrong hands, perhaps; none of them is spared.
            let may_end = *end_previous || overlap.is_zero();
            if let Some((_, until)) = app.previous.as_ref().filter(|(_, until)| now < *until && !may_end) {
                return Err(RegistryError::OverlapLasts(*until));
            }
            let vault = self.vault.as_ref().ok_or(CannotOpen::NoMasterKey)?;
            let micros = i64::try_from(overlap.as_micros()).unwrap_or(i64::MAX);
            let until = now.plus_micros(micros);
            app.previous = match overlap.is_zero() {
                true => None,
                // A seal tells its column, so the key is sealed anew for the one it moves to.
                false => {
                    let before = vault.open(appid, Column::Key, &app.key)?;
                    Some((vault.seal(appid, Column::PreviousKey, &before, rand::random()), until))
                }
            };
            app.key = vault.seal(appid, Column::Key, key, rand::random());
            if let Some(data_key) = data_key {
                app.data_key = Some(vault.seal(appid, Column::DataKey, data_key, rand::random()));
            }
            Ok(())
        })
        .await
    }

    /// Lets an app call, or no more.
    pub async fn enable(&self, appid: &str, enabled: bool) -> Result<StoredApp, RegistryError> {
        let now = self.clock.now();
        let act = if enabled { "enable" } else { "disable" };
        self.edit(act, appid, |app| {
            app.disabled = if enabled { None } else { app.disabled.or(Some(now)) };
            Ok(())
        })
        .await
    }

    /// Changes grants or other properties; `act` is what the note calls it.
    pub async fn change(
        &self,
        act: &'static str,
        appid: &str,
        change: impl FnOnce(&mut StoredApp) -> Result<(), RegistryError>,
    ) -> Result<StoredApp, RegistryError> {
        self.edit(act, appid, |app| {
            change(app)?;
            self.check(app)
        })
        .await
    }

    async fn edit(
        &self,
        act: &'static str,
        appid: &str,
        edit: impl FnOnce(&mut StoredApp) -> Result<(), RegistryError>,
    ) -> Result<StoredApp, RegistryError> {
        let change = |before: &StoredApp| {
            let mut after = before.clone();
            edit(&mut after).map_err(Halt::Refused)?;
            if after == *before {
                return Err(Halt::Unchanged(Box::new(after)));
            }
            after.changed = self.clock.now();
            let act = self.act(act, &after, difference(before, &after));
            Ok((after, act))
        };
        match self.store.change_app(appid, change).await? {
            Some(Ok(changed)) => Ok(changed),
            Some(Err(Halt::Unchanged(app))) => Ok(*app),
            Some(Err(Halt::Refused(error))) => Err(error),
            None => Err(RegistryError::Missing(appid.to_owned())),
        }
    }

    /// One app.
    pub async fn show(&self, appid: &str) -> Result<StoredApp, RegistryError> {
        self.store.app(appid).await?.ok_or_else(|| RegistryError::Missing(appid.to_owned()))
    }

    /// What keeps an app from being used by a node with this master key, if anything does.
    pub fn fault(&self, app: &StoredApp) -> Option<CannotOpen> {
        super::App::of_store(app, self.vault.as_ref(), &super::Allowance::default()).err()
    }

    fn seal(&self, appid: &str, column: Column, key: &Key) -> Result<Vec<u8>, CannotOpen> {
        let vault = self.vault.as_ref().ok_or(CannotOpen::NoMasterKey)?;
        Ok(vault.seal(appid, column, key, rand::random()))
    }

    /// Two master keys in one store would leave every node with apps it cannot use.
    async fn refuse_second_master_key(&self) -> Result<(), RegistryError> {
        let (apps, _) = self.store.apps().await?;
        let Some(vault) = self.vault.as_ref() else {
            return Err(if apps.is_empty() { RegistryError::NoMasterKeyYet } else { CannotOpen::NoMasterKey.into() });
        };
        for app in &apps {
            if let Err(other @ CannotOpen::OtherMasterKey { .. }) = vault.open(&app.appid, Column::Key, &app.key) {
                return Err(other.into());
            }
        }
        Ok(())
    }

    fn check(&self, app: &StoredApp) -> Result<(), RegistryError> {
        if app.grants.regions.is_empty() {
            return Err(RegistryError::NoRegion);
        }
        match app.grants.regions.iter().chain([&app.home]).find(|region| !self.node.covers(**region)) {
            Some(region) => Err(RegistryError::Outside { region: *region, node: self.node }),
            None => Ok(()),
        }
    }

    fn act(&self, act: &str, app: &StoredApp, detail: serde_json::Value) -> AppAct {
        AppAct {
            at: app.changed,
            appid: app.appid.clone(),
            act: act.to_owned(),
            user: self.actor.user.clone(),
            host: self.actor.host.clone(),
            detail,
        }
    }
}
