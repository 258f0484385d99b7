//! The data folder: where each file lies, who may read it, and that only one gateway uses it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock, statvfs};
use rustix::io::Errno;

use super::StoreError;
use crate::call::CallId;

/// Locked while a gateway runs; holds the address of its desk and the key for commands.
const LOCK: &str = "heardline.lock";
pub(super) const DATABASE: &str = "heardline.db";
pub(super) const RECORDINGS: &str = "recordings";
pub(super) const SECRET: &str = "webhook.secret";
/// There while a restore fills the folder: what is in it is not whole.
pub(super) const RESTORING: &str = "restoring.tmp";

/// The opened data folder. Clones share one lock, which is released when the last of them is dropped.
#[derive(Clone, Debug)]
pub struct DataDir {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    /// Held open for its lock; the kernel drops it with the process, so a crash leaves no stale lock.
    lock: File,
}

impl DataDir {
    /// Makes the folder (0700) and `recordings` in it when they are absent, checks that it can be written and locks it.
    ///
    /// [`StoreError::NotWritable`] when it cannot be made or written, [`StoreError::InUse`] when another gateway has it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let unwritable = |e: io::Error| StoreError::NotWritable { path: path.into(), reason: e.to_string() };
        make_folder(path).map_err(unwritable)?;
        let root = path.canonicalize().map_err(unwritable)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(root.join(LOCK))
            .map_err(unwritable)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(StoreError::InUse { path: path.into() }),
            Err(e) => return Err(unwritable(e.into())),
        }
        if root.join(RESTORING).exists() {
            return Err(StoreError::HalfRestored { path: path.into() });
        }
        probe(&root).map_err(unwritable)?;
        make_folder(&root.join(RECORDINGS)).map_err(unwritable)?;
        File::open(&root).and_then(|dir| dir.sync_all()).map_err(unwritable)?;
        Ok(Self { inner: Arc::new(Inner { root, lock }) })
    }

    /// Tells commands beside the running gateway where its desk is, and the key that opens it to them: whoever may read this
    /// folder may do everything anyway.
    pub fn announce(&self, desk: SocketAddr, key: &str) -> io::Result<()> {
        self.inner.lock.set_len(0)?;
        self.inner.lock.write_all_at(format!("{desk}\n{key}\n").as_bytes(), 0)
    }

    /// What the gateway announced that has `path` locked: the address of its desk, and the key. `None`: nothing (yet).
    pub fn announced(path: &Path) -> Option<(SocketAddr, String)> {
        let text = std::fs::read_to_string(path.join(LOCK)).ok()?;
        let mut lines = text.lines();
        Some((lines.next()?.parse().ok()?, lines.next().unwrap_or_default().to_owned()))
    }

    /// Whether a gateway has ever used `path`.
    pub fn has_database(path: &Path) -> bool {
        path.join(DATABASE).exists()
    }

    /// Absolute path of the folder.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    pub fn database(&self) -> PathBuf {
        self.root().join(DATABASE)
    }

    pub fn recordings(&self) -> PathBuf {
        self.root().join(RECORDINGS)
    }

    /// The WAV of one call; it may not exist (yet).
    pub fn recording(&self, call: CallId) -> PathBuf {
        self.recordings().join(format!("{call}.wav"))
    }

    pub fn webhook_secret(&self) -> PathBuf {
        self.root().join(SECRET)
    }

    /// Bytes this user may still write on the folder's file system.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let fs = statvfs(self.root())?;
        Ok(fs.f_bavail.saturating_mul(fs.f_frsize))
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// An existing lock file opens even on a full disk or in a folder that takes no new files; this finds out.
fn probe(root: &Path) -> io::Result<()> {
    let path = root.join("probe.tmp");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| io::Write::write_all(&mut file, b"heardline"));
    written.and(std::fs::remove_file(&path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_data_folder_and_its_recordings_are_readable_by_nobody_else() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(&temp.path().join("a/b")).unwrap();
        assert_eq!(mode(data.root()), 0o700);
        assert_eq!(mode(&data.recordings()), 0o700);
        let call = CallId::new();
        assert_eq!(data.recording(call), data.root().join("recordings").join(format!("{call}.wav")));
        assert!(data.free_bytes().unwrap() > 0);
        assert!(!data.root().join("probe.tmp").exists());
    }

    #[test]
    fn a_second_gateway_on_the_same_folder_is_refused_by_name_until_the_first_ends() {
        let temp = tempfile::tempdir().unwrap();
        let first = DataDir::open(temp.path()).unwrap();
        let clone = first.clone();
        drop(first);
        let refused = DataDir::open(temp.path()).unwrap_err();
        assert!(matches!(&refused, StoreError::InUse { .. }));
        let text = refused.to_string();
        assert!(text.contains(&temp.path().display().to_string()) && text.contains("another heardline"), "{text}");
        drop(clone);
        DataDir::open(temp.path()).unwrap();
    }

    #[test]
    fn what_a_gateway_announces_is_for_those_who_may_read_its_folder() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        assert_eq!(DataDir::announced(temp.path()), None);
        let desk = SocketAddr::from(([127, 0, 0, 1], 8311));
        for key in ["a key that is longer", "key"] {
            data.announce(desk, key).unwrap();
            assert_eq!(DataDir::announced(temp.path()), Some((desk, key.to_owned())));
        }
        assert_eq!(mode(&data.root().join(LOCK)), 0o600);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_with_what_to_do() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("a-file");
        std::fs::write(&file, "in the way").unwrap();
        let mut unwritable = vec![file.clone(), file.join("below")];
        // Folder modes do not bind root.
        if !rustix::process::geteuid().is_root() {
            let sealed = temp.path().join("sealed");
            DirBuilder::new().mode(0o500).create(&sealed).unwrap();
            unwritable.push(sealed);
        }
        for path in unwritable {
            let text = match DataDir::open(&path).unwrap_err() {
                e @ StoreError::NotWritable { .. } => e.to_string(),
                other => panic!("{other}"),
            };
            assert!(text.contains(&path.display().to_string()) && text.contains("[data] dir"), "{text}");
        }
    }
}
