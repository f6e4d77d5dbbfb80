//! The callers: raw HTTP/1.1 over kept connections, so that the load takes as little of the machine as it can.

use crate::corpus::Bodies;
use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a load went.
pub struct Sent {
    /// From the first byte of a request to the last of its answer, sorted.
    pub answers: Vec<Duration>,
    /// Requests that were told to come again, and did.
    pub repeated: usize,
    /// From the first request to the last answer.
    pub took: Duration,
}

/// A request told to come again does so after this pause, and no longer than so.
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);
/// Up to this length a body goes out in one write with its head.
const SMALL: usize = 64 * 1024;

/// Sends every body once, over so many connections at once; each waits for its answer.
///
/// # Errors
/// When one is refused for good: a benchmark of refusals measures nothing.
pub async fn send(address: SocketAddr, clients: usize, bodies: &Bodies) -> Result<Sent> {
    let next = AtomicUsize::new(0);
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        connections.push(Caller::connect(address).await?);
    }
    let begun = Instant::now();
    let callers = connections.into_iter().map(|mut caller| {
        let next = &next;
        async move {
            let mut answers = Vec::with_capacity(bodies.bodies.len() / clients + 1);
            let mut repeated = 0;
            while let Some(body) = bodies.bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let asked = Instant::now();
                repeated += caller.surely(body).await?;
                answers.push(asked.elapsed());
            }
            anyhow::Ok((answers, repeated))
        }
    });
    let results = try_join_all(callers).await?;
    let took = begun.elapsed();
    let repeated = results.iter().map(|(_, repeated)| repeated).sum();
    let mut answers: Vec<Duration> = results.into_iter().flat_map(|(answers, _)| answers).collect();
    answers.sort_unstable();
    Ok(Sent { answers, repeated, took })
}

/// One connection.
pub struct Caller {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Caller {
    /// Opens it.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("{address} takes no connection"))?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream, buffer: Vec::with_capacity(8192) })
    }

    /// Posts until it is accepted; returns how often it had to come again.
    pub async fn surely(&mut self, body: &[u8]) -> Result<usize> {
        let deadline = Instant::now() + PATIENCE;
        let mut repeated = 0;
        loop {
            match self.post(body).await {
                Ok(200) => return Ok(repeated),
                Ok(503) if Instant::now() < deadline => repeated += 1,
                Ok(status) => bail!("refused with status {status}: {}", String::from_utf8_lossy(&self.buffer)),
                // A connection that was closed between two requests is opened anew.
                Err(_) if Instant::now() < deadline => {
                    repeated += 1;
                    *self = Self::connect(self.address).await?;
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Posts once and gives the status of the answer, which is left in the buffer.
    async fn post(&mut self, body: &[u8]) -> Result<u16> {
        self.buffer.clear();
        let head = format!(
            "POST /sesame/exchange HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.buffer.extend_from_slice(head.as_bytes());
        if body.len() <= SMALL {
            self.buffer.extend_from_slice(body);
            self.stream.write_all(&self.buffer).await?;
        } else {
            self.stream.write_all(&self.buffer).await?;
            self.stream.write_all(body).await?;
        }
        self.buffer.clear();
        let (status, answer_end) = loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection was closed");
            if let Some(head) = read_head(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < answer_end {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection was closed");
        }
        let success = holds(&self.buffer, b"\"0001\"");
        ensure!(status != 200 || success, "status 200 without 0001: {}", String::from_utf8_lossy(&self.buffer));
        Ok(status)
    }
}

/// The status, and where the answer ends, once its head is there.
fn read_head(buffer: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end])?;
    let status = head.get(9..12).context("a status")?.parse()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    Ok(Some((status, end + 4 + length.context("a Content-Length")??)))
}

fn holds(text: &[u8], sought: &[u8]) -> bool {
    text.windows(sought.len()).any(|window| window == sought)
}
