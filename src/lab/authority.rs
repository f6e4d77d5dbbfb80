//! A private certificate authority, for servers and callers that trust nobody else.

use super::error::LabError;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// A CA that exists in memory alone: what it has signed cannot be added to once it is gone.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its private key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    serial: SerialNumber,
}

/// Certificate, key and CA of a server, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Secured {
    /// The server's certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The CA that signed it, and whose clients' certificates it takes.
    pub ca: String,
}

/// Files of a [`Secured`] server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecuredFiles {
    /// The server's certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA.
    pub ca: PathBuf,
}

/// Clocks of two machines differ a little.
const BEFORE: Duration = Duration::minutes(5);

impl Authority {
    /// A CA of that name, good for ten years.
    pub fn new(name: &str) -> Result<Self, LabError> {
        let mut params = named(name, Duration::days(3_650))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(LabError::certificate)?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(LabError::certificate)?;
        Ok(Self { issuer })
    }

    /// Its certificate, in PEM.
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for servers of this machine: `localhost`, `127.0.0.1` and `::1`.
    pub fn server(&self, validity: Duration) -> Result<Issued, LabError> {
        let mut params = named("localhost", validity)?;
        let addresses = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        params.subject_alt_names = CertificateParams::new(addresses).map_err(LabError::certificate)?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params)
    }

    /// A certificate by which a caller is known. Its subject is `CN=<name>`.
    pub fn client(&self, name: &str, validity: Duration) -> Result<Issued, LabError> {
        let mut params = named(name, validity)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params)
    }

    /// What a server of this machine needs, good for a year.
    pub fn secure(&self) -> Result<Secured, LabError> {
        let Issued { certificate, key, .. } = self.server(Duration::days(365))?;
        Ok(Secured { certificate, key, ca: self.certificate() })
    }

    /// A list of revoked certificates, in PEM, good for a day.
    pub fn revocations(&self, revoked: &[&Issued]) -> Result<String, LabError> {
        let now = OffsetDateTime::now_utc();
        let list = CertificateRevocationListParams {
            this_update: now - BEFORE,
            next_update: now + Duration::days(1),
            crl_number: SerialNumber::from(now.unix_timestamp().unsigned_abs()),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|issued| RevokedCertParams {
                    serial_number: issued.serial.clone(),
                    revocation_time: now - BEFORE,
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let signed = list.signed_by(&self.issuer).map_err(LabError::certificate)?;
        signed.pem().map_err(LabError::certificate)
    }

    fn issue(&self, mut params: CertificateParams) -> Result<Issued, LabError> {
        // 15 bytes after a one, so that the number is positive and of one length.
        let serial = SerialNumber::from([&[1][..], &rand::random::<[u8; 15]>()].concat());
        params.serial_number = Some(serial.clone());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(LabError::certificate)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(LabError::certificate)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem(), serial })
    }
}

/// From a little before now; a negative validity makes one that has expired.
fn named(name: &str, validity: Duration) -> Result<CertificateParams, LabError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(LabError::certificate)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = OffsetDateTime::now_utc();
    params.not_after = now + validity;
    params.not_before = now.min(params.not_after) - BEFORE;
    Ok(params)
}

impl Secured {
    /// Writes the three files into a directory; the key for its owner alone.
    pub fn write(&self, dir: &Path) -> Result<SecuredFiles, LabError> {
        fs::create_dir_all(dir).map_err(LabError::io("create", dir))?;
        let files =
            SecuredFiles { certificate: dir.join("server.pem"), key: dir.join("server.key"), ca: dir.join("ca.pem") };
        for (path, text) in [(&files.certificate, &self.certificate), (&files.ca, &self.ca)] {
            fs::write(path, text).map_err(LabError::io("write", path))?;
        }
        let key = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&files.key);
        key.and_then(|mut key| key.write_all(self.key.as_bytes())).map_err(LabError::io("write", &files.key))?;
        Ok(files)
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued(..)")
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secured(..)")
    }
}
