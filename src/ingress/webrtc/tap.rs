//! Where packets leave the library: an interceptor that hands every decrypted packet of the browser to the call.
//!
//! Nothing goes on to the library's tracks, whose queues would be one more place to lose sound in.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use rtc::shared::marshal::{Marshal, MarshalSize};
use tokio::sync::mpsc;

use crate::ingress::{LinkEvent, LinkPacket};

/// The link's end at the library.
pub(super) struct Tap {
    link: mpsc::Sender<LinkEvent>,
    leaving: VecDeque<TaggedPacket>,
}

impl Tap {
    pub fn new(link: mpsc::Sender<LinkEvent>) -> Self {
        Self { link, leaving: VecDeque::new() }
    }

    fn hand_over(&self, packet: &Packet) {
        let packet = match packet {
            Packet::Rtp(packet) => bytes(packet).map(LinkPacket::Rtp),
            Packet::Rtcp(packets) => compound(packets).map(LinkPacket::Rtcp),
            _ => None,
        };
        // A full link means a media task that is stuck; the recording's gap will say so.
        if let Some(packet) = packet
            && self.link.try_send(LinkEvent::Packet(packet)).is_err()
        {
            metrics::counter!("heardline_webrtc_packets_dropped_total").increment(1);
        }
    }
}

fn bytes<P: Marshal + MarshalSize>(packet: &P) -> Option<Bytes> {
    let mut buffer = BytesMut::zeroed(packet.marshal_size());
    let length = packet.marshal_to(&mut buffer).ok()?;
    buffer.truncate(length);
    Some(buffer.freeze())
}

fn compound(packets: &[Box<dyn rtc::rtcp::Packet>]) -> Option<Bytes> {
    let mut whole = BytesMut::new();
    for packet in packets {
        let mut part = BytesMut::zeroed(packet.marshal_size());
        let length = packet.marshal_to(&mut part).ok()?;
        whole.extend_from_slice(part.get(..length)?);
    }
    (!whole.is_empty()).then(|| whole.freeze())
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        self.hand_over(&message.message.packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        None
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        self.leaving.push_back(message);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.leaving.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
