//! The other side of the standard's interface: signs exchanges, sends them, and verifies the answers. What `sesame send`,
//! the demo and the tests speak to a node with.

use crate::standard::answer::{Answer, BadAnswer, ResultCode};
use crate::standard::cipher::{Cipher, Key, Software};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::encryption;
use crate::standard::envelope::{Busilist, Envelope};
use crate::standard::random::Random;
use crate::standard::refusal::RefusalCode;
use crate::standard::response::Response;
use crate::standard::sign::{Profile, Signer};
use crate::tls::ClientTls;
use std::time::Duration;

/// A caller of one node.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://host:port/<service>` (§6.3).
    base: String,
    appid: String,
    key: Key,
    profile: Profile,
    data_key: Option<Key>,
    tls: ClientTls,
}

/// What a node answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Whether it says `0001`.
    pub success: bool,
    /// Its message.
    pub message: String,
    /// The text of its busilist, decrypted.
    pub busilist: String,
    /// Where the next page of a query begins.
    pub after: Option<String>,
    /// How long the node asks to wait before another try.
    pub retry_after: Option<Duration>,
}

impl Answered {
    /// The code of a refusal, if it names one of ours.
    pub fn code(&self) -> Option<RefusalCode> {
        RefusalCode::of_message(&self.message)
    }
}

/// Why there is no answer that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers.
    #[error(
        "{url} does not answer ({reason}); the outcome is unknown: send the same exchange, with the same random, again"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// The client library's words.
        reason: String,
    },
    /// What was answered is not the standard's.
    #[error("{url} answered with status {status}, but not in the form of Annex A.2: {reason}")]
    NotAnAnswer {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: BadAnswer,
    },
    /// The answer's signature does not verify.
    #[error(
        "the signature of the answer from {url} does not verify: compare the keys, or someone has changed it on its way"
    )]
    Forged {
        /// The address.
        url: String,
    },
    /// The answer's busilist cannot be decrypted.
    #[error("the busilist answered by {url} cannot be decrypted: {reason}")]
    Encrypted {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
}

/// §6.4 allows 40 seconds across domains.
const TIMEOUT: Duration = Duration::from_secs(40);

impl Client {
    /// A caller with the default profile and no encryption. `base` is `http://host:port/<service>`, or `https://` of a node with
    /// a certificate of a CA that the system trusts.
    ///
    /// # Errors
    /// When no HTTP client can be made, for want of system resources.
    pub fn new(base: &str, appid: &str, key: Key) -> Result<Self, reqwest::Error> {
        Self::trusting(base, appid, key, &ClientTls::system())
    }

    /// The same, trusting other CAs by `https://`, or showing a certificate.
    pub fn trusting(base: &str, appid: &str, key: Key, tls: &ClientTls) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().timeout(TIMEOUT).tcp_nodelay(true).no_proxy();
        let http = builder.tls_backend_preconfigured(tls.config().as_ref().clone()).build()?;
        let (base, appid) = (base.trim_end_matches('/').to_owned(), appid.to_owned());
        Ok(Self { http, base, appid, key, profile: Profile::default(), data_key: None, tls: tls.clone() })
    }

    /// The same caller, signing by another profile.
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same caller, encrypting busilists.
    pub fn with_data_key(self, data_key: Key) -> Self {
        Self { data_key: Some(data_key), ..self }
    }

    /// The body of a signed exchange. `busilist` is an array's text.
    pub fn exchange(&self, busicode: BusinessCode, action: Action, busilist: &str, random: &Random) -> String {
        self.body(&busicode.to_string(), action, busilist, random)
    }

    fn body(&self, busicode: &str, action: Action, busilist: &str, random: &Random) -> String {
        let cipher: &dyn Cipher = &Software;
        let busilist = match &self.data_key {
            // The initial vector must be unpredictable; a v4 UUID holds 122 random bits.
            Some(key) => {
                Busilist::Text(encryption::encrypt(cipher, key, *uuid::Uuid::new_v4().as_bytes(), busilist).into())
            }
            None => Busilist::Array(busilist),
        };
        let envelope = Envelope {
            appid: self.appid.as_str().into(),
            busicode: busicode.into(),
            action: action.code().into(),
            busilist,
            random: random.clone(),
            sign: "".into(),
        };
        envelope.signed(self.signer()).write()
    }

    /// Sends a signed exchange to `interFlag` `exchange`.
    pub async fn send(
        &self,
        busicode: BusinessCode,
        action: Action,
        busilist: &str,
        random: &Random,
    ) -> Result<Answered, ClientError> {
        self.post("exchange", self.exchange(busicode, action, busilist, random), random).await
    }

    /// Asks the interface log; `None` means every business code.
    pub async fn log(
        &self,
        busicode: Option<BusinessCode>,
        conditions: &str,
        random: &Random,
    ) -> Result<Answered, ClientError> {
        let busicode = busicode.map_or_else(|| "000".to_owned(), |code| code.to_string());
        self.post("log", self.body(&busicode, Action::Query, conditions, random), random).await
    }

    /// Posts a body as it is, and verifies the answer where it is signed.
    pub async fn post(&self, flag: &str, body: String, random: &Random) -> Result<Answered, ClientError> {
        let url = format!("{}/{flag}", self.base);
        let unreachable = |error: reqwest::Error| ClientError::Unreachable {
            url: url.clone(),
            reason: self.tls.explain(&error).unwrap_or_else(|| describe(&error.without_url())),
        };
        let request = self.http.post(&url).header("content-type", "application/json; charset=utf-8").body(body);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = response.bytes().await.map_err(unreachable)?;
        Ok(Answered { retry_after, ..self.read(&url, status, &body, random)? })
    }

    fn read(&self, url: &str, status: u16, body: &[u8], random: &Random) -> Result<Answered, ClientError> {
        let foreign = |reason| ClientError::NotAnAnswer { url: url.to_owned(), status, reason };
        let response = Response::read(body).map_err(foreign)?;
        let answer = response.answer().map_err(foreign)?;
        let success = answer.result == ResultCode::Success;
        // A caller the node does not know gets no signature; it may believe a refusal, never a success.
        let trusted = if response.sign.is_empty() { !success } else { response.is_answer_to(random, self.signer()) };
        if !trusted {
            return Err(ClientError::Forged { url: url.to_owned() });
        }
        Ok(Answered {
            status,
            success,
            message: answer.message.to_string(),
            busilist: self.decrypted(url, &answer)?,
            after: answer.after.as_ref().map(ToString::to_string),
            retry_after: None,
        })
    }

    fn decrypted(&self, url: &str, answer: &Answer<'_>) -> Result<String, ClientError> {
        match (&self.data_key, &answer.busilist) {
            (Some(key), Busilist::Text(ciphertext)) => encryption::decrypt(&Software, key, ciphertext)
                .map(|decrypted| decrypted.text)
                .map_err(|e| ClientError::Encrypted { url: url.to_owned(), reason: e.to_string() }),
            (_, busilist) => Ok(busilist.text().to_owned()),
        }
    }

    fn signer(&self) -> Signer<'_> {
        Signer { cipher: &Software, profile: self.profile, key: &self.key }
    }
}

/// `Retry-After` in whole seconds, as nodes give it; a date is not read.
fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The error with its cause, where the interesting half is.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
