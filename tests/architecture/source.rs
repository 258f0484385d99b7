//! Source files as lines of code: comments and the insides of strings blanked, test code marked, and the modules
//! of ours that each line names.

use std::path::Path;

use super::blank::blank;

#[derive(Clone)]
pub struct SourceFile {
    /// From the repository's root, with `/`.
    pub path: String,
    lines: Vec<String>,
    /// Which lines are test code.
    test: Vec<bool>,
    /// (line index, module at the root of our crate that is named there).
    named: Vec<(usize, String)>,
    /// Paths without `.rs` of the modules declared under `#[cfg(test)]`.
    test_modules: Vec<String>,
}

/// One line of code, without comments and string contents.
pub struct Line<'a> {
    /// From 1.
    pub number: usize,
    pub text: &'a str,
    pub is_test: bool,
    /// Modules at the root of our crate that this line names, however its `use` is laid out.
    pub modules_of_ours: Vec<&'a str>,
}

/// All `.rs` files below a folder of this repository, sorted; none when there is no such folder.
pub fn under(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.push(SourceFile::of(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let test_modules: Vec<String> = found.iter().flat_map(|file| file.test_modules.clone()).collect();
    for file in &mut found {
        if test_modules
            .iter()
            .any(|module| file.path == format!("{module}.rs") || file.path.starts_with(&format!("{module}/")))
        {
            file.test.fill(true);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a line of code names a crate: as a path (`name::`), or in `use name` and `extern crate name`. A module of
/// ours that is called like one stands behind another (`ingress::name::`).
pub fn names_crate(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = &text[at + name.len()..];
        let whole = before.is_none_or(|c| !is_word(c)) && after.chars().next().is_none_or(|c| !is_word(c));
        let imported = text[..at].trim_end().ends_with("use") || text[..at].trim_end().ends_with("crate");
        let ours = text[..at].strip_suffix("::").is_some_and(|parent| parent.ends_with(is_word));
        whole && !ours && (after.starts_with("::") || imported)
    })
}

impl SourceFile {
    pub fn of(path: &str, text: &str) -> Self {
        let code = blank(text);
        let lines: Vec<String> = code.split('\n').map(str::to_owned).collect();
        let (mut test, test_modules) = tests_in(path, &code, text);
        test.resize(lines.len(), false);
        let named = modules_named(path, &code, &test);
        Self { path: path.to_owned(), lines, test, named, test_modules }
    }

    pub fn length(&self) -> usize {
        self.lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1)
    }

    pub fn code(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().enumerate().map(|(index, text)| Line {
            number: index + 1,
            text,
            is_test: self.test[index],
            modules_of_ours: self.named.iter().filter(|(at, _)| *at == index).map(|(_, name)| name.as_str()).collect(),
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count()
}

/// Which lines stand under `#[cfg(test)]`, and which modules are declared there.
fn tests_in(path: &str, code: &str, text: &str) -> (Vec<bool>, Vec<String>) {
    let whole = path.starts_with("tests/") || code.contains("#![cfg(test)]");
    let mut test = vec![whole; code.split('\n').count()];
    let mut modules = Vec::new();
    for (at, mark) in code.match_indices("#[cfg(test)]") {
        let rest = &code[at + mark.len()..];
        let end = item_end(rest);
        let item = &rest[..end];
        let (first, last) = (line_of(code, at), line_of(code, at + mark.len() + end));
        let declared: Vec<_> = item.trim_end_matches(';').split_whitespace().collect();
        if let (true, Some(name)) = (item.ends_with(';') && declared.contains(&"mod"), declared.last()) {
            // The path of `#[path = "…"]` was blanked with the other strings.
            let elsewhere = text.lines().skip(first).take(last - first + 1).find_map(stated_path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            modules.push(elsewhere.map_or_else(|| format!("{}/{name}", home(path)), |file| format!("{folder}/{file}")));
        }
        test[first..=last].fill(true);
    }
    (test, modules)
}

/// `name` of `#[path = "name.rs"]`.
fn stated_path(line: &str) -> Option<&str> {
    line.trim().strip_prefix("#[path = \"")?.strip_suffix(".rs\"]")
}

/// The folder in which a file's child modules lie.
fn home(path: &str) -> &str {
    let own = path.trim_end_matches(".rs");
    ["/mod", "/lib", "/main"].iter().find_map(|name| own.strip_suffix(name)).unwrap_or(own)
}

/// Bytes to the end of the item that begins here: its closing brace, or its semicolon.
fn item_end(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
        if c == '}' && depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Every `crate::name`, `crate::{name, …}` and, outside tests, `super::…::name` that reaches the crate's root.
fn modules_named(path: &str, code: &str, test: &[bool]) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    let mut take = |at: usize| {
        let name: String = code[at..].chars().take_while(|c| is_word(*c)).collect();
        if !name.is_empty() {
            named.push((line_of(code, at), name));
        }
    };
    for (at, root) in code.match_indices("crate::") {
        if !code[..at].ends_with(is_word) {
            first_names(code, at + root.len()).into_iter().for_each(&mut take);
        }
    }
    let depth = home(path).matches('/').count();
    for (at, _) in code.match_indices("super::") {
        let begins = !code[..at].ends_with(is_word) && !code[..at].ends_with("super::");
        let supers = code[at..].split("super::").skip(1).take_while(|rest| rest.is_empty()).count() + 1;
        if begins && supers >= depth && depth > 0 && !test[line_of(code, at)] {
            first_names(code, at + supers * "super::".len()).into_iter().for_each(&mut take);
        }
    }
    named
}

/// Where the names begin that stand directly after a path's `::`: one, or all at the top of a `{…}`.
fn first_names(code: &str, at: usize) -> Vec<usize> {
    if !code[at..].starts_with('{') {
        return vec![at];
    }
    let (mut depth, mut fresh, mut found) = (0, false, Vec::new());
    for (offset, c) in code[at..].char_indices() {
        match c {
            '{' => {
                depth += 1;
                fresh = depth == 1;
            }
            '}' => depth -= 1,
            ',' => fresh = depth == 1,
            c if is_word(c) && fresh => {
                found.push(at + offset);
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}
