//! Asking a node as a vendor's program does: a request in which everything can be wrong, and its answer looked at closely.

use crate::harness::{APP, KEY, TestNode};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sesame::standard::busilist::Array;
use sesame::standard::cipher::{Key, Software};
use sesame::standard::encryption;
use sesame::standard::envelope::{Busilist, Envelope};
use sesame::standard::random::Random;
use sesame::standard::response::{DatalistForm, Response};
use sesame::standard::sign::{Profile, Signer};
use uuid::Uuid;

/// An app, by which requests are signed and answers verified.
#[derive(Clone)]
pub struct App {
    pub url: String,
    appid: String,
    key: Key,
    profile: Profile,
    data_key: Option<Key>,
    http: reqwest::Client,
}

/// A request under construction. What is not set otherwise is right.
#[derive(Clone)]
pub struct Request {
    app: App,
    flag: String,
    busicode: String,
    action: String,
    busilist: String,
    as_text: bool,
    random: String,
    sign: Option<String>,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// `0001` or `0000`.
    pub result: String,
    pub message: String,
    /// Decrypted, where the app's are encrypted.
    pub busilist: Vec<Value>,
    pub after: Option<String>,
    pub random: String,
    /// Whether `sign` is empty.
    pub is_unsigned: bool,
    /// Whether `sign` is the app's signature over what was sent.
    pub holds: bool,
    pub form: DatalistForm,
    /// The body as sent.
    pub text: String,
}

impl App {
    /// The app every test node has, granted everything and operator.
    pub fn of(node: &TestNode) -> Self {
        Self::named(node, APP)
    }

    /// Another app with the key of everybody in the tests.
    pub fn named(node: &TestNode, appid: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (key, profile) = (Key::parse(KEY).unwrap(), Profile::default());
        Self { url: node.url(), appid: appid.to_owned(), key, profile, data_key: None, http }
    }

    pub fn signing_by(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    pub fn with_key(self, key: &str) -> Self {
        Self { key: Key::parse(key).unwrap(), ..self }
    }

    /// The same app at another address: a node that was started anew has another port.
    pub fn at(self, node: &TestNode) -> Self {
        Self { url: node.url(), ..self }
    }

    pub fn encrypting_with(self, key: &str) -> Self {
        Self { data_key: Some(Key::parse(key).unwrap()), ..self }
    }

    /// A good request to `exchange`, with a random of its own. `busilist` is an array's text.
    pub fn ask(&self, busicode: &str, action: &str, busilist: impl ToString) -> Request {
        Request {
            app: self.clone(),
            flag: "exchange".to_owned(),
            busicode: busicode.to_owned(),
            action: action.to_owned(),
            busilist: busilist.to_string(),
            as_text: false,
            random: Uuid::new_v4().to_string(),
            sign: None,
            headers: HeaderMap::new(),
        }
    }

    /// A query of the interface log.
    pub fn log(&self, conditions: impl ToString) -> Request {
        self.ask("000", "04", conditions).at("log")
    }

    /// Posts a body as it is.
    pub async fn post(&self, flag: &str, headers: HeaderMap, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.http.post(format!("{}/{flag}", self.url)).headers(headers).body(body);
        self.reply(request.send().await.unwrap()).await
    }

    /// Sends a request of another method.
    pub async fn call(&self, method: &str, url: &str) -> Reply {
        self.reply(self.http.request(method.parse().unwrap(), url).send().await.unwrap()).await
    }

    async fn reply(&self, response: reqwest::Response) -> Reply {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply::read(self, status, headers, &response.text().await.unwrap())
    }

    fn signer(&self) -> Signer<'_> {
        Signer { cipher: &Software, profile: self.profile, key: &self.key }
    }
}

impl Request {
    pub fn at(self, flag: &str) -> Self {
        Self { flag: flag.to_owned(), ..self }
    }

    pub fn random(self, random: &str) -> Self {
        Self { random: random.to_owned(), ..self }
    }

    /// Sends the busilist as a JSON string that holds the array's text.
    pub fn into_text(self) -> Self {
        Self { as_text: true, ..self }
    }

    /// Replaces the right signature.
    pub fn sign(self, sign: &str) -> Self {
        Self { sign: Some(sign.to_owned()), ..self }
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// The body of the request.
    pub fn body(&self) -> String {
        let busilist = match &self.app.data_key {
            Some(key) => {
                let iv = *Uuid::new_v4().as_bytes();
                Busilist::Text(encryption::encrypt(&Software, key, iv, &self.busilist).into())
            }
            None if self.as_text => Busilist::Text(self.busilist.as_str().into()),
            None => Busilist::Array(Array::known(&self.busilist)),
        };
        let envelope = Envelope {
            appid: self.app.appid.as_str().into(),
            busicode: self.busicode.as_str().into(),
            action: self.action.as_str().into(),
            busilist,
            random: Random::parse(&self.random).unwrap(),
            sign: "".into(),
        };
        let signed = envelope.signed(self.app.signer());
        match &self.sign {
            Some(sign) => Envelope { sign: sign.into(), ..signed }.write(),
            None => signed.write(),
        }
    }

    /// Sends it, and sees that the answer repeats its random.
    pub async fn send(self) -> Reply {
        let reply = self.app.post(&self.flag, self.headers.clone(), self.body()).await;
        assert_eq!(reply.random, self.random, "the answer is to another request: {reply:?}");
        reply
    }

    /// Sends it to be refused before anything of it is read, so that the answer cannot repeat its random.
    pub async fn send_unread(self) -> Reply {
        self.app.post(&self.flag, self.headers.clone(), self.body()).await
    }

    /// Sends it, sees that it succeeds, and gives the answer.
    pub async fn succeeds(self) -> Reply {
        let reply = self.send().await;
        assert_eq!((reply.status, reply.result.as_str()), (200, "0001"), "{reply:?}");
        assert!(reply.holds, "a success that is not signed: {reply:?}");
        reply
    }

    /// Sends it, sees that it is refused in this way with a signed answer, and gives that.
    #[expect(clippy::wrong_self_convention, reason = "reads as a sentence at the end of a request")]
    pub async fn is_refused(self, status: u16, code: &str) -> Reply {
        let asked = format!("{} {} {}", self.busicode, self.action, self.busilist);
        let reply = self.send().await;
        assert_eq!((reply.status, reply.result.as_str()), (status, "0000"), "expected {code} for {asked}: {reply:?}");
        reply.assert_refusal(status, code);
        assert!(reply.holds, "a refusal of a known caller is signed: {reply:?}");
        reply
    }

    /// Sends a write, sees that it is accepted, and gives its batch.
    pub async fn accepted(self) -> String {
        let reply = self.succeeds().await;
        reply.busilist[0]["BATCH"].as_str().unwrap_or_else(|| panic!("no batch: {reply:?}")).to_owned()
    }
}

impl Reply {
    fn read(app: &App, status: u16, headers: HeaderMap, text: &str) -> Self {
        let body: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: status {status}, {text:?}"));
        assert_eq!(keys(&body), ["datalist", "random", "sign"], "{text}");
        let response = Response::read(text.as_bytes()).unwrap();
        let datalist: Value = serde_json::from_str(&response.datalist).unwrap();
        assert_eq!(keys(&datalist)[..3], ["result", "message", "busilist"], "{text}");
        let list = match (&datalist["busilist"], &app.data_key) {
            (Value::String(ciphertext), Some(key)) => encryption::decrypt(&Software, key, ciphertext).unwrap().text,
            (list, _) => list.to_string(),
        };
        let string = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no string: {text}")).to_owned();
        Self {
            status,
            headers,
            result: string(&datalist["result"]),
            message: string(&datalist["message"]),
            busilist: serde_json::from_str(&list).unwrap_or_else(|e| panic!("busilist is no array, {e}: {text}")),
            after: datalist.get("after").map(string),
            random: response.random.to_string(),
            is_unsigned: response.sign.is_empty(),
            holds: app.signer().verify(&response.canonical(), &response.sign),
            form: response.form,
            text: text.to_owned(),
        }
    }

    /// Sees that this is a refusal with this status and code, with a reason in Chinese.
    pub fn assert_refusal(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.result.as_str()), (status, "0000"), "expected {code}: {self:?}");
        let reason = self.message.strip_prefix(&format!("[{code}] "));
        let reason = reason.unwrap_or_else(|| panic!("expected [{code}]: {self:?}"));
        assert!(reason.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "no reason in Chinese: {self:?}");
        assert_eq!(self.headers["content-type"], "application/json; charset=utf-8", "{self:?}");
        if code != "INVALID_RECORDS" {
            assert!(self.busilist.is_empty(), "nothing to list: {self:?}");
        }
    }

    /// The faults listed, as (INDEX, FIELD, RULE). Each has an ERROR; only a warning names its LEVEL.
    pub fn faults(&self) -> Vec<(&str, &str, &str)> {
        let text = |row: &'_ Value, key: &str| {
            assert!(row[key].is_string(), "no {key} in {row}");
        };
        self.busilist
            .iter()
            .map(|row| {
                let names: Vec<_> = keys(row).into_iter().filter(|key| *key != "LEVEL").collect();
                assert_eq!(names, ["INDEX", "FIELD", "RULE", "ERROR"]);
                assert!(row.get("LEVEL").is_none_or(|level| level == "warning"), "{row}");
                ["INDEX", "FIELD", "RULE", "ERROR"].iter().for_each(|key| text(row, key));
                let get = |key: &str| row[key].as_str().unwrap();
                assert!(!get("ERROR").is_empty(), "{row}");
                (get("INDEX"), get("FIELD"), get("RULE"))
            })
            .collect()
    }
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().map(String::as_str).collect()
}
