//! `sesame send`: a sender that keeps to the rule of §7.4.

mod desk;
mod list;

use super::block_on;
use super::exchange::Caller;
use crate::standard::busilist::Array;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::random::Random;
use crate::transmission::{Content, Rule, Shelf};
use anyhow::{Context, bail};
use desk::Desk;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Options of the caller that a list of what is kept does not need.
const OF_CALLS: [&str; 3] = ["url", "appid", "key_file"];

/// Sign and send records from a file
///
/// What fails in a way that passes by itself - nobody answers, the node is busy or away - is tried three times, always under the
/// same random, so that the node counts it once. Then it is marked failed and may go again after 24 hours (7.4): repeat the same
/// command, or `sesame send --resume`; `--again` does not wait. What is refused is not tried again.
#[derive(clap::Args)]
#[command(
    // An optional group of options leaves each of them required (clap issue 5092).
    mut_args(|arg| match OF_CALLS.contains(&arg.get_id().as_str()) {
        true => arg.required(false).required_unless_present("list"),
        false => arg,
    }),
    after_help = "Examples:\n  sesame send --url http://127.0.0.1:8100/sesame --appid A01 --key-file a01.key --busicode 003 --action 01 devices.json\n  sesame send --url http://127.0.0.1:8100/sesame --appid A01 --key-file a01.key --resume\n  sesame send --list"
)]
pub struct Send {
    #[command(flatten)]
    caller: Option<Caller>,
    /// Print the answer's list, or what is kept, as JSON
    #[arg(long)]
    json: bool,
    /// Business code, 001 to 011
    #[arg(long, value_parser = BusinessCode::parse, required_unless_present_any = ["resume", "list"])]
    busicode: Option<BusinessCode>,
    /// 01 add, 02 modify, 03 delete
    #[arg(long, value_parser = write_action, required_unless_present_any = ["resume", "list"])]
    action: Option<Action>,
    /// Repeat an exchange whose outcome is unknown: the random it was sent with
    #[arg(long, value_parser = Random::parse, conflicts_with_all = ["resume", "list"])]
    random: Option<Random>,
    /// Folder where exchanges that are not settled are kept, without keys or records; by default sesame/send in
    /// `$XDG_STATE_HOME`, or in ~/.local/state
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Pauses after the first and the second failed try, in seconds
    #[arg(long, value_name = "SECS,SECS", default_value = "2,10", value_parser = pauses)]
    pauses: [Duration; 2],
    /// Send what is marked failed although its time has not come
    #[arg(long, conflicts_with = "list")]
    again: bool,
    /// Send everything kept for this node and app whose time has come
    #[arg(long, conflicts_with_all = ["file", "busicode", "action"])]
    resume: bool,
    /// List what is kept
    #[arg(long, conflicts_with_all = ["file", "busicode", "action", "resume"])]
    list: bool,
    /// JSON file with an array of records
    #[arg(required_unless_present_any = ["resume", "list"])]
    file: Option<PathBuf>,
}

impl Send {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let shelf = Shelf::open(&self.folder()?)?;
        let (Some(caller), false) = (&self.caller, self.list) else { return list::run(&shelf, self.json) };
        let client = caller.client()?;
        let rule = Rule { pauses: self.pauses, ..Rule::default() };
        let desk = Desk { shelf: &shelf, client: &client, rule, again: self.again, json: self.json };
        let (Some(file), Some(busicode), Some(action)) = (&self.file, self.busicode, self.action) else {
            return block_on(desk.resume(&caller.url, &caller.appid));
        };
        let list = read_list(file)?;
        let content = Content::new(&caller.url, &caller.appid, busicode, action, &list);
        let file = std::path::absolute(file).with_context(|| format!("no path leads to {}", file.display()))?;
        block_on(desk.send(content, self.random.clone(), &file, &list))
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.state {
            return Ok(folder.clone());
        }
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
        Ok(state.context("neither XDG_STATE_HOME nor HOME is set: give --state DIR")?.join("sesame/send"))
    }
}

/// The array's text in a file.
fn read_list(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let list = text.trim_start_matches('\u{feff}').trim();
    if let Err(error) = Array::read(list) {
        bail!("{} holds no JSON array of records: {error}", file.display());
    }
    Ok(list.to_owned())
}

/// An answer is of its moment, so a query is never repeated.
fn write_action(text: &str) -> Result<Action, String> {
    let action = Action::parse(text).map_err(|error| error.to_string())?;
    if action.is_write() { Ok(action) } else { Err("`sesame query` asks; this command sends 01, 02 and 03".to_owned()) }
}

fn pauses(text: &str) -> Result<[Duration; 2], String> {
    let secs = text.split(',').map(|secs| secs.trim().parse().map(Duration::from_secs));
    let pauses = secs.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    pauses.try_into().map_err(|_| "two numbers of seconds are wanted, as 2,10".to_owned())
}
