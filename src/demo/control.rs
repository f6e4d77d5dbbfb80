//! Restarting a node of a running demo, as an operator restarts a service: asked for over a socket in the demo's folder.

use super::DemoError;
use super::nodes::Nodes;
use crate::standard::region::Region;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

/// Name of the socket in the demo's folder.
const SOCKET: &str = "control";
/// The answer to a request that was done; any other says why not.
const DONE: &str = "done";
/// Who asks writes its line at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a demo is asked.
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Listens in `folder`. A socket there is of a demo that has ended: who gets here has the demo's ports.
    pub(super) fn open(folder: &Path) -> Result<Self, DemoError> {
        let path = folder.join(SOCKET);
        let failed = |reason| DemoError::Folder { path: path.clone(), reason };
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        Ok(Self { listener, path })
    }

    /// Does what is asked, one after another, for ever.
    pub(super) async fn serve(&self, nodes: &mut Nodes) {
        loop {
            let answered = match self.listener.accept().await {
                Ok((stream, _)) => answer(stream, nodes).await,
                Err(error) => Err(error),
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "a request to the demo came to nothing");
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // The next demo removes it otherwise.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(mut stream: UnixStream, nodes: &mut Nodes) -> std::io::Result<()> {
    let mut line = String::new();
    timeout(PATIENCE, BufReader::new(&mut stream).read_line(&mut line)).await??;
    let answer = match Region::parse(line.trim()) {
        Ok(region) => nodes.restart(region).await.map_or_else(|error| error.to_string(), |()| DONE.to_owned()),
        Err(error) => error.to_string(),
    };
    stream.write_all(answer.as_bytes()).await
}

/// Has the demo that runs in `folder` start a node anew, with the settings that lie there now; returns once it is ready.
pub async fn restart(folder: &Path, region: Region) -> Result<(), DemoError> {
    let path = folder.join(SOCKET);
    let no_demo = |reason| DemoError::NoDemo { path: path.clone(), reason };
    let mut stream = UnixStream::connect(&path).await.map_err(no_demo)?;
    stream.write_all(format!("{region}\n").as_bytes()).await.map_err(no_demo)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(no_demo)?;
    match answer.as_str() {
        DONE => Ok(()),
        "" => Err(DemoError::NotDone("the demo has ended meanwhile".to_owned())),
        _ => Err(DemoError::NotDone(answer)),
    }
}
