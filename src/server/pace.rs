//! A stream that ends when its other end takes too long: to send the head of a request, between two requests, or to read an
//! answer. A body's pace is judged where it is read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// To send the head of a request, once it has begun; the first begins with the connection.
    pub(super) head: Duration,
    /// To begin another request, or to read on in an answer.
    pub(super) idle: Duration,
}

/// What the other end must read of an answer on the average, in bytes a second: an answer being read holds memory.
const LEAST_READ: u64 = 8 * 1024;

/// What the connection is about, shared by the stream and the service behind it.
#[derive(Debug, Default)]
pub(super) struct Activity(AtomicU8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of a request is to come, or has come in part.
    Head,
    /// A request is being worked on.
    Working,
    /// Between two requests.
    Idle,
}

impl Activity {
    /// A request's head has come.
    pub(super) fn work(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    /// A request has been answered.
    pub(super) fn rest(&self) {
        self.0.store(2, Ordering::Relaxed);
    }

    /// Whether only a head of a request is under way, which nobody has promised to answer.
    pub(super) fn is_head(&self) -> bool {
        self.phase() == Phase::Head
    }

    fn received(&self) {
        // Only from idle: a body belongs to the request being worked on.
        let _ = self.0.compare_exchange(2, 0, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::Head,
            1 => Phase::Working,
            _ => Phase::Idle,
        }
    }
}

/// The stream.
pub(super) struct Paced<S> {
    stream: S,
    activity: Arc<Activity>,
    limits: Limits,
    /// The phase that `reading` is set for.
    set_for: Option<Phase>,
    reading: Pin<Box<Sleep>>,
    /// Runs while the other end takes nothing of what is to be written.
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, limits: Limits) -> Self {
        let reading = Box::pin(sleep(limits.head));
        Self { stream, activity, limits, set_for: Some(Phase::Head), reading, writing: None }
    }

    /// Whether nothing has come for too long. Wakes the task when that is so.
    fn overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.activity.phase();
        let limit = match phase {
            Phase::Working => {
                self.set_for = None;
                return false;
            }
            Phase::Head => self.limits.head,
            Phase::Idle => self.limits.idle,
        };
        if self.set_for != Some(phase) {
            self.reading.as_mut().reset(Instant::now() + limit);
            self.set_for = Some(phase);
        }
        self.reading.as_mut().poll(cx).is_ready()
    }

    /// Ends a write that makes no progress, or too little on the average: `offered` bytes were to be written.
    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        match (&written, &mut self.writing) {
            (Poll::Ready(Ok(count)), Some(stalled)) if *count < offered => {
                let earned = stalled.deadline() + Duration::from_millis(*count as u64 * 1_000 / LEAST_READ);
                stalled.as_mut().reset(earned.min(Instant::now() + self.limits.idle));
                written
            }
            _ => self.watch(cx, written),
        }
    }

    /// Ends what makes no progress.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            // An answer that is being read is no idle connection.
            if self.activity.phase() == Phase::Idle {
                self.set_for = None;
            }
            return written;
        }
        let limit = self.limits.idle;
        let stalled = self.writing.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(timed_out("the answer is not being read")))
    }
}

fn timed_out(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending if self.overdue(cx) => Poll::Ready(Err(timed_out("no request has come in time"))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(result) => {
                if buf.filled().len() > before {
                    self.activity.received();
                }
                Poll::Ready(result)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch_write(cx, written, buf.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch_write(cx, written, bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing to be flushed is no progress: only what pends is watched.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => self.watch(cx, Poll::Pending),
            flushed => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const HEAD: Duration = Duration::from_millis(150);
    const IDLE: Duration = Duration::from_millis(450);
    const LIMITS: Limits = Limits { head: HEAD, idle: IDLE };

    #[tokio::test]
    async fn a_head_that_trickles_is_cut_off_after_its_time_whatever_comes() {
        let (mut client, server) = duplex(64);
        let (activity, start) = (Arc::new(Activity::default()), Instant::now());
        let mut paced = Paced::new(server, activity, LIMITS);
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(HEAD / 10).await;
            }
        });
        let error = paced.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert!(error.kind() == io::ErrorKind::TimedOut && start.elapsed() >= HEAD, "{error}");
    }

    #[tokio::test]
    async fn a_rest_is_longer_than_a_head_and_work_has_no_limit_here() {
        let (mut client, server) = duplex(64);
        let activity = Arc::new(Activity::default());
        let mut paced = Paced::new(server, activity.clone(), LIMITS);
        activity.work();
        assert!(tokio::time::timeout(2 * IDLE, paced.read_u8()).await.is_err(), "a request is being worked on");
        activity.rest();
        let start = Instant::now();
        assert_eq!(paced.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() >= IDLE);
        activity.rest();
        client.write_all(b"P").await.unwrap();
        assert_eq!(paced.read_u8().await.unwrap(), b'P');
        assert_eq!(activity.phase(), Phase::Head, "the next request has begun");
        assert_eq!(paced.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_that_is_read_too_slowly_is_given_up() {
        let (mut client, server) = duplex(4);
        let mut paced = Paced::new(server, Arc::new(Activity::default()), LIMITS);
        let reader = tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                sleep(IDLE / 10).await;
            }
        });
        let start = Instant::now();
        let error = paced.write_all(&[0; 1024]).await.unwrap_err();
        assert!(error.kind() == io::ErrorKind::TimedOut && start.elapsed() < 4 * IDLE, "{:?}", start.elapsed());
        reader.abort();
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (mut client, server) = duplex(4);
        let mut paced = Paced::new(server, Arc::new(Activity::default()), LIMITS);
        let start = Instant::now();
        let reader = tokio::spawn(async move {
            sleep(IDLE / 2).await;
            client.read_u8().await.unwrap();
            std::future::pending::<()>().await;
        });
        let error = paced.write_all(b"0123456789").await.unwrap_err();
        assert!(error.kind() == io::ErrorKind::TimedOut && start.elapsed() >= IDLE + IDLE / 2, "each read gives time");
        reader.abort();
    }
}
