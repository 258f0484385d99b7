//! Everything that can be wrong before a port is bound, and what is left when nothing is.

use std::path::PathBuf;
use std::sync::Arc;

use super::StartError;
use crate::config::secret::WebhookSecret;
use crate::config::{Config, find_bundled};
use crate::draft::Drafter;
use crate::pipeline::LinePrompts;
use crate::speech::{Catalogue, Recognizer, WhisperRecognizer, WhisperSettings, verify};
use crate::store::{DataDir, SqliteStore};

pub(super) struct Checked {
    pub recognizer: Arc<dyn Recognizer>,
    pub prompts: LinePrompts,
    pub drafter: Drafter,
    pub data: DataDir,
    pub secret: WebhookSecret,
    pub store: Arc<SqliteStore>,
}

impl Checked {
    /// `recognizer`: `None` loads the model of the configuration.
    pub(super) async fn new(config: &Config, recognizer: Option<Arc<dyn Recognizer>>) -> Result<Self, StartError> {
        let recognizer = match recognizer {
            Some(recognizer) => recognizer,
            None => load_recognizer(config)?,
        };
        refuse_demo_model_beyond_loopback(config, recognizer.model().demo)?;
        let prompts = LinePrompts::load(config)?;
        let drafter = Drafter::new()?;
        let data = DataDir::open(&config.data.dir)?;
        let (secret_file, create) = match &config.intake.secret_file {
            Some(file) => (file.clone(), false),
            None => (data.webhook_secret(), true),
        };
        let secret = WebhookSecret::load(&secret_file, create)?;
        let store = Arc::new(SqliteStore::open(&data).await?);
        Ok(Self { recognizer, prompts, drafter, data, secret, store })
    }
}

/// Verifies and loads the model that the configuration names.
pub fn load_recognizer(config: &Config) -> Result<Arc<dyn Recognizer>, StartError> {
    let path: PathBuf = find_bundled(&config.speech.model).unwrap_or_else(|| config.speech.model.clone());
    let info = verify(&path, &Catalogue::bundled()?, config.speech.model_sha256.as_deref())?;
    let settings = WhisperSettings {
        window_margin_ms: config.speech.window_margin_ms,
        window_floor_ms: config.speech.window_floor_ms,
    };
    Ok(Arc::new(WhisperRecognizer::load(&path, info, settings)?))
}

fn refuse_demo_model_beyond_loopback(config: &Config, demo: bool) -> Result<(), StartError> {
    if !demo || config.speech.allow_demo_model {
        return Ok(());
    }
    let sip = config.sip.listen.iter().find(|listen| !listen.address().ip().is_loopback());
    let public = config.public.listen;
    // A proxy on this machine brings callers from elsewhere, too.
    let for_others = !public.ip().is_loopback() || !config.public.trusted_proxies.is_empty();
    let door = match sip {
        Some(listen) => format!("sip.listen = {listen}"),
        None if config.webrtc.enabled && for_others => format!("public.listen = {public}, with calls from browsers"),
        None => return Ok(()),
    };
    Err(StartError::DemoModel(format!(
        "{door}: real callers would be transcribed by the bundled demo model, which invents sentences when a person \
         speaks; set speech.model to a real Whisper model, or speech.allow_demo_model = true"
    )))
}
