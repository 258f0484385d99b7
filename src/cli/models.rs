//! `heardline models`: what is known, what is here, whether it is whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{EXIT_CONFIG, Failure};
use crate::config::find_bundled;
use crate::speech::{Catalogue, verify};

#[derive(Args)]
pub(super) struct Models {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Subcommand)]
enum ModelsCommand {
    /// Every model of the catalogue, and whether its file is here
    List {
        #[arg(long)]
        json: bool,
    },
    /// Check a model file's size and SHA-256; without a path, the bundled ones
    Verify { path: Option<PathBuf> },
}

impl Models {
    pub(super) fn run(self) -> Result<(), Failure> {
        let catalogue = Catalogue::bundled().map_err(Failure::new)?;
        match self.command {
            ModelsCommand::List { json } => {
                if json {
                    let text = serde_json::to_string_pretty(&catalogue.models).map_err(Failure::new)?;
                    println!("{text}");
                    return Ok(());
                }
                for model in &catalogue.models {
                    let here = find_bundled(&PathBuf::from("models").join(&model.file));
                    let place = here.map_or("not here".to_owned(), |path| path.display().to_string());
                    let kind = if model.demo { "  (demo)" } else { "" };
                    println!(
                        "{}{kind}\n  {}\n  {} MB, {}",
                        model.name,
                        model.understands,
                        model.size / 1_000_000,
                        place
                    );
                }
                println!("\nAny Whisper model in ggml form works: set speech.model and speech.model_sha256.");
                Ok(())
            }
            ModelsCommand::Verify { path } => {
                let paths = match path {
                    Some(path) => vec![path],
                    None => catalogue.models.iter().map(|m| PathBuf::from("models").join(&m.file)).collect(),
                };
                for path in paths {
                    let path = find_bundled(&path).unwrap_or(path);
                    let info = verify(&path, &catalogue, None)
                        .map_err(|e| Failure { code: EXIT_CONFIG, message: e.to_string() })?;
                    println!("{}: {} is whole", path.display(), info.name);
                }
                Ok(())
            }
        }
    }
}
