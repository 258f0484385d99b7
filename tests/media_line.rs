//! What the line does to a call's sound: a bad network and every shape of RTP a phone may send. The pure receiving
//! side is stepped through simulated minutes; what it records is compared with what was said.

mod common;
#[path = "media_line/faults.rs"]
mod faults;
#[path = "media_line/receiver.rs"]
mod receiver;
#[path = "media_line/shapes.rs"]
mod shapes;
