//! National numbering plans: which digit strings are whole numbers, and their international form.

use crate::call::Language;

/// What a digit string is under the plans of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A whole number of exactly one plan.
    Full {
        e164: String,
    },
    /// A whole number, but of more than one plan, or local without its area code. International forms, most likely first.
    Local {
        candidates: Vec<String>,
    },
    Incomplete,
}

/// Shortest and longest local numbers in the plans known here (NANP 7, China and Hong Kong 8).
pub const LOCAL: std::ops::RangeInclusive<usize> = 7..=8;

/// Reads `digits` by the plans of `regions` (ISO 3166-1 alpha-2), in this order.
pub fn read(digits: &str, regions: &[String], language: Option<Language>) -> Reading {
    let mut candidates: Vec<String> = Vec::new();
    for region in regions {
        let found = match region.as_str() {
            "CN" => china(digits),
            "HK" => (digits.len() == 8 && matches!(first(digits), '2'..='9') && !digits.starts_with("999"))
                .then(|| format!("+852{digits}")),
            "US" | "CA" => nanp(digits),
            other => elsewhere(digits, other),
        };
        if let Some(e164) = found.filter(|e164| !candidates.contains(e164)) {
            candidates.push(e164);
        }
    }
    // A leading 1 is the North American trunk to an English ear and a Chinese mobile to a Chinese one.
    if digits.len() == 11 && digits.starts_with('1') && candidates.len() > 1 {
        let home = if language == Some(Language::En) { "+1" } else { "+86" };
        if candidates.iter().any(|e164| e164.starts_with(home)) {
            candidates.retain(|e164| e164.starts_with(home));
        }
    }
    // Eight digits are a Chinese landline without its area code as well.
    let chinese_local = digits.len() == 8
        && matches!(first(digits), '2'..='8')
        && regions.iter().any(|region| region == "CN")
        && language != Some(Language::Yue);
    match candidates.len() {
        1 if !chinese_local => Reading::Full { e164: candidates.remove(0) },
        0 if !LOCAL.contains(&digits.len()) => Reading::Incomplete,
        _ => Reading::Local { candidates },
    }
}

fn first(digits: &str) -> char {
    digits.chars().next().unwrap_or('0')
}

/// Mobile `1[3-9]` and nine digits; landline with trunk 0, area of two or three digits, seven or eight digits; 400.
fn china(digits: &str) -> Option<String> {
    let bare = if digits.len() == 13 { digits.strip_prefix("86").unwrap_or(digits) } else { digits };
    let second = bare.chars().nth(1).unwrap_or('0');
    let mobile = bare.len() == 11 && bare.starts_with('1') && ('3'..='9').contains(&second);
    let landline = matches!(bare.len(), 11 | 12)
        && bare.starts_with('0')
        && ((matches!(second, '1' | '2') && bare.len() == 11) || ('3'..='9').contains(&second));
    let service = bare.len() == 10 && bare.starts_with("400");
    (mobile || landline || service).then(|| format!("+86{}", bare.strip_prefix('0').unwrap_or(bare)))
}

/// North American plan: area and exchange begin with 2-9, four digits follow; a leading 1 may be said.
fn nanp(digits: &str) -> Option<String> {
    let bare = if digits.len() == 11 { digits.strip_prefix('1')? } else { digits };
    let valid =
        bare.len() == 10 && [0, 3].iter().all(|&at| bare.chars().nth(at).is_some_and(|d| ('2'..='9').contains(&d)));
    valid.then(|| format!("+1{bare}"))
}

/// Any other country, by the metadata of the `phonenumber` crate.
fn elsewhere(digits: &str, region: &str) -> Option<String> {
    if !(6..=15).contains(&digits.len()) {
        return None;
    }
    let id = region.parse::<phonenumber::country::Id>().ok()?;
    let number = phonenumber::parse(Some(id), digits).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_international_only_when_one_plan_fits() {
        let regions = |list: &[&str]| list.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>();
        let full = |e164: &str| Reading::Full { e164: e164.to_owned() };
        let all = regions(&["US", "CN", "HK"]);
        assert_eq!(read("15400168823", &all, None), full("+8615400168823"));
        assert_eq!(read("01062345678", &all, None), full("+861062345678"));
        assert_eq!(read("2125550134", &all, None), full("+12125550134"));
        assert_eq!(read("42317709", &all, Some(Language::Yue)), full("+85242317709"));
        assert_eq!(read("42317709", &regions(&["HK"]), None), full("+85242317709"));
        assert_eq!(read("62345789", &all, None), Reading::Local { candidates: vec!["+85262345789".into()] });
        assert_eq!(read("5550134", &all, None), Reading::Local { candidates: vec![] });
        assert_eq!(read("555013", &all, None), Reading::Incomplete);
        assert_eq!(read("02079460018", &regions(&["GB"]), None), full("+442079460018"));
    }
}
