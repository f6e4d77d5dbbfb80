//! `sesame send --list`

use crate::clock::Clock;
use crate::standard::moment::Moment;
use crate::transmission::{Rule, Shelf, Transmission};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(super) fn run(shelf: &Shelf, as_json: bool) -> anyhow::Result<ExitCode> {
    let ((kept, bad), now) = (shelf.all()?, Clock::system().now());
    bad.iter().for_each(|error| eprintln!("sesame: {error}"));
    let code = if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if as_json {
        println!("{}", Value::Array(kept.iter().map(|kept| shown(kept, now)).collect()));
        return Ok(code);
    }
    println!("{:<8} {:<5} {:<19} {:<8} {:<6} {:<36} FILE", "STATE", "TRIES", "NEXT", "BUSICODE", "ACTION", "RANDOM");
    for kept in &kept {
        let next = kept.next.map_or_else(|| "now".to_owned(), Moment::to_civil);
        let (code, action) = (kept.content.busicode.to_string(), kept.content.action.code());
        let (state, random) = (state(kept, now), kept.random.as_str());
        println!("{state:<8} {:<5} {next:<19} {code:<8} {action:<6} {random:<36} {}", kept.tries, kept.file.display());
        println!("    {} as {}: {}", kept.content.url, kept.content.appid, kept.reason);
    }
    Ok(code)
}

/// `open` may go at once; `resting` when its node asked it to come back, `marked` when its mark ends.
fn state(kept: &Transmission, now: Moment) -> &'static str {
    match kept.rests_until(now) {
        None => "open",
        Some(_) if kept.tries < Rule::TRIES => "resting",
        Some(_) => "marked",
    }
}

fn shown(kept: &Transmission, now: Moment) -> Value {
    let content = &kept.content;
    json!({
        "url": content.url,
        "appid": content.appid,
        "busicode": content.busicode.to_string(),
        "action": content.action.code(),
        "digest": content.digest,
        "random": kept.random.as_str(),
        "file": kept.file,
        "state": state(kept, now),
        "begun": kept.begun.to_rfc3339(),
        "tries": kept.tries,
        "marked": kept.marked,
        "reason": kept.reason,
        "next": kept.next.map(Moment::to_rfc3339),
    })
}
