//! `heardline eval speech` tells the truth about the recogniser, and the bundled clips hold it to its promises.

mod common;

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use common::bundled;
use common::served::heardline;

/// Runs over `folder`: exit code, the JSON report, what was said on stderr.
async fn evaluated(folder: &Path, more: &[&str]) -> (Option<i32>, Value, String) {
    let mut arguments = vec!["eval", "speech", folder.to_str().unwrap(), "--json", "-"];
    arguments.extend(more);
    let (code, out, err) = heardline(&arguments).await;
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}\n{err}")), err)
}

/// A folder with these clips of the bundled ones, their times and these references.
fn folder_of(clips: &[&str], references: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for clip in clips {
        for kind in ["wav", "json"] {
            let from = bundled(&format!("audio-samples/eval/{clip}.{kind}"));
            if from.exists() {
                std::fs::copy(from, folder.path().join(format!("{clip}.{kind}"))).unwrap();
            }
        }
    }
    std::fs::write(folder.path().join("refs.tsv"), references).unwrap();
    folder
}

#[tokio::test]
async fn the_bundled_clips_are_heard_without_an_invented_word_and_their_times_are_true() {
    let (code, report, said) = evaluated(&bundled("audio-samples/eval"), &[]).await;
    assert_eq!(code, Some(0), "{said}");
    let total = &report["total"];
    assert!(total["clips"].as_u64().unwrap() >= 20, "{total}");
    for clip in report["clips"].as_array().unwrap() {
        let (file, reference, heard) = (&clip["file"], clip["reference"].as_str().unwrap(), &clip["heard"]);
        println!("{file}: {heard}");
        assert!(!reference.is_empty() || heard == "", "{file}: invented {heard}");
        let sum: u64 = clip["coverage"].as_object().unwrap().values().map(|millis| millis.as_u64().unwrap()).sum();
        assert_eq!(Some(sum), clip["audio_ms"].as_u64(), "{file}: every millisecond is accounted for");
    }
    assert_eq!(total["invented"]["words_a_minute"], 0.0);
    assert!(total["invented"]["audio_ms"].as_u64().unwrap() > 60_000, "{total}");
    for edge in ["start", "end"] {
        let spread = &total[edge];
        println!("{edge} of words: {spread}");
        assert!(spread["edges"].as_u64().unwrap() > 100, "{edge}: {spread}");
        assert!(spread["median_ms"].as_u64().unwrap() <= 120, "{edge}: {spread}");
        assert!(spread["p90_ms"].as_u64().unwrap() <= 300, "{edge}: {spread}");
    }
}

#[tokio::test]
async fn a_reference_with_known_mistakes_gives_the_known_error_rate() {
    // Said: "The street light is broken near the bus stop." One word is another, one is missing, one is too many.
    let references = "file\tlang\tcondition\ttext\n\
                      en-phone-light.wav\ten\tcrafted\tThe park light is broken very near the stop.\n";
    let folder = folder_of(&["en-phone-light"], references);
    std::fs::remove_file(folder.path().join("en-phone-light.json")).unwrap();
    let (code, report, said) = evaluated(folder.path(), &[]).await;
    assert_eq!(code, Some(0), "{said}");
    let known = serde_json::json!({"reference": 9, "substitutions": 1, "deletions": 1, "insertions": 1});
    assert_eq!(report["by_language"][0]["errors"], known, "{report}");
    assert_eq!(report["by_condition"][0]["name"], "crafted");
    let rate = report["total"]["error_rate"].as_f64().unwrap();
    assert!((rate - 3.0 / 9.0).abs() < 1e-9, "{rate}");
    let differences = report["clips"][0]["difference"].as_array().unwrap();
    assert!(differences.contains(&serde_json::json!({"said": "park", "heard": "street"})), "{differences:?}");
}

#[tokio::test]
async fn numbers_are_held_against_the_digits_that_were_said() {
    let references = "file\tlang\ttext\n\
                      en-phone-number.wav\ten\tMy phone number is 555 0134\n\
                      en-phone-case.wav\ten\tMy case number is four zero seven two eight.\n";
    let folder = folder_of(&["en-phone-number", "en-phone-case"], references);
    std::fs::remove_file(folder.path().join("en-phone-case.json")).unwrap();
    std::fs::remove_file(folder.path().join("en-phone-number.json")).unwrap();
    let (_, report, said) = evaluated(folder.path(), &[]).await;
    let digits = &report["total"]["digits"];
    for (name, known) in [("digits", 12), ("digits_right", 11), ("numbers", 2), ("numbers_right", 1), ("alone", 1)] {
        assert_eq!(digits[name], known, "{name}: {report}\n{said}");
    }
}

#[tokio::test]
async fn what_cannot_be_measured_is_named_and_the_rest_is_measured_all_the_same() {
    let references = "file\tlang\tcondition\ttext\n\
                      silence-line.wav\t\tsilence\t\n\
                      broken.wav\ten\t\tgood morning\n\
                      absent.wav\ten\t\tgood morning\n\
                      tones-busy.wav\ten\t\tgood morning\n\
                      en-quiet.wav\ten\tother words\tgood morning\n";
    let folder = folder_of(&["silence-line", "noise-white", "tones-busy", "en-quiet"], references);
    std::fs::write(folder.path().join("broken.wav"), "no sound").unwrap();
    std::fs::write(folder.path().join("tones-busy.json"), "{\"words\": [{\"text\": 1}]}").unwrap();
    let (code, report, said) = evaluated(folder.path(), &[]).await;
    assert_eq!(code, Some(1), "{said}");
    for (file, why) in [
        ("noise-white.wav", "no reference: add a line to refs.tsv"),
        ("broken.wav", "not a PCM WAV file"),
        ("absent.wav", "not in the folder"),
        ("tones-busy.wav", "expected {\"words\""),
        ("en-quiet.wav", "times other words"),
    ] {
        let line = said.lines().find(|line| line.contains(&format!("{file}: "))).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(why), "{line}");
        let problems = report["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["file"] == file), "{problems:?}");
    }
    assert!(said.lines().last().unwrap().contains("5 of 6 files could not be measured"), "{said}");
    assert_eq!(report["clips"][0]["file"], "silence-line.wav");

    let empty = TempDir::new().unwrap();
    let (code, _, said) = heardline(&["eval", "speech", empty.path().to_str().unwrap()]).await;
    assert!(code == Some(1) && said.contains("holds no WAV file"), "{said}");
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere_and_shows_hostile_names_as_text() {
    let references = "file\tlang\tcondition\ttext\n\
                      <img src=x onerror=alert(1)>.wav\ten\t<b>&\"quiet\"\tPlease send anyone as soon as possible.\n";
    let folder = folder_of(&["en-quiet"], references);
    std::fs::remove_file(folder.path().join("en-quiet.json")).unwrap();
    std::fs::rename(folder.path().join("en-quiet.wav"), folder.path().join("<img src=x onerror=alert(1)>.wav"))
        .unwrap();
    let (page, json) = (folder.path().join("report.html"), folder.path().join("report.json"));
    let arguments = ["eval", "speech", folder.path().to_str().unwrap()];
    let outputs = ["--html", page.to_str().unwrap(), "--json", json.to_str().unwrap()];
    let (code, table, said) = heardline(&[arguments.as_slice(), outputs.as_slice()].concat()).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(table.contains("[anyone\u{2192}someone]") && table.contains("real-time factor"), "{table}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["total"]["errors"]["substitutions"], 1, "{report}");
    let page = std::fs::read_to_string(page).unwrap();
    for foreign in ["http:", "https:", "//", "src=\"", "url(", "@import", "<script", "<link", "<img", "<b>&\""] {
        assert!(!page.contains(foreign), "{foreign} in {page}");
    }
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.wav") && page.contains("<svg"), "{page}");
    assert!(page.contains("<del>anyone</del><ins>someone</ins>"), "{page}");
}
