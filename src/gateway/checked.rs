//! Everything that can be wrong before a port is bound, and what is left when nothing is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{DEMO_MODEL_NOTICE, StartError};
use crate::config::secret::{ApiKey, WebhookSecret};
use crate::config::{Config, ConfigError, Engine, OpenAi, find_bundled};
use crate::draft::{DraftError, Drafter, OwnWords};
use crate::ops::clock::Clock;
use crate::pipeline::{LanguageModel, LinePrompts};
use crate::speech::{
    Catalogue, ModelInfo, NoRecognizer, OpenAiRecognizer, OpenAiSettings, Recognizer, WhisperRecognizer,
    WhisperSettings, verify,
};
use crate::store::{DataDir, People, SqliteStore};

pub(super) struct Checked {
    pub recognizer: Arc<dyn Recognizer>,
    pub prompts: LinePrompts,
    pub drafter: Drafter,
    pub language_model: Option<LanguageModel>,
    pub data: DataDir,
    pub secret: WebhookSecret,
    pub store: Arc<SqliteStore>,
}

impl Checked {
    /// `recognizer`: `None` loads the model of the configuration.
    pub(super) async fn new(
        config: &Config,
        recognizer: Option<Arc<dyn Recognizer>>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let recognizer = match recognizer {
            Some(recognizer) => recognizer,
            None => load_recognizer(config)?,
        };
        refuse_demo_model_beyond_loopback(config, recognizer.model().demo)?;
        if let Some(host) = config.speech.sends_voices_to() {
            tracing::info!(host, "callers' voices leave this machine to be recognised (speech.openai)");
        }
        if let Some(host) = config.llm.sends_words_to() {
            tracing::info!(host, "callers' words leave this machine for a language model (llm)");
        }
        let language_model = LanguageModel::of(&config.llm, clock)?;
        let prompts = LinePrompts::load(config)?;
        let drafter = load_drafter(config)?;
        let data = DataDir::open(&config.data.dir)?;
        let (secret_file, create) = match &config.intake.secret_file {
            Some(file) => (file.clone(), false),
            None => (data.webhook_secret(), true),
        };
        let secret = WebhookSecret::load(&secret_file, create)?;
        let store = Arc::new(SqliteStore::open(&data).await?);
        refuse_desk_without_accounts(config, &*store).await?;
        Ok(Self { recognizer, prompts, drafter, language_model, data, secret, store })
    }
}

/// The drafter with the deployment's own lists.
pub fn load_drafter(config: &Config) -> Result<Drafter, StartError> {
    let wrong = |key: &str, file: &Option<PathBuf>, expected: String| ConfigError::Value {
        path: PathBuf::from("configuration"),
        key: key.into(),
        value: file.as_ref().map(|file| file.display().to_string()).unwrap_or_default(),
        expected,
    };
    let read = |key: &str, file: &Option<PathBuf>| {
        let text = file.as_deref().map(read_list).transpose();
        text.map_err(|reason| wrong(key, file, reason))
    };
    let lists = &config.draft;
    let own =
        OwnWords { taxonomy: read("draft.taxonomy", &lists.taxonomy)?, units: read("draft.units", &lists.units)? };
    Drafter::with(&own).map_err(|error| match error {
        DraftError::OwnTaxonomy(why) => StartError::from(wrong("draft.taxonomy", &lists.taxonomy, why)),
        DraftError::OwnUnits(why) => StartError::from(wrong("draft.units", &lists.units, why)),
        built_in => StartError::from(built_in),
    })
}

/// A list longer than this is something else.
const MAX_LIST: u64 = 8 * 1024 * 1024;

fn read_list(file: &Path) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|e| format!("cannot be read: {e}"))?.len();
    if size > MAX_LIST {
        return Err(format!("{size} bytes; at most {MAX_LIST} are read"));
    }
    std::fs::read_to_string(file).map_err(|e| format!("cannot be read: {e}"))
}

/// The recogniser that the configuration names, its model verified and loaded.
pub fn load_recognizer(config: &Config) -> Result<Arc<dyn Recognizer>, StartError> {
    Ok(match config.speech.engine {
        Engine::Whisper => load_whisper(config)?,
        Engine::OpenAi => {
            let local = config.speech.openai.fall_back.then(|| load_whisper(config)).transpose()?;
            Arc::new(OpenAiRecognizer::new(openai_settings(&config.speech.openai)?, local, Clock::system())?)
        }
        Engine::None => Arc::new(NoRecognizer::default()),
    })
}

fn load_whisper(config: &Config) -> Result<Arc<dyn Recognizer>, StartError> {
    let path: PathBuf = find_bundled(&config.speech.model).unwrap_or_else(|| config.speech.model.clone());
    let info = verify(&path, &Catalogue::bundled()?, config.speech.model_sha256.as_deref())?;
    let settings = WhisperSettings {
        window_margin_ms: config.speech.window_margin_ms,
        window_floor_ms: config.speech.window_floor_ms,
    };
    Ok(Arc::new(WhisperRecognizer::load(&path, info, settings)?))
}

fn openai_settings(openai: &OpenAi) -> Result<OpenAiSettings, ConfigError> {
    let url = openai.url.parse().map_err(|_| ConfigError::Value {
        path: PathBuf::from("configuration"),
        key: "speech.openai.url".into(),
        value: openai.url.clone(),
        expected: "a URL".into(),
    })?;
    Ok(OpenAiSettings {
        url,
        model: openai.model.clone(),
        key: openai.key_file.as_deref().map(ApiKey::load).transpose()?,
        timeout: Duration::from_secs(openai.timeout_s),
    })
}

/// What the desk says above everything else while it is so.
pub(super) fn notices(config: &Config, model: &ModelInfo) -> Vec<String> {
    let demo = model.demo.then(|| match config.speech.engine {
        Engine::OpenAi => {
            format!("What the speech server does not answer is left to the demo model. {DEMO_MODEL_NOTICE}")
        }
        _ => DEMO_MODEL_NOTICE.to_owned(),
    });
    let away = config
        .speech
        .sends_voices_to()
        .map(|host| format!("Callers' voices leave this machine: they are recognised by {host} (speech.openai)."));
    let words = config
        .llm
        .sends_words_to()
        .map(|host| format!("Callers' words leave this machine: a language model reads them at {host} (llm)."));
    let nobody = (config.speech.engine == Engine::None).then(|| {
        "No recogniser is configured (speech.engine = \"none\"): calls are recorded for a person to listen.".to_owned()
    });
    [demo, away, words, nobody].into_iter().flatten().collect()
}

async fn refuse_desk_without_accounts(config: &Config, people: &dyn People) -> Result<(), StartError> {
    if !config.desk.is_for_others() || people.has_accounts().await? {
        return Ok(());
    }
    let key = if config.desk.behind_proxy {
        "desk.behind_proxy = true".into()
    } else {
        format!("desk.listen = {}", config.desk.listen)
    };
    Err(StartError::Door(format!(
        "{key}: whoever reaches the desk could read every call, for it has no accounts; make the first with heardline users \
         add NAME --role administrator, or let it listen on loopback only"
    )))
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
    let or = match config.speech.engine {
        Engine::OpenAi => " (it is used when the speech server fails) or speech.openai.fall_back = false",
        _ => "",
    };
    Err(StartError::DemoModel(format!(
        "{door}: real callers would be transcribed by the bundled demo model, which invents sentences when a person \
         speaks; set speech.model to a real Whisper model{or}, or speech.allow_demo_model = true"
    )))
}
