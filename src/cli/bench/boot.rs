//! Start with many calls in the store.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::stub::StubRecognizer;
use super::{Figure, Report, config};
use crate::call::{CallId, Coverage, DraftId, EndCause, Origin, Party, Traces};
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;
use crate::gateway::{Gateway, Parts};
use crate::ops::clock::Clock;
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall, SqliteStore, Store};

#[derive(Args)]
pub(super) struct Boot {
    /// Finished calls in the store
    #[arg(long, default_value_t = 10_000)]
    stored: u32,
}

impl Default for Boot {
    fn default() -> Self {
        Self { stored: 10_000 }
    }
}

impl Boot {
    /// From start to serving.
    pub(super) async fn run(&self, report: &mut Report) -> Result<(), Failure> {
        let folder = TemporaryFolder::make()?;
        fill(&folder.0, self.stored).await?;
        let clock = Clock::system();
        let begun = clock.instant();
        let parts =
            Parts { clock: clock.clone(), recognizer: Some(Arc::new(StubRecognizer::default())), ..Parts::default() };
        let gateway = Gateway::start(config(&folder.0), parts).await?;
        let took = clock.instant().duration_since(begun);
        gateway.shutdown().await;
        report.figures.push(Figure {
            name: "boot with stored calls",
            value: took.as_secs_f64(),
            unit: "s",
            landing: 2.0,
            goal: 2.0,
            note: format!("{} finished calls in the store", self.stored),
        });
        Ok(())
    }
}

/// Calls that came, ended and were delivered.
async fn fill(folder: &Path, calls: u32) -> Result<(), Failure> {
    let data = DataDir::open(folder).map_err(Failure::new)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&data).await.map_err(Failure::new)?);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..calls {
        let store = store.clone();
        running.spawn(async move {
            let id = CallId::new();
            let call = NewCall {
                id,
                line: "default".into(),
                party: Party::default(),
                origin: Origin::File,
                dialled: None,
                follows: None,
                started_unix_ms: 0,
            };
            store.create_call(call).await?;
            store.answer_call(id, 0).await?;
            let end = CallEnd {
                cause: EndCause::CallerHangup,
                ended_unix_ms: 0,
                duration_ms: 0,
                recording: None,
                lost: Vec::new(),
                notice: None,
                dtmf: String::new(),
                read_backs: Vec::new(),
                line_quality: None,
            };
            store.end_call(id, end).await?;
            let draft = CompletedDraft {
                call: id,
                draft: DraftId::new(),
                version: 1,
                body: "{}".into(),
                coverage: Coverage::default(),
                created_unix_ms: 0,
                endpoints: Vec::new(),
                traces: Traces::default(),
            };
            store.complete_draft(draft).await
        });
    }
    while let Some(joined) = running.join_next().await {
        joined.map_err(Failure::new)?.map_err(Failure::new)?;
    }
    store.close().await;
    Ok(())
}
