//! The rules of the layout, checked by reading the source: who may know whom, which library stands behind which
//! wall, where clocks are read, how long a file may be. A broken rule is listed with file, line and reason.

#[path = "architecture/blank.rs"]
mod blank;
#[path = "architecture/source.rs"]
mod source;

use source::{Line, SourceFile};

/// The stages, in the order the sound passes them.
const STAGES: [&str; 6] = ["ingress", "media", "speech", "draft", "intake", "review"];
/// The files that may join stages: the journey, the builder, the commands, the map.
const JOINERS: [&str; 8] = [
    "src/pipeline.rs",
    "src/pipeline/",
    "src/gateway.rs",
    "src/gateway/",
    "src/cli.rs",
    "src/cli/",
    "src/main.rs",
    "src/lib.rs",
];
/// The aim is 200 lines; beyond this a file has two purposes.
const MAX_LINES: usize = 500;

fn assert_none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}

/// Every code line of `src` that `offends`, with what `offends` says about it.
fn offences(offends: impl Fn(&SourceFile, &Line<'_>) -> Option<String>) -> Vec<String> {
    let files = source::under("src");
    let each = |file: &SourceFile| {
        file.code()
            .filter_map(|line| offends(file, &line).map(|why| format!("{}:{}: {why}", file.path, line.number)))
            .collect::<Vec<_>>()
    };
    files.iter().flat_map(each).collect()
}

fn stage_of(path: &str) -> Option<usize> {
    STAGES.iter().position(|stage| path.starts_with(&format!("src/{stage}/")) || path == format!("src/{stage}.rs"))
}

fn is_under(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)))
}

#[test]
fn a_stage_knows_the_stages_before_it_and_never_one_after_it() {
    let broken = offences(|file, line| {
        let own = stage_of(&file.path)?;
        let later = line.modules_of_ours.iter().find(|name| STAGES[own + 1..].contains(name))?;
        Some(format!("{} names the later stage {later}", STAGES[own]))
    });
    assert_none("a stage never names a later one; hand the thing over in pipeline.rs or gateway.rs", &broken);
}

#[test]
fn only_the_pipeline_and_the_gateway_join_stages() {
    let broken = offences(|file, line| {
        if stage_of(&file.path).is_some() || is_under(&file.path, &JOINERS) {
            return None;
        }
        let stage = line.modules_of_ours.iter().find(|name| STAGES.contains(name))?;
        Some(format!("names the stage {stage}"))
    });
    assert_none("call, codec, config, ops and store are open to all and know no stage", &broken);
}

#[test]
fn the_joining_files_are_known_to_nobody_else() {
    let broken = offences(|file, line| {
        if is_under(&file.path, &JOINERS) {
            return None;
        }
        let joiner = line.modules_of_ours.iter().find(|name| ["pipeline", "gateway", "cli"].contains(name))?;
        Some(format!("names {joiner}"))
    });
    assert_none("pipeline, gateway and cli stand above everything", &broken);
}

#[test]
fn the_words_the_bounds_and_the_clock_know_nobody() {
    let broken = offences(|file, line| {
        let alone = is_under(&file.path, &["src/call/", "src/config/limits.rs", "src/ops/clock.rs"]);
        let within_call = file.path.starts_with("src/call/");
        let foreign = line.modules_of_ours.iter().find(|name| !(within_call && **name == "call"))?;
        alone.then(|| format!("names {foreign}"))
    });
    assert_none("call, config::limits and ops::clock depend on no other module of ours", &broken);
}

#[test]
fn each_walled_library_stays_behind_its_wall() {
    const WALLS: &[(&str, &[&str])] = &[
        ("rsipstack", &["src/ingress/sip/"]),
        ("webrtc", &["src/ingress/webrtc/"]),
        ("rtc", &["src/ingress/webrtc/"]),
        ("whisper_rs", &["src/speech/whisper.rs", "src/speech/whisper/"]),
        ("opus", &["src/codec/"]),
        ("audio_codec", &["src/codec/"]),
        ("hound", &["src/media/wav.rs", "src/media/recorder.rs", "src/media/recorder_thread.rs"]),
        ("sqlx", &["src/store/"]),
        (
            "reqwest",
            &[
                "src/ops/outbound.rs",
                "src/intake/client.rs",
                "src/ingress/webrtc/caller/whip.rs",
                "src/ops/telemetry/traces.rs",
                "src/ops/api.rs",
                "src/cli/models/download.rs",
            ],
        ),
        ("opentelemetry", &["src/ops/telemetry/traces.rs"]),
        ("opentelemetry_sdk", &["src/ops/telemetry/traces.rs"]),
        ("opentelemetry_otlp", &["src/ops/telemetry/traces.rs"]),
        ("standardwebhooks", &["src/intake/sign.rs"]),
        ("argon2", &["src/review/people/password.rs"]),
    ];
    let broken = offences(|file, line| {
        // A URL is a word, not a client: the configuration checks it, an endpoint holds it.
        let text = line.text.replace("reqwest::Url", "Url");
        let (library, _) = WALLS
            .iter()
            .filter(|(_, places)| !is_under(&file.path, places))
            .find(|(library, _)| source::names_crate(&text, library))?;
        // The tests of the client's neighbours may hold a URL or call the real thing; shipped code may not.
        (!line.is_test).then(|| format!("{library} is named outside its wall"))
    });
    assert_none("swapping a library touches one file or folder", &broken);
}

#[test]
fn time_is_read_in_one_file() {
    let broken = offences(|file, line| {
        let clock = ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "OffsetDateTime::now"];
        let call = clock.into_iter().find(|call| line.text.contains(call))?;
        (file.path != "src/ops/clock.rs").then(|| format!("{call}: take a Clock and ask it"))
    });
    assert_none("clocks are read only in ops/clock.rs, so tests can step time", &broken);
}

#[test]
fn no_file_is_longer_than_can_be_read_in_one_go() {
    let files = [source::under("src"), source::under("tests")].concat();
    let long: Vec<_> = files
        .iter()
        .filter(|file| file.length() > MAX_LINES)
        .map(|file| format!("{}: {} lines", file.path, file.length()))
        .collect();
    assert_none("at most 500 lines a file: split it by purpose", &long);
}

#[test]
fn what_a_stranger_sends_never_meets_an_unwrap() {
    let broken = offences(|file, line| {
        if line.is_test || !is_under(&file.path, &["src/codec/", "src/ingress/", "src/media/"]) {
            return None;
        }
        let panics = [".unwrap()", ".expect(", ".unwrap_err()", "unreachable!(", "panic!("];
        panics.into_iter().find(|call| line.text.contains(call)).map(|call| format!("{call} on the line's input"))
    });
    assert_none("ingress and media answer bad input, they never panic on it", &broken);
}

#[test]
fn no_module_is_named_after_nothing() {
    let nothing = ["utils", "util", "helpers", "helper", "common", "manager", "types", "misc"];
    let broken: Vec<_> = source::under("src")
        .into_iter()
        .filter(|file| file.path.trim_end_matches(".rs").split('/').any(|part| nothing.contains(&part)))
        .map(|file| file.path)
        .collect();
    assert_none("a module is named after what it is", &broken);
}

#[test]
fn the_rules_see_what_they_are_meant_to_see() {
    let text = "use crate::{call::Party, media::{rtp, wav}};\n\
                // use crate::review::Desk;\n\
                let a = \"crate::draft\"; let b = crate::intake::Outbox;\n\
                #[cfg(test)]\n\
                mod tests {\n    x.unwrap(); // }\n}\n\
                fn after() { reqwest::get(1); my_hound::x(); }\n";
    let file = SourceFile::of("src/speech/probe.rs", text);
    let lines: Vec<_> = file.code().collect();
    let names =
        |number: usize| lines.iter().find(|line| line.number == number).map(|line| line.modules_of_ours.clone());
    assert_eq!(names(1).unwrap(), ["call", "media"]);
    assert!(names(2).unwrap().is_empty());
    assert_eq!(names(3).unwrap(), ["intake"]);
    assert!(lines.iter().any(|line| line.number == 6 && line.is_test));
    let after = lines.iter().find(|line| line.number == 8).unwrap();
    assert!(!after.is_test);
    assert!(source::names_crate(after.text, "reqwest") && !source::names_crate(after.text, "hound"));
    assert!(!source::names_crate("use crate::ingress::webrtc::Door;", "webrtc"));
    assert!(source::names_crate("let a = ::webrtc::new();", "webrtc"));

    let split = SourceFile::of("src/media/probe.rs", "use crate::{\n    call::Party,\n    review::Desk,\n};\n");
    let found: Vec<_> = split.code().flat_map(|line| line.modules_of_ours).collect();
    assert_eq!(found, ["call", "review"]);
    let raw = SourceFile::of(
        "src/media/raw.rs",
        "let a = r#\"\ncrate::review \"quoted\" x.unwrap()\n\"#; let c = '\"'; crate::draft::x();\n",
    );
    let found: Vec<_> = raw.code().flat_map(|line| line.modules_of_ours).collect();
    assert_eq!(found, ["draft"]);
    assert!(raw.code().all(|line| !line.text.contains("unwrap")));

    let climbing = SourceFile::of(
        "src/media/climb.rs",
        "use super::{rtp, wav};\nuse super::super::review;\nuse super::super::{intake, call::Party};\n",
    );
    let found: Vec<_> = climbing.code().flat_map(|line| line.modules_of_ours).collect();
    assert_eq!(found, ["review", "intake", "call"]);
}
