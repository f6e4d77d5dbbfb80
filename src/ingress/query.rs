//! The query of records (§6.1 数据查询, action 04).

use super::body::lend;
use super::door::Door;
use super::outcome::{Denial, Success};
use crate::apps::App;
use crate::batch::RecordFault;
use crate::dataset::Dataset;
use crate::interface::contract::{Condition, DEFAULT_PAGE, LARGEST_PAGE, RECORD_CONDITIONS};
use crate::standard::busilist::Array;
use crate::standard::moment::Moment;
use crate::standard::refusal::{Refusal, RefusalCode};
use crate::standard::region::Region;
use crate::store::{Page, RecordFilter};

/// A query whose conditions were read.
pub(super) struct RecordQuery {
    filter: RecordFilter,
}

/// What a row of an answer takes of memory, as the store gives it and as it is sent: records have a few hundred bytes.
pub(super) const ROW_BYTES: usize = 2 * 1024;

/// Reads the conditions: one object, or none for everything granted.
pub(super) fn read(dataset: &Dataset, app: &App, content: Array<'_>) -> Result<RecordQuery, Denial> {
    let mut filter = RecordFilter {
        busicode: dataset.code(),
        key: vec![None; dataset.key().len()],
        region: Region::NATION,
        granted: app.grants.regions.clone(),
        since: None,
        until: None,
        deleted: false,
        size: DEFAULT_PAGE,
        after: None,
    };
    let rules = conditions(content, |name, value| {
        match name {
            "REGION" => filter.region = Region::parse(value).map_err(|e| e.to_string())?,
            "SINCE" => filter.since = Some(Moment::parse(value).map_err(|e| e.to_string())?),
            "UNTIL" => filter.until = Some(Moment::parse(value).map_err(|e| e.to_string())?),
            "DELETED" => filter.deleted = flag(value)?,
            "SIZE" => filter.size = size(value, LARGEST_PAGE)?,
            "AFTER" => filter.after = Some(cursor(value).ok_or("不是上一页返回的 after")?),
            _ => {
                let at = dataset.key().iter().position(|field| field == name).ok_or_else(|| unknown(dataset))?;
                filter.key[at] = Some(dataset.key_part(name, value).map_err(|e| e.to_string())?.into_owned());
            }
        }
        Ok(())
    });
    let overlaps = |granted: &Region| granted.covers(filter.region) || filter.region.covers(*granted);
    if !filter.granted.iter().any(overlaps) {
        let reason = format!("应用账号未获授权查询所属行政区划 {} 的数据", filter.region);
        return Err(Denial::new(RefusalCode::NotGranted, reason));
    }
    rules.map(|()| RecordQuery { filter })
}

/// Answers one page.
pub(super) async fn answer(door: &Door, query: &RecordQuery) -> Result<Success, Denial> {
    let share = Some(lend(door, query.filter.size as usize * ROW_BYTES).await?);
    let Page { rows, after } = door.store.query_records(&query.filter).await.map_err(|e| unavailable(&e))?;
    let count = rows.len();
    let mut busilist = String::with_capacity(rows.iter().map(|row| row.fields.len() + 16).sum::<usize>() + 2);
    busilist.push('[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            busilist.push(',');
        }
        if query.filter.deleted {
            // The mark is the node's own and not among the stored fields.
            busilist.push_str(row.fields.trim_end_matches('}'));
            busilist.push_str(if row.fields == "{}" { "\"SCBZ\":" } else { ",\"SCBZ\":" });
            busilist.push_str(if row.is_deleted { "\"1\"}" } else { "\"0\"}" });
        } else {
            busilist.push_str(&row.fields);
        }
    }
    busilist.push(']');
    let after = after.map(|(at, id)| format!("{:x}-{id:x}", at.micros()));
    Ok(Success { message: format!("本页{count}条"), busilist, after, records: count, share })
}

/// Reads the one object of conditions; every fault is reported.
pub(super) fn conditions(
    content: Array<'_>,
    mut take: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), Denial> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, rule: &str, error: String| {
        faults.push(RecordFault::error(0, field, rule, error));
    };
    let mut objects = content.objects();
    match (objects.next(), objects.next()) {
        (_, Some(_)) => fault("", "maxItems", "查询条件应为一个对象".to_owned()),
        (None, None) => {}
        (Some(Ok(object)), None) => {
            for (name, value) in object.members() {
                if let Some(given) = value.given()
                    && let Err(error) = take(name, given)
                {
                    fault(name, "condition", error);
                }
            }
        }
        (Some(Err(shapes)), None) => {
            shapes.iter().for_each(|s| fault(&s.field, "type", "条件应为字符串或数字".to_owned()));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let refusal = Refusal::new(RefusalCode::InvalidRecords, "查询条件有误：请按 busilist 改正");
    Err(Denial { faults, ..refusal.into() })
}

pub(super) fn size(value: &str, most: u32) -> Result<u32, String> {
    match value.parse() {
        Ok(size) if (1..=most).contains(&size) => Ok(size),
        _ => Err(format!("应为 1 至 {most} 的整数")),
    }
}

/// The store's state is the caller's business only so far.
pub(super) fn unavailable(error: &crate::store::StoreError) -> Denial {
    tracing::warn!(%error, "a query could not be answered");
    Denial::new(RefusalCode::Unavailable, "数据库暂时不可用：请稍后用原报文重新查询")
}

fn flag(value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("应为 true 或 false".to_owned()),
    }
}

fn cursor(text: &str) -> Option<(Moment, i64)> {
    let (at, id) = text.split_once('-')?;
    Some((Moment::from_micros(i64::from_str_radix(at, 16).ok()?), i64::from_str_radix(id, 16).ok()?))
}

fn unknown(dataset: &Dataset) -> String {
    format!("不是查询条件：可用 {}、{}", dataset.key().join("、"), names(&RECORD_CONDITIONS))
}

pub(super) fn names(conditions: &[Condition]) -> String {
    conditions.iter().map(|condition| condition.name).collect::<Vec<_>>().join("、")
}
