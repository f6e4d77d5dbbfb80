//! The store away: a door that has read its apps goes on with them; one that never has cannot tell who is unknown.

use super::fixture::{Managed, soon};
use crate::contract::ask::App;
use crate::harness::{KEY, Spec, eventually, own_lab, records};
use sesame::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn with_the_store_away_a_door_goes_on_with_the_apps_it_knows() {
    let (mut lab, _folder) = own_lab().await;
    let mut managed = Managed::start(Spec::new("370203").on(&lab)).await;
    let app = managed.add("known", &[]).await;
    soon(&app, "007", "04", "").await;

    tokio::task::block_in_place(|| lab.database.as_mut().unwrap().kill9());
    for batch in ["A", "B"] {
        let list = records::checks(batch, "370203", "2025-06-01 08:00:00", 3);
        app.ask("007", "01", list).accepted().await;
    }
    managed.caller("nobody", KEY).ask("007", "04", "[]").send().await.assert_refusal(401, "UNKNOWN_APP");

    // A process that starts now has never read them.
    managed.node.stop().await;
    managed.node.launch(Clock::system()).await;
    eventually("the broker is connected", || async { managed.node.health().checks().broker.ok.then_some(()) }).await;
    let app = app.at(&managed.node);
    let list = records::checks("C", "370203", "2025-06-01 08:00:00", 3);
    let reply = app.ask("007", "01", list.clone()).send().await;
    reply.assert_refusal(503, "UNAVAILABLE");
    assert!(reply.is_unsigned && reply.headers.contains_key("retry-after"), "{reply:?}");
    let fixed = App::of(&managed.node);
    fixed.ask("007", "01", list.clone()).accepted().await;
    assert!(!managed.node.health().checks().apps.ok, "not ready without its apps");

    tokio::task::block_in_place(|| lab.database.as_mut().unwrap().restart().unwrap());
    eventually("the apps are read", || async { managed.node.health().checks().apps.ok.then_some(()) }).await;
    app.ask("007", "01", list).accepted().await;
    managed.node.stop().await;
    drop(lab);
}

/// Stands between a node and its store, and can let connections fall silent without closing them.
struct Relay {
    port: u16,
    silent: tokio::sync::watch::Sender<bool>,
}

impl Relay {
    async fn to(server: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = tokio::sync::watch::Sender::new(false);
        let told = silent.subscribe();
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let (server, mut told) = (server.clone(), told.clone());
                tokio::spawn(async move {
                    let Ok(mut there) = tokio::net::TcpStream::connect(server).await else { return };
                    let goes_silent = async move { told.wait_for(|silent| *silent).await.map(drop) };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut here, &mut there) => return,
                        _ = goes_silent => {}
                    }
                    // Both ends stay open, and nothing passes any more.
                    std::future::pending::<()>().await;
                });
            }
        });
        Self { port, silent }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_falls_silent_does_not_keep_disabled_apps_calling() {
    let mut managed = Managed::prepare(Spec::new("370203")).await;
    let uri = managed.node.config.store.uri.text().to_owned();
    let server = uri.split('@').next_back().unwrap().split('/').next().unwrap().to_owned();
    let relay = Relay::to(server.clone()).await;
    let toml = managed.node.toml.replace(&server, &format!("127.0.0.1:{}", relay.port));
    managed.node.config = sesame::config::parse(&toml, "test", []).unwrap();
    managed.node.run(Clock::system()).await;
    let app = managed.add("known", &[]).await;
    soon(&app, "007", "04", "").await;

    relay.silent.send_replace(true);
    managed.json(&["disable", "known"]).await;
    // The connections there were stay silent for ever; new ones pass.
    relay.silent.send_replace(false);
    eventually("the app is disabled", || async {
        let list = records::checks("A", "370203", "2025-06-01 08:00:00", 1);
        (app.ask("007", "01", list).send().await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_disabled_whoever_has_vanished_while_making_tables() {
    let managed = Managed::start(Spec::new("370203")).await;
    let app = managed.add("known", &[]).await;
    soon(&app, "007", "04", "").await;

    let (client, connection) =
        tokio_postgres::connect(managed.node.config.store.uri.text(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT make_month(now()::date)").await.unwrap();

    managed.json(&["disable", "known"]).await;
    soon(&app, "007", "04", "UNKNOWN_APP").await;
    client.batch_execute("ROLLBACK").await.unwrap();
}
