//! Tells the service manager where the program is (sd_notify(3)): one datagram to the socket it named. Without one
//! (started by hand) nothing happens, and a manager that does not listen keeps nobody from taking calls.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Listening: calls are taken.
pub const READY: &str = "READY=1";
/// No new calls; what is on the line is carried to its end.
pub const STOPPING: &str = "STOPPING=1";

/// The configuration is read again, as of `monotonic_us` (`Type=notify-reload` compares it); [`READY`] ends it.
pub fn reloading(monotonic_us: u128) -> String {
    format!("RELOADING=1\nMONOTONIC_USEC={monotonic_us}")
}

/// Sends `state` lines to the manager, if one asked for them.
pub fn tell(state: &str) {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = send(&socket, state)
    {
        tracing::warn!(%error, "the service manager could not be told how far this program is");
    }
}

/// `socket`: a path, or `@name` in the abstract namespace.
fn send(socket: &OsStr, state: &str) -> io::Result<()> {
    let address = match socket.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(manager: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let read = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    #[test]
    fn a_manager_hears_of_it_by_path_and_by_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str(), READY).unwrap();
        assert_eq!(received(&manager), "READY=1");

        let name = format!("heardline-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        send(OsStr::new(&format!("@{name}")), &reloading(7)).unwrap();
        assert_eq!(received(&manager), "RELOADING=1\nMONOTONIC_USEC=7");
        assert!(send(OsStr::new("/nowhere/notify"), READY).is_err());
    }
}
