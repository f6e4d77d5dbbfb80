//! Reading the settings, and saying what is wrong with them.

use super::failures::LONGEST_SECS;
use super::persist::LONGEST_WATCH_SECS;
use super::secret::within;
use super::{ChildSettings, ClientCertificates, Config, ListenerTls, parent, transport};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {reason}; give the right path, or let this user read it")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The text is no TOML, or a key or value is not as expected.
    #[error("{file}: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// Line, key and expectation, in the TOML reader's words, and the nearest right name.
        reason: String,
    },
    /// An environment variable does not fit.
    #[error("environment variable {name}: {reason}")]
    Environment {
        /// The variable.
        name: String,
        /// What is expected.
        reason: String,
    },
    /// Two settings contradict each other.
    #[error("{file}: {reason}")]
    Contradiction {
        /// The file.
        file: String,
        /// Which, and what to do.
        reason: String,
    },
}

const PREFIX: &str = "SESAME__";

/// Reads the settings of a file, overridden by the environment. Secrets in files of their own are sought from its folder.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    within(folder, || parse(&text, &path.display().to_string(), std::env::vars()))
}

/// Reads settings from text; `file` names it in errors, `variables` override it.
pub fn parse(
    text: &str,
    file: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let invalid = |reason: String| ConfigError::Invalid { file: file.to_owned(), reason };
    let overrides: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    // Without overrides the text itself is read, so that errors tell the line.
    let config: Config = if overrides.is_empty() {
        toml::from_str(text).map_err(|e| invalid(explain(&e, text)))?
    } else {
        let mut table: Table = toml::from_str(text).map_err(|e| invalid(explain(&e, text)))?;
        for (name, value) in &overrides {
            set(&mut table, name, value)?;
        }
        Value::Table(table).try_into().map_err(|e: toml::de::Error| invalid(explain(&e, "")))?
    };
    check(&config).map_err(|reason| ConfigError::Contradiction { file: file.to_owned(), reason })?;
    Ok(config)
}

/// Sets `SESAME__SECTION__KEY`, or `SESAME__APPS__0__KEY` in the first of a list.
fn set(table: &mut Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let bad = |reason: &str| ConfigError::Environment { name: name.to_owned(), reason: reason.to_owned() };
    let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
    let Some((key, sections)) = path.split_last().filter(|(_, sections)| !sections.is_empty()) else {
        return Err(bad("expected SESAME__SECTION__KEY"));
    };
    let mut at = table;
    let mut sections = sections.iter();
    while let Some(section) = sections.next() {
        let entry = at.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        at = match entry {
            Value::Table(inner) => inner,
            Value::Array(list) => {
                let place = sections.next().and_then(|place| place.parse::<usize>().ok());
                let item = place.and_then(|place| list.get_mut(place)).and_then(Value::as_table_mut);
                item.ok_or_else(|| bad("a list needs the place of one of its entries, from 0"))?
            }
            _ => return Err(bad("names a key where a section is expected")),
        };
    }
    at.insert(key.clone(), scalar(value));
    Ok(())
}

/// A variable's text as the TOML value it looks like, else as a string.
fn scalar(text: &str) -> Value {
    let looks_structured = text.starts_with(['[', '{', '"']) || matches!(text, "true" | "false");
    // A key of 32 digits is no number: only what fits 64 bits and has no leading zero is.
    let looks_number = text.parse::<i64>().is_ok_and(|number| number.to_string() == text) && text.len() < 6;
    if looks_structured || looks_number {
        let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut t| t.remove("value"));
        return parsed.unwrap_or_else(|| Value::String(text.to_owned()));
    }
    Value::String(text.to_owned())
}

/// The reader's message, and the nearest right name where a key is unknown.
fn explain(error: &toml::de::Error, source: &str) -> String {
    // Not the line itself, which `to_string` would show: it may hold a key.
    let line = error.span().and_then(|span| Some(source.get(..span.start)?.lines().count().max(1)));
    let text = line.map_or_else(String::new, |line| format!("line {line}: ")) + error.message().trim_end();
    let text = text.as_str();
    let names: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((unknown, known)) if text.contains("unknown field") || text.contains("unknown variant") => {
            let nearest = known
                .iter()
                .max_by(|a, b| strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b)));
            nearest.map(|name| format!("{text}\ndid you mean `{name}`?")).unwrap_or_else(|| text.to_owned())
        }
        _ => text.to_owned(),
    }
}

fn check(config: &Config) -> Result<(), String> {
    let region = config.node.region;
    if let Some(parent) = &config.parent
        && (parent.region == region || !parent.region.covers(region))
    {
        return Err(format!("[parent] region {} does not cover the node's region {region}", parent.region));
    }
    let least = parent::LEAST_BYTES_PER_SECOND;
    if let Some(rate) = config.parent.as_ref().and_then(|parent| parent.bytes_per_second)
        && rate.get() < least
    {
        return Err(format!(
            "[parent] bytes_per_second {rate} is too little for large batches to arrive in time: at least {least}"
        ));
    }
    for child in &config.children {
        if child.region == region || !region.covers(child.region) {
            return Err(format!("[[children]] {}: region {} does not lie in {region}", child.appid, child.region));
        }
    }
    for (at, child) in config.children.iter().enumerate() {
        let overlaps = |other: &&ChildSettings| other.region.covers(child.region) || child.region.covers(other.region);
        if let Some(other) = config.children[..at].iter().find(overlaps) {
            return Err(format!(
                "[[children]] {} and {}: regions {} and {} overlap, so both would speak for the same records here: keep one, \
                 and let the lower node be a child of the upper one",
                other.appid, child.appid, other.region, child.region
            ));
        }
    }
    let mut appids: Vec<&str> = vec![&config.node.appid];
    appids.extend(config.children.iter().map(|child| child.appid.as_str()));
    appids.extend(config.apps.iter().map(|app| app.appid.as_str()));
    appids.sort_unstable();
    if let Some(twice) = appids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("appid {:?} is given twice among [node], [[children]] and [[apps]]", twice[0]));
    }
    let mut users: Vec<String> = config.subscribers.iter().map(|each| format!("sub-{}", each.id)).collect();
    users.sort_unstable();
    if let Some(twice) = users.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("[[subscribers]]: the id of {:?} is given twice", twice[0]));
    }
    if let Some(taken) = users.iter().find(|user| appids.contains(&user.as_str())) {
        return Err(format!(
            "[[subscribers]]: {taken:?} would be a broker user, and is an appid already: choose another id"
        ));
    }
    for app in &config.apps {
        if let Some(outside) = app.regions.iter().chain([&app.region]).find(|granted| !region.covers(**granted)) {
            return Err(format!("[[apps]] {}: region {outside} does not lie in the node's region {region}", app.appid));
        }
    }
    let failures = &config.failures;
    if failures.rounds == 0 || failures.replay_per_second == 0 {
        return Err("[failures] rounds and replay_per_second are at least 1".to_owned());
    }
    if failures.retry_secs.iter().chain([&failures.park_secs]).any(|secs| *secs > LONGEST_SECS) {
        return Err(format!("[failures] a pause is at most {} seconds: RabbitMQ takes no more", LONGEST_SECS));
    }
    let watches = [config.persist.stall_secs, config.persist.watchdog_secs];
    if watches.iter().any(|secs| !(1..=LONGEST_WATCH_SECS).contains(secs)) {
        return Err(format!(
            "[persist] stall_secs and watchdog_secs are at least 1 and at most {LONGEST_WATCH_SECS}: RabbitMQ takes a message back \
             after 30 minutes"
        ));
    }
    if config.retention.archive.is_some() && config.retention.drop_unarchived {
        return Err("[retention] archive and drop_unarchived contradict each other: take one of them out".to_owned());
    }
    check_certificates(config)?;
    transport::check(config)
}

/// Who is to be known by a certificate must be able to show one.
fn check_certificates(config: &Config) -> Result<(), String> {
    let listeners =
        [("interface", &config.interface.tls), ("console", &config.console.tls), ("metrics", &config.metrics.tls)];
    for (section, tls) in listeners.iter().filter_map(|(section, tls)| Some((section, tls.as_ref()?))) {
        if !tls.takes_certificates() && (tls.client_crl.is_some() || tls.client == ClientCertificates::Required) {
            return Err(format!("[{section}.tls] client and client_crl have no effect without client_ca: give it"));
        }
    }
    let takes_certificates = |tls: &Option<ListenerTls>| tls.as_ref().is_some_and(ListenerTls::takes_certificates);
    for app in &config.apps {
        let proof = app.proof().map_err(|error| format!("[[apps]] {}: {error}", app.appid))?;
        if proof.subject().is_some() && !takes_certificates(&config.interface.tls) {
            return Err(format!(
                "[[apps]] {}: authentication by certificate needs [interface.tls] with client_ca",
                app.appid
            ));
        }
    }
    if !config.console.operators.is_empty() && !takes_certificates(&config.console.tls) {
        return Err("[console] operators are known by certificates: give [console.tls] with client_ca".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LinkSettings;

    const MANUAL: &str = include_str!("../../config/node.toml");

    fn with(from: &str, to: &str) -> Result<Config, String> {
        parse(&MANUAL.replace(from, to), "node.toml", []).map_err(|e| e.to_string())
    }

    #[test]
    fn the_annotated_settings_are_good_and_show_the_defaults() {
        let config = parse(MANUAL, "node.toml", []).unwrap();
        let short = "[node]\nregion = \"370203\"\nappid = \"a\"\nkey = \"00112233445566778899aabbccddeeff\"\n\
                     [broker]\nuri = \"amqps://x\"\n[store]\nuri = \"postgresql://x\"\n";
        let default = parse(short, "short.toml", []).unwrap();
        assert_eq!(format!("{:?}", config.interface), format!("{:?}", default.interface));
        assert_eq!(format!("{:?}", config.persist), format!("{:?}", default.persist));
        assert_eq!(format!("{:?}", config.failures), format!("{:?}", default.failures));
        assert_eq!(config.retention, default.retention);
        assert_eq!(format!("{:?}", config.metrics), format!("{:?}", default.metrics));
        assert_eq!(format!("{:?}", config.console), format!("{:?}", default.console));
        assert_eq!(config.node.roles, default.node.roles);
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_nearest_right_one() {
        let error = with("max_records = 100_000", "max_record = 100_000").unwrap_err();
        assert!(error.contains("max_record") && error.contains("did you mean `max_records`?"), "{error}");
        assert!(with("[persist]", "[persits]").unwrap_err().contains("did you mean `persist`?"));
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let set = |name: &str, value: &str| parse(MANUAL, "node.toml", [(name.to_owned(), value.to_owned())]);
        assert_eq!(set("SESAME__INTERFACE__MAX_RECORDS", "5").unwrap().interface.max_records, 5);
        assert_eq!(set("SESAME__FAILURES__RETRY_SECS", "[1, 2]").unwrap().failures.retry_secs, [1, 2]);
        let digits = "01234567890123456789012345678901";
        let config = set("SESAME__APPS__0__KEY", digits).unwrap();
        assert_eq!(config.apps[0].key.key(), &crate::standard::cipher::Key::parse(digits).unwrap());
        assert!(set("SESAME__APPS__7__KEY", digits).unwrap_err().to_string().contains("SESAME__APPS__7__KEY"));
        assert!(set("SESAME__NODE", "x").is_err());
        assert!(set("OTHER", "x").is_ok());
    }

    #[test]
    fn contradictions_are_named() {
        assert!(with("region = \"370200\"", "region = \"320100\"").unwrap_err().contains("does not cover"));
        assert!(with("appid = \"370203-A01\"", "appid = \"node-370203\"").unwrap_err().contains("given twice"));
        assert!(with("regions = [\"370203\"]", "regions = [\"370000\"]").unwrap_err().contains("does not lie in"));
        assert!(
            with("drop_unarchived = false", "drop_unarchived = true\narchive = \"a\"")
                .unwrap_err()
                .contains("contradict")
        );
        assert!(with("watchdog_secs = 300", "watchdog_secs = 1800").unwrap_err().contains("30 minutes"));
        assert!(with("keep_months = 13", "keep_months = 0").unwrap_err().contains("keep_months"));
        assert!(with("key = \"0011", "key = \"zz11").unwrap_err().contains("key"));
    }

    #[test]
    fn clause_7_2_who_is_to_be_known_by_a_certificate_has_one_and_can_show_it() {
        const ASKS: &str = "[interface.tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_ca = \"ca\"\n\n[[apps]]\n";
        let both = "authentication = \"both\"\ncertificate = \"CN=A01\"";
        let app = |asks: &str, proof: &str| {
            let text = MANUAL.replacen("[[apps]]\n", asks, 1).replace("authentication = \"signature\"", proof);
            parse(&text, "node.toml", []).map_err(|e| e.to_string())
        };
        assert!(app(ASKS, both).unwrap().apps[0].proof().unwrap().subject().is_some());
        for (asks, proof, says) in [
            ("[[apps]]\n", both, "needs [interface.tls] with client_ca"),
            (ASKS, "authentication = \"both\"", "\"both\" needs certificate"),
            (ASKS, "certificate = \"CN=A01\"", "proves nothing"),
            (ASKS, "authentication = \"both\"\ncertificate = \"A01\"", "\"A01\" is no subject"),
        ] {
            let error = app(asks, proof).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_subscriber_has_an_id_of_its_own_and_of_plain_letters() {
        let subscribers = |ids: &[&str]| {
            let sections = ids.iter().map(|id| format!("[[subscribers]]\nid = \"{id}\"\n"));
            let text = format!("{MANUAL}\n{}", sections.collect::<String>());
            parse(&text, "node.toml", []).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(subscribers(&["emergency-1", "transport"]), Ok(()));
        assert!(subscribers(&["emergency-1", "emergency-1"]).unwrap_err().contains("twice"));
        for bad in ["", ".*", "Emergency", "a.b", "应急"] {
            assert!(subscribers(&[bad]).unwrap_err().contains("small letters"), "{bad}");
        }
    }

    #[test]
    fn children_whose_regions_overlap_are_refused() {
        let key = "key = \"00112233445566778899aabbccddeeff\"";
        let children = |regions: [&str; 2]| {
            let mut text = format!(
                "[node]\nregion = \"370000\"\nappid = \"a\"\n{key}\n[broker]\nuri = \"amqps://x\"\n\
                 [store]\nuri = \"postgresql://x\"\n"
            );
            for (at, region) in regions.iter().enumerate() {
                text += &format!("[[children]]\nregion = \"{region}\"\nappid = \"child-{at}\"\n{key}\n");
            }
            parse(&text, "node.toml", []).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(children(["370200", "370300"]), Ok(()));
        for regions in [["370200", "370203"], ["370203", "370200"], ["370203", "370203"]] {
            let error = children(regions).unwrap_err();
            assert!(error.contains("overlap") && regions.iter().all(|region| error.contains(region)), "{error}");
        }
    }

    #[test]
    fn a_secret_in_a_file_is_sought_from_the_folder_of_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        let key = "key = \"00112233445566778899aabbccddeeff\"";
        std::fs::write(&path, MANUAL.replacen(key, "key = \"file:node.key\"", 1)).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("node.key"));
        std::fs::write(folder.path().join("node.key"), "ffeeddccbbaa99887766554433221100\n").unwrap();
        let expected = crate::standard::cipher::Key::parse("ffeeddccbbaa99887766554433221100").unwrap();
        assert_eq!(load(&path).unwrap().node.key.key(), &expected);
    }

    #[test]
    fn clause_7_3_limits_are_read_and_the_link_is_not_starved() {
        let (before, https) = MANUAL.split_once("# [parent.https]\n").unwrap();
        let mut text = before.to_owned() + https.split_once("\n\n").unwrap().1;
        let keys = "exchanges_per_second exchanges_burst bytes_per_second max_concurrent max_records max_body_bytes \
                    messages_per_second";
        for key in keys.split(' ') {
            text = text.replace(&format!("\n# {key} ="), &format!("\n{key} ="));
        }
        let config = parse(&text, "node.toml", []).unwrap();
        let (node, app) = (config.interface.limits.volume(), config.interface.app_limits);
        assert_eq!([node.exchanges_per_second, app.exchanges_burst].map(|n| n.unwrap().get()), [500, 100]);
        assert_eq!([app.max_records, app.max_body_bytes].map(|n| n.unwrap().get()), [2_000, 4_000_000]);
        assert_eq!([node.bytes_per_second, node.max_concurrent].map(|n| n.unwrap().get()), [50_000_000, 400]);
        let parent = config.parent.unwrap();
        let link = [parent.messages_per_second, parent.bytes_per_second].map(|n| n.unwrap().get());
        assert_eq!(link, [100, 2_000_000]);
        let slow = text.replace("bytes_per_second = 2_000_000", "bytes_per_second = 65_535");
        assert!(parse(&slow, "node.toml", []).unwrap_err().to_string().contains("at least 65536"));
    }

    /// The settings with the https link that they show in place of the link over AMQP.
    fn with_https_parent(peer: &str) -> String {
        let mut in_https = false;
        let lines = MANUAL.lines().filter(|line| !line.starts_with("uri = \"amqps://node-370203:password@parent"));
        let lines = lines.filter(|line| *line != "window = 200").map(|line| {
            in_https = line == "# [parent.https]" || (in_https && line.starts_with('#'));
            let is_key = line.strip_prefix("# ").filter(|rest| rest.starts_with('[') || rest.contains(" = "));
            is_key.filter(|_| in_https).unwrap_or(line)
        });
        let text = lines.collect::<Vec<_>>().join("\n") + "\n";
        let (before, foreign) = text.split_once("[parent.https.foreign]").unwrap();
        let (_, after) = foreign.split_once("\n\n").unwrap();
        if peer == "foreign" { text.clone() } else { format!("{before}\n{after}") }
    }

    #[test]
    fn clause_6_3_a_parent_may_be_any_endpoint_and_the_manual_shows_the_defaults() {
        let read = |text: &str| parse(text, "node.toml", []).map_err(|error| error.to_string());
        let link = |text: &str| match read(text).unwrap().parent.unwrap().link {
            LinkSettings::Https(link) => link,
            LinkSettings::Amqp(_) => panic!("an https link"),
        };
        let short = "[node]\nregion = \"370203\"\nappid = \"a\"\nkey = \"00112233445566778899aabbccddeeff\"\n\
                     [broker]\nuri = \"amqps://x\"\n[store]\nuri = \"postgresql://x\"\n\
                     [parent]\nregion = \"370200\"\n[parent.https]\nurl = \"https://parent.example/sesame/exchange\"\n";
        let foreign =
            format!("{short}[parent.https.foreign]\nappid = \"370203\"\nkey = \"00112233445566778899aabbccddeeff\"\n");
        assert_eq!(format!("{:?}", link(&with_https_parent("sesame"))), format!("{:?}", link(short)));
        let shown = with_https_parent("foreign").replace("data_key = ", "# data_key = ");
        assert_eq!(format!("{:?}", link(&shown)), format!("{:?}", link(&foreign)));
        for (text, says) in [
            (short.replace("[parent]\n", "[parent]\nuri = \"amqps://x\"\n"), "two links"),
            (foreign.replace("[parent]\n", "[parent]\nwindow = 2\n"), "one exchange goes at a time"),
            (short.replace("[parent]\n", "[parent]\nhold_secs = 841\n"), "hold_secs: 1 to 840"),
            (short.replace("https://parent", "http://parent"), "plaintext = true"),
            (short.replace("https://parent", "ftp://parent"), "<interFlag>"),
            (short.replace("[parent]\n", "[parent]\nca = \"x\"\n").replace("https://p", "http://p"), "no effect"),
            (format!("{short}answer_secs = 0\n"), "at least 1"),
            (format!("{short}urll = 0\n"), "did you mean `url`?"),
            (format!("{foreign}profle = \"full\"\n"), "did you mean `profile`?"),
            (short.split("[parent.https]").next().unwrap().to_owned(), "give uri of its broker"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn no_secret_shows_in_the_debug_form() {
        let shown = format!("{:?}", parse(MANUAL, "node.toml", []).unwrap());
        assert!(!shown.contains("password@") && !shown.contains("00112233") && !shown.contains("01234567"), "{shown}");
    }
}
