//! Start with many calls in the store.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::desk::finished;
use super::stub::StubRecognizer;
use super::{Figure, Report, config};
use crate::call::{CallId, DraftId, Outline, Traces};
use crate::cli::Failure;
use crate::cli::demo::TemporaryFolder;
use crate::gateway::{Gateway, Parts};
use crate::ops::clock::Clock;
use crate::store::DataDir;
use crate::store::sqlite::bulk::fill;

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
        stored(&folder.0, self.stored).await?;
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

/// Calls that came, ended and wait at the desk, one a second.
async fn stored(folder: &Path, calls: u32) -> Result<(), Failure> {
    let data = DataDir::open(folder).map_err(Failure::new)?;
    let call = |n| {
        let started_unix_ms = i64::from(n) * 1_000;
        finished(
            (CallId::new(), DraftId::new()),
            started_unix_ms,
            Vec::new(),
            "{}".into(),
            Outline::default(),
            Traces::default(),
            false,
        )
    };
    fill(&data, (0..calls).map(call)).await.map_err(Failure::new)
}
