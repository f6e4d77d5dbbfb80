//! Posting a request and reading what comes back, within bounds of time and size: whoever answers must not hold up the caller.

use crate::tls::{ClientConfig, ClientTls};
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long to wait for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the connection, with its TLS handshake.
    pub connect: Duration,
    /// From there to the head of the answer.
    pub answer: Duration,
    /// For the exchange in all.
    pub whole: Duration,
}

/// What came back, whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, where it is given in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// There is no connection, so the request was not sent.
    #[error("cannot be reached: {0}")]
    Away(String),
    /// The request was sent, perhaps, and no whole answer came: the outcome is unknown.
    #[error("{0}")]
    Silent(String),
}

/// Posts requests. Clones share the connections, which are kept open for a while.
#[derive(Clone)]
pub struct Dialer {
    tls: ClientTls,
    patience: Patience,
    /// Bytes of the longest answer taken.
    longest: usize,
    /// The client library's client, and the TLS settings it was made with.
    http: Arc<Mutex<(Arc<ClientConfig>, reqwest::Client)>>,
}

/// Shorter than servers keep a connection that rests, as far as we know any: a request sent into one that is being closed is lost.
const IDLE: Duration = Duration::from_secs(20);

impl Dialer {
    /// Trusts whom `tls` says, takes answers of `longest` bytes at the most.
    ///
    /// # Errors
    /// When no HTTP client can be made, for want of system resources.
    pub fn new(tls: &ClientTls, patience: Patience, longest: usize) -> Result<Self, reqwest::Error> {
        let config = tls.config();
        let http = Arc::new(Mutex::new((config.clone(), make(&config, patience)?)));
        Ok(Self { tls: tls.clone(), patience, longest, http })
    }

    /// Posts a body.
    pub async fn post(&self, url: &str, headers: &[(String, String)], body: Bytes) -> Result<Received, NoAnswer> {
        let mut request = self.http()?.post(url).header("content-type", "application/json; charset=utf-8").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.exchange(request).await
    }

    /// Asks whether anybody answers there, and nothing else.
    pub async fn knock(&self, url: &str) -> Result<Received, NoAnswer> {
        self.exchange(self.http()?.head(url)).await
    }

    /// What the caller waits for at the longest for the head of an answer, the connection included.
    fn head(&self) -> Duration {
        self.patience.connect + self.patience.answer
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Received, NoAnswer> {
        let whole = async {
            let head = timeout(self.head(), request.send()).await;
            let mut response = match head {
                Ok(sent) => sent.map_err(|error| self.explain(error))?,
                Err(_) => {
                    return Err(NoAnswer::Silent(format!("no answer within {} s", self.head().as_secs_f32())));
                }
            };
            let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            let status = response.status().as_u16();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| self.explain(error))? {
                if body.len() + chunk.len() > self.longest {
                    return Err(NoAnswer::Silent(format!("answered more than {} bytes", self.longest)));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Received { status, retry_after: retry_after.map(Duration::from_secs), body: body.into() })
        };
        let late = |_| NoAnswer::Silent(format!("no whole answer within {} s", self.patience.whole.as_secs_f32()));
        timeout(self.patience.whole, whole).await.map_err(late)?
    }

    /// The client for requests begun now: one made anew where certificates have changed.
    fn http(&self) -> Result<reqwest::Client, NoAnswer> {
        let config = self.tls.config();
        // Guards plain data, which is whole even if a holder panicked.
        let mut http = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&http.0, &config) {
            let made = make(&config, self.patience).map_err(|error| self.explain(error))?;
            *http = (config, made);
        }
        Ok(http.1.clone())
    }

    fn explain(&self, error: reqwest::Error) -> NoAnswer {
        let reason = self.tls.explain(&error);
        let away = error.is_connect() || error.is_builder();
        let reason = reason.unwrap_or_else(|| describe(&error.without_url()));
        if away { NoAnswer::Away(reason) } else { NoAnswer::Silent(reason) }
    }
}

fn make(config: &Arc<ClientConfig>, patience: Patience) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(patience.connect)
        .pool_idle_timeout(IDLE)
        .tcp_nodelay(true)
        .no_proxy()
        // A signed request is for the one it is addressed to, and a redirected POST would arrive as a GET.
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(config.as_ref().clone())
        .build()
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
