//! What is tried again is held against what its app is granted at that moment (§7.4): a day or a week may have passed since the
//! door let it in.

use super::commit::Outage;
use crate::apps::Grants;
use crate::batch::Manifest;
use crate::broker::Delivery;
use crate::failure::Attempt;
use crate::flow::Context;
use crate::flow::failures::attempt_of;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::region::Region;
use std::collections::HashMap;

/// What the apps are granted whose batches are tried again here; for one that has nothing any more, why.
pub(super) type Granted = HashMap<String, Result<Grants, String>>;

/// The grants of this moment of every app that messages of a group, which are not verified yet, say they are of.
pub(super) async fn granted(context: &Context, group: &[Delivery]) -> Result<Granted, Outage> {
    let mut granted = Granted::new();
    for delivery in group.iter().filter(|delivery| attempt_of(&delivery.headers) != Attempt::FIRST) {
        // What comes from below, its sender answers for: its app is not known here.
        let Ok(Manifest { origin, evidence, .. }) = Manifest::from_headers(&delivery.headers) else { continue };
        if origin != context.node.region || granted.contains_key(&evidence.appid) {
            continue;
        }
        let grants = match context.apps.grants(&context.store, &evidence.appid).await {
            Ok(grants) => grants.ok_or_else(|| "there is no such app any more, or it is disabled".to_owned()),
            Err(error) if error.is_outage() => return Err(Outage(error)),
            Err(error) => Err(format!("what it is granted cannot be read: {error}")),
        };
        granted.insert(evidence.appid, grants);
    }
    Ok(granted)
}

/// What of a batch its app is not granted, in words; `None` where it is granted all of it.
pub(super) fn lacking(
    grants: &Result<Grants, String>,
    busicode: BusinessCode,
    action: Action,
    regions: impl IntoIterator<Item = Region>,
) -> Option<String> {
    let grants = match grants {
        Ok(grants) => grants,
        Err(why) => return Some(why.clone()),
    };
    if !grants.may_touch(busicode) {
        return Some(format!("it is not granted business code {busicode} any more"));
    }
    if !grants.may(action) {
        return Some(format!("it is not granted action {action} any more"));
    }
    let foreign = regions.into_iter().find(|region| !grants.may_reach(*region))?;
    Some(format!("it is not granted records of {foreign} any more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_7_4_every_grant_is_looked_at_once_more() {
        let region = |text| Region::parse(text).unwrap();
        let codes = |texts: &[&str]| texts.iter().map(|text| BusinessCode::parse(text).unwrap()).collect();
        let grants = Grants {
            regions: vec![region("370203")],
            busicodes: Some(codes(&["007"])),
            actions: Some([Action::Add].into()),
        };
        let lacks =
            |code, action, at| lacking(&Ok(grants.clone()), BusinessCode::parse(code).unwrap(), action, [region(at)]);
        assert_eq!(lacks("007", Action::Add, "370203"), None);
        assert!(lacks("003", Action::Add, "370203").unwrap().contains("003"));
        assert!(lacks("007", Action::Delete, "370203").unwrap().contains("action"));
        assert!(lacks("007", Action::Add, "370211").unwrap().contains("370211"));
        let gone = Err("gone".to_owned());
        assert_eq!(lacking(&gone, BusinessCode::parse("007").unwrap(), Action::Add, []), Some("gone".to_owned()));
    }
}
