//! The address of a broker, with or without somebody's name and password. Pure.

use super::FederationError;
use url::Url;

/// `amqp://host:port/vhost` or `amqps://...`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct BrokerAddress(Url);

impl BrokerAddress {
    /// Reads an address; a name and a password in it are dropped.
    pub(super) fn parse(text: &str) -> Result<Self, FederationError> {
        // Without the text itself: it may hold a password.
        let wrong = |reason: &str| FederationError::NotABroker(reason.to_owned());
        let mut url = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
        if !matches!(url.scheme(), "amqp" | "amqps") {
            return Err(wrong("it begins otherwise"));
        }
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| wrong("it has no host"))?;
        Ok(Self(url))
    }

    /// The address for a user.
    pub(super) fn for_user(&self, user: &str, password: &str) -> String {
        let mut url = self.0.clone();
        // Both fail for addresses without a host alone, which `parse` refuses.
        let _ = url.set_username(user).and_then(|()| url.set_password(Some(password)));
        url.into()
    }

    /// Whether both are vhosts of one broker, where a user has one password.
    pub(super) fn is_the_same_broker(&self, other: &BrokerAddress) -> bool {
        (self.0.host_str(), self.port()) == (other.0.host_str(), other.port())
    }

    /// Whether only programs of the same machine can use it.
    pub(super) fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."))
    }

    fn port(&self) -> u16 {
        self.0.port().unwrap_or(if self.0.scheme() == "amqps" { 5671 } else { 5672 })
    }
}

impl std::fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The password in a URI that [`BrokerAddress::for_user`] has made.
pub(super) fn password_of(uri: &str) -> Option<String> {
    // Generated passwords are hexadecimal, so nothing in them was escaped; one set by hand is decoded.
    let url = Url::parse(uri).ok()?;
    let form = format!("v={}", url.password()?.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_given_to_a_user_and_told_from_others() {
        let address = BrokerAddress::parse("amqps://old:secret@mq.example:5671/sesame").unwrap();
        assert_eq!(address.to_string(), "amqps://mq.example:5671/sesame");
        let uri = address.for_user("node-370203", "p+@/%");
        assert_eq!(password_of(&uri).as_deref(), Some("p+@/%"));
        assert!(uri.starts_with("amqps://node-370203:") && uri.ends_with("@mq.example:5671/sesame"), "{uri}");
        assert!(address.is_the_same_broker(&BrokerAddress::parse("amqps://mq.example/other").unwrap()));
        assert!(!address.is_the_same_broker(&BrokerAddress::parse("amqp://mq.example/sesame").unwrap()));
        assert!(!address.is_loopback() && BrokerAddress::parse("amqp://127.0.0.1/").unwrap().is_loopback());
        for bad in ["mq.example", "http://mq.example", "amqp:mq"] {
            assert!(BrokerAddress::parse(bad).is_err(), "{bad}");
        }
    }
}
