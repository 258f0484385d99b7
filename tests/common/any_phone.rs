//! A phone on any transport and either address family, its SIP written by hand; for tests of what the line itself does.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use super::DEADLINE;
use super::raw_phone::Message;

/// A certificate of our own for the loopback addresses, and its files.
pub struct Certificate {
    folder: TempDir,
    made: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Certificate {
    pub fn new() -> Self {
        let names = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let certificate = Self { folder: TempDir::new().expect("a folder for it"), made };
        certificate.write_to(&certificate);
        certificate
    }

    /// Renews the files of `place`.
    pub fn write_to(&self, place: &Self) {
        std::fs::write(place.chain(), self.made.cert.pem()).expect("its file");
        std::fs::write(place.key(), self.made.signing_key.serialize_pem()).expect("its file");
    }

    pub fn chain(&self) -> PathBuf {
        self.folder.path().join("tls.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    /// What a phone that trusts this certificate alone connects with.
    pub fn trusted(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.made.cert.der().clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }
}

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

enum Wire {
    Udp(UdpSocket, SocketAddr),
    Stream(Box<dyn Stream>, Vec<u8>),
}

pub struct AnyPhone {
    wire: Wire,
    pub local: SocketAddr,
    transport: &'static str,
    call_id: String,
    branch: u32,
    to: String,
    pub rtp: UdpSocket,
}

impl AnyPhone {
    pub async fn udp(local: IpAddr, door: SocketAddr) -> Self {
        let socket = UdpSocket::bind((local, 0)).await.expect("a port");
        let local = socket.local_addr().expect("its address");
        Self::new(Wire::Udp(socket, door), local, "UDP").await
    }

    pub async fn tcp(door: SocketAddr) -> Self {
        let stream = TcpStream::connect(door).await.expect("the gateway accepts");
        let local = stream.local_addr().expect("its address");
        Self::new(Wire::Stream(Box::new(stream), Vec::new()), local, "TCP").await
    }

    pub async fn tls(door: SocketAddr, connector: &TlsConnector) -> std::io::Result<Self> {
        let stream = TcpStream::connect(door).await?;
        let local = stream.local_addr()?;
        let name = ServerName::IpAddress(door.ip().into());
        let stream = connector.connect(name, stream).await?;
        Ok(Self::new(Wire::Stream(Box::new(stream), Vec::new()), local, "TLS").await)
    }

    async fn new(wire: Wire, local: SocketAddr, transport: &'static str) -> Self {
        let rtp = UdpSocket::bind((local.ip(), 0)).await.expect("a port for RTP");
        let call_id = format!("any-{:016x}", rand::random::<u64>());
        Self { wire, local, transport, call_id, branch: rand::random(), to: "<sip:311@gateway>".into(), rtp }
    }

    /// A request of the phone's one dialog. A new branch for each, but CSeq 1 keeps the INVITE's (and its CANCEL's).
    pub fn request(&self, method: &str, uri: &str, cseq: u32, more: &str, body: &str) -> String {
        let Self { local, transport, call_id, to, .. } = self;
        let branch = if cseq == 1 && method != "ACK" { self.branch } else { rand::random() };
        let (scheme, parameter) = if uri.starts_with("sips:") {
            ("sips", String::new())
        } else {
            ("sip", format!(";transport={}", transport.to_lowercase()))
        };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};branch=z9hG4bK{branch:08x};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:any@{host}>;tag=any\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <{scheme}:any@{local}{parameter}>\r\n{more}\
             Content-Length: {length}\r\n\r\n{body}",
            host = bracketed(local.ip()),
            length = body.len()
        )
    }

    pub fn options(&self, cseq: u32) -> String {
        self.request("OPTIONS", "sip:gateway", cseq, "", "")
    }

    pub fn invite(&self, uri: &str) -> String {
        let rtp = self.rtp.local_addr().expect("its address");
        let family = if rtp.is_ipv4() { "IP4" } else { "IP6" };
        let (ip, port) = (rtp.ip(), rtp.port());
        let sdp = format!(
            "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        );
        self.request("INVITE", uri, 1, "Content-Type: application/sdp\r\n", &sdp)
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Udp(socket, door) => {
                socket.send_to(bytes, *door).await.expect("the datagram leaves");
            }
            Wire::Stream(stream, _) => {
                stream.write_all(bytes).await.expect("the connection stands");
                stream.flush().await.expect("the connection stands");
            }
        }
    }

    /// The next message and, on UDP, where it came from; `None` when the connection ended.
    pub async fn hear(&mut self) -> Option<(Message, Option<SocketAddr>)> {
        tokio::time::timeout(DEADLINE, self.read()).await.expect("the gateway says something or hangs up")
    }

    pub async fn receive(&mut self) -> Message {
        self.hear().await.expect("the connection stands").0
    }

    /// True when the gateway closed the connection and said nothing more.
    pub async fn is_closed(&mut self) -> bool {
        self.hear().await.is_none()
    }

    /// The final response to `method`, whatever comes before it.
    pub async fn finish(&mut self, method: &str) -> Message {
        loop {
            let message = self.receive().await;
            if message.is_final_to(method) {
                if let Some(to) =
                    message.header("To").filter(|_| message.answers("INVITE") && message.status() == Some(200))
                {
                    to.clone_into(&mut self.to);
                }
                return message;
            }
        }
    }

    /// INVITE, 200, ACK. Gives the 200.
    pub async fn call(&mut self, uri: &str) -> Message {
        let invite = self.invite(uri);
        self.send(invite.as_bytes()).await;
        let answer = self.finish("INVITE").await;
        assert_eq!(answer.status(), Some(200), "{}", answer.text);
        let ack = self.request("ACK", target(&answer), 1, "", "");
        self.send(ack.as_bytes()).await;
        answer
    }

    pub async fn hang_up(&mut self, answer: &Message) {
        let bye = self.request("BYE", target(answer), 2, "", "");
        self.send(bye.as_bytes()).await;
        assert_eq!(self.finish("BYE").await.status(), Some(200));
    }

    /// Waits for the gateway's BYE and answers it.
    pub async fn expect_bye(&mut self) -> (Message, Option<SocketAddr>) {
        loop {
            let (message, source) = self.hear().await.expect("the BYE comes over the same connection");
            if message.method() == Some("BYE") {
                let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
                    .iter()
                    .map(|name| format!("{name}: {}\r\n", message.header(name).unwrap_or_default()))
                    .collect();
                self.send(format!("SIP/2.0 200 OK\r\n{copied}Content-Length: 0\r\n\r\n").as_bytes()).await;
                return (message, source);
            }
        }
    }

    /// Where the first RTP packet comes from.
    pub async fn sound_from(&self) -> SocketAddr {
        let mut packet = [0; 2_048];
        let heard = tokio::time::timeout(DEADLINE, self.rtp.recv_from(&mut packet)).await;
        heard.expect("the notice is heard").expect("a packet").1
    }

    async fn read(&mut self) -> Option<(Message, Option<SocketAddr>)> {
        match &mut self.wire {
            Wire::Udp(socket, _) => {
                let mut buffer = vec![0; 65_535];
                let (length, source) = socket.recv_from(&mut buffer).await.expect("a datagram");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                Some((Message { text }, Some(source)))
            }
            Wire::Stream(stream, unread) => loop {
                // The answer to a keep-alive.
                while unread.starts_with(b"\r\n") {
                    unread.drain(..2);
                }
                if let Some(length) = whole(unread) {
                    let message: Vec<u8> = unread.drain(..length).collect();
                    return Some((Message { text: String::from_utf8_lossy(&message).into_owned() }, None));
                }
                match stream.read_buf(unread).await {
                    Ok(read) if read > 0 => {}
                    _ => return None,
                }
            },
        }
    }

    /// The next bytes, unframed.
    pub async fn bytes(&mut self, wanted: usize) -> Vec<u8> {
        let Wire::Stream(stream, unread) = &mut self.wire else { panic!("a stream") };
        let reading = async {
            while unread.len() < wanted {
                assert!(stream.read_buf(unread).await.expect("the connection stands") > 0, "closed");
            }
            unread.drain(..wanted).collect()
        };
        tokio::time::timeout(DEADLINE, reading).await.expect("the gateway says something")
    }
}

/// The URI of a message's Contact.
pub fn target(message: &Message) -> &str {
    let contact = message.header("Contact").expect("a Contact");
    contact.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(contact, |(uri, _)| uri)
}

/// The RTP address of an SDP answer.
pub fn media(message: &Message) -> SocketAddr {
    let line = |prefix: &str| message.text.lines().find_map(|line| line.strip_prefix(prefix)).expect("an SDP line");
    let ip: IpAddr = line("c=IN IP").split_once(' ').expect("an address").1.trim().parse().expect("an address");
    let port: u16 = line("m=audio ").split(' ').next().expect("a port").parse().expect("a port");
    (ip, port).into()
}

fn bracketed(ip: IpAddr) -> String {
    SocketAddr::new(ip, 0).to_string().trim_end_matches(":0").to_owned()
}

/// Length of the first message in the stream, by its Content-Length.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let message = Message { text: String::from_utf8_lossy(&bytes[..head]).into_owned() };
    let body: usize = message.header("Content-Length")?.parse().ok()?;
    (bytes.len() >= head + body).then_some(head + body)
}

/// Sends one byte after the other until the other side has had enough.
pub async fn drip(stream: &mut TcpStream, bytes: &[u8], every: Duration) -> usize {
    for (sent, byte) in bytes.iter().enumerate() {
        if stream.write_all(std::slice::from_ref(byte)).await.is_err() {
            return sent;
        }
        let mut answer = [0; 64];
        if let Ok(Ok(0) | Err(_)) = tokio::time::timeout(every, stream.read(&mut answer)).await {
            return sent;
        }
    }
    bytes.len()
}
