//! `heardline models`: what is known, what is here, whether it is whole, and how it comes here.

mod download;
mod pull;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{EXIT_CONFIG, Failure};
use crate::call::Language;
use crate::config::find_bundled;
use crate::speech::{Catalogue, CatalogueEntry, verify};

#[derive(Args)]
pub(super) struct Models {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Subcommand)]
enum ModelsCommand {
    /// Every model of the catalogue: its size, its languages, and whether its file is here
    List {
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model: resumed where it broke off, checked, and there whole or not at all
    Pull(pull::Pull),
    /// Check a model file's hash; without a path, all of the catalogue that are here
    Verify { path: Option<PathBuf> },
}

impl Models {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let catalogue = Catalogue::bundled().map_err(Failure::new)?;
        match self.command {
            ModelsCommand::List { json: true } => {
                println!("{}", serde_json::to_string_pretty(&catalogue.models).map_err(Failure::new)?);
                Ok(())
            }
            ModelsCommand::List { json: false } => {
                list(&catalogue);
                Ok(())
            }
            ModelsCommand::Pull(pull) => pull.run(&catalogue).await,
            ModelsCommand::Verify { path } => check(&catalogue, path),
        }
    }
}

fn here(model: &CatalogueEntry) -> Option<PathBuf> {
    find_bundled(&PathBuf::from("models").join(&model.file))
}

fn list(catalogue: &Catalogue) {
    println!("{:20} {:>8} {:>9}  {:9}  here", "name", "size", "memory", "languages");
    for model in &catalogue.models {
        let place = here(model).map_or("-".to_owned(), |path| path.display().to_string());
        let languages: Vec<&str> = model.languages.iter().map(|language| language.code()).collect();
        let (size, memory) = (mib(model.mib), mib(model.mib + model.worker_mib));
        let demo = if model.demo { "  (demo model: not human speech)" } else { "" };
        println!("{:20} {size:>8} {memory:>9}  {:9}  {place}{demo}", model.name, languages.join(" "));
    }
    let cantonese = |model: &&CatalogueEntry| model.languages.contains(&Language::Yue);
    let cantonese: Vec<_> = catalogue.models.iter().filter(cantonese).map(|model| model.name.as_str()).collect();
    println!(
        "\nmemory: with one worker, roughly. languages: of English, Mandarin (zh) and Cantonese (yue).\n\
         Cantonese is known to {} only; others write it down as Mandarin.\n\
         `heardline models pull NAME` fetches one. Any Whisper model in ggml form works: set speech.model and \
         speech.model_sha256.",
        cantonese.join(", ")
    );
}

fn mib(mib: u64) -> String {
    if mib < 1_000 { format!("{mib} MiB") } else { format!("{:.1} GiB", mib as f64 / 1_024.0) }
}

fn check(catalogue: &Catalogue, path: Option<PathBuf>) -> Result<(), Failure> {
    let all = || {
        // What comes with the program must be here.
        let wanted = |model: &&CatalogueEntry| model.url.is_none() || here(model).is_some();
        catalogue.models.iter().filter(wanted).map(|model| PathBuf::from("models").join(&model.file)).collect()
    };
    for path in path.map_or_else(all, |path| vec![path]) {
        let path = find_bundled(&path).unwrap_or(path);
        let info = verify(&path, catalogue, None).map_err(|e| Failure { code: EXIT_CONFIG, message: e.to_string() })?;
        println!("{}: {} is whole, SHA-256 {}", path.display(), info.name, info.sha256);
    }
    Ok(())
}
