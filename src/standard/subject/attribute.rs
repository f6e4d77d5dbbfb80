//! The attributes of a subject: their names, and the text of their values.

use x509_parser::der_parser::asn1_rs::Tag;

/// Attributes that tools print by name: object identifier, the name used here, and other names in use.
const NAMED: [(&str, &str, &[&str]); 22] = [
    ("2.5.4.3", "CN", &["COMMONNAME"]),
    ("2.5.4.4", "SN", &["SURNAME"]),
    ("2.5.4.5", "SERIALNUMBER", &[]),
    ("2.5.4.6", "C", &["COUNTRYNAME"]),
    ("2.5.4.7", "L", &["LOCALITYNAME"]),
    ("2.5.4.8", "ST", &["STATEORPROVINCENAME", "S"]),
    ("2.5.4.9", "STREET", &["STREETADDRESS"]),
    ("2.5.4.10", "O", &["ORGANIZATIONNAME"]),
    ("2.5.4.11", "OU", &["ORGANIZATIONALUNITNAME", "ORGANIZATIONALUNIT"]),
    ("2.5.4.12", "TITLE", &["T"]),
    ("2.5.4.13", "DESCRIPTION", &[]),
    ("2.5.4.15", "BUSINESSCATEGORY", &[]),
    ("2.5.4.17", "POSTALCODE", &[]),
    ("2.5.4.20", "TELEPHONENUMBER", &[]),
    ("2.5.4.41", "NAME", &[]),
    ("2.5.4.42", "GN", &["GIVENNAME"]),
    ("2.5.4.43", "INITIALS", &[]),
    ("2.5.4.46", "DNQUALIFIER", &[]),
    ("2.5.4.97", "ORGANIZATIONIDENTIFIER", &[]),
    ("0.9.2342.19200300.100.1.1", "UID", &["USERID"]),
    ("0.9.2342.19200300.100.1.25", "DC", &["DOMAINCOMPONENT"]),
    ("1.2.840.113549.1.9.1", "EMAILADDRESS", &["E"]),
];

/// One spelling for each attribute: tools call the same one `CN`, `commonName` and `2.5.4.3`.
pub(super) fn canonical(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let asked = upper.strip_prefix("OID.").unwrap_or(&upper);
    let known = NAMED.iter().find(|(oid, short, others)| *oid == asked || *short == asked || others.contains(&asked));
    known.map_or(asked, |(_, short, _)| short).to_owned()
}

/// The text of a value in a certificate; one that is no text is shown as hexadecimal digits.
pub(super) fn text(tag: Tag, content: &[u8]) -> String {
    let read = match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::NumericString | Tag::Ia5String => {
            String::from_utf8(content.to_vec()).ok()
        }
        Tag::BmpString if content.len().is_multiple_of(2) => {
            let units: Vec<u16> = content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    };
    read.unwrap_or_else(|| hex::encode(content))
}

/// The text of a value that tools have printed as `#` and the hexadecimal digits of its encoding.
pub(super) fn dumped(digits: &str) -> Option<String> {
    use x509_parser::der_parser::asn1_rs::{Any, FromDer};
    let bytes = hex::decode(digits).ok()?;
    let (rest, value) = Any::from_der(&bytes).ok()?;
    rest.is_empty().then(|| text(value.tag(), value.data))
}
