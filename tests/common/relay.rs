//! A network between a browser and the gateway that can be cut: every port of a range on one loopback address is carried
//! to the same port on another. `GET /?link=down` and `up` cut and restore it. It can also say everything twice.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{RawQuery, State};
use axum::routing::get;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::LOOPBACK;

/// Where browsers are told to send.
pub const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

pub struct Relay {
    /// `http://ADDRESS`, for the scenario's hook.
    pub hook: String,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Carries `ports` between [`OUTSIDE`] and the gateway's loopback.
    pub async fn start(ports: std::ops::RangeInclusive<u16>) -> Self {
        Self::start_replaying(ports, 0).await
    }

    /// And sends each datagram for the gateway again when this many more have passed.
    pub async fn start_replaying(ports: std::ops::RangeInclusive<u16>, after: usize) -> Self {
        let up = Arc::new(AtomicBool::new(true));
        let mut tasks = JoinSet::new();
        for port in ports {
            let outside = Arc::new(UdpSocket::bind((OUTSIDE, port)).await.expect("the relay's port is free"));
            tasks.spawn(carry(outside, (LOOPBACK, port).into(), up.clone(), after));
        }
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let hook = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/", get(switch)).with_state(up);
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { hook, _tasks: tasks }
    }
}

async fn switch(State(up): State<Arc<AtomicBool>>, RawQuery(query): RawQuery) {
    up.store(query.as_deref() == Some("link=up"), Ordering::Release);
}

/// Each browser socket gets one of its own toward the gateway, as a NAT would give it.
async fn carry(outside: Arc<UdpSocket>, gateway: SocketAddr, up: Arc<AtomicBool>, replayed_after: usize) {
    let mut passed: VecDeque<Vec<u8>> = VecDeque::new();
    let mut inside: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut back = JoinSet::new();
    let mut buffer = vec![0; 2_048];
    while let Ok((length, browser)) = outside.recv_from(&mut buffer).await {
        let socket = match inside.get(&browser) {
            Some(socket) => socket.clone(),
            None => {
                let socket = Arc::new(UdpSocket::bind((LOOPBACK, 0)).await.unwrap());
                inside.insert(browser, socket.clone());
                back.spawn(carry_back(socket.clone(), outside.clone(), browser, up.clone()));
                socket
            }
        };
        if up.load(Ordering::Acquire) {
            let _gone = socket.send_to(&buffer[..length], gateway).await;
        }
        if replayed_after > 0 {
            passed.push_back(buffer[..length].to_vec());
            if passed.len() > replayed_after {
                let again = passed.pop_front().unwrap_or_default();
                let _gone = socket.send_to(&again, gateway).await;
            }
        }
    }
}

async fn carry_back(inside: Arc<UdpSocket>, outside: Arc<UdpSocket>, browser: SocketAddr, up: Arc<AtomicBool>) {
    let mut buffer = vec![0; 2_048];
    while let Ok((length, _)) = inside.recv_from(&mut buffer).await {
        if up.load(Ordering::Acquire) {
            let _gone = outside.send_to(&buffer[..length], browser).await;
        }
    }
}
