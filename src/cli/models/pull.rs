//! `heardline models pull`: a model of the catalogue, whole or not at all.

use std::fs::{File, OpenOptions, create_dir_all, rename};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Url;
use rustix::fs::{FlockOperation, flock};

use super::download::{self, Fault, Part};
use crate::cli::{EXIT_CONFIG, Failure};
use crate::config::{Config, find_bundled};
use crate::speech::{Catalogue, CatalogueEntry, ModelInfo, verify_as};

#[derive(Args)]
pub(super) struct Pull {
    /// As `heardline models list` names it, for example small
    name: String,
    /// Folder to put it in; default: models, here or beside the program
    #[arg(long)]
    to: Option<PathBuf>,
    /// Fetch FILE from URL/FILE instead of from its publisher; it is checked all the same
    #[arg(long, value_name = "URL")]
    from: Option<String>,
}

impl Pull {
    pub(super) async fn run(self, catalogue: &Catalogue) -> Result<(), Failure> {
        let mend = |message: String| Failure { code: EXIT_CONFIG, message };
        let name = &self.name;
        let Some(entry) = catalogue.find(name) else {
            return Err(mend(format!("{name}: not in the catalogue; `heardline models list` shows what is")));
        };
        let url = source(entry, self.from.as_deref()).map_err(mend)?;
        let folder = self.to.clone().or_else(|| find_bundled(Path::new("models"))).unwrap_or_else(|| "models".into());
        create_dir_all(&folder).map_err(|e| mend(format!("{}: cannot be made: {e}", folder.display())))?;
        let file = folder.join(&entry.file);
        if file.exists() {
            let info = verify_as(&file, entry).map_err(|e| mend(format!("{e}; remove that file first")))?;
            say(&file, &info, "is here already, and whole");
            return Ok(());
        }
        let part = folder.join(format!("{}.part", entry.file));
        let info = fetch(&url, &part, entry).await?;
        // Under its name it is whole or not there at all, whatever happens in between.
        let placed = rename(&part, &file).and_then(|()| File::open(&folder)?.sync_all());
        placed.map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
        say(&file, &info, "is whole");
        Ok(())
    }
}

fn source(entry: &CatalogueEntry, mirror: Option<&str>) -> Result<Url, String> {
    let text = match (mirror, &entry.url) {
        (Some(mirror), _) => format!("{}/{}", mirror.trim_end_matches('/'), entry.file),
        (None, Some(url)) => url.clone(),
        (None, None) => return Err(format!("{} comes with the program; name a mirror with --from", entry.name)),
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(format!("--from {text}: not an http or https URL")),
    }
}

/// Fills the partial file, checks it, and writes it through to the disk.
async fn fetch(url: &Url, path: &Path, entry: &CatalogueEntry) -> Result<ModelInfo, Failure> {
    let shown = path.display();
    let local = |e: io::Error| Failure::new(format!("{shown}: {e}"));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(local)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| Failure::new(format!("{shown}: another pull is writing it")))?;
    let mut part = Part::new(file).map_err(local)?;
    let resumed = part.length;
    let progress = bar(entry, resumed)?;
    let mut fetched = download(url, &mut part, &progress).await;
    let mut checked = fetched.is_ok().then(|| verify_as(path, entry));
    if resumed > 0 && matches!(checked, Some(Err(_))) {
        // What was here may have been of another version: once more, from the start.
        part.begin_again().map_err(local)?;
        fetched = download(url, &mut part, &progress).await;
        checked = fetched.is_ok().then(|| verify_as(path, entry));
    }
    progress.finish_and_clear();
    fetched.map_err(|fault| incomplete(url, path, part.length, fault))?;
    match checked {
        Some(Ok(info)) => part.file.sync_all().map(|()| info).map_err(local),
        Some(Err(error)) => {
            let _stays_and_is_fetched_anew = std::fs::remove_file(path);
            Err(Failure::new(format!("{url}: {error}; it was removed")))
        }
        None => Err(Failure::new(format!("{url}: nothing came"))),
    }
}

async fn download(url: &Url, part: &mut Part, progress: &ProgressBar) -> Result<(), Fault> {
    download::fetch(url, part, |there, total| {
        if let Some(total) = total {
            progress.set_length(total);
        }
        progress.set_position(there);
    })
    .await
}

fn incomplete(url: &Url, path: &Path, there: u64, fault: Fault) -> Failure {
    let (reason, what_next) = match fault {
        Fault::Passing(reason) => (reason, "the same command goes on from there"),
        Fault::Final(reason) => (reason, "mend that, then the same command goes on from there"),
    };
    if there == 0 {
        let _empty = std::fs::remove_file(path);
        return Failure::new(format!("{url}: {reason}; nothing was fetched"));
    }
    Failure::new(format!("{url}: {reason}; {there} bytes are kept in {}; {what_next}", path.display()))
}

fn bar(entry: &CatalogueEntry, there: u64) -> Result<ProgressBar, Failure> {
    let style = "{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).map_err(Failure::new)?;
    let bar = ProgressBar::new(entry.mib << 20).with_style(style).with_message(entry.name.clone());
    Ok(bar.with_position(there))
}

/// What was fetched and how it is used.
fn say(file: &Path, info: &ModelInfo, state: &str) {
    println!("{}: {} {state}\nSHA-256 {}", file.display(), info.name, info.sha256);
    if Config::standard().speech.model != file {
        println!("\nTo use it, in heardline.toml:\n[speech]\nmodel = \"{}\"", file.display());
    }
}
