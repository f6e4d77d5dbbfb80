//! The query of the interface log (§6.1 接口日志信息查询).

use super::body::lend;
use super::door::Door;
use super::outcome::{Denial, Success};
use super::query::{ROW_BYTES, conditions, names, size, unavailable};
use crate::apps::App;
use crate::batch::{Passage, batch_id};
use crate::interface::contract::{DEFAULT_PAGE, LARGEST_PAGE, LOG_CONDITIONS};
use crate::receipt::Verdict;
use crate::standard::busilist::Array;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::{BatchState, LogFilter, LogRow};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A row of the log tells of the tiers above too.
const LOG_ROW_BYTES: usize = 2 * ROW_BYTES;
/// Characters shown of what a tier above says.
const EXPLAINED_CHARS: usize = 600;

/// A log query whose conditions were read.
pub(super) struct LogQuery {
    filter: LogFilter,
}

/// Reads the conditions. Without the operator grant an app sees its own exchanges alone.
pub(super) fn read(
    app: &App,
    node: Region,
    busicode: Option<BusinessCode>,
    content: Array<'_>,
) -> Result<LogQuery, Denial> {
    let busicodes = busicode.iter().map(ToString::to_string).collect();
    let mut filter = LogFilter { busicodes, size: DEFAULT_PAGE, ..LogFilter::default() };
    let rules = conditions(content, |name, value| {
        match name {
            "FROM" => filter.from = Some(Moment::parse(value).map_err(|e| e.to_string())?),
            "UNTIL" => filter.until = Some(Moment::parse(value).map_err(|e| e.to_string())?),
            "APPID" => filter.appid = Some(value.to_owned()),
            "BUSICODE" => {
                let code = BusinessCode::parse(value).map_err(|e| e.to_string())?;
                filter.busicodes.push(code.to_string());
            }
            "ACTION" => filter.action = Some(Action::parse(value).map_err(|e| e.to_string())?),
            "REGION" => {
                let region = Region::parse(value).map_err(|e| e.to_string())?;
                // What covers the node covers every batch of it.
                filter.region = Some(if region.covers(node) { Region::NATION } else { region });
            }
            "RANDOM" => filter.random = Some(value.to_owned()),
            "BATCH" => filter.batch = Some(value.parse::<Uuid>().map_err(|_| "不是批次号（UUID）")?),
            "RESULT" if matches!(value, "0001" | "0000") => filter.success = Some(value == "0001"),
            "RESULT" => return Err("应为 0001 或 0000".to_owned()),
            "STATE" => filter.state = Some(BatchState::parse(value).ok_or_else(states)?),
            "SIZE" => filter.size = size(value, LARGEST_PAGE)?,
            "AFTER" => filter.after = Some(cursor(value).ok_or("不是上一页返回的 after")?),
            _ => return Err(format!("不是日志查询条件：可用 {}", names(&LOG_CONDITIONS))),
        }
        Ok(())
    });
    if !app.operator {
        let own = app.appid.as_str();
        if filter.appid.as_deref().is_some_and(|asked| asked != own) {
            let reason = "应用账号只能查询自己的交换日志：不必给出 APPID";
            return Err(Denial::new(crate::standard::refusal::RefusalCode::NotGranted, reason));
        }
        filter.appid = Some(own.to_owned());
        filter.entered_at = Some(node);
    }
    rules.map(|()| LogQuery { filter })
}

fn states() -> String {
    format!("应为 {}", BatchState::ALL.map(BatchState::as_str).join("、"))
}

/// The batches that a random can mean: one of each sender.
async fn of_random(door: &Door, filter: &LogFilter) -> Result<Vec<Uuid>, Denial> {
    let Some(random) = &filter.random else { return Ok(Vec::new()) };
    let senders = match (&filter.appid, filter.entered_at) {
        (Some(appid), Some(node)) => vec![(node, appid.clone())],
        (appid, _) => door.store.senders(appid.as_deref()).await.map_err(|e| unavailable(&e))?,
    };
    Ok(senders.iter().map(|(node, appid)| batch_id(*node, appid, random)).collect())
}

/// Answers one page.
pub(super) async fn answer(door: &Door, query: &LogQuery) -> Result<Success, Denial> {
    let share = Some(lend(door, query.filter.size as usize * LOG_ROW_BYTES).await?);
    let of_random = of_random(door, &query.filter).await?;
    let filter = LogFilter { of_random, ..query.filter.clone() };
    let (rows, more) = door.store.read_log(&filter).await.map_err(|e| unavailable(&e))?;
    let after = rows.last().filter(|_| more).map(|row| format!("{:x}-{}", row.at.micros(), row.id.simple()));
    let tier = door.node.region.tier();
    let batches: Vec<Uuid> = rows.iter().filter_map(|row| row.batch).collect();
    let mut above = door.store.receipts(&batches).await.map_err(|e| unavailable(&e))?;
    let list = rows.iter().map(|row| {
        let mut shown = shown(row, tier.as_str());
        let told = row.batch.and_then(|batch| above.remove(&batch)).unwrap_or_default();
        // What this node has said itself stands in the row already.
        told.iter()
            .filter(|verdict| verdict.node != door.node.region)
            .for_each(|verdict| show_above(&mut shown, verdict));
        Value::Object(shown)
    });
    let list: Vec<Value> = list.collect();
    let busilist = Value::Array(list).to_string();
    Ok(Success { message: format!("本页{}条", rows.len()), busilist, after, records: rows.len(), share })
}

fn shown(row: &LogRow, own_tier: &str) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: String, value: String| {
        shown.insert(name, Value::String(value));
    };
    put("TIME".to_owned(), row.at.to_civil());
    put("APPID".to_owned(), row.appid.clone());
    put("BUSICODE".to_owned(), row.busicode.clone());
    put("ACTION".to_owned(), row.action.clone());
    put("REGION".to_owned(), row.region.map_or_else(String::new, |region| region.to_string()));
    put("RANDOM".to_owned(), row.random.clone());
    put("BATCH".to_owned(), row.batch.map_or_else(String::new, |batch| batch.to_string()));
    put("RECORDS".to_owned(), row.records.to_string());
    put("BYTES".to_owned(), row.bytes.to_string());
    put("RESULT".to_owned(), row.result.clone());
    put("CODE".to_owned(), row.code.clone());
    put("MESSAGE".to_owned(), row.message.clone());
    put("MILLIS".to_owned(), row.millis.to_string());
    put("STATE".to_owned(), row.state.clone());
    let below: Vec<Passage> =
        row.trace.clone().and_then(|trace| serde_json::from_value(trace).ok()).unwrap_or_default();
    let passages = below.iter().filter_map(|passage| {
        let tier = Region::parse(&passage.region).ok()?.tier();
        Some((tier.as_str(), "persisted", Moment::parse(&passage.at).ok()?))
    });
    let here = row.batch.map(|_| (own_tier, row.state.as_str(), row.persisted.unwrap_or(row.at)));
    for (tier, state, at) in passages.chain(here) {
        put(format!("{}_STATE", tier.to_uppercase()), state.to_owned());
        put(format!("{}_TIME", tier.to_uppercase()), at.to_civil());
    }
    shown
}

/// What a tier above says of the batch.
fn show_above(shown: &mut Map<String, Value>, verdict: &Verdict) {
    let tier = verdict.node.tier().as_str().to_uppercase();
    let mut put = |name: &str, value: String| shown.insert(format!("{tier}_{name}"), Value::String(value));
    put("STATE", verdict.state.as_str().to_owned());
    put("TIME", verdict.at.to_civil());
    put("RECORDS", verdict.records.to_string());
    put("CODE", verdict.code.clone());
    put("MESSAGE", explained(verdict));
}

/// The reason with the bad records it is about, the first of them.
fn explained(verdict: &Verdict) -> String {
    let mut text = verdict.message.clone();
    if verdict.unapplied > 0 {
        text.push_str(&format!("；已入库{}条，未入库{}条", verdict.records, verdict.unapplied));
    }
    for bad in &verdict.bad {
        text.push_str(&format!("；第{}条 {}（{}）：{}", bad.index, bad.field, bad.rule, bad.error));
    }
    if let Some((end, _)) = text.char_indices().nth(EXPLAINED_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn cursor(text: &str) -> Option<(Moment, Uuid)> {
    let (at, id) = text.split_once('-')?;
    Some((Moment::from_micros(i64::from_str_radix(at, 16).ok()?), id.parse().ok()?))
}
