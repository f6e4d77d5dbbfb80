//! The records of the load: supervision checks (007), the same but for some fields, written out as callers write them.

use super::ledger::Sent;
use super::model::{Effect, State, value};
use super::strict::REMARK;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use time::macros::{datetime, format_description};

/// The dataset.
pub const BUSICODE: &str = "007";
/// Fields that are the same in every record.
const FIXED: [(&str, &str); 9] = [
    ("SJLYDWDM", "91370100MA3C00011J"),
    ("JCLX", "1"),
    ("BJCDW", "示范物业有限公司"),
    ("BJCDWDM", "91370100MA3C00011J"),
    ("BJCDWLB", "3"),
    ("JCRQ", "2025-01-01"),
    ("JCJG", "市北区市场监督管理局"),
    ("JCJL", "1"),
    ("YHDJ", "0"),
];
/// A required field: it changes, and is never cleared.
pub const REQUIRED: &str = "JCRY";
/// Fields that may be there or not.
pub const OPTIONAL: [&str; 3] = ["BJCDZ", "WTMS", REMARK];

/// SJGXSJ of a second of the load's own time, which begins long before now.
pub fn civil(at: i64) -> String {
    let moment = datetime!(2025-01-01 00:00:00) + time::Duration::seconds(at);
    // Every moment of the load has a year of four digits.
    moment.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]")).unwrap_or_default()
}

/// The busilist of a batch.
pub fn busilist(region: &str, sent: &Sent) -> String {
    let records = sent.keys.iter().enumerate().map(|(ordinal, key)| {
        let mut record = identity(region, key, sent.at);
        let with = |name: &str, text: &str| value(name, text, ordinal, sent.barred == Some(ordinal));
        match &sent.effect {
            Effect::Add(fields) => {
                record.extend(FIXED.map(|(name, text)| (name.to_owned(), text.into())));
                record.extend(fields.iter().map(|(name, text)| ((*name).to_owned(), with(name, text).into())));
            }
            Effect::Modify(fields) => record.extend(fields.iter().map(|(name, text)| {
                let text = text.as_ref().map_or(Value::Null, |text| with(name, text).into());
                ((*name).to_owned(), text)
            })),
            Effect::Delete => {}
        }
        Value::Object(record)
    });
    Value::Array(records.collect()).to_string()
}

fn identity(region: &str, key: &str, at: i64) -> Map<String, Value> {
    let members = [("JCJLBH", key.into()), ("XZQHDM", region.into()), ("SJGXSJ", civil(at).into())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// All fields that a record in a state has.
pub fn fields(region: &str, key: &str, state: &State) -> BTreeMap<String, String> {
    let updated = civil(state.updated);
    let own = [("JCJLBH", key), ("XZQHDM", region), ("SJGXSJ", updated.as_str())];
    let varied = state.fields.iter().map(|(name, text)| (*name, text.as_str()));
    let members = own.into_iter().chain(FIXED).chain(varied);
    members.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}
