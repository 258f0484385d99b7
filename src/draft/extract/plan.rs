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

/// Reads `digits` by the plans of `regions` (ISO 3166-1 alpha-2), in this order. `international`: the country's code
/// was announced ("plus").
pub fn read(digits: &str, regions: &[String], language: Option<Language>, international: bool) -> Reading {
    if let Some(e164) = announced(digits, international) {
        return Reading::Full { e164 };
    }
    let mut candidates: Vec<String> = Vec::new();
    for region in regions {
        let found = match region.as_str() {
            "CN" => china(digits),
            "HK" => hong_kong(digits),
            "US" | "CA" => nanp(digits),
            other => elsewhere(digits, other),
        };
        if let Some(e164) = found.filter(|e164| !candidates.contains(e164)) {
            candidates.push(e164);
        }
    }
    // A leading 1 is the North American trunk to an English ear and a Chinese mobile to a Chinese one; so are 400 and
    // 800 service numbers.
    if matches!(digits.len(), 10 | 11) && candidates.len() > 1 {
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
        0 if !LOCAL.contains(&digits.len()) || !matches!(first(digits), '2'..='9') => Reading::Incomplete,
        _ => Reading::Local { candidates },
    }
}

fn first(digits: &str) -> char {
    digits.chars().next().unwrap_or('0')
}

/// After "plus", or the prefix dialled for abroad (00), any country's number.
fn announced(digits: &str, international: bool) -> Option<String> {
    let bare = digits.strip_prefix("00").or(international.then_some(digits))?;
    let trunkless = bare.strip_prefix("86").and_then(|rest| rest.strip_prefix('0')).map(|rest| format!("86{rest}"));
    let bare = trunkless.as_deref().unwrap_or(bare);
    let (code, rest) = ["852", "86", "1"].iter().find_map(|code| Some((*code, bare.strip_prefix(code)?))).unzip();
    let known = match code.zip(rest) {
        Some(("852", rest)) => hong_kong(rest),
        Some(("86", rest)) => china(rest).or_else(|| china(&format!("0{rest}"))),
        Some((_, rest)) => nanp(rest),
        None => None,
    };
    known.or_else(|| valid(&phonenumber::parse(None, format!("+{bare}")).ok().filter(|_| bare.len() <= 15)?))
}

/// Eight digits; 852 may be said before them.
fn hong_kong(digits: &str) -> Option<String> {
    let bare = if digits.len() == 11 { digits.strip_prefix("852")? } else { digits };
    let valid = bare.len() == 8 && matches!(first(bare), '2'..='9') && !bare.starts_with("999");
    valid.then(|| format!("+852{bare}"))
}

/// Mobile `1[3-9]` and nine digits; landline with trunk 0 and an area code that exists; 400 and 800 services. 86 may be
/// said before them.
fn china(digits: &str) -> Option<String> {
    let bare = if digits.len() >= 12 { digits.strip_prefix("86").unwrap_or(digits) } else { digits };
    let second = bare.chars().nth(1).unwrap_or('0');
    let mobile = bare.len() == 11 && bare.starts_with('1') && ('3'..='9').contains(&second);
    let service = bare.len() == 10 && (bare.starts_with("400") || bare.starts_with("800"));
    if mobile || service {
        return Some(format!("+86{bare}"));
    }
    if matches!(bare.len(), 10..=12) && bare.starts_with('0') { elsewhere(bare, "CN") } else { None }
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
    valid(&phonenumber::parse(Some(id), digits).ok()?)
}

fn valid(number: &phonenumber::PhoneNumber) -> Option<String> {
    phonenumber::is_valid(number).then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

/// Eight digits that are a day, as `20261105`.
pub fn is_date(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    digits.len() == 8
        && matches!(part(0..2), 19 | 20)
        && (1..=12).contains(&part(4..6))
        && (1..=31).contains(&part(6..8))
}

/// Short numbers of services (110, 12345, 95588, 1823): nobody is called back on them.
pub fn is_service(digits: &str) -> bool {
    digits.len() <= 5 && matches!(first(digits), '1' | '9')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_international_only_when_one_plan_fits() {
        let regions = |list: &[&str]| list.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>();
        let full = |e164: &str| Reading::Full { e164: e164.to_owned() };
        let all = regions(&["US", "CN", "HK"]);
        assert_eq!(read("15400168823", &all, None, false), full("+8615400168823"));
        assert_eq!(read("01062345678", &all, None, false), full("+861062345678"));
        assert_eq!(read("2125550134", &all, None, false), full("+12125550134"));
        assert_eq!(read("42317709", &all, Some(Language::Yue), false), full("+85242317709"));
        assert_eq!(read("42317709", &regions(&["HK"]), None, false), full("+85242317709"));
        assert_eq!(read("62345789", &all, None, false), Reading::Local { candidates: vec!["+85262345789".into()] });
        assert_eq!(read("5550134", &all, None, false), Reading::Local { candidates: vec![] });
        assert_eq!(read("555013", &all, None, false), Reading::Incomplete);
        assert_eq!(read("85242317709", &all, None, false), full("+85242317709"));
        assert_eq!(read("85242317709", &all, None, true), full("+85242317709"));
        assert_eq!(read("0085242317709", &all, None, false), full("+85242317709"));
        assert_eq!(read("8615400168823", &all, None, false), full("+8615400168823"));
        assert_eq!(read("861062345678", &all, None, true), full("+861062345678"));
        assert_eq!(read("12125550134", &all, None, true), full("+12125550134"));
        assert_eq!(read("442079460018", &all, None, true), full("+442079460018"));
        assert_eq!(read("4001234567", &all, Some(Language::Zh), false), full("+864001234567"));
        assert_eq!(read("075583456789", &all, None, false), full("+8675583456789"));
        // There is no area 0711 with eight digits, no 0700 at all.
        assert_eq!(read("070083456789", &all, None, false), Reading::Incomplete);
        assert_eq!(read("0134567", &all, None, false), Reading::Incomplete);
        assert_eq!(read("02079460018", &regions(&["GB"]), None, false), full("+442079460018"));
    }
}
