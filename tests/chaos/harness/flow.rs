//! Watches whether batches flow: what was accepted at every entering node after a heal has come to the top.

use super::federation::Federation;
use super::layout::{ENTRIES, TOP};
use super::timeline::Timeline;
use anyhow::Result;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Client, NoTls};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// After the last heal. The longest legitimate wait is that for a process that died with something of the store in hand.
pub const LONGEST: Duration = Duration::from_secs(150);

/// Notes for every heal when batches flowed again; never ends. Reads the top's table of batches: no interface tells when
/// a batch was accepted and whether it is there, in one cheap look.
pub async fn watch(federation: &Federation<'_>, timeline: &Timeline) -> Result<std::convert::Infallible> {
    let mut connection: Option<Client> = None;
    loop {
        sleep(LOOK).await;
        let waiting = timeline.waiting();
        if waiting.is_empty() {
            continue;
        }
        let client = match connection.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            // The top's store is away, and nothing flows there.
            None => match connect(&federation.database(TOP)).await {
                Ok(client) => client,
                Err(_) => continue,
            },
        };
        for (place, healed) in waiting {
            match origins_since(&client, healed).await {
                Ok(origins) if origins >= ENTRIES.len() => timeline.flow(place),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        connection = Some(client);
    }
}

/// Waits until batches have flowed after every heal. Whether they have, in good time.
pub async fn resumed(timeline: &Timeline) -> bool {
    let deadline = Instant::now() + LONGEST;
    while !timeline.waiting().is_empty() {
        if Instant::now() > deadline {
            return false;
        }
        sleep(LOOK).await;
    }
    true
}

/// A connection to a database, past all proxies.
pub async fn connect(uri: &str) -> Result<Client> {
    let (client, connection) = timeout(Duration::from_secs(5), tokio_postgres::connect(uri, NoTls)).await??;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

async fn origins_since(client: &Client, moment: time::OffsetDateTime) -> Result<usize, tokio_postgres::Error> {
    let rows = client.query("SELECT DISTINCT origin FROM batches WHERE accepted_at > $1", &[&moment]).await?;
    Ok(rows.iter().map(|row| row.get::<_, i32>(0)).collect::<BTreeSet<_>>().len())
}
