//! Whom a certificate names (§7.2): its subject, which stays the same when the certificate is renewed.

use serde::Deserialize;
use std::fmt;

/// A subject: attributes and their values, in no order.
///
/// Tools print a subject in different orders and with different spaces (`C = CN, O = A, CN = B`, `CN=B,O=A,C=CN`); all of
/// these are the same subject here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Subject(Vec<(String, String)>);

/// A text that names no subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no subject of a certificate: write it as `openssl x509 -noout -subject` prints it, like CN=A01,O=Name,C=CN"
)]
pub struct NotASubject(String);

impl Subject {
    /// Reads a subject as tools print it. A comma or plus sign in a value is written `\,` and `\+`, and so are spaces that
    /// belong to its ends.
    pub fn parse(text: &str) -> Result<Self, NotASubject> {
        let bad = || NotASubject(text.to_owned());
        let stripped = text.trim_start().strip_prefix("subject=").unwrap_or(text);
        let mut parts = Vec::new();
        for part in split(stripped) {
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            let (name, value) = (name.trim(), unescaped(value));
            if name.is_empty() || value.is_empty() {
                return Err(bad());
            }
            parts.push((canonical(name), value));
        }
        if parts.is_empty() { Err(bad()) } else { Ok(Self::sorted(parts)) }
    }

    /// The subject of these attributes and their values.
    pub fn of(attributes: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::sorted(attributes.into_iter().map(|(name, value)| (canonical(&name), value)).collect())
    }

    fn sorted(mut parts: Vec<(String, String)>) -> Self {
        parts.sort();
        Self(parts)
    }
}

impl TryFrom<String> for Subject {
    type Error = NotASubject;

    fn try_from(text: String) -> Result<Self, NotASubject> {
        Self::parse(&text)
    }
}

/// So that reading it gives the same subject.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}={}", escaped(value))?;
        }
        Ok(())
    }
}

/// One spelling for each attribute: tools call the same one `CN` and `commonName`.
fn canonical(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let short = match upper.as_str() {
        "COMMONNAME" => "CN",
        "COUNTRYNAME" => "C",
        "ORGANIZATIONNAME" => "O",
        "ORGANIZATIONALUNITNAME" | "ORGANIZATIONALUNIT" => "OU",
        "STATEORPROVINCENAME" | "S" => "ST",
        "LOCALITYNAME" => "L",
        "STREETADDRESS" => "STREET",
        "E" => "EMAILADDRESS",
        "DOMAINCOMPONENT" => "DC",
        "USERID" => "UID",
        other => other,
    };
    short.to_owned()
}

/// The parts between commas and plus signs that are not escaped.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if !escaped && (c == ',' || c == '+') {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
        escaped = !escaped && c == '\\';
    }
    parts.push(part);
    parts
}

/// A value without escapes, and without the spaces around it that are not escaped.
fn unescaped(text: &str) -> String {
    let (mut plain, mut escaped, mut end) = (String::new(), false, 0);
    for c in text.trim_start().chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        plain.push(c);
        if escaped || !c.is_whitespace() {
            end = plain.len();
        }
        escaped = false;
    }
    plain.truncate(end);
    plain
}

/// A value as [`unescaped`] reads it.
fn escaped(value: &str) -> String {
    let inner = value.len() - value.trim_start().len()..value.trim_end().len();
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        if matches!(c, '\\' | ',' | '+') || !inner.contains(&at) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_spacing_do_not_matter_and_values_do() {
        let subject = Subject::parse("CN=370203-A01,O=市北区局,C=CN").unwrap();
        for same in ["C = CN, O = 市北区局, CN = 370203-A01", "subject=C=CN,O=市北区局,commonName=370203-A01"] {
            assert_eq!(Subject::parse(same).unwrap(), subject, "{same}");
        }
        for other in ["CN=370203-a01,O=市北区局,C=CN", "CN=370203-A01,C=CN", "CN=370203-A01,O=市北区局,C=CN,OU=x"]
        {
            assert_ne!(Subject::parse(other).unwrap(), subject, "{other}");
        }
        assert_eq!(Subject::parse(&subject.to_string()).unwrap(), subject);
        for bad in ["", "CN", "CN=", "=x", "CN=a,,O=b"] {
            assert!(Subject::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_comma_in_a_value_starts_no_attribute() {
        let subject = Subject::parse(r"CN=A\, Co.,O=B\+C").unwrap();
        assert_eq!(subject.0, [("CN".to_owned(), "A, Co.".to_owned()), ("O".to_owned(), "B+C".to_owned())]);
        assert_eq!(Subject::parse(&subject.to_string()).unwrap(), subject);
        // What a CA was made to write into a name cannot pass for another subject.
        assert_ne!(Subject::parse(r"CN=A\,O=B").unwrap(), Subject::parse("CN=A,O=B").unwrap());
    }

    #[test]
    fn what_is_written_reads_as_the_same_subject() {
        for value in [" a", "a ", "  ", "\u{3000}a\t", r"a\", r"\,+", "a=b", "a, b + c", "subject=x"] {
            let subject = Subject::of([("commonName".to_owned(), value.to_owned()), ("O".to_owned(), "x".to_owned())]);
            assert_eq!(Subject::parse(&subject.to_string()).unwrap(), subject, "{value:?}: {subject}");
        }
        assert_eq!(Subject::parse("CN =  a b ").unwrap(), Subject::parse("CN=a b").unwrap());
        assert_ne!(Subject::parse(r"CN=a\ ").unwrap(), Subject::parse("CN=a").unwrap());
    }
}
