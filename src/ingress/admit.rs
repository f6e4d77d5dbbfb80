//! The checks at the door, in the contract's order: parse, appid, sign, codes, grants, random, rules. Pure work but for the
//! memory of randoms; it runs off the async threads for large bodies.

use super::authenticate::authenticate;
use super::caller::Caller;
use super::door::Door;
use super::limited::{Party, pass_app, too_many_records};
use super::log_query::{self, LogQuery};
use super::marked::judge;
use super::outcome::Denial;
use super::query::{self, RecordQuery};
use super::randoms::refuse_reuse;
use super::sender::Sender;
use crate::batch::{
    Evidence, Findings, Form, LONGEST_SIGN, Manifest, Sealed, Stamp, TOLERANCE_MICROS, batch_id, check_records,
    content_digest, routing_key, seal,
};
use crate::dataset::{Dataset, Dictionary};
use crate::interface::InterFlag;
use crate::standard::busilist::Array;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::encryption::{self, CannotDecrypt};
use crate::standard::envelope::{Busilist, Envelope};
use crate::standard::moment::Moment;
use crate::standard::random::Random;
use crate::standard::refusal::{Refusal, RefusalCode};
use crate::standard::sign::Signable;
use crate::tls::PeerCertificate;
use crate::volume::Pass;
use std::borrow::Cow;
use std::time::Instant;
use uuid::Uuid;

/// What the checks make of a request.
pub(super) struct Admission {
    /// The request's random, if it could be read.
    pub(super) random: Option<Random>,
    /// The caller, once its signature held.
    pub(super) caller: Option<Caller>,
    /// What the request says of itself, for the log; as sent, shortened.
    pub(super) subject: Subject,
    /// The app's place among its exchanges being worked on.
    pub(super) pass: Option<Pass>,
    /// What is to be done, or why nothing is.
    pub(super) work: Result<Work, Denial>,
}

/// What a request says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    pub(super) appid: String,
    pub(super) busicode: String,
    pub(super) action: String,
    /// The codes once known to be good, for metrics: unknown ones must not become labels.
    pub(super) busicode_known: Option<BusinessCode>,
    pub(super) action_known: Option<Action>,
}

impl Subject {
    /// Notes what the envelope says.
    pub(super) fn name(&mut self, envelope: &Envelope<'_>) {
        let shortened = |text: &str| text.chars().filter(|c| *c != '\0').take(64).collect();
        self.appid = shortened(&envelope.appid);
        self.busicode = shortened(&envelope.busicode);
        self.action = shortened(&envelope.action);
    }
}

/// What an admitted request asks for.
pub(super) enum Work {
    Publish(Box<Acceptable>),
    Query(Box<RecordQuery>),
    Log(Box<LogQuery>),
    Validated(Box<Findings>),
}

/// A batch that may be published.
pub(super) struct Acceptable {
    pub(super) batch: Uuid,
    pub(super) busicode: BusinessCode,
    pub(super) action: Action,
    /// What was found of its records.
    pub(super) findings: Findings,
    pub(super) routing_key: String,
    pub(super) sealed: Sealed,
}

/// Runs every check.
pub(super) fn admit(door: &Door, flag: InterFlag, body: &[u8], started: Instant, sender: &Sender) -> Admission {
    let mut subject = Subject::default();
    let envelope = match Envelope::read(body) {
        Ok(envelope) => envelope,
        Err(error) => {
            let work = Err(Denial::from(error.reason));
            return Admission { random: error.random, caller: None, subject, pass: None, work };
        }
    };
    subject.name(&envelope);
    let random = Some(envelope.random.clone());
    let now = door.clock.now();
    let signable = Signable::new(door.node.cipher.as_ref(), envelope.canonical());
    let certificate = sender.certificate.as_deref();
    let authenticated = authenticate(door, &envelope, &signable, certificate, now);
    let caller = match judge(door, &envelope, sender, authenticated, now) {
        Ok(caller) => caller,
        Err(denial) => return Admission { random, caller: None, subject, pass: None, work: Err(denial) },
    };
    let pass = match pass_app(&caller.app, body.len()) {
        Ok(pass) => Some(pass),
        Err(denial) => return Admission { random, caller: Some(caller), subject, pass: None, work: Err(denial) },
    };
    let dictionary = &door.dictionary.now();
    let checks = Checks {
        door,
        dictionary,
        flag,
        caller: &caller,
        envelope: &envelope,
        signable: &signable,
        started,
        now,
        certificate,
    };
    let work = checks.run(&mut subject);
    Admission { random, caller: Some(caller), subject, pass, work }
}

struct Checks<'a> {
    door: &'a Door,
    /// One and the same for the whole request.
    dictionary: &'a Dictionary,
    flag: InterFlag,
    caller: &'a Caller,
    envelope: &'a Envelope<'a>,
    signable: &'a Signable<'a>,
    started: Instant,
    now: Moment,
    certificate: Option<&'a PeerCertificate>,
}

impl Checks<'_> {
    fn run(&self, subject: &mut Subject) -> Result<Work, Denial> {
        let (content, form) = self.content()?;
        // Nothing else is given for content.
        let content = Array::known(&content);
        if self.flag == InterFlag::Log {
            return self.log(subject, content);
        }
        let dataset = self.dataset(subject)?;
        let action = Action::parse(&self.envelope.action)?;
        subject.action_known = Some(action);
        if self.flag == InterFlag::Validate && !action.is_write() {
            return Err(Denial::new(RefusalCode::UnknownAction, "validate 只校验新增、修改、删除（01、02、03）"));
        }
        self.granted(dataset, action)?;
        if action == Action::Query {
            return self.query(dataset, content);
        }
        self.write(dataset, action, content, form)
    }

    /// The text of an array, as sent or decrypted, and how the signed text is made from it.
    fn content(&self) -> Result<(Cow<'_, str>, Form), Denial> {
        match (&self.caller.app.data_key, &self.envelope.busilist) {
            (None, Busilist::Array(array)) => Ok((Cow::Borrowed(array.as_str()), Form::default())),
            (None, Busilist::Text(text)) => {
                let (array, form) = array_in(text, None)?;
                Ok((Cow::Borrowed(array), form))
            }
            (Some(_), Busilist::Array(_)) => Err(CannotDecrypt::Plain.into()),
            (Some(key), Busilist::Text(ciphertext)) => {
                let decrypted = encryption::decrypt(self.caller.cipher.as_ref(), key, ciphertext)?;
                let (array, form) = array_in(&decrypted.text, Some(hex::encode(decrypted.iv)))?;
                let lower = !ciphertext.bytes().any(|byte| byte.is_ascii_uppercase());
                Ok((Cow::Owned(array.to_owned()), Form { lower, ..form }))
            }
        }
    }

    fn dataset(&self, subject: &mut Subject) -> Result<&Dataset, Denial> {
        let code = BusinessCode::parse(&self.envelope.busicode)?;
        let dataset = self.dictionary.get(code).ok_or_else(|| {
            Denial::new(
                RefusalCode::UnknownBusicode,
                format!("业务分类代码 {code} 在本节点没有数据字典：应为表2所列 001 至 011"),
            )
        })?;
        subject.busicode_known = Some(code);
        Ok(dataset)
    }

    fn granted(&self, dataset: &Dataset, action: Action) -> Result<(), Denial> {
        let granted = &self.caller.app.grants;
        if !granted.may_touch(dataset.code()) {
            let reason = format!("应用账号未获授权使用业务分类代码 {} {}", dataset.code(), dataset.title());
            return Err(Denial::new(RefusalCode::NotGranted, reason));
        }
        if !granted.may(action) {
            return Err(Denial::new(RefusalCode::NotGranted, format!("应用账号未获授权使用请求动作代码 {action}")));
        }
        Ok(())
    }

    fn write(&self, dataset: &Dataset, action: Action, content: Array<'_>, form: Form) -> Result<Work, Denial> {
        let batch = batch_id(self.door.node.region, &self.caller.app.appid, self.caller.random.as_str());
        let stamp = Stamp {
            batch,
            accepted: self.now,
            home: self.caller.app.home,
            latest: self.now.plus_micros(TOLERANCE_MICROS),
        };
        let (party, most) = self.most_records();
        let findings = check_records(dataset, action, content.objects().take(most), &stamp);
        // That there are too many comes before what is wrong with them. Fewer of which none is wrong are all there are.
        let is_all = findings.good < most && findings.errors.is_empty();
        if !is_all && content.is_longer_than(most) {
            return Err(too_many_records(party, most));
        }
        self.reachable(&findings)?;
        let digest = self.digest(dataset.code(), action, content);
        let is_write = self.flag == InterFlag::Exchange;
        refuse_reuse(self.door.randoms.look(batch, digest, is_write))?;
        let findings = self.good(dataset, findings)?;
        refuse_reuse(self.door.randoms.note(batch, digest, is_write))?;
        if !is_write {
            return Ok(Work::Validated(Box::new(findings)));
        }
        let manifest = Manifest {
            batch,
            origin: self.door.node.region,
            home: self.caller.app.home,
            accepted: self.now,
            digest,
            records: findings.good as u32,
            refused: findings.bad.clone(),
            dataset: dataset.version().to_owned(),
            evidence: self.evidence(form),
            trace: Vec::new(),
        };
        let cover = self.door.regions.smallest_covering(findings.regions.iter().copied());
        Ok(Work::Publish(Box::new(Acceptable {
            batch,
            busicode: dataset.code(),
            action,
            // A good record has told its region.
            routing_key: routing_key(cover.unwrap_or(self.door.node.region), dataset.code(), action),
            sealed: seal(&self.door.node, &manifest, dataset.code(), action, content),
            findings,
        })))
    }

    /// The content's digest. Where the array stands in the request as it is, a signature by digest has needed the same one.
    fn digest(&self, busicode: BusinessCode, action: Action, content: Array<'_>) -> [u8; 32] {
        if self.envelope.busilist.text() == content.as_str() {
            return self.signable.digest();
        }
        let (cipher, caller) = (self.door.node.cipher.as_ref(), self.caller);
        content_digest(cipher, &caller.app.appid, busicode, action, content.as_str(), caller.random.as_str())
    }

    /// The most records of an exchange, and whose limit that is.
    fn most_records(&self) -> (Party, usize) {
        let node = self.door.limits.records;
        match self.caller.app.volume().max_records.map(|most| most.get() as usize) {
            Some(own) if own < node => (Party::App, own),
            _ => (Party::Node, node),
        }
    }

    /// Whether every record lies where the app may write.
    fn reachable(&self, findings: &Findings) -> Result<(), Denial> {
        let foreign: Vec<String> = findings
            .regions
            .iter()
            .filter(|region| !self.caller.app.grants.may_reach(**region))
            .take(5)
            .map(ToString::to_string)
            .collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let reason = format!("应用账号未获授权报送所属行政区划 {} 的数据", foreign.join("、"));
        Err(Denial::new(RefusalCode::NotGranted, reason))
    }

    /// Whether the batch may pass: without bad records, or with good ones where the dataset takes them alone. Records are tried
    /// to find every error, so `validate` never passes them.
    fn good(&self, dataset: &Dataset, findings: Findings) -> Result<Findings, Denial> {
        let few = (1..=Manifest::MOST_REFUSED).contains(&findings.bad.len());
        let takes_good = dataset.accept_valid() && findings.good > 0 && few && self.flag == InterFlag::Exchange;
        if findings.errors.is_empty() || takes_good {
            return Ok(findings);
        }
        let reason =
            format!("数据校验未通过，共{}处错误，整批未接收：请按 busilist 逐条改正后重新报送", findings.errors.len());
        let mut faults = findings.errors;
        faults.extend(findings.warnings);
        Err(Denial {
            refusal: Refusal::new(RefusalCode::InvalidRecords, reason),
            faults,
            records: findings.good + findings.bad.len(),
            retry_after: None,
            allowed: None,
        })
    }

    fn evidence(&self, form: Form) -> Evidence {
        Evidence {
            appid: self.caller.app.appid.clone(),
            random: self.caller.random.to_string(),
            sign: self.kept_sign(),
            profile: self.caller.app.profile,
            form,
            millis: self.started.elapsed().as_millis().min(i32::MAX as u128) as u32,
        }
    }

    fn kept_sign(&self) -> String {
        // An app that did not sign was known by its certificate.
        if let (true, Some(certificate)) = (self.envelope.sign.is_empty(), self.certificate) {
            return format!("X509-SM3:{}", hex::encode_upper(self.caller.cipher.sm3(&[certificate.der()])));
        }
        let sign = self.envelope.sign.to_ascii_uppercase();
        if sign.len() <= LONGEST_SIGN {
            return sign;
        }
        format!("SM3:{}", hex::encode_upper(self.caller.cipher.sm3(&[sign.as_bytes()])))
    }

    fn query(&self, dataset: &Dataset, content: Array<'_>) -> Result<Work, Denial> {
        let query = self.first_use(query::read(dataset, &self.caller.app, content))?;
        Ok(Work::Query(Box::new(query)))
    }

    fn log(&self, subject: &mut Subject, content: Array<'_>) -> Result<Work, Denial> {
        let busicode = match self.envelope.busicode.as_ref() {
            "000" => None,
            _ => Some(self.dataset(subject)?.code()),
        };
        let action = Action::parse(&self.envelope.action)?;
        if action != Action::Query {
            return Err(Denial::new(RefusalCode::UnknownAction, "日志只能查询，请求动作代码应为 04"));
        }
        subject.action_known = Some(action);
        if !self.caller.app.grants.may(action) {
            return Err(Denial::new(RefusalCode::NotGranted, "应用账号未获授权使用请求动作代码 04"));
        }
        let query = self.first_use(log_query::read(&self.caller.app, self.door.node.region, busicode, content))?;
        Ok(Work::Log(Box::new(query)))
    }

    /// A query's answer is of its moment: its random counts once. Grants come before the random, rules after it.
    fn first_use<T>(&self, read: Result<T, Denial>) -> Result<T, Denial> {
        if let Err(denial) = &read
            && denial.refusal.code == RefusalCode::NotGranted
        {
            return read;
        }
        let id = batch_id(self.door.node.region, &self.caller.app.appid, self.caller.random.as_str());
        refuse_reuse(self.door.randoms.look(id, [0; 32], false))?;
        let conditions = read?;
        refuse_reuse(self.door.randoms.note(id, [0; 32], false))?;
        Ok(conditions)
    }
}

/// White space around the array that is kept as evidence; nobody sends more.
const MOST_SPACE: usize = 256;

/// The array in a text, and what stands around it.
fn array_in(text: &str, iv: Option<String>) -> Result<(&str, Form), Denial> {
    let malformed = |reason: &str| Err(Denial::new(RefusalCode::Malformed, reason));
    let Ok(array) = Array::read(text.trim()) else {
        return malformed("busilist 字符串的内容不是 JSON 数组");
    };
    let before = &text[..text.len() - text.trim_start().len()];
    let after = &text[text.trim_end().len()..];
    if before.len() > MOST_SPACE || after.len() > MOST_SPACE {
        return malformed("busilist 首尾的空白过长");
    }
    Ok((array.as_str(), Form { iv, before: before.to_owned(), after: after.to_owned(), ..Form::default() }))
}
