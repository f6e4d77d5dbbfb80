//! Whom a certificate names.

use crate::standard::subject::Subject;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::x509::X509Name;

/// The subject of a certificate.
pub(super) fn subject_of(name: &X509Name<'_>) -> Subject {
    let registry = OidRegistry::default().with_x509();
    let attributes = name.iter_attributes().map(|attribute| {
        let oid = attribute.attr_type();
        let known = registry.get(oid).map(|entry| entry.sn().to_owned());
        let value = attribute.as_str().map_or_else(|_| hex::encode(attribute.as_slice()), str::to_owned);
        (known.unwrap_or_else(|| oid.to_id_string()), value)
    });
    Subject::of(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(subject_of(parsed.subject()), expected);
    }
}
