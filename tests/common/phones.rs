//! Other people's phones as child processes: SIPp and baresip. Killed when dropped.

use std::fs::File;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use heardline::call::Codec;

use super::{DEADLINE, LOOPBACK, bundled};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// A UDP port that was free a moment ago.
pub fn free_port() -> u16 {
    UdpSocket::bind((LOOPBACK, 0)).expect("a free port").local_addr().expect("its address").port()
}

/// Runs a scenario of `tests/sipp/` against `port`; panics with SIPp's words unless every call went as written.
pub async fn sipp(scenario: &str, transport: Transport, port: u16, calls: u32, per_second: u32) {
    let folder = TempDir::new().expect("a folder for SIPp");
    let errors = folder.path().join("errors.log");
    let screen = File::create(folder.path().join("screen.log")).expect("a file for SIPp's screen");
    let mode = match transport {
        Transport::Udp => "u1",
        Transport::Tcp => "t1",
        Transport::Tls => panic!("Debian's SIPp speaks no TLS"),
    };
    let status = Command::new("sipp")
        .arg(format!("{LOOPBACK}:{port}"))
        .arg("-sf")
        .arg(bundled("tests/sipp").join(scenario))
        .args(["-i", "127.0.0.1", "-t", mode, "-s", "311", "-nostdin", "-recv_timeout", "20000"])
        .args(["-p", &free_port().to_string(), "-mp", &free_port().to_string()])
        .args(["-m", &calls.to_string(), "-r", &per_second.to_string(), "-l", &calls.to_string()])
        .args(["-timeout", "120s", "-timeout_error", "-trace_err", "-error_file"])
        .arg(&errors)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(screen.try_clone().expect("the same file twice"))
        .stderr(screen)
        .kill_on_drop(true)
        .status()
        .await
        .expect("SIPp is installed (package sip-tester)");
    let told = tail(&errors) + &tail(&folder.path().join("screen.log"));
    assert!(status.success(), "{scenario} over {}: {status}\n{told}", transport.name());
}

fn tail(path: &Path) -> String {
    let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// Two ports in a row that were free a moment ago, for UDP and TCP: baresip listens on both, and for TLS on the second.
/// Outside the range that connections get their ports from, and each is given once a process.
fn free_sip_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const PAIRS: u16 = 1_000;
    let begin = u16::try_from(std::process::id() % u32::from(PAIRS)).expect("below PAIRS");
    let taken = |port: u16| UdpSocket::bind((LOOPBACK, port)).is_err() || TcpListener::bind((LOOPBACK, port)).is_err();
    for _ in 0..PAIRS {
        let port = 6_000 + 2 * ((begin + NEXT.fetch_add(1, Ordering::Relaxed)) % PAIRS);
        if !taken(port) && !taken(port + 1) {
            return port;
        }
    }
    panic!("no free ports for a phone between 6000 and 8000");
}

/// One baresip with its own folder and port.
pub struct Baresip {
    child: Child,
    keyboard: ChildStdin,
    folder: TempDir,
}

pub struct BaresipPlan<'a> {
    pub transport: Transport,
    pub codec: Codec,
    /// User part of its address.
    pub number: &'a str,
    /// 8 kHz WAV that it plays once.
    pub plays: &'a Path,
    /// SIP port of the gateway.
    pub dials: u16,
    /// Whom to trust over TLS: a PEM file.
    pub authority: Option<&'a Path>,
}

/// As baresip writes it: name, clock and channels.
fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "pcmu",
        Codec::Pcma => "pcma",
        Codec::G722 => "g722",
        Codec::Opus => "opus/48000/2",
    }
}

impl Baresip {
    /// Starts the phone; it dials at once.
    pub fn dial(plan: &BaresipPlan<'_>) -> Self {
        let folder = TempDir::new().expect("a folder for baresip");
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("its files");
        write("config", configuration(folder.path(), plan));
        let transport = plan.transport.name();
        let codec = codec_name(plan.codec);
        let account = format!("<sip:{}@127.0.0.1;transport={transport}>;regint=0;audio_codecs={codec}", plan.number);
        write("accounts", account + "\n");
        write("contacts", String::new());
        let log = File::create(folder.path().join("log")).expect("a file for its log");
        let mut child = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .args(["-e", &format!("/dial sip:311@127.0.0.1:{};transport={transport}", plan.dials)])
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the same file twice"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("baresip is installed (package baresip-core)");
        let keyboard = child.stdin.take().expect("its keyboard");
        Self { child, keyboard, folder }
    }

    /// Types into the phone: digits are sent as telephone-event while a call is up, `b` hangs up.
    pub async fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).await.expect("the phone still runs");
        self.keyboard.flush().await.expect("the phone still runs");
    }

    /// Waits until its log holds `text`.
    pub async fn says(&self, text: &str) {
        let reading = async {
            while !self.log().contains(text) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, reading).await;
        assert!(waited.is_ok(), "baresip never said {text:?}:\n{}", self.log());
    }

    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Ends the phone in good order, so that its sound file is whole.
    pub async fn quit(mut self) -> HeardFile {
        let _gone_already = self.keyboard.write_all(b"q").await;
        let _gone_already = self.keyboard.flush().await;
        let _killed_on_drop = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let files = std::fs::read_dir(self.folder.path()).expect("its folder");
        let decoded = |path: &PathBuf| path.to_string_lossy().ends_with("-dec.wav");
        let path = files.filter_map(|file| Some(file.ok()?.path())).find(decoded);
        HeardFile {
            path: path.unwrap_or_else(|| panic!("baresip heard nothing:\n{}", self.log())),
            _folder: self.folder,
        }
    }
}

/// What the phone's ear got; the file lives as long as this.
pub struct HeardFile {
    pub path: PathBuf,
    _folder: TempDir,
}

/// `aufile` of baresip 1.0.0 only plays; what the phone hears is written by the filter of `sndfile`.
fn configuration(folder: &Path, plan: &BaresipPlan<'_>) -> String {
    let authority = plan.authority.map(|file| format!("sip_cafile {}\n", file.display())).unwrap_or_default();
    let (folder, plays) = (folder.display(), plan.plays.display());
    let port = free_sip_ports();
    authority
        + &format!(
            "poll_method epoll\n\
         sip_listen 127.0.0.1:{port}\n\
         net_interface 127.0.0.1\n\
         audio_source aufile,{plays}\n\
         snd_path {folder}\n\
         audio_path {folder}\n\
         ausrc_srate 8000\n\
         auplay_srate 8000\n\
         ausrc_channels 1\n\
         auplay_channels 1\n\
         module_path /usr/lib/baresip/modules\n\
         module stdio.so\n\
         module g711.so\n\
         module g722.so\n\
         module opus.so\n\
         module aufile.so\n\
         module sndfile.so\n\
         module_tmp account.so\n\
         module_app menu.so\n"
        )
}
