//! From an app as the store keeps it to one that can be used.

use super::app::form;
use super::{Allowance, App, CannotOpen, Column, Keys, Vault};
use crate::standard::cipher::Key;
use crate::store::StoredApp;
use std::sync::Arc;

impl App {
    /// Opens the keys of a stored app.
    ///
    /// # Errors
    /// Without a master key, or when a key does not open.
    pub(super) fn of_store(
        stored: &StoredApp,
        vault: Option<&Vault>,
        allowance: &Allowance,
    ) -> Result<Self, CannotOpen> {
        let vault = vault.ok_or(CannotOpen::NoMasterKey)?;
        let open = |column, sealed: &[u8]| vault.open(&stored.appid, column, sealed);
        let previous = stored.previous.as_ref();
        let previous = previous.map(|(sealed, until)| Ok((open(Column::PreviousKey, sealed)?, *until)));
        let data_key: Option<Result<Key, _>> = stored.data_key.as_ref().map(|sealed| open(Column::DataKey, sealed));
        Ok(Self {
            appid: stored.appid.clone(),
            keys: Keys { current: open(Column::Key, &stored.key)?, previous: previous.transpose()? },
            proof: stored.proof.clone(),
            profile: stored.profile,
            data_key: data_key.transpose()?,
            home: stored.home,
            grants: stored.grants.clone(),
            operator: stored.operator,
            form: form(stored.datalist_as_string),
            always_ok: stored.always_ok,
            is_test: stored.is_test,
            gate: Arc::new(allowance.gate(stored.volume)),
        })
    }
}
