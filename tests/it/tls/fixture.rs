//! A CA, its files, and callers that trust it.

use crate::harness::{APP, KEY, TestNode};
use sesame::client::{Answered, Client, ClientError};
use sesame::config::PeerTls;
use sesame::lab::Authority;
use sesame::lab::authority::Issued;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::tls::ClientTls;
use std::path::PathBuf;
use time::Duration;
use uuid::Uuid;

pub const YEAR: Duration = Duration::days(365);

/// A CA and a folder for what it signs.
pub struct Pki {
    pub authority: Authority,
    folder: tempfile::TempDir,
}

impl Pki {
    /// A CA and a certificate for a node's listeners.
    pub fn new() -> Self {
        let pki = Self { authority: Authority::new("test CA").unwrap(), folder: tempfile::tempdir().unwrap() };
        pki.write("ca.pem", &pki.authority.certificate());
        pki.serve_with(&pki.authority.server(YEAR).unwrap());
        pki
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        // As tools that renew certificates do: readers see the old file or the new one.
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    /// Puts another certificate where the listeners read theirs.
    pub fn serve_with(&self, issued: &Issued) {
        self.write("server.key", &issued.key);
        self.write("server.pem", &issued.certificate);
    }

    /// TLS of a listener; `more` are further keys.
    pub fn listener(&self, name: &str, more: &str) -> String {
        let (certificate, key) = (self.path("server.pem"), self.path("server.key"));
        format!("[{name}.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n{more}\n")
    }

    /// The keys by which a listener asks for client certificates of this CA, and looks at its revocation list.
    pub fn asks_for_certificates(&self) -> String {
        if !self.path("crl.pem").exists() {
            self.write("crl.pem", &self.authority.revocations(&[]).unwrap());
        }
        format!("client_ca = {:?}\nclient_crl = {:?}\n", self.path("ca.pem"), self.path("crl.pem"))
    }

    /// How a caller trusts this CA and shows a certificate.
    pub fn trust(&self, shown: Option<&Issued>) -> ClientTls {
        let identity = shown.map(|issued| {
            let name = Uuid::new_v4().to_string();
            self.write(&format!("{name}.pem"), &issued.certificate);
            self.write(&format!("{name}.key"), &issued.key);
            (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")))
        });
        ClientTls::load("test", &PeerTls { ca: Some(self.path("ca.pem")), identity }).unwrap()
    }

    /// A caller of a node by HTTPS.
    pub fn client(&self, node: &TestNode, appid: &str, shown: Option<&Issued>) -> Client {
        client(node, appid, &self.trust(shown))
    }
}

pub fn client(node: &TestNode, appid: &str, tls: &ClientTls) -> Client {
    let url = format!("https://127.0.0.1:{}/sesame", node.interface.port());
    Client::trusting(&url, appid, Key::parse(KEY).unwrap(), tls).unwrap()
}

/// A query, which any app may send.
pub async fn query(client: &Client) -> Result<Answered, ClientError> {
    let busicode = BusinessCode::parse("007").unwrap();
    client.send(busicode, Action::Query, "[]", &Random::from(Uuid::new_v4())).await
}

/// A query with a signature of one's own making.
pub async fn query_signed(client: &Client, sign: &str) -> Result<Answered, ClientError> {
    let random = Random::from(Uuid::new_v4());
    let body = client.exchange(BusinessCode::parse("007").unwrap(), Action::Query, "[]", &random);
    let mut envelope: serde_json::Value = serde_json::from_str(&body).unwrap();
    envelope["sign"] = sign.into();
    client.post("exchange", envelope.to_string(), &random).await
}

/// A refusal for want of proof, with words of its message.
pub fn assert_unproven(answered: Result<Answered, ClientError>, words: &str) {
    let answered = answered.unwrap();
    assert_eq!(answered.status, 401, "{answered:?}");
    assert!(answered.message.starts_with("[SIGN_MISMATCH] ") && answered.message.contains(words), "{answered:?}");
}

/// The app that every node has, by HTTPS without a certificate.
pub fn anyone(pki: &Pki, node: &TestNode) -> Client {
    pki.client(node, APP, None)
}
