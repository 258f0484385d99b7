//! A password as a person types it: unseen and twice at a terminal, one line from anything else.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::config::limits::MAX_PASSWORD;

/// The password for `name`. The error is for the person at the terminal.
pub(super) fn new_password(name: &str) -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return line(&mut io::stdin().lock());
    }
    let first = unseen(&format!("password for {name}: "))?;
    if unseen("once more: ")? == first {
        Ok(first)
    } else {
        Err(io::Error::other("the two passwords differ; nothing was changed"))
    }
}

fn unseen(prompt: &str) -> io::Result<String> {
    let mut err = io::stderr();
    write!(err, "{prompt}")?;
    err.flush()?;
    let typed = {
        let _until_it_is_typed = Unseen::begin()?;
        line(&mut io::stdin().lock())
    };
    // The line's end was not shown either.
    writeln!(err)?;
    typed
}

/// What is typed is not shown while this lives.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that has gone shows nothing anyway.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// One line without its end, a little longer than any password so that one that is too long is told so.
fn line(from: &mut impl io::BufRead) -> io::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(MAX_PASSWORD + 2).unwrap_or(u64::MAX);
    from.take(most).read_line(&mut text).map_err(|_| io::Error::other("the password is not UTF-8 text"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(io::Error::other("no password came; type it, or give it as one line on standard input"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_the_password_without_its_end() {
        let read = |text: &str| line(&mut text.as_bytes());
        assert_eq!(read("correct horse battery\nmore\n").unwrap(), "correct horse battery");
        assert_eq!(read(" with spaces \r\n").unwrap(), " with spaces ");
        assert!(read("").unwrap_err().to_string().contains("standard input") && read("\n").is_err());
        assert!(read(&"x".repeat(10_000)).unwrap().len() > MAX_PASSWORD);
    }
}
