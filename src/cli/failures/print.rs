//! Failures on a terminal.

use crate::desk::{DeskAct, Page, ShownFailure, ShownGroup, ShownMessage};
use crate::store::MOST_GROUPS;
use serde_json::Value;

pub(super) fn list(page: &Page, json: bool) -> serde_json::Result<()> {
    if json {
        println!("{}", serde_json::to_string(page)?);
        return Ok(());
    }
    if page.failures.is_empty() {
        println!("no failures");
    }
    for failure in &page.failures {
        println!("{}", line(failure));
        println!("    {}", failure.detail);
    }
    if let Some(after) = &page.after {
        println!("more: --after {after}");
    }
    Ok(())
}

fn line(failure: &ShownFailure) -> String {
    let unknown = "-";
    format!(
        "{}  {:<9} {:<17} {:<7} {} {} {} {:>6} records  {}.{}  {}",
        failure.id,
        failure.state,
        failure.reason,
        failure.step,
        failure.busicode.as_deref().unwrap_or(unknown),
        failure.region.as_deref().unwrap_or(unknown),
        failure.appid.as_deref().unwrap_or(unknown),
        failure.records.map_or_else(|| unknown.to_owned(), |records| records.to_string()),
        failure.round,
        failure.attempts,
        failure.next_at.as_deref().map_or_else(|| "not tried by itself".to_owned(), |at| format!("next {at}")),
    )
}

pub(super) fn groups(groups: &[ShownGroup], json: bool) -> serde_json::Result<()> {
    if json {
        println!("{}", serde_json::to_string(groups)?);
        return Ok(());
    }
    if groups.is_empty() {
        println!("no failures");
    }
    for group in groups {
        let values: Vec<String> = group
            .values
            .iter()
            .map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or("unknown")))
            .collect();
        println!("{:>9}  {}  since {}, last {}", group.count, values.join("  "), group.first_at, group.last_at);
    }
    if groups.len() == MOST_GROUPS {
        println!("and perhaps smaller ones: no more than {MOST_GROUPS} groups are counted; ask with conditions");
    }
    Ok(())
}

pub(super) fn message(message: &ShownMessage, json: bool) -> serde_json::Result<()> {
    if json {
        println!("{}", serde_json::to_string(message)?);
        return Ok(());
    }
    let failure = &message.failure;
    println!("{}", line(failure));
    println!("  batch    {}", failure.batch.map_or_else(|| "unknown".to_owned(), |batch| batch.to_string()));
    println!("  state    {} {}", failure.state, failure.state_title);
    println!("  reason   {} {}", failure.reason, failure.detail);
    println!("  remedy   {}", failure.remedy);
    match (&failure.queue, &failure.next_at) {
        (Some(queue), Some(at)) => println!("  next     {at}, its token waits in {queue}"),
        (None, Some(at)) => println!("  next     under way since {at}"),
        (_, None) => {}
    }
    for attempt in message.past.as_array().into_iter().flatten() {
        let text = |name: &str| attempt[name].as_str().unwrap_or_default();
        match &attempt["act"] {
            Value::String(act) => println!("  act      {} {act} by {}: {}", text("at"), text("by"), text("why")),
            _ => println!("  attempt  {} {} {} {}", text("at"), text("attempt"), text("reason"), text("detail")),
        }
    }
    for passage in &message.way {
        println!("  passed   {} {}", passage.region, passage.at);
    }
    match (&message.envelope, &message.unreadable) {
        (Some(envelope), _) => println!("  envelope {envelope}, {} bytes, key {}", message.bytes, message.routing_key),
        (None, Some(reason)) => println!("  message  {} bytes that cannot be read: {reason}", message.bytes),
        (None, None) => {}
    }
    for fault in &message.faults {
        println!("  fault    no. {} {} {}: {}", fault.index, fault.field, fault.rule, fault.error);
    }
    for record in &message.records {
        println!("  record   no. {} {}", record.index, serde_json::to_string(&record.fields)?);
    }
    Ok(())
}

pub(super) fn act(act: &DeskAct, json: bool) {
    if json {
        println!("{}", serde_json::json!(act));
        return;
    }
    println!("{}  {} by {} at {}: {}", act.id, act.act, act.by, act.at, act.why);
    println!("    {}", progress(act));
    for event in &act.past {
        println!("    {} by {} at {}: {}", event.act, event.by, event.at, event.why);
    }
    if !act.selection.as_object().is_none_or(serde_json::Map::is_empty) {
        println!("    meant: {}", act.selection);
    }
}

/// How far an act is.
pub(super) fn progress(act: &DeskAct) -> String {
    let counts = [
        (act.waiting, "wait"),
        (act.sent, "under way"),
        (act.resolved, "resolved"),
        (act.failed, "failed again"),
        (act.skipped, "moved on before"),
        (act.discarded, "discarded"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{}: of {} {}", act.state, act.total, if counts.is_empty() { "none".to_owned() } else { counts.join(", ") })
}
