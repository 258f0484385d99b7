//! A client that reads an event stream as it comes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::connect;

const DEADLINE: Duration = Duration::from_secs(20);

pub(super) struct Reader {
    stream: TcpStream,
    /// Everything so far, the head included.
    pub seen: String,
}

impl Reader {
    /// Returns when the head is there; `headers` are whole lines.
    pub async fn open(address: SocketAddr, path: &str, headers: &[&str]) -> Self {
        let host = format!("Host: {address}");
        let lines: Vec<&str> = std::iter::once(host.as_str()).chain(headers.iter().copied()).collect();
        let stream = connect(address, "GET", path, &lines, b"").await;
        let mut reader = Self { stream, seen: String::new() };
        reader.until("\r\n\r\n").await;
        reader
    }

    pub async fn until(&mut self, wanted: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(wanted) {
            let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer)).await;
            let count = read.unwrap_or_else(|_| panic!("no {wanted:?} in {}", self.seen)).unwrap();
            assert_ne!(count, 0, "ended before {wanted:?}: {}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    pub async fn until_closed(&mut self) {
        let mut rest = Vec::new();
        tokio::time::timeout(DEADLINE, self.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
        self.seen.push_str(&String::from_utf8_lossy(&rest));
    }

    /// Names and data of the events so far.
    pub fn events(&self) -> Vec<(String, serde_json::Value)> {
        let named = self.seen.split("event: ").skip(1).filter_map(|event| event.split_once('\n'));
        let told = named.filter_map(|(name, rest)| {
            let data = rest.strip_prefix("data: ")?.lines().next()?;
            Some((name.to_owned(), serde_json::from_str(data).ok()?))
        });
        told.collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.events().into_iter().map(|(name, _)| name).collect()
    }
}
