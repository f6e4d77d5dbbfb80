//! An endpoint of the standard of another make: it knows no batches and no versions, and does whatever a test wants of it.

use crate::harness::{KEY, Spec, TestNode};
use serde_json::{Map, Value};
use sesame::standard::answer::Answer;
use sesame::standard::cipher::{Key, Software};
use sesame::standard::encryption;
use sesame::standard::envelope::{Busilist, Envelope};
use sesame::standard::random::Random;
use sesame::standard::refusal::{Refusal, RefusalCode};
use sesame::standard::response::{DatalistForm, Response};
use sesame::standard::sign::{Profile, Signer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// What the stub does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Takes it, as it should.
    Take,
    /// Takes it, and answers with datalist as a JSON string (table 4).
    TakeInText,
    /// Refuses it, with this status.
    Refuse(RefusalCode, u16),
    /// Takes it, and signs the answer with another key.
    TakeWronglySigned,
    /// Takes it, and leaves the signature out.
    TakeUnsigned,
    /// Answers another request.
    OtherRandom,
    /// A page of a proxy.
    Page(u16),
    /// Nothing, for ever.
    Hang,
    /// Reads the request, and closes the connection.
    Reset,
    /// A byte now and then.
    Trickle,
    /// An answer that never ends.
    Endless,
}

/// What was agreed with the stub.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub profile: Profile,
    pub encrypted: bool,
    pub in_text: bool,
}

pub const PLAIN: Terms = Terms { profile: Profile::Digest, encrypted: false, in_text: false };
pub const DATA_KEY: &str = "ffeeddccbbaa99887766554433221100";
/// Account of the node under test.
pub const ACCOUNT: &str = "province-account";

/// One request that came in whole, and what was done with it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub action: String,
    pub random: String,
    pub records: Vec<Map<String, Value>>,
    pub bytes: usize,
    pub manner: Manner,
}

impl Seen {
    /// Whether it names a record.
    pub fn names(&self, key: &str) -> bool {
        self.records.iter().any(|record| record["JCJLBH"] == key)
    }
}

type Choice = Box<dyn Fn(&Seen) -> Manner + Send>;

struct State {
    choose: Choice,
    seen: Vec<Seen>,
    /// Records by key; `None` for a deleted one.
    records: BTreeMap<String, Option<Map<String, Value>>>,
    most_at_once: usize,
    at_once: usize,
}

/// The endpoint. It ends when dropped.
pub struct Stub {
    pub port: u16,
    state: Arc<Mutex<State>>,
    accepting: AbortHandle,
}

impl Stub {
    pub async fn start(terms: Terms) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let choose: Choice = Box::new(|_| Manner::Take);
        let (seen, records) = (Vec::new(), BTreeMap::new());
        let state = Arc::new(Mutex::new(State { choose, seen, records, most_at_once: 0, at_once: 0 }));
        let serving = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, terms, serving.clone()));
            }
        });
        Self { port, state, accepting: accepting.abort_handle() }
    }

    /// From now on.
    pub fn does(&self, manner: Manner) {
        self.chooses(move |_| manner);
    }

    /// From now on, by what it sees.
    pub fn chooses(&self, choose: impl Fn(&Seen) -> Manner + Send + 'static) {
        self.state.lock().unwrap().choose = Box::new(choose);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().most_at_once
    }

    /// A record as the stub has it; `None` if it never came, `Some(None)` if it is deleted.
    pub fn record(&self, key: &str) -> Option<Option<Map<String, Value>>> {
        self.state.lock().unwrap().records.get(key).cloned()
    }

    /// The keys of the records that are there.
    pub fn keys(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.records.iter().filter(|(_, record)| record.is_some()).map(|(key, _)| key.clone()).collect()
    }

    /// `[parent]` of a node below, after the region. Patience is short, so that tests are.
    pub fn settings(&self, terms: Terms, more: &str) -> String {
        let Terms { profile, encrypted, in_text } = terms;
        let data_key = if encrypted { format!("data_key = \"{DATA_KEY}\"\n") } else { String::new() };
        format!(
            "[parent.https]\nurl = \"http://127.0.0.1:{}/gov/up?v=1\"\nconnect_secs = 1\nanswer_secs = 1\nexchange_secs = 3\n\
             [parent.https.foreign]\nappid = \"{ACCOUNT}\"\nkey = \"{KEY}\"\nprofile = \"{}\"\n\
             busilist_as_string = {in_text}\n{data_key}{more}\n",
            self.port,
            profile.as_str(),
        )
    }

    /// A running county that shares up to the stub.
    pub async fn county(&self) -> TestNode {
        let quick = "[failures]\nretry_secs = [3600, 3600]\n";
        Spec::new("370203").parent_over_https("370200", &self.settings(PLAIN, "")).extra(quick).start(&[]).await
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, terms: Terms, state: Arc<Mutex<State>>) {
    while let Some((head, body)) = read(&mut stream).await {
        if head.starts_with("HEAD ") {
            // Whether anybody is there.
            let nothing = "HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(nothing.as_bytes()).await;
            continue;
        }
        assert!(head.starts_with("POST /gov/up?v=1 HTTP/1.1\r\n"), "{head}");
        let (random, seen) = {
            let (random, mut seen) = understood(&body, terms);
            let mut state = state.lock().unwrap();
            seen.manner = (state.choose)(&seen);
            if matches!(
                seen.manner,
                Manner::Take | Manner::TakeInText | Manner::TakeWronglySigned | Manner::TakeUnsigned
            ) {
                apply(&mut state.records, &seen);
            }
            state.seen.push(seen.clone());
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
            (random, seen)
        };
        let goes_on = answer(&mut stream, seen.manner, &random, terms).await;
        state.lock().unwrap().at_once -= 1;
        if !goes_on {
            return;
        }
    }
}

/// Head and body of the next request.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(at) = head {
            let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= at + length {
                return Some((head, bytes[at..].to_vec()));
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            Ok(0) | Err(_) => return None,
        }
    }
}

/// A request whose signature is as agreed.
fn understood(body: &[u8], terms: Terms) -> (Random, Seen) {
    let envelope = Envelope::read(body).unwrap();
    let key = Key::parse(KEY).unwrap();
    let signer = Signer { cipher: &Software, profile: terms.profile, key: &key };
    assert!(signer.verify(&envelope.canonical(), &envelope.sign), "a request that is not signed as agreed");
    assert_eq!((envelope.appid.as_ref(), envelope.busicode.as_ref()), (ACCOUNT, "007"));
    let list = match (&envelope.busilist, terms.encrypted, terms.in_text) {
        (Busilist::Text(text), true, _) => {
            encryption::decrypt(&Software, &Key::parse(DATA_KEY).unwrap(), text).unwrap().text
        }
        (Busilist::Text(text), false, true) => text.to_string(),
        (Busilist::Array(array), false, false) => array.as_str().to_owned(),
        (form, ..) => panic!("busilist in another form than agreed: {form:?}"),
    };
    let seen = Seen {
        action: envelope.action.to_string(),
        random: envelope.random.to_string(),
        records: serde_json::from_str(&list).unwrap(),
        bytes: body.len(),
        manner: Manner::Take,
    };
    (envelope.random, seen)
}

fn apply(records: &mut BTreeMap<String, Option<Map<String, Value>>>, seen: &Seen) {
    for record in &seen.records {
        let key = record["JCJLBH"].as_str().unwrap().to_owned();
        match seen.action.as_str() {
            "01" => drop(records.insert(key, Some(record.clone()))),
            "02" => {
                let Some(Some(known)) = records.get_mut(&key) else { continue };
                known.extend(record.clone());
            }
            _ => drop(records.insert(key, None)),
        }
    }
}

/// Whether the connection goes on.
async fn answer(stream: &mut TcpStream, manner: Manner, random: &Random, terms: Terms) -> bool {
    let success = Answer::success("ok", "[]");
    let (key, other_key) = (Key::parse(KEY).unwrap(), Key::parse(DATA_KEY).unwrap());
    let signed = |answer: &Answer<'_>, form, random: &Random, key: &Key| {
        let signer = Signer { cipher: &Software, profile: terms.profile, key };
        Response::new(answer, form, Some(random)).signed(signer).write()
    };
    let object = DatalistForm::Object;
    let (status, body) = match manner {
        Manner::Take => (200, signed(&success, object, random, &key)),
        Manner::TakeInText => (200, signed(&success, DatalistForm::Text, random, &key)),
        Manner::Refuse(code, status) => {
            (status, signed(&Answer::refusal(&Refusal::new(code, "不收")), object, random, &key))
        }
        Manner::TakeWronglySigned => (200, signed(&success, object, random, &other_key)),
        Manner::TakeUnsigned => (200, Response::new(&success, object, Some(random)).write()),
        Manner::OtherRandom => (200, signed(&success, object, &Random::parse("another").unwrap(), &key)),
        Manner::Page(status) => (status, "<html><body>Please log in</body></html>".to_owned()),
        Manner::Hang => std::future::pending().await,
        Manner::Reset => return false,
        Manner::Trickle => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(b" ").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
            return false;
        }
        Manner::Endless => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&[b' '; 64 * 1024]).await.is_ok() {}
            return false;
        }
    };
    let head = format!("HTTP/1.1 {status} As agreed\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.is_ok()
}
