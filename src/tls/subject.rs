//! Whom a certificate names: its subject, which stays the same when the certificate is renewed.

use std::fmt;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::x509::X509Name;

/// A subject: attributes and their values, in no order.
///
/// Tools print a subject in different orders and with different spaces (`C = CN, O = A, CN = B`, `CN=B,O=A,C=CN`); all of
/// these are the same subject here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(Vec<(String, String)>);

/// A text that names no subject.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no subject of a certificate: write it as `openssl x509 -noout -subject` prints it, like CN=A01,O=Name,C=CN"
)]
pub struct NotASubject(String);

impl Subject {
    /// Reads a subject as tools print it. A comma or plus sign in a value is written `\,` and `\+`.
    pub fn parse(text: &str) -> Result<Self, NotASubject> {
        let bad = || NotASubject(text.to_owned());
        let stripped = text.trim().strip_prefix("subject=").unwrap_or(text);
        let mut parts = Vec::new();
        for part in split(stripped) {
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            let (name, value) = (name.trim(), unescaped(value.trim()));
            if name.is_empty() || value.is_empty() {
                return Err(bad());
            }
            parts.push((canonical(name), value));
        }
        if parts.is_empty() { Err(bad()) } else { Ok(Self::sorted(parts)) }
    }

    /// The subject of a certificate.
    pub(super) fn of(name: &X509Name<'_>) -> Self {
        let registry = OidRegistry::default().with_x509();
        let parts = name.iter_attributes().map(|attribute| {
            let oid = attribute.attr_type();
            let known = registry.get(oid).map(|entry| entry.sn().to_owned());
            let value = attribute.as_str().map_or_else(|_| hex::encode(attribute.as_slice()), str::to_owned);
            (canonical(&known.unwrap_or_else(|| oid.to_id_string())), value)
        });
        Self::sorted(parts.collect())
    }

    fn sorted(mut parts: Vec<(String, String)>) -> Self {
        parts.sort();
        Self(parts)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let value = value.replace('\\', "\\\\").replace(',', "\\,").replace('+', "\\+");
            write!(f, "{comma}{name}={value}")?;
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

fn unescaped(text: &str) -> String {
    let (mut plain, mut escaped) = (String::new(), false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(c);
            escaped = false;
        }
    }
    plain
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
    fn a_certificate_s_subject_is_what_tools_print() {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CountryName, "CN");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "市北区局");
        params.distinguished_name.push(rcgen::DnType::OrganizationalUnitName, "一科, 二科");
        params.distinguished_name.push(rcgen::DnType::CommonName, "370203-A01");
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let (_, parsed) = {
            use x509_parser::prelude::FromDer;
            x509_parser::prelude::X509Certificate::from_der(certificate.der()).unwrap()
        };
        let expected = Subject::parse(r"C = CN, O = 市北区局, OU = 一科\, 二科, CN = 370203-A01").unwrap();
        assert_eq!(Subject::of(parsed.subject()), expected);
    }
}
