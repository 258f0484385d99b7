//! A consistent copy of the data folder while the gateway runs, and the way back.
//!
//! The database is a snapshot; recordings are copied after it, so each call of the snapshot has at least the sound it
//! had then. A call that was on the line is carried on after a restore as after a crash. The manifest is written last.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::layout::{DATABASE, RECORDINGS, RESTORING, SECRET};
use super::sqlite::snapshot::{Snapshot, snapshot};
use super::{DataDir, StoreError};
use crate::call::CallId;

const MANIFEST: &str = "manifest.json";
const FORMAT: u32 = 1;
const CHUNK: usize = 256 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{0}: is not empty; name a new folder, nothing is overwritten")]
    NotEmpty(PathBuf),
    #[error("{0}: is left of a backup that runs or was broken off; remove it and back up again")]
    Leftover(PathBuf),
    #[error("{path}: not a whole backup: {reason}; take another one")]
    Damaged { path: PathBuf, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// Version of the program that wrote it.
    pub heardline: String,
    /// RFC 3339, UTC.
    pub made_at: String,
    pub files: Vec<Listed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Relative to the folder.
    pub path: String,
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub fn recordings(&self) -> usize {
        self.files.iter().filter(|file| file.path.starts_with(RECORDINGS)).count()
    }
}

/// A finished backup.
#[derive(Debug)]
pub struct BackedUp {
    pub manifest: Manifest,
    /// Finished calls whose recording was not there.
    pub missing: Vec<CallId>,
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    move |error| BackupError::File { path: path.into(), reason: error.to_string() }
}

/// Copies `data` into the new folder `target`. `done` hears the bytes copied and checked so far, of all.
pub async fn back_up(
    data: &Path,
    target: &Path,
    made_at: String,
    done: impl Fn(u64, u64) + Send + 'static,
) -> Result<BackedUp, BackupError> {
    refuse_filled(target)?;
    let database = data.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::File { path: database, reason: "no such database; is this the data folder?".into() });
    }
    let partial = partial(target)?;
    make_folder(&partial)?;
    let copied = async {
        // Made before SQLite fills it, so that nobody else may read it meanwhile.
        create(&partial.join(DATABASE))?.sync_all().map_err(at(&partial))?;
        let taken = snapshot(&database, &partial.join(DATABASE)).await?;
        let (from, to, target) = (data.to_owned(), partial.clone(), target.to_owned());
        let work = move || finish(&from, &to, &target, taken, made_at, &done);
        tokio::task::spawn_blocking(work).await.map_err(|e| at(&partial)(io::Error::other(e)))?
    };
    let copied = copied.await;
    if copied.is_err() {
        // The error matters more than what is left if this fails too; the next try names it.
        let _left = std::fs::remove_dir_all(&partial);
    }
    copied
}

/// Everything beside the database, the check, the manifest, and the name.
fn finish(
    data: &Path,
    partial: &Path,
    target: &Path,
    taken: Snapshot,
    made_at: String,
    done: &dyn Fn(u64, u64),
) -> Result<BackedUp, BackupError> {
    make_folder(&partial.join(RECORDINGS))?;
    let sizes: u64 = taken
        .calls
        .iter()
        .filter_map(|(call, _)| std::fs::metadata(data.join(recording(*call))).ok())
        .map(|m| m.len())
        .sum();
    let database_bytes = std::fs::metadata(partial.join(DATABASE)).map_err(at(partial))?.len();
    // Copied once, read back once.
    let all = (sizes + database_bytes) * 2;
    let mut seen = 0;
    let mut count = |bytes: u64| {
        seen += bytes;
        done(seen, all.max(seen));
    };
    let mut files = vec![listed(partial, DATABASE, &mut count)?];
    if data.join(SECRET).exists() {
        files.push(copy(data, partial, SECRET, &mut count)?);
    }
    let mut missing = Vec::new();
    for (call, finished) in taken.calls {
        let path = recording(call);
        if data.join(&path).exists() {
            files.push(copy(data, partial, &path, &mut count)?);
        } else if finished {
            missing.push(call);
        }
    }
    let manifest = Manifest { format: FORMAT, heardline: env!("CARGO_PKG_VERSION").into(), made_at, files };
    verify(partial, &manifest, &mut count)?;
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| at(partial)(io::Error::other(e)))?;
    let path = partial.join(MANIFEST);
    let mut file = create(&path)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(at(&path))?;
    sync_folders(partial)?;
    std::fs::rename(partial, target).map_err(at(target))?;
    if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(at(parent))?;
    }
    Ok(BackedUp { manifest, missing })
}

/// Reads the manifest and every file it names. Nothing that is damaged, absent or strange is accepted.
pub fn check(backup: &Path, done: &dyn Fn(u64, u64)) -> Result<Manifest, BackupError> {
    let manifest = read_manifest(backup)?;
    let (mut seen, all) = (0, manifest.bytes());
    verify(backup, &manifest, &mut |bytes| {
        seen += bytes;
        done(seen, all);
    })?;
    Ok(manifest)
}

/// Checks `backup`, then fills the data folder `target` with it, which must be absent or empty.
pub fn restore(backup: &Path, target: &Path, done: &dyn Fn(u64, u64)) -> Result<Manifest, BackupError> {
    let manifest = read_manifest(backup)?;
    let (mut seen, all) = (0, manifest.bytes() * 2);
    let mut count = |bytes: u64| {
        seen += bytes;
        done(seen, all);
    };
    verify(backup, &manifest, &mut count)?;
    refuse_filled(target)?;
    // Locked while it is filled: no gateway starts in the middle.
    let data = DataDir::open(target)?;
    let mark = data.root().join(RESTORING);
    create(&mark)?.sync_all().map_err(at(&mark))?;
    for file in &manifest.files {
        let copied = copy(backup, data.root(), &file.path, &mut count)?;
        if copied != *file {
            return Err(BackupError::Damaged { path: backup.join(&file.path), reason: "it changed meanwhile".into() });
        }
    }
    sync_folders(data.root())?;
    std::fs::remove_file(&mark).map_err(at(&mark))?;
    sync_folders(data.root())?;
    Ok(manifest)
}

fn read_manifest(backup: &Path) -> Result<Manifest, BackupError> {
    let path = backup.join(MANIFEST);
    let damaged = |reason: String| BackupError::Damaged { path: path.clone(), reason };
    let text = std::fs::read_to_string(&path).map_err(|e| damaged(e.to_string()))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    if manifest.format != FORMAT {
        return Err(damaged(format!("its format is {}, this program knows {FORMAT}", manifest.format)));
    }
    if manifest.files.iter().filter(|file| file.path == DATABASE).count() != 1 {
        return Err(damaged("it names no database".into()));
    }
    for file in &manifest.files {
        if !is_ours(&file.path) {
            return Err(damaged("it names a file that no backup holds".into()));
        }
    }
    Ok(manifest)
}

/// A manifest comes from outside: only paths that a backup can hold lead anywhere.
fn is_ours(path: &str) -> bool {
    let call = || path.strip_prefix(RECORDINGS)?.strip_prefix('/')?.strip_suffix(".wav")?.parse::<CallId>().ok();
    path == DATABASE || path == SECRET || call().is_some()
}

fn verify(folder: &Path, manifest: &Manifest, count: &mut dyn FnMut(u64)) -> Result<(), BackupError> {
    for file in &manifest.files {
        let path = folder.join(&file.path);
        let found = listed(folder, &file.path, count)
            .map_err(|e| BackupError::Damaged { path: path.clone(), reason: e.to_string() })?;
        if found != *file {
            let reason = format!("{} bytes that are not the {} bytes it should hold", found.bytes, file.bytes);
            return Err(BackupError::Damaged { path, reason });
        }
    }
    Ok(())
}

fn recording(call: CallId) -> String {
    format!("{RECORDINGS}/{call}.wav")
}

/// Size and hash of a file that is there.
fn listed(folder: &Path, path: &str, count: &mut dyn FnMut(u64)) -> Result<Listed, BackupError> {
    let file = folder.join(path);
    let opened = File::open(&file).map_err(at(&file))?;
    transfer(opened, io::sink(), path, count).map_err(at(&file))
}

/// What was in the file when its copying began; a recording may grow meanwhile.
fn copy(from: &Path, to: &Path, path: &str, count: &mut dyn FnMut(u64)) -> Result<Listed, BackupError> {
    let (from, to) = (from.join(path), to.join(path));
    let source = File::open(&from).map_err(at(&from))?;
    let length = source.metadata().map_err(at(&from))?.len();
    let mut target = create(&to)?;
    let copied = transfer(source.take(length), &mut target, path, count).map_err(at(&to))?;
    target.sync_all().map_err(at(&to))?;
    Ok(copied)
}

fn transfer(
    mut from: impl io::Read,
    mut to: impl io::Write,
    path: &str,
    count: &mut dyn FnMut(u64),
) -> io::Result<Listed> {
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let part = buffer.get(..read).unwrap_or_default();
        hash.update(part);
        to.write_all(part)?;
        bytes += read as u64;
        count(read as u64);
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Listed { path: path.into(), bytes, sha256 })
}

/// Absent or empty.
fn refuse_filled(folder: &Path) -> Result<(), BackupError> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(BackupError::NotEmpty(folder.into()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(at(folder)(e)),
    }
}

/// Beside `target`, so that the last step is one rename.
fn partial(target: &Path) -> Result<PathBuf, BackupError> {
    let name = target.file_name().ok_or_else(|| BackupError::NotEmpty(target.into()))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".partial");
    let partial = target.with_file_name(hidden);
    if partial.exists() { Err(BackupError::Leftover(partial)) } else { Ok(partial) }
}

fn make_folder(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().mode(0o700).create(path).map_err(at(path))
}

fn create(path: &Path) -> Result<File, BackupError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))
}

fn sync_folders(root: &Path) -> Result<(), BackupError> {
    for folder in [root.join(RECORDINGS), root.to_owned()] {
        File::open(&folder).and_then(|dir| dir.sync_all()).map_err(at(&folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::{SqliteStore, Store as _};

    async fn data(folder: &Path) -> PathBuf {
        let root = folder.join("data");
        let data = DataDir::open(&root).unwrap();
        let store = SqliteStore::open(&data).await.unwrap();
        std::fs::write(data.webhook_secret(), "whsec_x").unwrap();
        store.close().await;
        root
    }

    async fn backed_up(folder: &Path) -> PathBuf {
        let target = folder.join("backup");
        back_up(&data(folder).await, &target, "2026-01-01T00:00:00Z".into(), |_, _| ()).await.unwrap();
        target
    }

    #[tokio::test]
    async fn a_backup_is_for_its_owner_only_and_never_overwrites() {
        let temp = tempfile::tempdir().unwrap();
        let backup = backed_up(temp.path()).await;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&backup), mode(&backup.join(RECORDINGS))), (0o700, 0o700));
        for file in [DATABASE, SECRET, MANIFEST] {
            assert_eq!(mode(&backup.join(file)), 0o600, "{file}");
        }
        let again = back_up(&temp.path().join("data"), &backup, String::new(), |_, _| ()).await.unwrap_err();
        assert!(matches!(again, BackupError::NotEmpty(_)), "{again}");
        let no_data = back_up(temp.path(), &temp.path().join("b"), String::new(), |_, _| ()).await.unwrap_err();
        assert!(no_data.to_string().contains("heardline.db"), "{no_data}");
        assert!(!temp.path().join("b").exists());
    }

    #[tokio::test]
    async fn every_flipped_bit_cut_byte_and_missing_file_is_found() {
        let temp = tempfile::tempdir().unwrap();
        let backup = backed_up(temp.path()).await;
        let refused = |what: &str| {
            let target = temp.path().join("restored");
            let error = restore(&backup, &target, &|_, _| ()).expect_err(what);
            assert!(matches!(error, BackupError::Damaged { .. }), "{what}: {error}");
            assert!(!target.exists(), "{what}: nothing is restored of a damaged backup");
        };
        for name in [DATABASE, SECRET, MANIFEST] {
            let file = backup.join(name);
            let whole = std::fs::read(&file).unwrap();
            for place in [0, whole.len() / 2, whole.len() - 2] {
                let mut flipped = whole.clone();
                flipped[place] ^= 0x10;
                std::fs::write(&file, flipped).unwrap();
                // A changed time or version in the manifest is no damage to the data.
                if name != MANIFEST || place == 0 {
                    refused(&format!("{name}, bit flipped at {place}"));
                }
            }
            std::fs::write(&file, &whole[..whole.len() - 3]).unwrap();
            refused(&format!("{name}, cut"));
            std::fs::remove_file(&file).unwrap();
            refused(&format!("{name}, missing"));
            std::fs::write(&file, whole).unwrap();
        }
        restore(&backup, &temp.path().join("restored"), &|_, _| ()).unwrap();
    }

    #[tokio::test]
    async fn a_manifest_leads_to_no_file_outside_the_folder() {
        let temp = tempfile::tempdir().unwrap();
        let backup = backed_up(temp.path()).await;
        let file = backup.join(MANIFEST);
        let text = std::fs::read_to_string(&file).unwrap();
        for path in ["../webhook.secret", "/etc/passwd", "recordings/../../x.wav", "recordings/x.wav", "manifest.json"]
        {
            std::fs::write(&file, text.replace(&format!("\"{SECRET}\""), &format!("\"{path}\""))).unwrap();
            assert!(matches!(check(&backup, &|_, _| ()), Err(BackupError::Damaged { .. })), "{path}");
        }
    }

    #[tokio::test]
    async fn a_restore_overwrites_nothing_and_one_that_broke_off_is_not_served() {
        let temp = tempfile::tempdir().unwrap();
        let backup = backed_up(temp.path()).await;
        let taken = restore(&backup, &temp.path().join("data"), &|_, _| ()).unwrap_err();
        assert!(matches!(taken, BackupError::NotEmpty(_)), "{taken}");
        let target = temp.path().join("restored");
        restore(&backup, &target, &|_, _| ()).unwrap();
        std::fs::write(target.join(RESTORING), "").unwrap();
        let refused = DataDir::open(&target).unwrap_err();
        assert!(refused.to_string().contains("restore"), "{refused}");
    }
}
