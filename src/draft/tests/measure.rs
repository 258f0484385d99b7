use super::*;
use crate::draft::testing::*;
use crate::call::Language;
#[test]
fn dev_measure() {
    let text = std::fs::read_to_string("/work/shared/data/calls-dev.jsonl").unwrap();
    let d = drafter();
    let (mut n, mut c2, mut c2t, mut c3, mut ph, mut phn, mut em, mut emn, mut fa, mut nm, mut nmn, mut ad, mut adn, mut spur, mut disp) = (0,0,0,0,0,0,0,0,0,0,0,0,0,0,0);
    for line in text.lines() {
        let j: serde_json::Value = serde_json::from_str(line).unwrap();
        let g = &j["gold"];
        let texts: Vec<&str> = j["turns"].as_array().unwrap().iter().filter(|t| t["speaker"] == "caller").map(|t| t["text"].as_str().unwrap()).collect();
        let mut us = call(&texts);
        let id = j["id"].as_str().unwrap();
        let lang = match j["lang"].as_str().unwrap() { "en" => Language::En, "yue" => Language::Yue, _ => Language::Zh };
        for u in &mut us { u.language = Some(lang); }
        let mut f = facts();
        f.regions = match lang { Language::En => vec!["US".into(), "HK".into()], Language::Yue => vec!["HK".into(), "CN".into()], _ => vec!["CN".into()] };
        let draft = d.draft(&f, &us, Default::default());
        let i = &draft.issues[0];
        n += 1;
        let cat = i.category.value.clone().unwrap_or_default();
        let accept: Vec<&str> = g["accept_categories"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        let gc = g["category"].as_str().unwrap();
        if cat == gc { c2 += 1 } 
        if cat == gc || accept.contains(&cat.as_str()) { c2t += 1 } else { println!("{id} CAT {cat} ({:.2}) gold {gc} alts {:?}", i.category.confidence, i.category.alternatives.iter().map(|a| &a.value).collect::<Vec<_>>()); println!("      ev {:?}", i.category.evidence.iter().map(|e| &e.text).collect::<Vec<_>>()); }
        if cat == gc || i.category.alternatives.iter().take(2).any(|a| a.value == gc) { c3 += 1 }
        let p = preferred(&draft).map(|p| p.number.clone());
        match g["phone"].as_str() { Some(gp) => { phn += 1; if p.as_deref() == Some(gp) { ph += 1 } else { println!("{id} PHONE {p:?} gold {gp}") } } None => if p.is_some() { spur += 1; println!("{id} PHONE spurious {p:?}") } }
        let e = draft.emergency.flag.value == Some(true);
        if g["emergency"].as_bool().unwrap() { emn += 1; if e { em += 1 } else { println!("{id} EM missed") } } else if e { fa += 1; println!("{id} EM false {:?}", draft.emergency.flag.evidence) }
        let nv = draft.caller.name.value.clone();
        if let Some(gn) = g["caller_name"].as_str() { nmn += 1; if nv.as_deref() == Some(gn) { nm += 1 } else { println!("{id} NAME {nv:?} gold {gn}") } } else if nv.is_some() { println!("{id} NAME spurious {nv:?}") }
        let av = i.location.address_text.value.clone();
        let digits = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
        if let Some(ga) = g["address"].as_str() { adn += 1; if av.as_deref().map(digits) == Some(digits(ga)) { ad += 1 } println!("{id} ADDR {av:?} gold {ga} / {}", g["district"]) } else if av.is_some() { println!("{id} ADDR spurious {av:?}") }
        let ds = serde_json::to_value(draft.disposition_suggestion).unwrap();
        if ds == g["disposition"] { disp += 1 } else { println!("{id} DISP {ds} gold {}", g["disposition"]) }
    }
    println!("n {n} L2 {c2} accepted {c2t} top3 {c3} phone {ph}/{phn} spurious {spur} emergency {em}/{emn} false {fa} name {nm}/{nmn} addr digits {ad}/{adn} disp {disp}");
}
