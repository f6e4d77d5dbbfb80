//! The vhost that a node's settings ask for.

use super::StartError;
use crate::broker::topology::{ChildUser, NodeTopology, SubscriberUser};
use crate::config::{Config, FailureSettings};
use crate::failure::Rule;
use std::time::Duration;

/// The rule of §7.4 as the settings give its numbers.
pub(super) fn rule_of(settings: &FailureSettings) -> Rule {
    let FailureSettings { retry_secs, park_secs, rounds, .. } = settings;
    Rule { retry: retry_secs.map(Duration::from_secs), park: Duration::from_secs(*park_secs), rounds: *rounds }
}

/// The topology that a node's settings ask for.
///
/// # Errors
/// When [broker] uri is no URI.
pub fn topology_of(config: &Config) -> Result<NodeTopology, StartError> {
    let uri =
        reqwest::Url::parse(config.broker.uri.text()).map_err(|e| StartError::Setting(format!("[broker] uri: {e}")))?;
    let vhost = match uri.path().trim_start_matches('/') {
        "" => "/".to_owned(),
        path => percent_decoded(path),
    };
    let children = config.children.iter().map(|child| ChildUser {
        region: child.region,
        user: child.appid.clone(),
        password: child.broker_password.as_ref().map(|password| password.text().to_owned()),
    });
    let subscribers = config.subscribers.iter().map(|subscriber| SubscriberUser {
        id: subscriber.id.clone(),
        password: subscriber.broker_password.as_ref().map(|password| password.text().to_owned()),
    });
    Ok(NodeTopology {
        vhost,
        region: config.node.region,
        user: config.node.appid.clone(),
        password: uri.password().map(percent_decoded),
        has_parent: config.parent.is_some(),
        rule: rule_of(&config.failures),
        children: children.collect(),
        subscribers: subscribers.collect(),
    })
}

fn percent_decoded(text: &str) -> String {
    // A query string decodes percent signs as a path does, but for the plus sign.
    let query = format!("v={}", text.replace('+', "%2B"));
    let url = reqwest::Url::parse(&format!("http://x/?{query}"));
    url.ok().and_then(|url| url.query_pairs().next().map(|(_, value)| value.into_owned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_7_4_the_settings_default_to_the_rule() {
        assert_eq!(rule_of(&FailureSettings::default()), Rule::default());
    }
}
