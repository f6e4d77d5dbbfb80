//! The other side of the standard's interface: signs exchanges, sends them, and verifies the answers. What `sesame send`,
//! the demo and the tests speak to a node with; and what a link speaks to a parent with that is any endpoint of the standard.

mod account;
mod dial;

pub use account::Account;
pub use dial::{Dialer, NoAnswer, Patience, Received};

use crate::standard::answer::{BadAnswer, ResultCode};
use crate::standard::cipher::Key;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::random::Random;
use crate::standard::refusal::RefusalCode;
use crate::standard::response::Response;
use crate::standard::sign::Profile;
use crate::tls::ClientTls;
use std::time::Duration;

/// A caller of one node.
#[derive(Clone)]
pub struct Client {
    dialer: Dialer,
    /// `http://host:port/<service>` (§6.3).
    base: String,
    account: Account,
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
/// Rows of 2,000 records, a page of a query at the most, have far less.
const LONGEST: usize = 256 << 20;

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
        let patience = Patience { connect: TIMEOUT, answer: TIMEOUT, whole: TIMEOUT };
        let dialer = Dialer::new(tls, patience, LONGEST)?;
        Ok(Self { dialer, base: base.trim_end_matches('/').to_owned(), account: Account::new(appid, key) })
    }

    /// The same caller, signing by another profile.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.account.profile = profile;
        self
    }

    /// The same caller, encrypting busilists.
    pub fn with_data_key(mut self, data_key: Key) -> Self {
        self.account.data_key = Some(data_key);
        self
    }

    /// The body of a signed exchange. `busilist` is an array's text.
    pub fn exchange(&self, busicode: BusinessCode, action: Action, busilist: &str, random: &Random) -> String {
        self.account.request(&busicode.to_string(), action, busilist, random)
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
        self.post("log", self.account.request(&busicode, Action::Query, conditions, random), random).await
    }

    /// Posts a body as it is, and verifies the answer where it is signed.
    pub async fn post(&self, flag: &str, body: String, random: &Random) -> Result<Answered, ClientError> {
        let url = format!("{}/{flag}", self.base);
        let received = self
            .dialer
            .post(&url, &[], body.into())
            .await
            .map_err(|nothing| ClientError::Unreachable { url: url.clone(), reason: nothing.to_string() })?;
        let retry_after = received.retry_after;
        Ok(Answered { retry_after, ..self.read(&url, received.status, &received.body, random)? })
    }

    fn read(&self, url: &str, status: u16, body: &[u8], random: &Random) -> Result<Answered, ClientError> {
        let foreign = |reason| ClientError::NotAnAnswer { url: url.to_owned(), status, reason };
        let response = Response::read(body).map_err(foreign)?;
        let answer = response.answer().map_err(foreign)?;
        let success = answer.result == ResultCode::Success;
        // A caller the node does not know gets no signature; it may believe a refusal, never a success.
        let trusted = if response.sign.is_empty() { !success } else { self.account.believes(&response, random) };
        if !trusted {
            return Err(ClientError::Forged { url: url.to_owned() });
        }
        let encrypted = |reason: crate::standard::encryption::CannotDecrypt| ClientError::Encrypted {
            url: url.to_owned(),
            reason: reason.to_string(),
        };
        Ok(Answered {
            status,
            success,
            message: answer.message.to_string(),
            busilist: self.account.decrypted(&answer).map_err(encrypted)?,
            after: answer.after.as_ref().map(ToString::to_string),
            retry_after: None,
        })
    }
}
