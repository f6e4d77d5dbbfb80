//! The largest exchange that is taken without any setting.

use crate::contract::ask::App;
use crate::harness::{Spec, records};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Generous: the tests run unoptimised code.
const DEADLINE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_a_hundred_thousand_records_of_32_mebibytes_are_one_exchange() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let list = records::checks("L", "370203", "2025-06-01 08:00:00", 100_000);
    let request = app.ask("007", "01", list);
    let mut body = request.body();
    assert!(body.len() < 32 << 20, "{} bytes", body.len());
    // White space at the end is nobody's: the body is as long as may be.
    body.push_str(&" ".repeat((32 << 20) - body.len()));

    let deadline = Instant::now() + DEADLINE;
    // A broker on a busy machine may take more than two seconds for so large a message: then the same envelope again.
    loop {
        let reply = app.post("exchange", Default::default(), body.clone()).await;
        if reply.status == 200 {
            assert_eq!(reply.busilist[0]["RECORDS"], "100000", "{reply:?}");
            break;
        }
        reply.assert_refusal(503, "UNAVAILABLE");
        assert!(Instant::now() < deadline, "{reply:?}");
    }
    drop(body);
    let (mut after, mut count) = (None::<String>, 0);
    while count < 100_000 {
        let cursor = after.as_ref().map_or_else(String::new, |after| format!(r#","AFTER":"{after}""#));
        let page = app.ask("007", "04", format!(r#"[{{"SIZE":"2000"{cursor}}}]"#)).succeeds().await;
        count += page.busilist.len();
        assert!(page.after.is_some() || count == 100_000 || count == 0, "the pages end after {count} records");
        after = page.after;
        assert!(Instant::now() < deadline, "{count} of 100,000 records are there");
        if count == 0 {
            sleep(Duration::from_millis(500)).await;
        }
    }
    assert_eq!((count, after), (100_000, None));
}
