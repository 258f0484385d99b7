//! `heardline erase`: removes what was said in one call, for good.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Failure, load_config};
use crate::ops::clock::Clock;
use crate::review::LOCAL;
use crate::store::people::{NewAuditRow, What};
use crate::store::{DataDir, Erased, Eraser, People as _, SqliteStore, Store as _, StoreError};

/// Erases sound, words, drafts, deliveries and the built-in endpoint's copy of one call, or of every call that was told
/// one reference. Id, reference, line, times and cause stay. Works while the gateway runs and while it does not.
#[derive(Args)]
pub(super) struct Erase {
    /// Call id, or the ten digits of its reference
    call: String,
    /// Configuration file; without it heardline.toml in this folder, else the defaults
    #[arg(long)]
    config: Option<PathBuf>,
}

/// A large database is rewritten; the gateway may be busy.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// As the desk answers.
#[derive(Deserialize)]
struct Told {
    erased: Vec<ToldOne>,
}

#[derive(Deserialize)]
struct ToldOne {
    id: String,
    reference: String,
    delivered_to: Vec<String>,
    cancelled_deliveries: u64,
}

#[derive(Deserialize)]
struct Refused {
    detail: Option<String>,
}

impl From<Erased> for ToldOne {
    fn from(erased: Erased) -> Self {
        let Erased { call, reference, delivered_to, cancelled } = erased;
        let (id, reference) = (call.to_string(), reference.to_string());
        Self { id, reference, delivered_to, cancelled_deliveries: cancelled }
    }
}

impl Erase {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let folder = load_config(self.config.as_deref())?.data.dir;
        if !folder.exists() {
            return Err(Failure::new(format!("{}: no such data folder; name its --config", folder.display())));
        }
        let told = match DataDir::open(&folder) {
            Ok(data) => self.erase_in(data).await.map_err(Failure::new)?,
            Err(StoreError::InUse { .. }) => {
                let (desk, key) = DataDir::announced(&folder).ok_or_else(|| {
                    Failure::new("the gateway that has this data folder is starting or ending; try again in a moment")
                })?;
                self.ask(desk, &key).await?
            }
            Err(error) => return Err(Failure::new(error)),
        };
        for one in told.erased {
            println!("erased: call {}, reference {}", one.id, one.reference);
            if one.cancelled_deliveries > 0 {
                println!("its draft was not delivered yet and will not be");
            }
            for endpoint in one.delivered_to.iter().filter(|endpoint| *endpoint != "desk") {
                println!("its draft had been delivered to {endpoint:?}: erase it there too");
            }
        }
        Ok(())
    }

    /// No gateway runs.
    async fn erase_in(&self, data: DataDir) -> Result<Told, StoreError> {
        let store = Arc::new(SqliteStore::open(&data).await?);
        let eraser = Eraser::new(store.clone(), data);
        let erased = async {
            let (calls, at_unix_ms) = (eraser.find(&self.call).await?, Clock::system().unix_ms());
            let erased = eraser.erase(&calls, at_unix_ms).await?;
            for one in &erased {
                let (who, call) = (LOCAL.to_owned(), Some(one.call));
                store.add_audit(NewAuditRow { at_unix_ms, who, what: What::Erase, call, detail: None }, 0).await?;
            }
            Ok::<_, StoreError>(erased)
        };
        let erased = erased.await;
        store.close().await;
        Ok(Told { erased: erased?.into_iter().map(ToldOne::from).collect() })
    }

    /// The running gateway does it: it alone may write to its data.
    async fn ask(&self, desk: SocketAddr, key: &str) -> Result<Told, Failure> {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.call.is_empty() || !self.call.chars().all(known) {
            return Err(Failure::new("expected a call id or the ten digits of a reference"));
        }
        let answer = tokio::time::timeout(ANSWER_WITHIN, delete(desk, key, &format!("/api/calls/{}", self.call))).await;
        let failed = |reason: String| Failure::new(format!("the gateway's desk at {desk}: {reason}"));
        let (status, body) = answer.map_err(|_| failed("no answer".into()))?.map_err(|e| failed(e.to_string()))?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|e| failed(format!("an answer of another version: {e}")));
        }
        let said = serde_json::from_slice::<Refused>(&body).ok().and_then(|refused| refused.detail);
        Err(Failure::new(said.unwrap_or_else(|| format!("the desk answered {status}"))))
    }
}

/// One DELETE as the desk's own page would send it, with the key of this machine: (status, body).
async fn delete(desk: SocketAddr, key: &str, path: &str) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(desk).await?;
    let request = format!(
        "DELETE {path} HTTP/1.1\r\nHost: {desk}\r\nOrigin: http://{desk}\r\nAuthorization: Bearer {key}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let malformed = || std::io::Error::new(std::io::ErrorKind::InvalidData, "not an HTTP answer");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(malformed)?;
    let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Ok((status.ok_or_else(malformed)?, answer.split_off(head + 4)))
}
