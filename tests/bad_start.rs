//! A mistake in the configuration ends the start before any port is bound: exit code 64, one line that names file,
//! key, value and what would be right.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Output};

use sha2::Digest as _;

fn serve(folder: &Path, config: &str) -> Output {
    let file = folder.join("heardline.toml");
    std::fs::write(&file, config).unwrap();
    Command::new(env!("CARGO_BIN_EXE_heardline")).args(["serve", "--config"]).arg(&file).output().unwrap()
}

/// Runs `serve` with `config` and requires exit 64 and one line holding each of `words`.
fn refused(config: &str, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = serve(folder.path(), &config.replace("FOLDER", folder.path().to_str().unwrap()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{config}\n{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(output.stdout.is_empty(), "nothing was bound, so nothing is announced");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

/// Listeners that are free, and a data folder that works.
const SOUND: &str =
    "[data]\ndir = \"FOLDER/data\"\n[desk]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n";

#[test]
fn an_unknown_key_is_named_with_its_line() {
    refused(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\nlistn = 3\n",
        &["heardline.toml", "line 3", "listn", "unknown field"],
    );
}

#[test]
fn a_bad_value_is_named_with_what_would_be_right() {
    refused("[sip]\nlisten = [\"sctp:127.0.0.1:5060\"]\n", &["sctp:127.0.0.1:5060", "udp:127.0.0.1:5060"]);
    refused("[sip]\nrtp_ports = \"9-5\"\n", &["9-5", "20000-29999"]);
    refused("[sip]\nrtp_ports = \"20000-20009\"\n", &["sip.rtp_ports", "20000-20009", "1000 ports"]);
    refused("[desk]\nlisten = \"0.0.0.0:80\"\n", &["desk.listen", "0.0.0.0:80", "loopback"]);
    refused(
        "[sip]\nlisten = [\"udp:192.0.2.1:5060\"]\n",
        &["sip.listen", "udp:192.0.2.1:5060", "[[trunk]]", "sip.open"],
    );
    refused("[intake]\nurl = \"https://example.org/x\"\n", &["intake.url", "example.org", "allow_remote"]);
    refused("[call]\nwarn_after_s = 10\nend_after_s = 10\n", &["call.end_after_s", "10"]);
    refused("[[line]]\nregions = [\"XX\"]\n", &["line.regions", "XX", "CN"]);
    refused("[[line]]\nlanguages = [\"en\"]\nscript = \"zh-Hant\"\n", &["line.script", "zh-Hant", "line.languages"]);
    refused("[[line]]\nscript = \"Hant\"\n", &["line 2", "Hant", "zh-Hans"]);
    refused("[[line]]\nhot_words = [\"Oak Street\", \" \"]\n", &["line.hot_words", "40 characters"]);
    let many = vec!["\"Oak\""; 65].join(",");
    refused(&format!("[[line]]\nhot_words = [{many}]\n"), &["line.hot_words", "65 names", "at most 64"]);
    refused("[speech]\nengine = \"vosk\"\n", &["engine", "vosk", "whisper", "openai", "none"]);
}

#[test]
fn a_speech_server_is_on_this_machine_unless_said_otherwise() {
    let server = |keys: &str, words: &[&str]| {
        refused(&format!("[speech]\nengine = \"openai\"\n[speech.openai]\n{keys}\n"), words);
    };
    let url = "speech.openai.url";
    server("url = \"https://example.org/v1\"", &[url, "example.org", "speech.openai.allow_remote = true"]);
    server("url = \"https://u:p@127.0.0.1/v1\"", &[url, "speech.openai.key_file"]);
    server("url = \"127.0.0.1:8000\"", &[url, "http://127.0.0.1:8000/v1"]);
    server("url = \"http://127.0.0.1:8000/v1/audio/transcriptions\"", &[url, "before /audio/transcriptions"]);
    server(
        "url = \"http://192.0.2.1/v1\"\nallow_remote = true\nkey_file = \"k\"",
        &[url, "192.0.2.1", "only over https"],
    );
    server("timeout_s = 99", &["speech.openai.timeout_s", "99", "1 to 15 seconds"]);
    server("model = \"\"", &["speech.openai.model"]);
    server("key_file = \"FOLDER/heardline.toml\"", &["heardline.toml", "chmod 600"]);
    server("key_file = \"FOLDER/none\"", &["/none", "cannot be read"]);
}

#[test]
fn a_citys_own_lists_are_refused_with_the_entry_that_is_wrong() {
    refused("[draft]\ntaxonomy = \"FOLDER/none.json\"\n", &["draft.taxonomy", "none.json", "cannot be read"]);
    // No list of categories, and no list of units: the configuration itself.
    refused("[draft]\ntaxonomy = \"FOLDER/heardline.toml\"\n", &["draft.taxonomy", "heardline.toml", "line 1"]);
    refused("[draft]\nunits = \"FOLDER/heardline.toml\"\n", &["draft.units", "heardline.toml", "unknown field"]);
}

#[test]
fn a_tls_listener_without_its_files_is_told_which_and_why() {
    let tls = "[sip]\nlisten = [\"tls:127.0.0.1:0\"]\n";
    refused(&format!("{SOUND}{tls}"), &["sip.listen", "tls:127.0.0.1:0", "sip.tls_certificate", "sip.tls_key"]);
    let files = format!("{tls}tls_certificate = \"FOLDER/none.pem\"\ntls_key = \"FOLDER/none.key\"\n");
    refused(&format!("{SOUND}{files}"), &["sip.tls_certificate", "none.pem", "cannot be read"]);
}

#[test]
fn a_missing_configuration_file_is_named() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_heardline")).args(["serve", "--config", "/nowhere/h.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/h.toml"));
}

#[test]
fn a_missing_truncated_or_changed_model_is_named_with_what_was_expected() {
    refused(&format!("{SOUND}[speech]\nmodel = \"FOLDER/none.bin\"\n"), &["speech.model", "none.bin"]);

    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read("models/heardline-nano.bin").unwrap();
    let file = folder.path().join("heardline-nano.bin");
    let config = |path: &Path| format!("{SOUND}[speech]\nmodel = \"{}\"\n", path.display());
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    refused(&config(&file), &["heardline-nano.bin", &(good.len() / 2).to_string(), &good.len().to_string()]);

    let mut changed = good;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&file, &changed).unwrap();
    refused(
        &config(&file),
        &["heardline-nano.bin", "a997f0e9d9e32b759d50da9fbc9395d89ff88377dfd71a2c3a3a0afdab799f37"],
    );

    std::fs::write(&file, b"this is not a model").unwrap();
    refused(&config(&file), &["heardline-nano.bin"]);
}

#[test]
fn a_file_that_is_no_whole_whisper_model_is_named_though_its_hash_is_the_one_given() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read("models/heardline-nano.bin").unwrap();
    let with = |at: usize, value: i32| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let llama: Vec<u8> =
        [0x6767_6d6c, 32_000, 4_096, 256, 32, 32, 128, 2].iter().flat_map(|w: &i32| w.to_le_bytes()).collect();
    let garbage: Vec<u8> = b"lmgg".iter().copied().chain((0..100_000_u32).map(|n| ((n * 7_919) >> 8) as u8)).collect();
    let cases = [
        (good[..good.len() / 2].to_vec(), "a file that ends in its weights"),
        (good[..40].to_vec(), "a file that ends in its header"),
        (good[..200_000].to_vec(), "a file that ends in its vocabulary"),
        (llama, "another architecture: vocabulary 32000 (expected 51864 to 51866)"),
        (garbage, "another architecture: vocabulary"),
        (with(36, 1 << 30), "another architecture: decoder layers 1073741824"),
        (with(36, 4), "tensors (expected"),
        (with(44, 5), "weights in a format it does not know (5)"),
    ];
    for (bytes, found) in cases {
        let file = folder.path().join("mine.bin");
        std::fs::write(&file, &bytes).unwrap();
        let hash: String = sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let config = format!("{SOUND}[speech]\nmodel = \"{}\"\nmodel_sha256 = \"{hash}\"\n", file.display());
        let what = ["speech.model", "mine.bin", "expected a whole Whisper model in ggml form, found", found];
        refused(&config, &what);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    refused(
        &format!("{SOUND}[sip]\nlisten = [\"udp:{address}\"]\n"),
        &["sip.listen", &address.to_string(), "another program uses"],
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let config = SOUND.replace("[desk]\nlisten = \"127.0.0.1:0\"", &format!("[desk]\nlisten = \"{address}\""));
    refused(
        &format!("{config}[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n"),
        &["desk.listen", &address.to_string(), "in use"],
    );
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let sip = "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n";
    refused(&format!("{}{sip}", SOUND.replace("FOLDER/data", "/proc/heardline")), &["data.dir", "/proc/heardline"]);
    refused(
        &format!("{}{sip}", SOUND.replace("FOLDER/data", "FOLDER/heardline.toml")),
        &["data.dir", "heardline.toml"],
    );
}

#[test]
fn the_demo_model_is_refused_where_people_could_call() {
    let sip = "[sip]\nopen = true\nlisten = [\"udp:0.0.0.0:0\"]\npublic_address = \"192.0.2.7\"\n";
    refused(&format!("{SOUND}{sip}"), &["demo model", "allow_demo_model"]);
    let stand_in = "[speech]\nengine = \"openai\"\n";
    refused(&format!("{SOUND}{sip}{stand_in}"), &["demo model", "speech.openai.fall_back = false"]);
}
