//! An app of the store as commands and acts show it: everything but its keys.

use crate::standard::moment::Moment;
use crate::store::StoredApp;
use serde_json::{Map, Value, json};

/// What may be shown of an app.
pub fn view(app: &StoredApp) -> Value {
    let texts = |list: &[String]| json!(list);
    let all_or = |list: Option<Vec<String>>| list.map_or_else(|| json!("all"), |list| texts(&list));
    let moment = |at: Option<Moment>| at.map(Moment::to_rfc3339);
    json!({
        "appid": app.appid,
        "name": app.name,
        "state": if app.disabled.is_some() { "disabled" } else { "enabled" },
        "region": app.home.to_string(),
        "regions": texts(&app.grants.regions.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "busicodes": all_or(app.grants.busicodes.as_ref().map(|list| list.iter().map(ToString::to_string).collect())),
        "actions": all_or(app.grants.actions.as_ref().map(|list| list.iter().map(ToString::to_string).collect())),
        "operator": app.operator,
        "authentication": app.proof.authentication().as_str(),
        "certificate": app.proof.subject().map(ToString::to_string),
        "profile": app.profile.as_str(),
        "encrypts": app.data_key.is_some(),
        "previous_key_until": moment(app.previous.as_ref().map(|(_, until)| *until)),
        "datalist_as_string": app.datalist_as_string,
        "always_ok": app.always_ok,
        "test": app.is_test,
        "limits": app.volume,
        "created": app.created.to_rfc3339(),
        "changed": app.changed.to_rfc3339(),
    })
}

/// What differs between two states of an app, for the note of the act. When it was changed is the act's own time.
pub(super) fn difference(before: &StoredApp, after: &StoredApp) -> Value {
    let (before_shown, after_shown) = (view(before), view(after));
    let mut differs = Map::new();
    for (name, to) in after_shown.as_object().into_iter().flatten() {
        let from = &before_shown[name];
        if from != to && name != "changed" {
            differs.insert(name.clone(), json!({"from": from, "to": to}));
        }
    }
    for (name, replaced) in [("key", before.key != after.key), ("data_key", before.data_key != after.data_key)] {
        if replaced {
            differs.insert(name.to_owned(), json!("replaced"));
        }
    }
    Value::Object(differs)
}
