//! A phone that misbehaves exactly as a test wants: SIP written by hand over UDP or TCP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::{DEADLINE, LOOPBACK};

/// One incoming message, as far as the tests look at it.
#[derive(Clone, Debug)]
pub struct Message {
    pub text: String,
}

impl Message {
    /// Status of a response.
    pub fn status(&self) -> Option<u16> {
        self.text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// Method of a request.
    pub fn method(&self) -> Option<&str> {
        if self.status().is_some() { None } else { self.text.split(' ').next() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().skip(1).take_while(|line| !line.is_empty()).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Is it a response to a request of this method?
    pub fn answers(&self, method: &str) -> bool {
        self.status().is_some() && self.header("CSeq").is_some_and(|cseq| cseq.ends_with(method))
    }

    pub fn is_final_to(&self, method: &str) -> bool {
        self.answers(method) && self.status().is_some_and(|status| status >= 200)
    }
}

enum Wire {
    Udp { socket: UdpSocket, peer: SocketAddr },
    Tcp { stream: TcpStream, unread: Vec<u8> },
}

/// One call attempt: fixed Call-ID, From tag and INVITE branch.
pub struct RawPhone {
    wire: Wire,
    local: SocketAddr,
    transport: &'static str,
    pub call_id: String,
    tag: u32,
    invite_branch: u32,
    /// To header of the last response to the INVITE that had a tag.
    to: Option<String>,
    contact: Option<String>,
    /// Its RTP port is bound, so that the gateway's sound arrives somewhere.
    rtp: UdpSocket,
}

impl RawPhone {
    pub async fn udp(port: u16) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port");
        let local = socket.local_addr().expect("its address");
        Self::new(Wire::Udp { socket, peer: (LOOPBACK, port).into() }, local, "UDP").await
    }

    pub async fn tcp(port: u16) -> Self {
        let stream = TcpStream::connect((LOOPBACK, port)).await.expect("the gateway accepts");
        stream.set_nodelay(true).expect("a socket that sends at once");
        let local = stream.local_addr().expect("its address");
        Self::new(Wire::Tcp { stream, unread: Vec::new() }, local, "TCP").await
    }

    async fn new(wire: Wire, local: SocketAddr, transport: &'static str) -> Self {
        let rtp = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port for RTP");
        let call_id = format!("raw-{:016x}", rand::random::<u64>());
        let (tag, invite_branch) = (rand::random(), rand::random());
        Self { wire, local, transport, call_id, tag, invite_branch, to: None, contact: None, rtp }
    }

    /// Sends an RTP packet from the port that the SDP names.
    pub async fn speak(&self, packet: &[u8], to: SocketAddr) {
        self.rtp.send_to(packet, to).await.expect("the packet leaves");
    }

    /// The INVITE; the same bytes every time, so a second one is a retransmission.
    pub fn invite(&self) -> String {
        self.invite_with(0)
    }

    /// The INVITE with a body of at least so many bytes.
    pub fn invite_with(&self, bytes: usize) -> String {
        let rtp = self.rtp.local_addr().expect("its address").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {rtp} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n{}",
            "a=x-filler:0123456789\r\n".repeat(bytes.div_ceil(23))
        );
        let extra = format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len());
        self.request("INVITE", "sip:311@127.0.0.1", self.invite_branch, 1, None, &extra)
    }

    /// The INVITE without a body: the offer is the gateway's to make.
    pub fn late_invite(&self) -> String {
        self.request("INVITE", "sip:311@127.0.0.1", self.invite_branch, 1, None, "Content-Length: 0\r\n\r\n")
    }

    /// From now on this phone makes another call over the same wire.
    pub fn renew(&mut self) {
        self.call_id = format!("raw-{:016x}", rand::random::<u64>());
        (self.tag, self.invite_branch) = (rand::random(), rand::random());
        (self.to, self.contact) = (None, None);
    }

    /// OPTIONS outside a dialog.
    pub fn ping(&self, cseq: u32) -> String {
        self.request("OPTIONS", "sip:311@127.0.0.1", rand::random(), cseq, None, "Content-Length: 0\r\n\r\n")
    }

    /// CANCEL belongs to the INVITE's transaction: same branch, no To tag (RFC 3261 section 9.1).
    pub fn cancel(&self) -> String {
        self.request("CANCEL", "sip:311@127.0.0.1", self.invite_branch, 1, None, "Content-Length: 0\r\n\r\n")
    }

    /// For a 2xx a transaction of its own, for another final response the INVITE's (RFC 3261 sections 13.2.2.4, 17.1.1.3).
    pub fn ack(&self, status: u16) -> String {
        let end = "Content-Length: 0\r\n\r\n";
        let to = self.to.as_deref();
        if (200..300).contains(&status) {
            let target = self.contact.as_deref().unwrap_or("sip:311@127.0.0.1");
            self.request("ACK", target, rand::random(), 1, to, end)
        } else {
            self.request("ACK", "sip:311@127.0.0.1", self.invite_branch, 1, to, end)
        }
    }

    pub fn bye(&self) -> String {
        self.in_dialog("BYE", 2)
    }

    /// A request without a body inside the dialog.
    pub fn in_dialog(&self, method: &str, cseq: u32) -> String {
        let target = self.contact.as_deref().unwrap_or("sip:311@127.0.0.1");
        self.request(method, target, rand::random(), cseq, self.to.as_deref(), "Content-Length: 0\r\n\r\n")
    }

    /// A request with a body inside the dialog; `headers`: whole lines.
    pub fn in_dialog_with(&self, method: &str, cseq: u32, headers: &str, body: &str) -> String {
        let target = self.contact.as_deref().unwrap_or("sip:311@127.0.0.1");
        let rest = format!("{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        self.request(method, target, rand::random(), cseq, self.to.as_deref(), &rest)
    }

    fn request(&self, method: &str, uri: &str, branch: u32, cseq: u32, to: Option<&str>, rest: &str) -> String {
        let (local, transport, call_id, tag) = (self.local, self.transport, &self.call_id, self.tag);
        let to = to.unwrap_or("<sip:311@127.0.0.1>");
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};branch=z9hG4bK{branch:08x}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:raw@127.0.0.1>;tag={tag:08x}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:raw@{local};transport={}>\r\n{rest}",
            transport.to_ascii_lowercase()
        )
    }

    pub async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Udp { socket, peer } => {
                socket.send_to(bytes, *peer).await.expect("the datagram leaves");
            }
            Wire::Tcp { stream, .. } => {
                stream.write_all(bytes).await.expect("the connection stands");
                stream.flush().await.expect("the connection stands");
            }
        }
    }

    /// The next message, remembering the dialog it makes.
    pub async fn receive(&mut self, within: Duration) -> Option<Message> {
        let text = tokio::time::timeout(within, self.read()).await.ok()?;
        let message = Message { text };
        if message.answers("INVITE") {
            if let Some(to) = message.header("To").filter(|to| to.contains("tag=")) {
                self.to = Some(to.to_owned());
            }
            if let Some((uri, _)) = message.header("Contact").and_then(|c| c.split_once('<')?.1.split_once('>')) {
                self.contact = Some(uri.to_owned());
            }
        }
        Some(message)
    }

    /// Reads on until `wanted`; panics with everything seen when it does not come.
    pub async fn wait(&mut self, what: &str, within: Duration, wanted: impl Fn(&Message) -> bool) -> Message {
        let mut seen = Vec::new();
        while let Some(message) = self.receive(within).await {
            if wanted(&message) {
                return message;
            }
            seen.push(message.text);
        }
        panic!("{what} did not come within {within:?}; seen: {seen:#?}")
    }

    /// Waits for the final response to `method`.
    pub async fn finish(&mut self, method: &str) -> u16 {
        let found = self.wait(&format!("final response to {method}"), DEADLINE, |m| m.is_final_to(method)).await;
        found.status().expect("a response")
    }

    /// Answers a request of the gateway with 200.
    pub async fn accept(&mut self, request: &Message) {
        self.answer(request, 200).await;
    }

    /// Answers a request of the gateway.
    pub async fn answer(&mut self, request: &Message, status: u16) {
        let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
            .iter()
            .map(|name| format!("{name}: {}\r\n", request.header(name).unwrap_or_default()))
            .collect();
        self.send(&format!("SIP/2.0 {status} As Asked\r\n{copied}Content-Length: 0\r\n\r\n")).await;
    }

    async fn read(&mut self) -> String {
        match &mut self.wire {
            Wire::Udp { socket, .. } => {
                let mut buffer = vec![0; 65_535];
                let (length, _) = socket.recv_from(&mut buffer).await.expect("a datagram");
                String::from_utf8_lossy(&buffer[..length]).into_owned()
            }
            Wire::Tcp { stream, unread } => loop {
                // The answer to a keep-alive (RFC 5626 section 3.5.1) is no message.
                while unread.starts_with(b"\r\n") {
                    unread.drain(..2);
                }
                if let Some(length) = whole_message(unread) {
                    let message: Vec<u8> = unread.drain(..length).collect();
                    return String::from_utf8_lossy(&message).into_owned();
                }
                let read = stream.read_buf(unread).await.expect("the connection stands");
                assert!(read > 0, "the gateway closed the connection");
            },
        }
    }
}

/// A request of the transaction or dialog that `answer` belongs to. `branch`: `None` keeps the transaction's.
pub fn follow(answer: &Message, method: &str, branch: Option<&str>) -> String {
    let copied = |name: &str| answer.header(name).map(|value| format!("{name}: {value}\r\n")).unwrap_or_default();
    let via = match branch {
        Some(branch) => format!("Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{branch};rport\r\n"),
        None => copied("Via"),
    };
    let number: u32 = answer.header("CSeq").and_then(|cseq| cseq.split_whitespace().next()?.parse().ok()).unwrap_or(1);
    let number = if method == "BYE" { (number + 1).min(i32::MAX.unsigned_abs()) } else { number };
    format!(
        "{method} sip:gateway@127.0.0.1 SIP/2.0\r\n{via}{}{}{}CSeq: {number} {method}\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n",
        copied("From"),
        copied("To"),
        copied("Call-ID"),
    )
}

/// Length of the first message in the stream, by its Content-Length.
pub fn whole_message(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let message = Message { text: String::from_utf8_lossy(&bytes[..head]).into_owned() };
    let body: usize = message.header("Content-Length").or_else(|| message.header("l"))?.parse().ok()?;
    (bytes.len() >= head + body).then_some(head + body)
}
