//! Sending what is new, and what is kept.

use super::read_list;
use crate::cli::exchange::show;
use crate::client::Client;
use crate::clock::Clock;
use crate::standard::random::Random;
use crate::transmission::{Content, Ended, Failed, Rule, Run, Shelf, Step, Transmission};
use anyhow::bail;
use std::path::Path;
use std::process::ExitCode;
use uuid::Uuid;

/// What every transmission of this command is sent with.
pub(super) struct Desk<'a> {
    pub(super) shelf: &'a Shelf,
    pub(super) client: &'a Client,
    pub(super) rule: Rule,
    /// Whether a rest is cut short.
    pub(super) again: bool,
    pub(super) json: bool,
}

impl Desk<'_> {
    /// Sends a content: as a new exchange, or under the random it has been sent with before.
    pub(super) async fn send(
        &self,
        content: Content,
        random: Option<Random>,
        file: &Path,
        list: &str,
    ) -> anyhow::Result<ExitCode> {
        let now = Clock::system().now();
        let known = match self.shelf.find(&content)? {
            Some(known) => Some(known),
            None => {
                let fresh = random.clone().unwrap_or_else(|| Random::from(Uuid::new_v4()));
                let begun = Transmission::new(content.clone(), fresh, file.to_owned(), now);
                match self.shelf.begin(&begun)? {
                    None => return self.round(begun, false, list).await,
                    other => other,
                }
            }
        };
        // Whoever took it away in between had it accepted.
        let Some(mut known) = known else { bail!("another process has just sent {}", file.display()) };
        if let Some(random) = random.filter(|random| *random != known.random) {
            bail!(
                "{} has been sent under the random {}, and the node may have it: leave --random {random} out, or delete {} to \
                 send it as another exchange",
                file.display(),
                known.random,
                self.shelf.path(&content).display()
            );
        }
        if let Some(until) = known.rests_until(now).filter(|_| !self.again) {
            bail!(
                "{} is not sent: {} It may go again at {} (Beijing time); --again sends it now",
                file.display(),
                history(&known),
                until.to_civil()
            );
        }
        known.resume();
        file.clone_into(&mut known.file);
        self.round(known, true, list).await
    }

    /// Sends everything kept for a node and an app whose time has come.
    pub(super) async fn resume(&self, url: &str, appid: &str) -> anyhow::Result<ExitCode> {
        let (now, url) = (Clock::system().now(), url.trim_end_matches('/'));
        let (all, bad) = self.shelf.all()?;
        bad.iter().for_each(|error| eprintln!("sesame: {error}"));
        let (mut sent, mut failed, mut rest) = (0, bad.len(), 0);
        for mut kept in all {
            let content = &kept.content;
            let is_due = self.again || kept.rests_until(now).is_none();
            if content.url != url || content.appid != appid || !is_due {
                rest += 1;
                continue;
            }
            let name = kept.file.display().to_string();
            eprintln!("{name}");
            let list = read_list(&kept.file).and_then(|list| {
                if content.is_of(&list) {
                    return Ok(list);
                }
                bail!(
                    "{name} has changed since it was first sent: send it by its name, as another exchange; delete {} if what it \
                     held then is not wanted any more",
                    self.shelf.path(content).display()
                )
            });
            kept.resume();
            let ended = match list {
                Ok(list) => self.round(kept, true, &list).await,
                Err(error) => Err(error),
            };
            match ended {
                Ok(code) if code == ExitCode::SUCCESS => sent += 1,
                Ok(_) => failed += 1,
                Err(error) => {
                    eprintln!("sesame: {error:#}");
                    failed += 1;
                }
            }
        }
        eprintln!("sent {sent}, failed {failed}; {rest} of another time, node or app");
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn round(&self, transmission: Transmission, was_there: bool, list: &str) -> anyhow::Result<ExitCode> {
        let (content, random) = (transmission.content.clone(), transmission.random.clone());
        eprintln!("random {random}");
        let clock = Clock::system();
        let run = Run { shelf: self.shelf, rule: self.rule, clock: &clock };
        let send = async || self.client.send(content.busicode, content.action, list, &random).await;
        match run.go(transmission, was_there, send, tell).await? {
            Ended::Settled { outcome, is_kept } => {
                if is_kept {
                    eprintln!(
                        "sesame: an earlier try may have reached the node, so this content keeps its random: mend the cause and send it \
                         again; {} remembers it",
                        self.shelf.path(&content).display()
                    );
                }
                Ok(show(&outcome?, self.json))
            }
            Ended::Rests(kept) => {
                let until = kept.next.map(|next| next.to_civil()).unwrap_or_default();
                bail!(
                    "{} It may go again at {until} (Beijing time), under the same random: repeat this command or use --resume then; \
                     --again sends it now",
                    history(&kept)
                );
            }
        }
    }
}

/// What has come of it so far, in a sentence.
fn history(kept: &Transmission) -> String {
    if kept.tries < Rule::TRIES {
        return format!("the node asked to wait: {}.", kept.reason);
    }
    format!("marked failed (7.4): {}.", kept.reason)
}

fn tell(failed: Failed<'_>) {
    if let Step::Again(pause) = failed.step {
        let (tries, reason) = (failed.transmission.tries, &failed.transmission.reason);
        eprintln!("try {tries} of {} failed: {reason}; again in {} s", Rule::TRIES, pause.as_secs());
    }
}
