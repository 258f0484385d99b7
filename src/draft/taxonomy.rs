//! The categories a ticket can have, with the words that speak for each; built in or the deployment's own, parsed once.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::normal::Folded;
use super::schema::Urgency;

/// A category's name in each script it can be read in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub en: String,
    #[serde(rename = "zh-Hans")]
    pub hans: String,
    #[serde(rename = "zh-Hant")]
    pub hant: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Terms {
    en: Vec<String>,
    zh: Vec<String>,
    yue: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    parent: Option<String>,
    name: Names,
    terms: Terms,
    default_urgency: Urgency,
}

pub struct Category {
    pub code: String,
    pub name: Names,
    pub urgency: Urgency,
}

/// One term of one category.
pub struct Term {
    /// Index in [`Taxonomy::categories`].
    pub category: usize,
    /// Folded, as it is looked for.
    pub text: String,
    pub chinese: bool,
}

pub struct Taxonomy {
    /// Second level only; a draft always names one of these.
    pub categories: Vec<Category>,
    pub terms: Vec<Term>,
    by_code: HashMap<String, usize>,
    tops: BTreeSet<String>,
}

/// No speech, or none that asks for anything.
pub const NO_CONTENT: &str = "other.no_content";
/// Speech that fits no category.
pub const UNCLEAR: &str = "other.unclear";

/// More rows, and more terms of one, than any taxonomy has.
const MAX_ROWS: usize = 2_000;
const MAX_TERMS: usize = 1_000;
/// Scalars of a name or a term.
const MAX_TEXT: usize = 80;

impl Taxonomy {
    /// Reads the JSON list of rows; the error names the row and what would be right.
    pub fn parse(json: &str) -> Result<Self, String> {
        let rows: Vec<Row> = serde_json::from_str(json).map_err(|e| e.to_string())?;
        check(&rows)?;
        let tops = rows.iter().filter(|row| row.parent.is_none()).map(|row| row.code.clone()).collect();
        let mut taxonomy = Self { categories: Vec::new(), terms: Vec::new(), by_code: HashMap::new(), tops };
        for row in rows.into_iter().filter(|row| row.parent.is_some()) {
            let category = taxonomy.categories.len();
            let english = row.terms.en.iter().map(|term| (term, false));
            let chinese = row.terms.zh.iter().chain(&row.terms.yue).map(|term| (term, true));
            for (term, chinese) in english.chain(chinese).filter(|(term, _)| !term.trim().is_empty()) {
                taxonomy.terms.push(Term { category, text: Folded::new(term).text, chinese });
            }
            taxonomy.by_code.insert(row.code.clone(), category);
            taxonomy.categories.push(Category { code: row.code, name: row.name, urgency: row.default_urgency });
        }
        for code in [NO_CONTENT, UNCLEAR] {
            if taxonomy.get(code).is_none() {
                return Err(format!("lacks the category {code}, for calls that say nothing that fits; add it"));
            }
        }
        Ok(taxonomy)
    }

    /// A category, or a top level.
    pub fn knows(&self, code: &str) -> bool {
        self.get(code).is_some() || self.tops.contains(code)
    }

    pub fn get(&self, code: &str) -> Option<&Category> {
        self.by_code.get(code).and_then(|&at| self.categories.get(at))
    }
}

/// What the types cannot say: two levels, each code once and below its parent, names in every script.
fn check(rows: &[Row]) -> Result<(), String> {
    if rows.len() > MAX_ROWS {
        return Err(format!("{} rows; at most {MAX_ROWS}", rows.len()));
    }
    let mut parents: HashMap<&str, Option<&str>> = HashMap::new();
    for row in rows {
        let code = row.code.as_str();
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let expected = row.parent.as_ref().map(|parent| format!("{parent}."));
        let name = code.strip_prefix(expected.as_deref().unwrap_or_default());
        if !name.is_some_and(part) {
            return Err(match &row.parent {
                Some(parent) => format!("{code}: below \"{parent}\" a code is {parent}.NAME, of a-z, 0-9 and _"),
                None => format!("{code}: a top level's code is NAME, of a-z, 0-9 and _"),
            });
        }
        if parents.insert(code, row.parent.as_deref()).is_some() {
            return Err(format!("{code}: stands twice"));
        }
        let names = [("en", &row.name.en), ("zh-Hans", &row.name.hans), ("zh-Hant", &row.name.hant)];
        if let Some((script, _)) = names.iter().find(|(_, name)| name.trim().is_empty() || too_long(name)) {
            return Err(format!("{code}: name.{script}: 1 to {MAX_TEXT} characters"));
        }
        let terms = || row.terms.en.iter().chain(&row.terms.zh).chain(&row.terms.yue);
        if let Some(term) = terms().find(|term| too_long(term)) {
            return Err(format!("{code}: term \"{term}\": at most {MAX_TEXT} characters"));
        }
        if terms().count() > MAX_TERMS {
            return Err(format!("{code}: {} terms; at most {MAX_TERMS}", terms().count()));
        }
    }
    for row in rows {
        if let Some(parent) = row.parent.as_deref().filter(|parent| parents.get(parent) != Some(&None)) {
            return Err(format!("{}: its parent \"{parent}\" is no top level of this file", row.code));
        }
    }
    Ok(())
}

fn too_long(text: &str) -> bool {
    text.chars().count() > MAX_TEXT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: &str, parent: Option<&str>) -> serde_json::Value {
        serde_json::json!({
            "code": code, "parent": parent, "name": {"en": "A", "zh-Hans": "甲", "zh-Hant": "甲"},
            "terms": {"en": ["alpha"], "zh": [], "yue": []}, "default_urgency": "normal",
        })
    }

    fn city(more: &[serde_json::Value]) -> String {
        let other = [row("other", None), row(NO_CONTENT, Some("other")), row(UNCLEAR, Some("other"))];
        serde_json::Value::from_iter(other.iter().chain(more).cloned()).to_string()
    }

    #[test]
    fn a_city_may_bring_its_own_categories() {
        let own = Taxonomy::parse(&city(&[row("parks", None), row("parks.bench", Some("parks"))])).unwrap();
        assert!(own.get("parks.bench").is_some() && own.knows("parks") && own.get("parks").is_none());
        assert!(!own.knows("utility.heating"), "in the place of the built-in ones, not beside them");
    }

    #[test]
    fn a_wrong_taxonomy_is_refused_with_the_row_that_is_wrong() {
        let mut nameless = row("parks", None);
        nameless["name"]["zh-Hant"] = " ".into();
        let mut talkative = row("parks", None);
        talkative["terms"]["yue"] = vec!["長".repeat(81)].into();
        for (rows, why) in [
            (vec![row("parks.bench", Some("parks"))], "its parent \"parks\" is no top level"),
            (vec![row("parks", None), row("bench", Some("parks"))], "bench: below \"parks\" a code is parks.NAME"),
            (vec![row("parks", None), row("parks", None)], "parks: stands twice"),
            (vec![row("Parks", None)], "Parks: a top level's code is NAME"),
            (vec![nameless], "parks: name.zh-Hant: 1 to 80"),
            (vec![talkative], "at most 80 characters"),
        ] {
            let error = Taxonomy::parse(&city(&rows)).err().unwrap();
            assert!(error.contains(why), "{error}");
        }
        let error = Taxonomy::parse("[]").err().unwrap();
        assert!(error.contains("lacks the category other.no_content"), "{error}");
    }
}
