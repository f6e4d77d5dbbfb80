//! `sesame failures replay | discard | pause | resume | cancel`

use super::{Place, new_id, print};
use crate::cli::actor::actor;
use crate::desk::{Ask, Control, DeskAct, FailureDesk, Selection};
use crate::store::ActKind;
use anyhow::bail;
use std::process::ExitCode;
use std::time::Duration;
use uuid::Uuid;

/// What both acts need.
#[derive(clap::Args)]
struct Meant {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    selection: Selection,
    /// All that are open
    #[arg(long)]
    all: bool,
    /// Why; it stands in the history of every failure that is meant
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    why: Option<String>,
    /// Only tell how many would be meant
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the end: `sesame failures acts` tells how far it is
    #[arg(long)]
    detach: bool,
    /// Id of the act: asking again with the same id is asking once
    #[arg(long, value_name = "ID")]
    act: Option<Uuid>,
}

/// `sesame failures replay`
#[derive(clap::Args)]
pub(super) struct Replay {
    #[command(flatten)]
    meant: Meant,
    /// The most a second; by default that of the settings
    #[arg(long, value_name = "NUMBER")]
    per_second: Option<u32>,
    /// So many go first, and the rest follows only if they go through; 0 for none
    #[arg(long, default_value_t = 10)]
    canary: u32,
}

/// `sesame failures discard`
#[derive(clap::Args)]
pub(super) struct Discard {
    #[command(flatten)]
    meant: Meant,
}

/// `sesame failures pause | resume | cancel`
#[derive(clap::Args)]
pub(super) struct Controlled {
    #[command(flatten)]
    place: Place,
    /// The act's id
    act: Uuid,
    /// Why; it is kept with the act
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Between two looks at an act.
const LOOK: Duration = Duration::from_millis(300);
/// Nothing has been done of an act for so long: nobody may be there to do it.
const IDLE: Duration = Duration::from_secs(15);

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.meant.run(ActKind::Replay, self.per_second, self.canary).await
    }
}

impl Discard {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.meant.run(ActKind::Discard, None, 0).await
    }
}

impl Controlled {
    pub(super) async fn run(self, control: Control) -> anyhow::Result<ExitCode> {
        let desk = self.place.desk().await?;
        let actor = actor();
        let act = desk.control(self.act, control, &format!("{}@{}", actor.user, actor.host), &self.why).await?;
        print::act(&act, self.place.json);
        Ok(ExitCode::SUCCESS)
    }
}

impl Meant {
    async fn run(self, kind: ActKind, per_second: Option<u32>, canary: u32) -> anyhow::Result<ExitCode> {
        if self.selection.is_empty() != self.all {
            bail!("say which failures are meant: conditions like --batch, --reason or --since, or --all, and not both");
        }
        let desk = self.place.desk().await?;
        if self.dry_run {
            let counted = desk.count(kind, &self.selection).await?;
            match self.place.json {
                true => println!("{}", serde_json::to_string(&counted)?),
                false => println!("{} failures would be meant; nothing was done", counted.would),
            }
            return Ok(ExitCode::SUCCESS);
        }
        let actor = actor();
        let ask = Ask {
            id: new_id(self.act),
            kind,
            selection: self.selection,
            by: format!("{}@{}", actor.user, actor.host),
            why: self.why.unwrap_or_default(),
            per_second,
            canary,
        };
        let act = desk.ask(ask).await?;
        let act = if self.detach { act } else { follow(&desk, act, self.place.json).await? };
        print::act(&act, self.place.json);
        // What failed again, or stands still, is not done.
        Ok(if act.failed == 0 && (act.is_over || self.detach) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Waits until an act is over or stands still, and tells how far it is.
async fn follow(desk: &FailureDesk, mut act: DeskAct, json: bool) -> anyhow::Result<DeskAct> {
    let mut idle = Duration::ZERO;
    while !act.is_over && act.state != "paused" {
        tokio::time::sleep(LOOK).await;
        let now = desk.act(act.id).await?;
        let moved = (now.waiting, now.sent, now.state) != (act.waiting, act.sent, act.state);
        idle = if moved { Duration::ZERO } else { idle + LOOK };
        if moved && !json {
            eprintln!("{}", print::progress(&now));
        }
        act = now;
        if idle >= IDLE {
            eprintln!(
                "nothing has been done of it for {} s: it goes on by itself as soon as a process of the node with the role persist, \
                 its RabbitMQ and its PostgreSQL are there",
                IDLE.as_secs()
            );
            break;
        }
    }
    Ok(act)
}
