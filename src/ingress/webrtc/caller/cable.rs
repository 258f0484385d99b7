//! The network cable of one call: what is pulled carries nothing, either way, and nobody is told.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

/// Clones are the same cable.
#[derive(Clone, Debug, Default)]
pub(in crate::ingress::webrtc) struct Cable {
    pulled: Arc<AtomicBool>,
}

impl Cable {
    pub fn pull(&self) {
        self.pulled.store(true, Ordering::Relaxed);
    }

    pub fn plug_in(&self) {
        self.pulled.store(false, Ordering::Relaxed);
    }

    /// The socket at the end of this cable.
    pub fn around(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(Cabled { socket, cable: self.clone() })
    }

    fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Cabled {
    socket: Arc<dyn AsyncUdpSocket>,
    cable: Cable,
}

impl AsyncUdpSocket for Cabled {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if self.cable.is_pulled() {
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        self.socket.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let received = self.socket.poll_recv(cx, buffers, meta);
            if !(self.cable.is_pulled() && matches!(received, Poll::Ready(Ok(_)))) {
                return received;
            }
        }
    }
}
