//! One hostile message and the control request behind it, over UDP or on a TCP connection of its own.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::error::Elapsed;

use super::common::raw_phone::{Message, follow, whole_message};
use super::common::{DEADLINE, LOOPBACK};

/// What must come back to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The final answers, in order.
    Answered(Vec<u16>),
    /// Over a stream: these answers, then the connection is closed by the gateway.
    Closed(Vec<u16>),
}

impl Outcome {
    pub fn status(status: u16) -> Self {
        Self::Answered(vec![status])
    }

    pub fn silence() -> Self {
        Self::Answered(Vec::new())
    }

    fn answers(&self) -> &[u16] {
        match self {
            Self::Answered(answers) | Self::Closed(answers) => answers,
        }
    }
}

/// What did come back.
#[derive(Debug, Default)]
pub struct Seen {
    /// Final answers to the message, in order.
    pub answers: Vec<Message>,
    pub closed: bool,
}

impl Seen {
    pub fn outcome(&self) -> Outcome {
        let answers = self.answers.iter().filter_map(Message::status).collect();
        if self.closed { Outcome::Closed(answers) } else { Outcome::Answered(answers) }
    }
}

enum Wire {
    Udp { socket: UdpSocket, gateway: SocketAddr },
    Tcp { stream: TcpStream, unread: Vec<u8> },
}

pub struct Line {
    wire: Wire,
    pub local: SocketAddr,
    controls: usize,
}

impl Line {
    pub async fn udp(gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind((gateway.ip(), 0)).await.expect("a port");
        let local = socket.local_addr().expect("its address");
        Self { wire: Wire::Udp { socket, gateway }, local, controls: 0 }
    }

    pub async fn tcp(port: u16) -> Self {
        let stream = TcpStream::connect((LOOPBACK, port)).await.expect("the gateway accepts");
        let local = stream.local_addr().expect("its address");
        Self { wire: Wire::Tcp { stream, unread: Vec::new() }, local, controls: 0 }
    }

    fn is_stream(&self) -> bool {
        matches!(self.wire, Wire::Tcp { .. })
    }

    async fn send(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Udp { socket, gateway } => {
                assert_eq!(socket.send_to(bytes, *gateway).await.expect("the datagram leaves"), bytes.len());
            }
            // The gateway may have closed the connection; what it said before is still to be read.
            Wire::Tcp { stream, .. } => drop(stream.write_all(bytes).await),
        }
    }

    /// The next message; `None` when the gateway has closed the connection. An error: nothing came.
    async fn receive(&mut self) -> Result<Option<Message>, Elapsed> {
        let reading = async {
            match &mut self.wire {
                Wire::Udp { socket, gateway } => {
                    let mut buffer = vec![0; 65_535];
                    let (length, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
                    assert_eq!(from, *gateway, "an answer from elsewhere");
                    Some(buffer[..length].to_vec())
                }
                Wire::Tcp { stream, unread } => loop {
                    if let Some(length) = whole_message(unread) {
                        break Some(unread.drain(..length).collect());
                    }
                    if stream.read_buf(unread).await.unwrap_or(0) == 0 {
                        break None;
                    }
                },
            }
        };
        let bytes: Option<Vec<u8>> = tokio::time::timeout(DEADLINE, reading).await?;
        Ok(bytes.map(|bytes| Message { text: String::from_utf8_lossy(&bytes).into_owned() }))
    }

    fn control(&mut self) -> String {
        self.controls += 1;
        let (local, number) = (self.local, self.controls);
        let transport = if self.is_stream() { "TCP" } else { "UDP" };
        format!(
            "OPTIONS sip:control@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} {local};branch=z9hG4bKcontrol{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:control@{local}>;tag=control\r\nTo: <sip:control@127.0.0.1>\r\n\
             Call-ID: control-{number}@{local}\r\nCSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    }

    /// Sends `message` and a control request, and reads until both are answered as far as `expected` says. Calls
    /// that come about are ended. Panics when the control is missed.
    pub async fn exchange(&mut self, message: &[u8], expected: &Outcome) -> Seen {
        let mut seen = Seen::default();
        self.send(message).await;
        // On a stream the control takes a connection of its own, for this one may be closed with good reason.
        let mut controls = 0;
        if !self.is_stream() {
            // The second leaves time for an answer that must not come.
            for _ in 0..2 {
                let control = self.control();
                self.send(control.as_bytes()).await;
            }
            controls = 2;
        }
        while controls > 0 || seen.answers.len() < expected.answers().len() || self.waits_for_end(expected, &seen) {
            let received = match self.receive().await {
                Ok(Some(received)) => received,
                Ok(None) => {
                    seen.closed = true;
                    break;
                }
                Err(_) => break,
            };
            let Some(status) = received.status().filter(|status| *status >= 200) else { continue };
            if received.header("Call-ID").is_some_and(|id| id.starts_with("control-")) {
                assert_eq!(status, 200, "the control request");
                controls -= 1;
            } else if received.text.contains("z9hG4bKend") {
                assert_eq!(status, 200, "the BYE: {}", received.text);
            } else if !seen.answers.iter().any(|known| known.text == received.text) {
                self.finish(&received).await;
                seen.answers.push(received);
            }
        }
        assert_eq!(controls, 0, "a control request was not answered");
        seen
    }

    fn waits_for_end(&self, expected: &Outcome, seen: &Seen) -> bool {
        matches!(expected, Outcome::Closed(_)) && !seen.closed
    }

    /// ACK for every final answer to an INVITE, and BYE where a call came about (RFC 3261 sections 13.2.2.4, 17.1.1.3).
    async fn finish(&mut self, answer: &Message) {
        if !answer.answers("INVITE") {
            return;
        }
        let accepted = answer.status() == Some(200);
        let ack = follow(answer, "ACK", if accepted { Some("endack") } else { None });
        self.send(ack.as_bytes()).await;
        if accepted {
            let bye = follow(answer, "BYE", Some("endbye"));
            self.send(bye.as_bytes()).await;
        }
    }
}
