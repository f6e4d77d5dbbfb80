//! What is tried again is held against what its app is granted at that moment (§7.4): a day or a week may have passed since the
//! door let it in.

use super::commit::Outage;
use crate::batch::Manifest;
use crate::broker::Delivery;
use crate::failure::{Attempt, Reason};
use crate::flow::Context;
use crate::flow::failures::{Fault, attempt_of};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::grants::Grants;
use crate::standard::region::Region;
use crate::store::StoreError;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::timeout;

/// What the apps are granted whose batches are tried again here; for one that has nothing any more, why.
pub(super) type Granted = HashMap<String, Result<Grants, Fault>>;

/// The grants of this moment of every app that messages of a group, which are not verified yet, say they are of. The store is asked,
/// for no longer than `patience`: a process without a door knows nothing of its apps.
pub(super) async fn granted(context: &Context, group: &[Delivery], patience: Duration) -> Result<Granted, Outage> {
    let again = group.iter().filter(|delivery| attempt_of(&delivery.headers) != Attempt::FIRST);
    let manifests = again.filter_map(|delivery| Manifest::from_headers(&delivery.headers).ok());
    // For what comes from below its sender answers: its app is not known here.
    let own = manifests.filter(|manifest| manifest.origin == context.node.region);
    let appids: BTreeSet<String> = own.map(|manifest| manifest.evidence.appid).collect();
    let mut granted = Granted::new();
    let mut stored = Vec::new();
    for appid in &appids {
        match context.apps.fixed_grants(appid) {
            Some(grants) => _ = granted.insert(appid.clone(), Ok(grants.clone())),
            None => stored.push(appid.as_str()),
        }
    }
    if stored.is_empty() {
        return Ok(granted);
    }
    let answered = timeout(patience, context.store.grants(&stored)).await;
    let asked = answered.unwrap_or_else(|_| Err(StoreError::Outage("no answer about apps".to_owned())));
    let (found, bad) = asked.map_err(Outage)?;
    let gone = || "there is no such app any more, or it is disabled".to_owned();
    granted.extend(stored.into_iter().map(|appid| (appid.to_owned(), Err(Fault::new(Reason::NotGranted, gone())))));
    granted.extend(found.into_iter().map(|(appid, grants)| (appid, Ok(grants))));
    granted.extend(bad.into_iter().map(|app| (app.appid, Err(Fault::new(Reason::Internal, app.reason)))));
    Ok(granted)
}

/// Fails what its app is not granted.
pub(super) fn check(
    grants: &Result<Grants, Fault>,
    busicode: BusinessCode,
    action: Action,
    regions: impl IntoIterator<Item = Region>,
) -> Result<(), Fault> {
    let grants = grants.as_ref().map_err(Clone::clone)?;
    let lacks = |what: String| Err(Fault::new(Reason::NotGranted, format!("its app is not granted {what} any more")));
    if !grants.may_touch(busicode) {
        return lacks(format!("business code {busicode}"));
    }
    if !grants.may(action) {
        return lacks(format!("action {action}"));
    }
    match regions.into_iter().find(|region| !grants.may_reach(*region)) {
        Some(foreign) => lacks(format!("records of {foreign}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_7_4_every_grant_is_looked_at_once_more() {
        let region = |text| Region::parse(text).unwrap();
        let code = |text| BusinessCode::parse(text).unwrap();
        let granted = Ok(Grants {
            regions: vec![region("370203")],
            busicodes: Some([code("007")].into()),
            actions: Some([Action::Add].into()),
        });
        let lacks = |grants, busicode, action, at| {
            check(grants, code(busicode), action, [region(at)]).err().map(|fault: Fault| fault.detail)
        };
        assert_eq!(lacks(&granted, "007", Action::Add, "370203"), None);
        assert!(lacks(&granted, "003", Action::Add, "370203").unwrap().contains("003"));
        assert!(lacks(&granted, "007", Action::Delete, "370203").unwrap().contains("action"));
        assert!(lacks(&granted, "007", Action::Add, "370211").unwrap().contains("370211"));
        let gone = Err(Fault::new(Reason::NotGranted, "gone".to_owned()));
        assert_eq!(lacks(&gone, "007", Action::Add, "370203"), Some("gone".to_owned()));
    }
}
