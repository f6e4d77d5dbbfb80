//! Reads a group on a thread of its own, under a watch: a message whose reading does not end is told from its neighbours, and its
//! thread is left behind.
//!
//! A thread of the runtime would do as well, but for two things: the process could not end while one is stuck, and there are
//! no more than a few hundred of them.

use super::again::Granted;
use super::prepare::{Prepared, Preparer};
use crate::broker::Delivery;
use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::failures::{Fault, unread};
use crate::flow::stuck::Watch;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

type Read = Result<Prepared, Fault>;

/// Before a thread is asked for again that the operating system does not give.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads every message of a group, none for longer than `patience`; what takes longer is a fault of reason POISON.
pub(super) async fn read(
    context: &Context,
    group: &Arc<Vec<Delivery>>,
    granted: Granted,
    patience: Duration,
) -> Vec<Read> {
    let granted = Arc::new(granted);
    let mut all = Vec::with_capacity(group.len());
    while all.len() < group.len() {
        match start(context, group.clone(), granted.clone(), all.len()) {
            Ok((mut results, watch)) => {
                let end = gather(&mut results, &mut all, patience).await;
                if matches!(end, End::Silent) {
                    watch.give_up();
                    // The last result may have come, and the thread not have ended yet.
                    all.extend(group.get(all.len()).map(|delivery| Err(stalled(delivery, patience))));
                } else if all.len() < group.len() {
                    let detail = "the thread that read it ended; please report it".to_owned();
                    all.push(Err(Fault::new(Reason::Internal, detail)));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the operating system gives no thread to read batches; trying on");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    all
}

enum End {
    /// The thread has ended.
    Over,
    /// Nothing came for too long.
    Silent,
}

async fn gather(results: &mut UnboundedReceiver<Read>, all: &mut Vec<Read>, patience: Duration) -> End {
    loop {
        match timeout(patience, results.recv()).await {
            Ok(Some(read)) => all.push(read),
            Ok(None) => return End::Over,
            Err(_) => return End::Silent,
        }
    }
}

/// Starts to read a group from one of its messages on.
fn start(
    context: &Context,
    group: Arc<Vec<Delivery>>,
    granted: Arc<Granted>,
    from: usize,
) -> std::io::Result<(UnboundedReceiver<Read>, Watch)> {
    let (sender, receiver) = unbounded_channel();
    let (mut preparer, now, watch) = (Preparer::new(context, granted), context.clock.now(), context.stuck.watch());
    let own = watch.clone();
    std::thread::Builder::new().name("read batches".to_owned()).spawn(move || {
        for delivery in &group[from..] {
            // Nobody listens any longer: the rest is being read by another thread.
            if sender.send(preparer.prepare_surely(delivery, now)).is_err() {
                break;
            }
        }
        own.ended();
    })?;
    Ok((receiver, watch))
}

fn stalled(delivery: &Delivery, patience: Duration) -> Fault {
    let detail = format!("reading it did not end within {} s", patience.as_secs());
    Fault::new(Reason::Poison, detail).about(unread(delivery))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_whose_reading_does_not_end_is_told_from_one_whose_thread_has_ended() {
        let (sender, mut results) = unbounded_channel();
        let patience = Duration::from_millis(20);
        let mut all = Vec::new();
        sender.send(Err(Fault::new(Reason::Malformed, String::new()))).unwrap();
        assert!(matches!(gather(&mut results, &mut all, patience).await, End::Silent));
        assert_eq!(all.len(), 1);
        sender.send(Err(Fault::new(Reason::Malformed, String::new()))).unwrap();
        drop(sender);
        assert!(matches!(gather(&mut results, &mut all, patience).await, End::Over));
        assert_eq!(all.len(), 2);
    }
}
