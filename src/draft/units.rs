//! Who may be in charge of a matter, and what the deployment's own system calls its category; as the operator lists it.
//!
//! A suggestion with its basis: nobody is told, a person decides. A unit named for the very category goes before one
//! named for its top level, and that before one for everything; among those, one in charge of the place goes first.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::normal::Folded;
use super::schema::{Field, Issue, MAX_EVIDENCE, Routing, Source};
use super::taxonomy::Taxonomy;

/// Units and codes of one deployment; empty when it lists none.
#[derive(Default)]
pub struct Units {
    units: Vec<Unit>,
    local_codes: BTreeMap<String, String>,
}

/// A place that was named, and the field that names it.
type Named<'a> = (String, &'a Field<String>);

struct Unit {
    name: String,
    categories: Vec<String>,
    /// As written, and folded for matching.
    places: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    local_codes: BTreeMap<String, String>,
    #[serde(default)]
    unit: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// Codes of two levels, codes of the top level, or `*`.
    categories: Vec<String>,
    /// Names of districts, streets, estates; without any the unit is in charge everywhere.
    #[serde(default)]
    places: Vec<String>,
}

/// More units than any city has.
const MAX_UNITS: usize = 10_000;
/// Bytes of a name, a place or a code.
const MAX_TEXT: usize = 200;
const EVERYTHING: &str = "*";

impl Units {
    /// Reads the text of a `units.toml`; the error says which entry is wrong and what would be right.
    pub fn parse(toml: &str, taxonomy: &Taxonomy) -> Result<Self, String> {
        let File { local_codes, unit } = toml::from_str(toml).map_err(|e| e.to_string().trim().replace('\n', " "))?;
        if unit.len() > MAX_UNITS {
            return Err(format!("{} units; at most {MAX_UNITS}", unit.len()));
        }
        for (code, local) in &local_codes {
            if taxonomy.get(code).is_none() {
                return Err(format!("local_codes.\"{code}\": no such category; write a code of the taxonomy"));
            }
            text(local).map_err(|why| format!("local_codes.\"{code}\": {why}"))?;
        }
        let mut units: Vec<Unit> = Vec::with_capacity(unit.len());
        for row in unit {
            let unit = Unit::new(row, taxonomy)?;
            if let Some(other) = units.iter().find(|other| other.claims_as(&unit)) {
                return Err(format!(
                    "units \"{}\" and \"{}\" are in charge of the same categories and places; give one of them other places",
                    other.name, unit.name
                ));
            }
            units.push(unit);
        }
        Ok(Self { units, local_codes })
    }

    /// Adds the suggestion and the local code to every issue that has a category. What a person chose stays.
    pub fn route(&self, issues: &mut [Issue]) {
        for issue in issues {
            let Some(code) = issue.category.value.clone() else { continue };
            issue.local_code = self.local_codes.get(&code).cloned();
            if issue.routing_suggestion.source == Source::Agent {
                continue;
            }
            if let Some(routing) = self.suggest(&code, issue) {
                issue.routing_suggestion = routing;
            }
        }
    }

    fn suggest(&self, code: &str, issue: &Issue) -> Option<Field<Routing>> {
        let said = [&issue.location.district, &issue.location.address_text];
        let heard: Vec<_> =
            said.iter().filter_map(|field| Some((Folded::new(field.value.as_deref()?).text, *field))).collect();
        let claim = |unit: &Unit| {
            let level = unit.level(code)?;
            let place = unit.places.iter().find_map(|(place, folded)| {
                heard.iter().find(|(text, _)| text.contains(folded.as_str())).map(|(_, field)| (place.clone(), *field))
            });
            (unit.places.is_empty() || place.is_some()).then_some((level, place))
        };
        let mut best: Option<(usize, Option<Named<'_>>, &Unit)> = None;
        for unit in &self.units {
            let Some((level, place)) = claim(unit) else { continue };
            let better = best.as_ref().is_none_or(|(l, p, _)| (level, place.is_some()) > (*l, p.is_some()));
            if better {
                best = Some((level, place, unit));
            }
        }
        let (_, place, unit) = best?;
        let basis = match &place {
            Some((place, _)) => format!("{code}, {place}"),
            None => code.to_owned(),
        };
        let located = place.as_ref().map_or(&[][..], |(_, field)| &field.evidence);
        let evidence = issue.category.evidence.iter().chain(located).take(MAX_EVIDENCE).cloned().collect();
        let doubtful = issue.category.needs_review || place.as_ref().is_some_and(|(_, field)| field.needs_review);
        let confidence = place.as_ref().map_or(1.0, |(_, field)| field.confidence).min(issue.category.confidence);
        let routing = Routing { unit: unit.name.clone(), basis };
        Some(Field::found(routing, confidence, Source::Rule, evidence, "units@1").review_if(doubtful))
    }
}

impl Unit {
    fn new(row: Row, taxonomy: &Taxonomy) -> Result<Self, String> {
        let Row { name, mut categories, places } = row;
        text(&name).map_err(|why| format!("unit \"{name}\": name: {why}"))?;
        if categories.is_empty() {
            return Err(format!(
                "unit \"{name}\": categories = []: name what it is in charge of, or \"*\" for everything"
            ));
        }
        for code in &categories {
            if code != EVERYTHING && !taxonomy.knows(code) {
                return Err(format!(
                    "unit \"{name}\": categories: \"{code}\" is neither a category, a top level of the taxonomy nor \"*\""
                ));
            }
        }
        for place in &places {
            text(place).map_err(|why| format!("unit \"{name}\": places: {why}"))?;
        }
        categories.sort();
        categories.dedup();
        let mut places: Vec<_> = places.into_iter().map(|place| (place.clone(), Folded::new(&place).text)).collect();
        places.sort();
        places.dedup();
        Ok(Self { name, categories, places })
    }

    fn claims_as(&self, other: &Self) -> bool {
        self.categories == other.categories && self.places == other.places
    }

    /// How closely it is named for this category; `None`: not its matter.
    fn level(&self, code: &str) -> Option<usize> {
        let top = code.split('.').next().unwrap_or_default();
        let named = |name: &str| self.categories.iter().any(|category| category == name);
        [EVERYTHING, top, code].iter().rposition(|name| named(name))
    }
}

fn text(text: &str) -> Result<(), String> {
    match text.trim().is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        true => Err(format!("\"{}\": one line of 1 to {MAX_TEXT} bytes", text.escape_debug())),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::testing::{call, facts};
    use crate::draft::{Drafter, OwnWords};

    const CITY: &str = r#"
        [local_codes]
        "utility.heating" = "010203"
        [[unit]]
        name = "District office East"
        categories = ["*"]
        places = ["East Side"]
        [[unit]]
        name = "Heat works"
        categories = ["utility.heating"]
        [[unit]]
        name = "Heat works, Elm Street depot"
        categories = ["utility.heating"]
        places = ["Elm Street"]
        [[unit]]
        name = "Utilities board"
        categories = ["utility"]
    "#;

    fn routed(text: &str) -> Option<Routing> {
        let drafter = Drafter::with(&OwnWords { taxonomy: None, units: Some(CITY.to_owned()) }).unwrap();
        let draft = drafter.draft(&facts(), &call(&[text]), crate::call::Coverage::default());
        let issue = &draft.issues[0];
        let heating = issue.category.value.as_deref() == Some("utility.heating");
        assert_eq!(issue.local_code.as_deref(), heating.then_some("010203"));
        let field = &issue.routing_suggestion;
        assert!(field.value.is_none() || !field.evidence.is_empty());
        field.value.clone()
    }

    #[test]
    fn the_unit_named_for_the_category_and_the_place_is_suggested_with_its_basis() {
        for (text, unit, basis) in [
            ("The heating is off, the radiators are cold.", "Heat works", "utility.heating"),
            ("The heating is off at 418 Elm Street.", "Heat works, Elm Street depot", "utility.heating, Elm Street"),
            ("There is a power cut, the electricity is out.", "Utilities board", "utility.power"),
        ] {
            assert_eq!(routed(text), Some(Routing { unit: unit.into(), basis: basis.into() }), "{text}");
        }
        assert_eq!(routed("The street light at 12 Oak Road is broken."), None, "nobody is in charge there");
    }

    #[test]
    fn a_wrong_list_of_units_is_refused_with_the_entry_that_is_wrong() {
        for (toml, why) in [
            ("[local_codes]\n\"utility.heatng\" = \"1\"", "local_codes.\"utility.heatng\": no such category"),
            ("[[unit]]\nname = \"A\"\ncategories = [\"heat\"]", "unit \"A\": categories: \"heat\" is neither"),
            ("[[unit]]\nname = \"A\"\ncategories = []", "unit \"A\": categories = []"),
            ("[[unit]]\nname = \" \"\ncategories = [\"*\"]", "name: \" \": one line"),
            ("[[unit]]\nname = \"A\"\ncategory = [\"*\"]", "unknown field `category`"),
            (
                "[[unit]]\nname = \"A\"\ncategories = [\"*\"]\n[[unit]]\nname = \"B\"\ncategories = [\"*\", \"*\"]",
                "units \"A\" and \"B\" are in charge of the same",
            ),
        ] {
            let error =
                Drafter::with(&OwnWords { taxonomy: None, units: Some(toml.to_owned()) }).err().unwrap().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
