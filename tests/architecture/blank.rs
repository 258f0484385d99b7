//! Rust source with everything that is no code replaced by spaces: comments, and what strings and characters hold.

/// Line breaks and lengths in characters stay as they were.
pub fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = after_no_code(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// Where the comment, string or character literal that begins here ends; `at` itself when none does.
fn after_no_code(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => find(chars, at, |c| c == '\n'),
        '/' if next == Some('*') => after_block_comment(chars, at),
        '"' => after_quoted(chars, at + 1, '"'),
        'r' if !follows_word(chars, at) => after_raw(chars, at),
        '\'' if next == Some('\\') => after_quoted(chars, at + 1, '\''),
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|c| wanted(*c)).map_or(chars.len(), |offset| from + offset)
}

/// `r` ends an identifier here, unless the identifier is the `b` or `c` of a raw literal.
fn follows_word(chars: &[char], at: usize) -> bool {
    let word = |back: usize| at.checked_sub(back).is_some_and(|i| chars[i].is_alphanumeric() || chars[i] == '_');
    word(1) && (word(2) || !matches!(chars[at - 1], 'b' | 'c'))
}

fn after_block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn after_quoted(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn after_raw(chars: &[char], at: usize) -> usize {
    let open = find(chars, at + 1, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return at;
    }
    let hashes = open - at - 1;
    let mut quote = open + 1;
    loop {
        quote = find(chars, quote, |c| c == '"');
        if quote >= chars.len() {
            return chars.len();
        }
        let closing = chars[quote + 1..].iter().take_while(|c| **c == '#').count();
        if closing >= hashes {
            return quote + 1 + hashes;
        }
        quote += 1;
    }
}
