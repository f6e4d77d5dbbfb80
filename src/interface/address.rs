//! The addresses of the interface (§6.3): which path asks for what.

use crate::standard::code::Action;
use std::collections::BTreeMap;

/// What a node's interface is called, and how much it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    service: String,
    flags: BTreeMap<String, InterFlag>,
    limits: Limits,
}

/// The most of one exchange (§7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Records.
    pub records: usize,
}

/// The `<interFlag>` of §6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterFlag {
    /// Business data.
    Exchange,
    /// Records are checked and not sent.
    Validate,
    /// The interface log (§6.1).
    Log,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// An exchange of the standard, by POST.
    Exchange(InterFlag),
    /// The OpenAPI document, by GET: the one answer that is no envelope.
    OpenApi,
}

/// A further name of an interFlag that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAlias {
    /// It stands for no interFlag.
    #[error("[interface.aliases] {alias}: {target:?} is none of exchange, validate, log")]
    NoSuchFlag {
        /// The alias.
        alias: String,
        /// What it is to stand for.
        target: String,
    },
    /// It has a meaning of its own.
    #[error("[interface.aliases] {0}: the name is taken; choose another")]
    Taken(String),
    /// No path has such a part, so it could never be called.
    #[error("[interface.aliases] {0}: write letters, digits, - . _ ~ and % alone, as a URL has them (RFC 3986)")]
    NotInPaths(String),
}

/// The last part of the path of the OpenAPI document.
pub const OPENAPI: &str = "openapi.json";

impl InterFlag {
    /// Every interFlag.
    pub const ALL: [InterFlag; 3] = [InterFlag::Exchange, InterFlag::Validate, InterFlag::Log];

    /// The name every node has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            InterFlag::Exchange => "exchange",
            InterFlag::Validate => "validate",
            InterFlag::Log => "log",
        }
    }

    /// The actions it takes.
    pub fn actions(self) -> &'static [Action] {
        match self {
            InterFlag::Exchange => &Action::ALL,
            InterFlag::Validate => &[Action::Add, Action::Modify, Action::Delete],
            InterFlag::Log => &[Action::Query],
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == text)
    }
}

impl Interface {
    /// The interface of a service; `aliases` are further names of its interFlags.
    pub fn new(service: &str, aliases: &BTreeMap<String, String>, limits: Limits) -> Result<Self, BadAlias> {
        let mut flags: BTreeMap<_, _> = InterFlag::ALL.map(|flag| (flag.as_str().to_owned(), flag)).into();
        for (alias, target) in aliases {
            let flag = InterFlag::parse(target);
            let flag = flag.ok_or_else(|| BadAlias::NoSuchFlag { alias: alias.clone(), target: target.clone() })?;
            if alias == OPENAPI || InterFlag::parse(alias).is_some_and(|own| own != flag) {
                return Err(BadAlias::Taken(alias.clone()));
            }
            if alias.is_empty() || !alias.chars().all(|c| c.is_ascii_alphanumeric() || "-._~%".contains(c)) {
                return Err(BadAlias::NotInPaths(alias.clone()));
            }
            flags.insert(alias.clone(), flag);
        }
        Ok(Self { service: service.to_owned(), flags, limits })
    }

    /// The `<service>` of §6.3.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Every name of an interFlag, aliases included, by interFlag.
    pub fn names(&self) -> impl Iterator<Item = (&str, InterFlag)> {
        let of = |flag| self.flags.iter().filter(move |(_, known)| **known == flag);
        InterFlag::ALL.into_iter().flat_map(of).map(|(name, flag)| (name.as_str(), *flag))
    }

    /// The most of one exchange.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What a path asks for; `None` for one that is not the service's.
    pub fn address(&self, path: &str) -> Option<Address> {
        let name = path.strip_prefix('/')?.strip_prefix(self.service.as_str())?.strip_prefix('/')?;
        match name {
            OPENAPI => Some(Address::OpenApi),
            _ => self.flags.get(name).map(|flag| Address::Exchange(*flag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { body_bytes: 1, records: 1 };

    fn with(alias: &str, target: &str) -> Result<Interface, BadAlias> {
        Interface::new("sesame", &BTreeMap::from([(alias.to_owned(), target.to_owned())]), LIMITS)
    }

    #[test]
    fn clause_6_3_a_path_is_service_and_inter_flag_or_an_alias() {
        let interface = with("upload", "exchange").unwrap();
        assert_eq!(interface.address("/sesame/upload"), Some(Address::Exchange(InterFlag::Exchange)));
        assert_eq!(interface.address("/sesame/log"), Some(Address::Exchange(InterFlag::Log)));
        assert_eq!(interface.address("/sesame/openapi.json"), Some(Address::OpenApi));
        for path in ["", "/", "/sesame", "/sesame/", "/other/log", "/sesamelog", "/sesame/log/", "/sesame/Log"] {
            assert_eq!(interface.address(path), None, "{path}");
        }
        let names: Vec<&str> = interface.names().map(|(name, _)| name).collect();
        assert_eq!(names, ["exchange", "upload", "validate", "log"]);
    }

    #[test]
    fn an_alias_that_cannot_be_called_or_hides_another_name_is_refused() {
        assert!(matches!(with("upload", "exchang"), Err(BadAlias::NoSuchFlag { .. })));
        assert!(matches!(with("openapi.json", "log"), Err(BadAlias::Taken(_))));
        assert!(matches!(with("log", "exchange"), Err(BadAlias::Taken(_))));
        assert!(with("log", "log").is_ok());
        for alias in ["", "a b", "上报", "a/b", "{x}"] {
            assert!(matches!(with(alias, "log"), Err(BadAlias::NotInPaths(_))), "{alias}");
        }
        assert!(with("%E4%B8%8A", "log").is_ok());
    }
}
