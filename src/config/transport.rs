//! What may travel unencrypted: only what stays on this machine, unless the settings say that it may.

use super::{Config, LinkSettings, Role};
use std::net::{IpAddr, SocketAddr};

/// The hosts of `scheme://user:password@host:port,host:port/...`, or of a PostgreSQL string of `host=... user=...`.
fn hosts(uri: &str) -> Vec<String> {
    let Some((_, rest)) = uri.split_once("://") else {
        let named = uri.split_whitespace().filter_map(|word| word.split_once('='));
        let hosts = named.filter(|(name, _)| matches!(*name, "host" | "hostaddr"));
        return hosts.flat_map(|(_, hosts)| hosts.trim_matches('\'').split(',').map(str::to_owned)).collect();
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let without_port = |host: &str| match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default().to_owned(),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    };
    hosts.split(',').map(without_port).collect()
}

/// Whether nothing sent to the host leaves this machine. A path names a socket.
fn is_local(host: &str) -> bool {
    let socket = host.is_empty() || host.starts_with('/') || host.starts_with("%2F");
    socket || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn remote(uri: &str) -> Option<String> {
    hosts(uri).into_iter().find(|host| !is_local(host))
}

/// The value of a parameter after the `?`, or of a word of a PostgreSQL string.
fn parameter<'a>(uri: &'a str, name: &str) -> Option<&'a str> {
    let words = uri.split_once('?').map_or(uri, |(_, query)| query);
    let mut pairs = words.split(['&', ' ']).filter_map(|word| word.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Refuses what would send passwords and records over a network in the clear.
pub(super) fn check(config: &Config) -> Result<(), String> {
    let broker = &config.broker;
    amqp("[broker] uri", broker.uri.text(), broker.plaintext, broker.ca.is_some())?;
    if let Some(management) = &broker.management {
        web("[broker] management", management.text(), broker.plaintext)?;
    }
    if let Some(parent) = &config.parent {
        match &parent.link {
            LinkSettings::Amqp(link) => {
                amqp("[parent] uri", link.uri.text(), parent.plaintext, parent.ca.is_some())?;
            }
            LinkSettings::Https(link) => endpoint(link.url.as_str(), parent.plaintext, parent.ca.is_some())?,
        }
    }
    store(config.store.uri.text(), config.store.plaintext)?;
    let identities = [
        ("[broker]", &broker.client_certificate, &broker.client_key),
        ("[store]", &config.store.client_certificate, &config.store.client_key),
    ];
    let parent = config.parent.as_ref().map(|parent| ("[parent]", &parent.client_certificate, &parent.client_key));
    for (section, certificate, key) in identities.into_iter().chain(parent) {
        if certificate.is_some() != key.is_some() {
            return Err(format!("{section} client_certificate and client_key go together: give both or neither"));
        }
    }
    Ok(())
}

fn amqp(key: &str, uri: &str, plaintext: bool, has_ca: bool) -> Result<(), String> {
    if uri.starts_with("amqps://") {
        return Ok(());
    }
    if has_ca {
        return Err(format!("{key} is not encrypted, so its ca would have no effect: write amqps://"));
    }
    match remote(uri) {
        Some(host) if !plaintext => Err(format!(
            "{key} would send the password and all records to {host} unencrypted: write amqps:// and give its ca, or, on a \
             network that is protected otherwise, set plaintext = true beside it"
        )),
        _ => Ok(()),
    }
}

fn web(key: &str, url: &str, plaintext: bool) -> Result<(), String> {
    match remote(url) {
        Some(host) if !plaintext && !url.starts_with("https://") => Err(format!(
            "{key} would send the administrator's password to {host} unencrypted: write https://, or set plaintext = true"
        )),
        _ => Ok(()),
    }
}

fn endpoint(url: &str, plaintext: bool, has_ca: bool) -> Result<(), String> {
    if url.starts_with("https://") {
        return Ok(());
    }
    if has_ca {
        return Err(
            "[parent.https] url is not encrypted, so [parent] ca would have no effect: write https://".to_owned()
        );
    }
    match remote(url) {
        Some(host) if !plaintext => Err(format!(
            "[parent.https] url would send all records to {host} unencrypted: write https:// and give its ca, or, on a network \
             that is protected otherwise, set [parent] plaintext = true"
        )),
        _ => Ok(()),
    }
}

fn store(uri: &str, plaintext: bool) -> Result<(), String> {
    let mode = parameter(uri, "sslmode");
    let weak = matches!(mode, Some("disable" | "allow" | "prefer"));
    match remote(uri) {
        Some(host) if weak && !plaintext => Err(format!(
            "[store] uri would send the password and all records to {host} unencrypted (sslmode={}): write \
             sslmode=verify-full and give its ca, or, on a network that is protected otherwise, set plaintext = true \
             beside it",
            mode.unwrap_or_default()
        )),
        _ => Ok(()),
    }
}

/// The listeners that others can reach and that are not encrypted, for a warning: a proxy in front may encrypt for them.
pub(super) fn open_listeners(config: &Config) -> Vec<(&'static str, SocketAddr)> {
    let listeners = [
        ("interface", Role::Ingress, config.interface.listen, config.interface.tls.is_some()),
        ("console", Role::Console, config.console.listen, config.console.tls.is_some()),
    ];
    let open = listeners
        .into_iter()
        .filter(|(_, role, listen, secured)| config.node.has(*role) && !secured && !listen.ip().is_loopback());
    open.map(|(section, _, listen, _)| (section, listen)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_every_form_of_an_address() {
        for (uri, expected) in [
            ("amqp://u:p@broker.example:5672/v", vec!["broker.example"]),
            ("amqp://u:p%40x@127.0.0.1/v", vec!["127.0.0.1"]),
            ("amqp://x", vec!["x"]),
            ("amqp://u:p@[::1]:5672/v", vec!["::1"]),
            ("postgresql://u:p@a:5432,b/d?sslmode=require", vec!["a", "b"]),
            ("host=a,b user=u", vec!["a", "b"]),
            ("postgresql:///d", vec![""]),
        ] {
            assert_eq!(hosts(uri), expected, "{uri}");
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        for host in ["localhost", "127.0.0.1", "127.8.0.1", "::1", "", "/run/postgresql", "%2Frun"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "0.0.0.0", "::", "broker"] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn plain_connections_to_other_hosts_are_refused_unless_allowed() {
        assert!(amqp("k", "amqp://u:p@127.0.0.1/v", false, false).is_ok());
        assert!(amqp("k", "amqps://u:p@h/v", false, true).is_ok());
        assert!(amqp("k", "amqp://u:p@h/v", true, false).is_ok());
        let refused = amqp("[parent] uri", "amqp://u:p@h/v", false, false).unwrap_err();
        assert!(refused.contains("amqps://") && refused.contains("plaintext = true") && !refused.contains("u:p"));
        assert!(amqp("k", "amqp://u:p@127.0.0.1/v", false, true).unwrap_err().contains("no effect"));
        assert!(web("k", "http://h:15672", false).is_err() && web("k", "https://h:15671", false).is_ok());
        for (uri, good) in [
            ("postgresql://h/d", true),
            ("postgresql://h/d?sslmode=verify-full", true),
            ("postgresql://h/d?sslmode=disable", false),
            ("postgresql://127.0.0.1,h/d?connect_timeout=3&sslmode=prefer", false),
            ("host=h sslmode=disable", false),
            ("postgresql://127.0.0.1/d?sslmode=disable", true),
        ] {
            assert_eq!(store(uri, false).is_ok(), good, "{uri}");
            assert!(store(uri, true).is_ok(), "{uri}");
        }
    }
}
