//! The log on stderr. Two things hold whatever the log level: no library may print what callers send, and no text of a
//! stranger can forge a line.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::limits;

/// Overrides the level, for example `debug` or `heardline::media=trace`.
const LEVEL: &str = "HEARDLINE_LOG";
/// `json`: one JSON object a line.
const FORMAT: &str = "HEARDLINE_LOG_FORMAT";

/// Libraries whose messages quote what the peer sent, or that a peer can make talk, at every level.
const SILENT: [&str; 9] =
    ["rsipstack", "webrtc", "rtc", "rtc_dtls", "rtc_ice", "rtc_interceptor", "rtc_sctp", "rtc_srtp", "rtc_stun"];

/// Starts the log at `level` and takes over the report of panics. Later calls change nothing.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_env(LEVEL).unwrap_or_else(|_| EnvFilter::new(level)).and(filter_fn(may_speak));
    let json = std::env::var(FORMAT).is_ok_and(|format| format == "json");
    let lines = tracing_subscriber::fmt::layer().with_writer(Lines).with_ansi(false);
    let lines = if json { lines.json().boxed() } else { lines.boxed() };
    let _already = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    std::panic::set_hook(Box::new(report));
}

/// Ours may say everything: what we log is ours to keep clean. A library at `info` or below tells what passes through
/// it, which is what callers said.
fn may_speak(metadata: &Metadata<'_>) -> bool {
    let of =
        |name: &str| metadata.target().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    of("heardline") || (*metadata.level() <= Level::WARN && !SILENT.iter().any(|name| of(name)))
}

/// Where and, when the program's own text says so, why. A formatted message may quote the data it choked on.
fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason =
        panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message withheld: it may quote data)");
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    if tracing::enabled!(Level::ERROR) {
        tracing::error!(place, reason, thread, "the program panicked");
    } else {
        eprintln!("heardline: panicked at {place}: {reason}");
    }
}

/// Each write is one event.
struct Lines;

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line
    }
}

struct Line;

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = one_line(&String::from_utf8_lossy(event));
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// One line whatever is in it: control characters and those that reorder text are written as `\u001b`, so that a
/// display name can neither begin a line nor repaint the terminal; the length is bounded.
fn one_line(event: &str) -> String {
    let mut line = String::with_capacity(event.len() + 1);
    for c in event.trim_end_matches('\n').chars() {
        if line.len() > limits::MAX_LOG_LINE {
            line.push('…');
            break;
        }
        if c.is_control() || reorders(c) {
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// Line and paragraph separators, and the controls of Unicode's bidirectional algorithm (UAX 9).
fn reorders(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_can_neither_begin_a_line_nor_repaint_the_terminal() {
        let hostile = "name=\"a\r\nERROR forged\u{1b}[2J\u{202e}drow\u{85}\u{2028}\t\0\"\n";
        let line = one_line(hostile);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(
            line.ends_with("\"\n") && line.contains("\\u000d\\u000aERROR forged\\u001b[2J\\u202edrow\\u0085\\u2028")
        );
        assert_eq!(one_line("电话 and ünï\n"), "电话 and ünï\n");
        let long = one_line(&"x".repeat(1 << 20));
        assert!(long.len() < limits::MAX_LOG_LINE + 10 && long.ends_with("…\n"));
    }
}
