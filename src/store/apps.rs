//! The parties that may call a node, and who changed what about them. Keys are here as they lie: sealed.

use super::batches::{action, action_number, busicode, corrupt, region};
use super::{Store, StoreError};
use crate::standard::grants::Grants;
use crate::standard::moment::Moment;
use crate::standard::proof::{Authentication, Proof};
use crate::standard::region::Region;
use crate::standard::sign::Profile;
use crate::standard::subject::Subject;
use crate::standard::volume::Volume;
use deadpool_postgres::Transaction;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

/// An app as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredApp {
    /// 应用账号.
    pub appid: String,
    /// For people.
    pub name: String,
    /// The app's own region.
    pub home: Region,
    /// What it may write and read.
    pub grants: Grants,
    /// What it must prove itself with (§7.2).
    pub proof: Proof,
    /// How it signs.
    pub profile: Profile,
    /// The key it signs with, sealed.
    pub key: Vec<u8>,
    /// The key it signed with before, sealed, and until when that is good too.
    pub previous: Option<(Vec<u8>, Moment)>,
    /// The key it encrypts with, sealed.
    pub data_key: Option<Vec<u8>>,
    /// Whether it sees the log of all apps.
    pub operator: bool,
    /// Whether `datalist` of its answers is a JSON string.
    pub datalist_as_string: bool,
    /// Whether its answers always have the HTTP status 200.
    pub always_ok: bool,
    /// Whether a wrong signature is explained to it.
    pub is_test: bool,
    /// What was agreed of §7.3.
    pub volume: Volume,
    /// Since when it may not call.
    pub disabled: Option<Moment>,
    /// When it was added.
    pub created: Moment,
    /// When it was last changed.
    pub changed: Moment,
}

/// A row that sesame cannot have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadApp {
    /// Whose row it is.
    pub appid: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One change of an app.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AppAct {
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub at: Moment,
    /// On which app.
    pub appid: String,
    /// What: `add`, `grant`, `set`, `rotate`, `disable`, `enable`, `clear-marks`.
    pub act: String,
    /// Who: the user of the operating system.
    pub user: String,
    /// From which machine.
    pub host: String,
    /// What was changed from what to what; never a key.
    pub detail: serde_json::Value,
}

fn rfc3339<S: serde::Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

const COLUMNS: &str = "appid, name, home, regions, busicodes, actions, profile, key, previous_key, previous_until, \
                       data_key, operator, datalist_as_string, always_ok, is_test, volume, disabled_at, created_at, \
                       changed_at, authentication, certificate";

impl Store {
    /// Counts the changes of all apps: equal numbers mean that nothing has changed.
    pub async fn apps_version(&self) -> Result<i64, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached("SELECT version FROM apps_version").await?;
        Ok(client.query_one(&statement, &[]).await?.get(0))
    }

    /// All apps in the order of their appids, and what of their rows cannot be read.
    pub async fn apps(&self) -> Result<(Vec<StoredApp>, Vec<BadApp>), StoreError> {
        let client = self.client().await?;
        let rows = client.query(&format!("SELECT {COLUMNS} FROM apps ORDER BY appid"), &[]).await?;
        let (mut apps, mut bad) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in &rows {
            match read(row) {
                Ok(app) => apps.push(app),
                Err(error) => bad.push(BadApp { appid: row.get(0), reason: error.to_string() }),
            }
        }
        Ok((apps, bad))
    }

    /// One app.
    pub async fn app(&self, appid: &str) -> Result<Option<StoredApp>, StoreError> {
        let client = self.client().await?;
        let rows = client.query(&format!("SELECT {COLUMNS} FROM apps WHERE appid = $1"), &[&appid]).await?;
        rows.first().map(read).transpose()
    }

    /// What these apps are granted, but for those that are not there or are disabled; and what of their rows cannot be read.
    pub async fn grants(&self, appids: &[&str]) -> Result<(Vec<(String, Grants)>, Vec<BadApp>), StoreError> {
        let client = self.client().await?;
        let select =
            "SELECT appid, regions, busicodes, actions FROM apps WHERE appid = ANY($1) AND disabled_at IS NULL";
        let rows = client.query(&client.prepare_cached(select).await?, &[&appids]).await?;
        let (mut granted, mut bad) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in &rows {
            match grants(row.get(1), row.get(2), row.get(3)) {
                Ok(grants) => granted.push((row.get(0), grants)),
                Err(error) => bad.push(BadApp { appid: row.get(0), reason: error.to_string() }),
            }
        }
        Ok((granted, bad))
    }

    /// Adds an app. False when there is one of this appid already.
    pub async fn add_app(&self, app: &StoredApp, act: &AppAct) -> Result<bool, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let insert = format!(
            "INSERT INTO apps ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
             $16, $17, $18, $19, $20, $21) ON CONFLICT DO NOTHING"
        );
        if write(&tx, &insert, app).await? == 0 {
            return Ok(false);
        }
        note(&tx, act).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Changes an app as `change` says, in one transaction with the note of the act; what `change` refuses stays as it is.
    /// `None` when there is no such app.
    pub async fn change_app<E>(
        &self,
        appid: &str,
        change: impl FnOnce(&StoredApp) -> Result<(StoredApp, AppAct), E>,
    ) -> Result<Option<Result<StoredApp, E>>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let select = format!("SELECT {COLUMNS} FROM apps WHERE appid = $1 FOR UPDATE");
        let rows = tx.query(&select, &[&appid]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (app, act) = match change(&read(row)?) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Some(Err(refused))),
        };
        let update = format!(
            "UPDATE apps SET ({COLUMNS}) = ROW($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
             $17, $18, $19, $20, $21) WHERE appid = $1"
        );
        write(&tx, &update, &app).await?;
        note(&tx, &act).await?;
        tx.commit().await?;
        Ok(Some(Ok(app)))
    }

    /// Acts on one app or on all, the latest first.
    pub async fn app_acts(&self, appid: Option<&str>, limit: i64) -> Result<Vec<AppAct>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT at, appid, act, by_user, by_host, detail FROM app_acts \
                 WHERE $1::text IS NULL OR appid = $1 ORDER BY id DESC LIMIT $2",
                &[&appid, &limit],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| AppAct {
                at: row.get::<_, OffsetDateTime>(0).into(),
                appid: row.get(1),
                act: row.get(2),
                user: row.get(3),
                host: row.get(4),
                detail: row.get(5),
            })
            .collect())
    }
}

async fn write(tx: &Transaction<'_>, statement: &str, app: &StoredApp) -> Result<u64, StoreError> {
    let regions: Vec<i32> = app.grants.regions.iter().map(|region| region.number() as i32).collect();
    let busicodes: Option<Vec<i16>> =
        app.grants.busicodes.as_ref().map(|codes| codes.iter().map(|code| code.number() as i16).collect());
    let actions: Option<Vec<i16>> =
        app.grants.actions.as_ref().map(|actions| actions.iter().copied().map(action_number).collect());
    let (previous, until) = app.previous.as_ref().map(|(key, until)| (key, OffsetDateTime::from(*until))).unzip();
    let parameters: [&(dyn ToSql + Sync); 21] = [
        &app.appid,
        &app.name,
        &(app.home.number() as i32),
        &regions,
        &busicodes,
        &actions,
        &app.profile.as_str(),
        &app.key,
        &previous,
        &until,
        &app.data_key,
        &app.operator,
        &app.datalist_as_string,
        &app.always_ok,
        &app.is_test,
        &Json(&app.volume),
        &app.disabled.map(OffsetDateTime::from),
        &OffsetDateTime::from(app.created),
        &OffsetDateTime::from(app.changed),
        &app.proof.authentication().as_str(),
        &app.proof.subject().map(ToString::to_string),
    ];
    Ok(tx.execute(statement, &parameters).await?)
}

pub(super) async fn note(tx: &Transaction<'_>, act: &AppAct) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO app_acts (at, appid, act, by_user, by_host, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&OffsetDateTime::from(act.at), &act.appid, &act.act, &act.user, &act.host, &act.detail],
    )
    .await?;
    Ok(())
}

fn read(row: &Row) -> Result<StoredApp, StoreError> {
    let moment = |at: OffsetDateTime| Moment::from(at);
    let previous: Option<Vec<u8>> = row.get(8);
    let until: Option<OffsetDateTime> = row.get(9);
    Ok(StoredApp {
        appid: row.get(0),
        name: row.get(1),
        home: region(row.get(2))?,
        grants: grants(row.get(3), row.get(4), row.get(5))?,
        proof: proof(row.get(19), row.get(20))?,
        profile: Profile::parse(row.get(6)).map_err(|_| corrupt("profile"))?,
        key: row.get(7),
        previous: previous.zip(until.map(moment)),
        data_key: row.get(10),
        operator: row.get(11),
        datalist_as_string: row.get(12),
        always_ok: row.get(13),
        is_test: row.get(14),
        volume: row.try_get::<_, Json<Volume>>(15).map_err(|_| corrupt("volume"))?.0,
        disabled: row.get::<_, Option<OffsetDateTime>>(16).map(moment),
        created: moment(row.get(17)),
        changed: moment(row.get(18)),
    })
}

fn grants(regions: Vec<i32>, busicodes: Option<Vec<i16>>, actions: Option<Vec<i16>>) -> Result<Grants, StoreError> {
    let busicodes = busicodes.map(|codes| codes.into_iter().map(busicode).collect());
    let actions = actions.map(|numbers| numbers.into_iter().map(action).collect());
    Ok(Grants {
        regions: regions.into_iter().map(region).collect::<Result<_, _>>()?,
        busicodes: busicodes.transpose()?,
        actions: actions.transpose()?,
    })
}

fn proof(authentication: &str, certificate: Option<&str>) -> Result<Proof, StoreError> {
    let authentication = Authentication::parse(authentication).map_err(|_| corrupt("authentication"))?;
    let subject = certificate.map(Subject::parse).transpose().map_err(|_| corrupt("certificate"))?;
    Proof::new(authentication, subject).map_err(|_| corrupt("authentication"))
}
