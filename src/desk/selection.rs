//! Which failures an operator means, in the words of the command line and the console.

use crate::failure::{Reason, STEPS, State};
use crate::standard::code::BusinessCode;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::{FailureFilter, GroupBy};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Conditions as given; all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// One failure
    #[arg(long, value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Failures of a batch
    #[arg(long, value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Uuid>,
    /// Why they failed, like `MISSING_KEY`
    #[arg(long, value_name = "CODE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where they stand: retrying, parked, abandoned, discarded, resolved; by default all but the last two
    #[arg(long, value_name = "STATE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The step at which they failed: persist, uplink or share
    #[arg(long, value_name = "STEP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The node they came from, or `parent`
    #[arg(long, value_name = "LINK")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The sender's appid
    #[arg(long, value_name = "APPID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<String>,
    /// The dataset's business code
    #[arg(long, value_name = "CODE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busicode: Option<String>,
    /// Records that lie in a region
    #[arg(long, value_name = "REGION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Accepted at this time or later; RFC 3339, or `yyyy-MM-dd HH:mm:ss` of Beijing
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Accepted before this time
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A selection that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSelection(pub String);

impl Selection {
    /// Whether it gives no condition, so that everything is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The selection, read.
    pub fn filter(&self) -> Result<FailureFilter, BadSelection> {
        let state = |text: &str| {
            let all = State::ALL.map(State::as_str).join(", ");
            text.parse::<State>().map_err(|error| BadSelection(format!("{error}: it is one of {all}")))
        };
        if let Some(step) = self.step.as_deref().filter(|step| !STEPS.contains(step)) {
            return Err(BadSelection(format!("there is no step {step:?}: it is persist, uplink or share")));
        }
        Ok(FailureFilter {
            id: self.id,
            batch: self.batch,
            reason: read(&self.reason, |text| text.parse::<Reason>().map_err(told))?,
            state: read(&self.state, state)?,
            step: self.step.clone(),
            link: self.link.clone(),
            appid: self.appid.clone(),
            busicode: read(&self.busicode, |text| BusinessCode::parse(text).map_err(told))?,
            region: read(&self.region, |text| Region::parse(text).map_err(told))?,
            since: read(&self.since, |text| Moment::parse(text).map_err(told))?,
            until: read(&self.until, |text| Moment::parse(text).map_err(told))?,
        })
    }
}

/// What to group by, from words joined by commas.
pub fn groups_by(text: &str) -> Result<Vec<GroupBy>, BadSelection> {
    let word = |word: &str| match word.trim() {
        "reason" => Ok(GroupBy::Reason),
        "app" => Ok(GroupBy::App),
        "dataset" => Ok(GroupBy::Dataset),
        "region" => Ok(GroupBy::Region),
        "link" => Ok(GroupBy::Link),
        "state" => Ok(GroupBy::State),
        other => Err(BadSelection(format!(
            "failures are not grouped by {other:?}, but by reason, app, dataset, region, link or state, also several of them"
        ))),
    };
    text.split(',').map(word).collect()
}

fn read<T>(given: &Option<String>, parse: impl Fn(&str) -> Result<T, BadSelection>) -> Result<Option<T>, BadSelection> {
    given.as_deref().map(parse).transpose()
}

fn told(error: impl std::fmt::Display) -> BadSelection {
    BadSelection(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_told() {
        let of = |change: fn(&mut Selection)| {
            let mut selection = Selection::default();
            change(&mut selection);
            selection.filter().map(drop).unwrap_err().to_string()
        };
        assert!(of(|s| s.reason = Some("NO".to_owned())).contains("MISSING_KEY"));
        assert!(of(|s| s.state = Some("failed".to_owned())).contains("parked"));
        assert!(of(|s| s.step = Some("down".to_owned())).contains("uplink"));
        assert!(of(|s| s.busicode = Some("7".to_owned())).contains('7'));
        assert!(of(|s| s.since = Some("yesterday".to_owned())).contains("yesterday"));
        assert!(groups_by("reason,colour").unwrap_err().to_string().contains("colour"));
        assert_eq!(groups_by("reason, app").unwrap(), [GroupBy::Reason, GroupBy::App]);
    }
}
