//! The categories a ticket can have, with the words that speak for each; built in, parsed once.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::DraftError;
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
    /// Folded, Chinese in one script, as it is looked for. [`GAP`] parts a Chinese term that may be said with words between.
    pub text: String,
    pub chinese: bool,
}

pub struct Taxonomy {
    /// Second level only; a draft always names one of these.
    pub categories: Vec<Category>,
    pub terms: Vec<Term>,
    by_code: HashMap<String, usize>,
}

/// Where a Chinese term may have other words between.
pub const GAP: char = '…';

/// No speech, or none that asks for anything.
pub const NO_CONTENT: &str = "other.no_content";
/// Speech that fits no category.
pub const UNCLEAR: &str = "other.unclear";

impl Taxonomy {
    pub fn parse(json: &str) -> Result<Self, DraftError> {
        let rows: Vec<Row> =
            serde_json::from_str(json).map_err(|cause| DraftError::Data { file: "taxonomy", cause })?;
        let mut taxonomy = Self { categories: Vec::new(), terms: Vec::new(), by_code: HashMap::new() };
        for row in rows.into_iter().filter(|row| row.parent.is_some()) {
            let category = taxonomy.categories.len();
            let english = row.terms.en.iter().map(|term| (term, false));
            let chinese = row.terms.zh.iter().chain(&row.terms.yue).map(|term| (term, true));
            let mut known = HashSet::new();
            for (term, chinese) in english.chain(chinese).filter(|(term, _)| !term.trim().is_empty()) {
                let text = Folded::simplified(term).text;
                // Mandarin and Cantonese share many terms once they are in one script.
                if known.insert(text.clone()) {
                    taxonomy.terms.push(Term { category, text, chinese });
                }
            }
            taxonomy.by_code.insert(row.code.clone(), category);
            taxonomy.categories.push(Category { code: row.code, name: row.name, urgency: row.default_urgency });
        }
        for code in [NO_CONTENT, UNCLEAR] {
            if taxonomy.get(code).is_none() {
                return Err(DraftError::MissingCategory { code });
            }
        }
        Ok(taxonomy)
    }

    pub fn get(&self, code: &str) -> Option<&Category> {
        self.by_code.get(code).and_then(|&at| self.categories.get(at))
    }
}
