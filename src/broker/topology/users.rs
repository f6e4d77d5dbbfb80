//! The part of the difference that is about users: who exists, who may do what, who must not be here.

use super::desired::{Desired, DesiredUser};
use super::difference::{Action, Difference};
use super::observed::{Observed, ObservedUser, ObservedVhost};
use super::step::{Credential, Step};
use std::collections::BTreeSet;

/// Users that are to exist, and those with access to the vhost that are not declared. Administrators are left alone.
pub(super) fn difference(desired: &Desired, observed: &Observed, there: &ObservedVhost) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, want) in &desired.users {
        let user = observed.users.get(name);
        let exists_or_will = user.is_some() || want.password.is_some();
        found.extend(account(name, want, user));
        if exists_or_will {
            found.extend(limits(name, want, user));
            found.extend(topic_permissions(name, want, there));
            found.extend(permission(name, want, there));
        }
    }
    found.extend(strangers(desired, observed, there));
    found
}

fn account(name: &str, want: &DesiredUser, there: Option<&ObservedUser>) -> Option<Difference> {
    let put = |credential| Step::PutUser { user: name.to_owned(), credential };
    let Some(there) = there else {
        return Some(match &want.password {
            Some(password) => {
                Difference::new(Action::Create, "user", name, "", vec![put(Credential::Password(password.clone()))])
            }
            None => Difference::new(Action::Create, "user", name, "does not exist", Vec::new()).for_a_person(
                "the settings give no password for it: set broker_password of its [[children]] or [[subscribers]] section, or \
                 the password in [broker] uri, and apply again",
            ),
        });
    };
    let wrong_password = want.password.as_ref().filter(|password| !there.password.matches(password));
    let mut differs = Vec::new();
    if wrong_password.is_some() {
        differs.push("the password is not that of the settings".to_owned());
    }
    if !there.tags.is_empty() {
        differs.push(format!("tagged {}, declared without tags", there.tags.join(", ")));
    }
    let credential =
        wrong_password.map_or(Credential::Keep(there.password.clone()), |p| Credential::Password(p.clone()));
    let steps = vec![put(credential), Step::Disconnect { user: name.to_owned() }];
    (!differs.is_empty()).then(|| Difference::new(Action::Change, "user", name, differs.join("; "), steps))
}

fn limits<'a>(
    name: &'a str,
    want: &'a DesiredUser,
    there: Option<&'a ObservedUser>,
) -> impl Iterator<Item = Difference> + 'a {
    want.limits.iter().filter_map(move |(limit, value)| {
        let step = Step::SetUserLimit { user: name.to_owned(), limit: limit.clone(), value: *value };
        let (action, detail) = match there.and_then(|user| user.limits.get(limit)) {
            Some(found) if found == value => return None,
            Some(found) => (Action::Change, format!("{found}, declared {value}")),
            None => (Action::Create, value.to_string()),
        };
        Some(Difference::new(action, "user limit", format!("{name} {limit}"), detail, vec![step]))
    })
}

fn topic_permissions(name: &str, want: &DesiredUser, there: &ObservedVhost) -> Vec<Difference> {
    let user = || name.to_owned();
    let set = |exchange: &String| Step::SetTopicPermission {
        user: user(),
        exchange: exchange.clone(),
        permission: want.topics[exchange].clone(),
    };
    let found = there.topics.get(name).cloned().unwrap_or_default();
    let wanted = want.topics.iter().filter_map(|(exchange, permission)| {
        let (action, detail, steps) = match found.get(exchange) {
            Some(there) if there == permission => return None,
            Some(there) => {
                let detail = format!("{there}, declared {permission}");
                (Action::Change, detail, vec![set(exchange), Step::Disconnect { user: user() }])
            }
            None => {
                // Whoever has no topic permission at an exchange may use any key there; so who had access must come anew.
                let had_access = there.permissions.contains_key(name);
                let disconnect = had_access.then(|| Step::Disconnect { user: user() });
                (Action::Create, permission.to_string(), [set(exchange)].into_iter().chain(disconnect).collect())
            }
        };
        Some(Difference::new(action, "topic permission", format!("{name} at exchange {exchange}"), detail, steps))
    });
    let extra = found.iter().filter(|(exchange, _)| !want.topics.contains_key(*exchange)).map(|(exchange, there)| {
        // Cleared are those of all exchanges, and without any every key is allowed: so access is taken away meanwhile.
        let mut steps = vec![Step::RevokePermission { user: user() }, Step::ClearTopicPermissions { user: user() }];
        steps.extend(want.topics.keys().map(set));
        steps.push(Step::SetPermission { user: user(), permission: want.permission.clone() });
        steps.push(Step::Disconnect { user: user() });
        let (name, detail) = (format!("{name} at exchange {exchange}"), format!("{there}, not declared"));
        Difference::new(Action::Remove, "topic permission", name, detail, steps)
    });
    wanted.chain(extra).collect()
}

fn permission(name: &str, want: &DesiredUser, there: &ObservedVhost) -> Option<Difference> {
    let user = name.to_owned();
    let set = Step::SetPermission { user: user.clone(), permission: want.permission.clone() };
    let (action, detail, steps) = match there.permissions.get(name) {
        Some(found) if *found == want.permission => return None,
        Some(found) => {
            let detail = format!("{found}, declared {}", want.permission);
            (Action::Change, detail, vec![set, Step::Disconnect { user }])
        }
        None => (Action::Create, want.permission.to_string(), vec![set]),
    };
    Some(Difference::new(action, "permission", name, detail, steps))
}

fn strangers<'a>(
    desired: &'a Desired,
    observed: &'a Observed,
    there: &'a ObservedVhost,
) -> impl Iterator<Item = Difference> + 'a {
    let with_access: BTreeSet<&String> = there.permissions.keys().chain(there.topics.keys()).collect();
    let undeclared = with_access.into_iter().filter(|name| !desired.users.contains_key(*name));
    let administrator = |name: &&String| observed.users.get(*name).is_some_and(ObservedUser::is_administrator);
    undeclared.filter(move |name| !administrator(name)).map(|name| {
        let user = || name.clone();
        let steps = vec![
            Step::RevokePermission { user: user() },
            Step::ClearTopicPermissions { user: user() },
            Step::Disconnect { user: user() },
        ];
        let may = there.permissions.get(name).map_or_else(|| "topic permissions".to_owned(), ToString::to_string);
        Difference::new(Action::Remove, "access of user", name, format!("not declared, may {may}"), steps)
    })
}
