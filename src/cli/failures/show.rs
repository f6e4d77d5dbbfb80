//! `sesame failures list | show | acts`

use super::{Place, print};
use crate::cli::actor::actor;
use crate::desk::{Selection, Sight, groups_by};
use anyhow::bail;
use std::process::ExitCode;

/// Failures shown in full at once.
const MOST_SHOWN: u32 = 10;

pub(super) async fn list(
    place: &Place,
    selection: &Selection,
    by: Option<&str>,
    size: u32,
    after: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let desk = place.desk().await?;
    if let Some(by) = by {
        let groups = desk.groups(selection, &groups_by(by)?).await?;
        print::groups(&groups, place.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = desk.list(selection, size, after).await?;
    print::list(&page, place.json)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn show(place: &Place, selection: &Selection, unmasked: bool) -> anyhow::Result<ExitCode> {
    if selection.is_empty() {
        bail!("say which failure: --id, --batch or other conditions that few of them meet");
    }
    let desk = place.desk().await?;
    let page = desk.list(selection, MOST_SHOWN, None).await?;
    if page.failures.is_empty() {
        bail!("no failure meets these conditions: `sesame failures list` shows what there is");
    }
    if page.after.is_some() {
        bail!("more than {MOST_SHOWN} failures meet these conditions: give --id of one of them");
    }
    let sight = if unmasked { Sight::Full } else { Sight::Masked };
    for (at, failure) in page.failures.iter().enumerate() {
        let message = desk.show(failure.id, sight).await?;
        if unmasked {
            desk.note_unmasked(failure.id, &actor().user).await?;
        }
        if at > 0 && !place.json {
            println!();
        }
        print::message(&message, place.json)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn acts(place: &Place, size: u32) -> anyhow::Result<ExitCode> {
    let acts = place.desk().await?.acts(size).await?;
    if place.json {
        println!("{}", serde_json::to_string(&acts)?);
    } else if acts.is_empty() {
        println!("nothing has been replayed or discarded here");
    }
    for act in acts.iter().filter(|_| !place.json) {
        print::act(act, false);
    }
    Ok(ExitCode::SUCCESS)
}
