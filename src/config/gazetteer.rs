//! A line's names of places: its hot words and the file it names.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::{ConfigError, Line, limits};
use crate::call::{Place, Places};

/// Reads the gazetteer of every line. Names of the file come first: they know their district.
pub(super) fn load(lines: &mut [Line]) -> Result<(), ConfigError> {
    for line in lines {
        let mut places = match &line.gazetteer {
            Some(file) => read(file)?,
            None => Places::new(),
        };
        let named: BTreeSet<String> = places.iter().map(|place| place.name.clone()).collect();
        let hot = line.hot_words.iter().filter(|name| !named.contains(*name));
        places.extend(hot.map(|name| Place { name: name.clone(), district: None }));
        line.places = Arc::new(places);
    }
    Ok(())
}

fn read(file: &Path) -> Result<Places, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: file.into(), reason };
    let opened = std::fs::File::open(file).map_err(|e| unreadable(format!("{e}; line.gazetteer names it")))?;
    let mut text = String::new();
    let most = limits::GAZETTEER_BYTES;
    let read = opened.take(most + 1).read_to_string(&mut text);
    read.map_err(|e| unreadable(format!("{e}; expected names in UTF-8, one a line")))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > most {
        return Err(unreadable(format!("more than {most} bytes; keep the names that callers of the line say")));
    }
    parse(&text, file)
}

/// `name` or `name<TAB>district` a line; blank lines and lines that begin with `#` say nothing.
fn parse(text: &str, file: &Path) -> Result<Places, ConfigError> {
    let mut places = Places::new();
    let mut known = BTreeSet::new();
    for (row, number) in text.trim_start_matches('\u{feff}').lines().zip(1_usize..) {
        if row.trim().is_empty() || row.starts_with('#') {
            continue;
        }
        let wrong = |expected: &str| {
            let (path, value) = (file.to_path_buf(), format!("{row:?}"));
            Err(ConfigError::Value { path, key: format!("line {number}"), value, expected: expected.to_owned() })
        };
        let mut columns = row.split('\t').map(str::trim);
        let (name, district) = (columns.next().unwrap_or_default(), columns.next().filter(|text| !text.is_empty()));
        if columns.next().is_some() {
            return wrong("a name, or a name, a tab and its district; nothing more");
        }
        if !super::check::is_name(name) || district.is_some_and(|text| !super::check::is_name(text)) {
            return wrong(&format!("names of 1 to {} characters, without control characters", limits::HOT_WORD_CHARS));
        }
        if !known.insert(name) {
            return wrong("named twice; keep one, for a name has one district");
        }
        if places.len() == limits::GAZETTEER_NAMES {
            return wrong(&format!("at most {} names; keep those that callers say", limits::GAZETTEER_NAMES));
        }
        places.push(Place { name: name.to_owned(), district: district.map(str::to_owned) });
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Places, String> {
        parse(text, Path::new("places.txt")).map_err(|e| e.to_string())
    }

    #[test]
    fn a_gazetteer_is_a_name_a_line_and_may_tell_its_district() {
        let places = parsed("# streets\n马家堡\t丰台区\n\nOak Street\n安槐邨\t\n").unwrap();
        let place =
            |name: &str, district: Option<&str>| Place { name: name.into(), district: district.map(Into::into) };
        let expected = [place("马家堡", Some("丰台区")), place("Oak Street", None), place("安槐邨", None)];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_wrong_line_is_told_with_file_line_and_what_is_right() {
        let long = format!("Oak Street\n{}\n", "x".repeat(limits::HOT_WORD_CHARS + 1));
        for (text, parts) in [
            ("Oak Street\nOak Street\n", ["places.txt", "line 2", "named twice"]),
            ("# one\na\tb\t22.1\n", ["places.txt", "line 2", "nothing more"]),
            ("\t丰台区\n", ["places.txt", "line 1", "names of 1 to"]),
            (&long, ["places.txt", "line 2", "names of 1 to"]),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
        let many: String = (0..=limits::GAZETTEER_NAMES).map(|n| format!("place {n}\n")).collect();
        assert!(parsed(&many).unwrap_err().contains(&format!("line {}", limits::GAZETTEER_NAMES + 1)));
    }

    #[test]
    fn a_line_knows_its_hot_words_and_the_names_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("places.txt");
        std::fs::write(&file, "马家堡\t丰台区\n").unwrap();
        let hot_words = vec!["马家堡".to_owned(), "Oak Street".to_owned()];
        let mut lines = [Line { hot_words, gazetteer: Some(file), ..Line::default() }];
        load(&mut lines).unwrap();
        let names: Vec<&str> = lines[0].places.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["马家堡", "Oak Street"]);
        lines[0].gazetteer = Some(folder.path().join("none.txt"));
        let error = load(&mut lines).unwrap_err().to_string();
        assert!(error.contains("none.txt") && error.contains("line.gazetteer"), "{error}");
    }
}
