//! Whom a certificate names (§7.2): its subject, which stays the same when the certificate is renewed.

mod attribute;
mod reading;

use attribute::{canonical, text};
use serde::Deserialize;
use std::fmt;
use x509_parser::x509::X509Name;

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
    /// Reads a subject as tools print it, in any order: with or without spaces, values quoted or escaped (`\,`, `\+`), other
    /// characters as they are or as the bytes of their UTF-8 (`\E5\B8\82`).
    pub fn parse(text: &str) -> Result<Self, NotASubject> {
        reading::read(text).map(Self::sorted).ok_or_else(|| NotASubject(text.to_owned()))
    }

    /// The subject of a certificate.
    pub fn of(name: &X509Name<'_>) -> Self {
        let parts = name.iter_attributes().map(|attribute| {
            let value = attribute.attr_value();
            (canonical(&attribute.attr_type().to_id_string()), text(value.tag(), value.data))
        });
        Self::sorted(parts.collect())
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

/// A value as RFC 4514 writes it.
fn escaped(value: &str) -> String {
    let (mut written, last) = (String::new(), value.chars().count().saturating_sub(1));
    for (at, c) in value.chars().enumerate() {
        if c.is_ascii_control() {
            written.push_str(&format!("\\{:02X}", u32::from(c)));
            continue;
        }
        if matches!(c, '\\' | ',' | '+' | '"') || (at == 0 && matches!(c, '#' | ' ')) || (at == last && c == ' ') {
            written.push('\\');
        }
        written.push(c);
    }
    written
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
        for value in [" a", "a ", "   ", "\u{3000}a\u{3000}", "a\t", "a\\", "\\41", "\"\\,+", "#0C", "a=b", "subject=x"]
        {
            let subject = Subject(vec![("CN".to_owned(), value.to_owned())]);
            let written = subject.to_string();
            assert_eq!(Subject::parse(&written).as_ref(), Ok(&subject), "{value:?}: {written}");
            assert_eq!(Subject::parse(&format!("subject={written}\r\n")), Ok(subject), "{value:?}: {written}");
        }
        assert_eq!(Subject::parse("CN =  a b \t\n"), Subject::parse("CN=a b"));
    }

    /// A certificate whose subject holds what makes trouble.
    fn certificate(locality: rcgen::DnValue) -> rcgen::Certificate {
        use rcgen::{DnType, DnValue};
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let mut push = |kind, value: DnValue| params.distinguished_name.push(kind, value);
        push(DnType::CountryName, DnValue::PrintableString("CN".try_into().unwrap()));
        push(DnType::StateOrProvinceName, "山东省".into());
        push(DnType::OrganizationName, "市北区局".into());
        push(DnType::OrganizationalUnitName, "A, \"B\" + C; D <E> \\ #F = G\t/ H 二科".into());
        push(DnType::LocalityName, locality);
        push(DnType::CustomDnType(vec![2, 5, 4, 5]), "# 0042".into());
        push(DnType::CustomDnType(vec![2, 5, 4, 42]), " 三".into());
        push(DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]), DnValue::Ia5String("a@b.cn".try_into().unwrap()));
        push(DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 99_999, 1]), "自定".into());
        push(DnType::CommonName, "370203-A01".into());
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap()
    }

    fn of(certificate: &rcgen::Certificate) -> Subject {
        use x509_parser::prelude::FromDer;
        let (_, parsed) = x509_parser::prelude::X509Certificate::from_der(certificate.der()).unwrap();
        Subject::of(parsed.subject())
    }

    #[test]
    fn a_certificate_s_subject_is_what_openssl_prints() {
        let in_bmp = certificate(rcgen::DnValue::BmpString("青岛 ".try_into().unwrap()));
        for form in
            ["", "oneline", "RFC2253", "RFC2253,utf8,-esc_msb", "oneline,-esc_msb", "sep_comma_plus,utf8,esc_2253"]
        {
            is_read_as_printed(&in_bmp, form);
        }
        // The old form shows the bytes of a value in whatever character set it is.
        is_read_as_printed(&certificate("青岛".into()), "compat");
    }

    fn is_read_as_printed(certificate: &rcgen::Certificate, form: &str) {
        let subject = of(certificate);
        assert_eq!(Subject::parse(&subject.to_string()).unwrap(), subject, "{subject}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["x509", "-noout", "-subject", "-in"]).arg(file.path());
        if !form.is_empty() {
            openssl.args(["-nameopt", form]);
        }
        let ran = openssl.output().expect("the program `openssl` is needed: run `.ci/setup tests`, or install openssl");
        let printed = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "{form}: {}", String::from_utf8_lossy(&ran.stderr));
        let read = Subject::parse(&printed).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(read, subject, "{form}: {printed}");
    }

    #[test]
    fn escapes_and_quotes_are_read_as_openssl_writes_them() {
        let subject = Subject::parse("CN=市北,O=A\\, Co.,C=CN").unwrap();
        for same in [
            r#"subject=C = CN, O = "A, Co.", CN = \E5\B8\82\E5\8C\97"#,
            r"subject=CN=\E5\B8\82\E5\8C\97,O=A\2C Co.,C=CN",
            r"subject= /C=CN/O=A, Co./CN=\xE5\xB8\x82\xE5\x8C\x97",
            r"2.5.4.3=#0C06E5B882E58C97,OID.2.5.4.10=A\, Co.+C=CN",
        ] {
            assert_eq!(Subject::parse(same).unwrap(), subject, "{same}");
        }
        for bad in [r"CN=\E5\B8", r#"CN="a"#, r#"CN="a"b"#, "CN=#0C", "CN=#zz", r"CN=a\", "/", "/CN", "CN=a,"] {
            assert!(Subject::parse(bad).is_err(), "{bad}");
        }
    }
}
