//! `UNKNOWN_APP`, `SIGN_MISMATCH`, `UNKNOWN_BUSICODE`, `UNKNOWN_ACTION`.

use super::ask::App;
use super::fixture;
use crate::harness::{Spec, records};
use reqwest::header::HeaderMap;
use sesame::standard::sign::Profile;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_who_is_not_known_or_signs_wrongly_gets_an_unsigned_refusal() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    for flag in ["exchange", "log", "validate"] {
        let stranger = App::named(&node, "stranger").ask("007", "04", "[]").at(flag).send().await;
        stranger.assert_refusal(401, "UNKNOWN_APP");
        assert!(stranger.is_unsigned, "{stranger:?}");

        let forger = app.clone().with_key("00000000000000000000000000000000");
        let good = app.ask("007", "04", "[]").at(flag);
        let tampered = good.body().replace("[]", "[{}]");
        for (what, body) in [
            ("another key", forger.ask("007", "04", "[]").body()),
            ("another profile", app.clone().signing_by(Profile::Cmac).ask("007", "04", "[]").body()),
            ("no signature", good.clone().sign("").body()),
            ("no hexadecimal", good.clone().sign(&"签".repeat(80)).body()),
            ("a changed busilist", tampered),
        ] {
            let reply = app.post(flag, HeaderMap::new(), body).await;
            reply.assert_refusal(401, "SIGN_MISMATCH");
            assert!(reply.is_unsigned && !reply.random.is_empty(), "{what}: {reply:?}");
        }
    }
    // The appid is compared as it is.
    App::named(&node, "TEST-APP").ask("007", "04", "[]").send().await.assert_refusal(401, "UNKNOWN_APP");
    // A node's own appid is no app's.
    let own = node.config.node.appid.clone();
    App::named(&node, &own).ask("007", "04", "[]").send().await.assert_refusal(401, "UNKNOWN_APP");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_2_2_signatures_of_every_profile_hold_in_either_case_and_answers_are_signed_alike() {
    let profiles =
        [("digest", Profile::Digest), ("full", Profile::Full), ("cmac", Profile::Cmac), ("hmac", Profile::Hmac)];
    let settings = profiles.map(|(name, _)| fixture::app(name, "370203", &format!("profile = \"{name}\""))).concat();
    let node = Spec::new("370203").extra(&settings).start(&[]).await;
    for (name, profile) in profiles {
        let app = App::named(&node, name).signing_by(profile);
        let write = app.ask("007", "01", records::checks(name, "370203", "2025-06-01 08:00:00", 1));
        write.accepted().await;
        app.ask("007", "09", "[]").is_refused(400, "UNKNOWN_ACTION").await;

        let request = app.ask("007", "04", "[]").random(name);
        let body = request.body();
        let sign = body.rsplit('"').nth(1).unwrap().to_owned();
        assert!(sign.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{sign}");
        let lower = app.post("exchange", HeaderMap::new(), body.replace(&sign, &sign.to_lowercase())).await;
        assert!(lower.holds && lower.result == "0001", "{name}: {lower:?}");
        let others = profiles.iter().filter(|(_, other)| *other != profile);
        for (_, other) in others {
            let reply = App::named(&node, name).signing_by(*other).ask("007", "04", "[]").send().await;
            reply.assert_refusal(401, "SIGN_MISMATCH");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_2_2_codes_that_the_tables_do_not_have_are_refused() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    for busicode in ["", "000", "012", "7", "0007", "７", "00７", "abc", " 007", "999"] {
        app.ask(busicode, "04", "[]").is_refused(400, "UNKNOWN_BUSICODE").await;
        app.ask(busicode, "01", "[]").at("validate").is_refused(400, "UNKNOWN_BUSICODE").await;
    }
    for action in ["", "1", "00", "05", "001", "０１"] {
        app.ask("007", action, "[]").is_refused(400, "UNKNOWN_ACTION").await;
        app.ask("007", action, "[]").at("validate").is_refused(400, "UNKNOWN_ACTION").await;
        app.ask("000", action, "[]").at("log").is_refused(400, "UNKNOWN_ACTION").await;
    }
    // A table 3 code that the interFlag has no use for.
    app.ask("007", "04", "[]").at("validate").is_refused(400, "UNKNOWN_ACTION").await;
    for action in ["01", "02", "03"] {
        app.ask("000", action, "[]").at("log").is_refused(400, "UNKNOWN_ACTION").await;
    }
    for busicode in ["", "7", "abc", "012", "999"] {
        app.ask(busicode, "04", "[]").at("log").is_refused(400, "UNKNOWN_BUSICODE").await;
    }
    for number in 1..=11 {
        app.ask(&format!("{number:03}"), "04", "[]").succeeds().await;
    }
}
