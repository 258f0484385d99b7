//! Recordings: every call's audio goes to disk through one writer thread, off the media path.
//!
//! A slow disk never holds up a call: what the queue does not take is counted and written as silence of the same
//! length, and the recording says so when it is finished. The header is refreshed each second, so a crash of the
//! process loses at most that second; the data is synced about every ten seconds against loss of power.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::recorder_thread::{Job, Trouble, Writing, writer};
use super::repair;

#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    #[error("{path}: cannot {what} the recording: {reason}; check the data folder's space and rights")]
    Disk { path: PathBuf, what: &'static str, reason: String },
    #[error("{path}: is not a recording of this program (44-byte header, 16 bit, mono)")]
    NotARecording { path: PathBuf },
    #[error("the recording writer is not running: {0}; restart the gateway")]
    NoWriter(String),
}

impl RecorderError {
    pub(super) fn disk(path: &Path, what: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Disk { path: path.into(), what, reason: reason.to_string() }
    }
}

/// A finished recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Of the whole file, lower-case hexadecimal.
    pub sha256: String,
    pub samples: u64,
    pub rate: u32,
    pub duration_ms: u64,
    /// Why the file does not hold all that was appended.
    pub failed: Option<String>,
}

impl Recording {
    pub(super) fn new(sha256: String, samples: u64, rate: u32) -> Self {
        let duration_ms = samples.saturating_mul(1_000) / u64::from(rate.max(1));
        Self { sha256, samples, rate, duration_ms, failed: None }
    }
}

/// One open recording. Dropping it without `finish` closes the file as it is.
#[derive(Debug)]
pub struct Recorder {
    id: u64,
    path: PathBuf,
    rate: u32,
    jobs: SyncSender<Job>,
    /// Samples the queue did not take since the last job it took.
    owed: AtomicU64,
    dropped: AtomicU64,
    trouble: Arc<Trouble>,
    finished: bool,
}

impl Recorder {
    /// Creates the file (mode 0600); it must not exist. The header is on disk when this returns.
    pub fn create(path: &Path, rate: u32) -> Result<Self, RecorderError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let failed = |e: &dyn std::fmt::Display| RecorderError::disk(path, "create", e);
        let jobs = writer().map_err(RecorderError::NoWriter)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| failed(&e))?;
        let sync = file.try_clone().map_err(|e| failed(&e))?;
        let spec = WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut wav: WavWriter<BufWriter<File>> = WavWriter::new(BufWriter::new(file), spec).map_err(|e| failed(&e))?;
        wav.flush().map_err(|e| failed(&e))?;
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let trouble = Arc::new(Trouble::default());
        let folder = path.parent().map(Path::to_path_buf);
        let writing = Box::new(Writing::new(id, wav, sync, folder, trouble.clone()));
        jobs.try_send(Job::Open(id, writing)).map_err(|e| failed(&e))?;
        Ok(Self {
            id,
            path: path.into(),
            rate,
            jobs,
            owed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            trouble,
            finished: false,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends samples. Never blocks; call it from one task.
    ///
    /// False: this sound is not and will not be in the file (silence of its length is, while the disk works). True
    /// means taken, not written: what waited when the disk failed is missing from the end of the finished
    /// recording, so the caller compares its `duration_ms` with the call's.
    #[must_use = "the caller of a lost sound must be told that it is lost"]
    pub fn append(&self, pcm: Vec<i16>) -> bool {
        let length = u64::try_from(pcm.len()).unwrap_or(0);
        if self.trouble.write.get().is_some() {
            metrics::counter!("heardline_media_recorder_dropped_samples_total").increment(length);
            return false;
        }
        let silence = self.owed.swap(0, Ordering::Relaxed);
        if self.jobs.try_send(Job::Append { id: self.id, silence, pcm }).is_err() {
            self.owed.fetch_add(silence + length, Ordering::Relaxed);
            self.dropped.fetch_add(length, Ordering::Relaxed);
            metrics::counter!("heardline_media_recorder_dropped_samples_total").increment(length);
            return false;
        }
        true
    }

    /// For whoever reads the file back while it grows.
    pub fn flusher(&self) -> Flusher {
        Flusher { id: self.id, jobs: self.jobs.clone(), trouble: self.trouble.clone() }
    }

    /// What went wrong so far, if anything.
    pub fn failed(&self) -> Option<String> {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let slow = (dropped > 0).then(|| format!("the disk was too slow: {dropped} samples are silence"));
        let all = [self.trouble.write.get().cloned(), slow, self.trouble.sync.get().cloned()];
        let told: Vec<String> = all.into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Closes the file, syncs it and hashes it. After a disk failure the file is repaired to what it holds.
    pub async fn finish(mut self) -> Result<Recording, RecorderError> {
        self.finished = true;
        let path = self.path.clone();
        let gone = |e: tokio::task::JoinError| RecorderError::NoWriter(e.to_string());
        tokio::task::spawn_blocking(move || self.close()).await.map_err(gone)?.inspect_err(|error| {
            tracing::error!(%error, file = ?path.file_name(), "recording could not be finished");
        })
    }

    fn close(self) -> Result<Recording, RecorderError> {
        let (reply, closed) = std::sync::mpsc::channel();
        let silence = self.owed.swap(0, Ordering::Relaxed);
        let gone = || RecorderError::NoWriter("its thread ended".into());
        self.jobs.send(Job::Close { id: self.id, silence, reply: Some(reply) }).map_err(|_| gone())?;
        closed.recv().map_err(|_| gone())?;
        let file = File::open(&self.path).map_err(|e| RecorderError::disk(&self.path, "open", &e))?;
        if let Err(error) = file.sync_all() {
            self.trouble.unsynced(&error);
        }
        // Costs one look at a header that is right, and makes every finished file a valid one.
        let mut recording = repair::repair(&self.path)?;
        recording.failed = self.failed();
        Ok(Recording { rate: self.rate, ..recording })
    }
}

/// Makes one recording readable up to now; outlives it.
#[derive(Clone, Debug)]
pub struct Flusher {
    id: u64,
    jobs: SyncSender<Job>,
    trouble: Arc<Trouble>,
}

impl Flusher {
    /// Waits until everything `append` took before is in the file. False when that cannot be said: the disk failed
    /// or the writer's queue is full. Silence that stands for refused sound follows with the next append.
    pub async fn flush(&self) -> bool {
        let (reply, flushed) = tokio::sync::oneshot::channel();
        self.jobs.try_send(Job::Flush { id: self.id, reply }).is_ok()
            && flushed.await.is_ok()
            && self.trouble.write.get().is_none()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.finished {
            let silence = self.owed.swap(0, Ordering::Relaxed);
            // A full queue leaves the file open until the process ends; its header is refreshed all the same.
            let _ = self.jobs.try_send(Job::Close { id: self.id, silence, reply: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;
    use crate::call::{MediaSpan, MediaTime};
    use crate::media::wav::read_mono;

    #[tokio::test]
    async fn a_finished_recording_holds_every_sample_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recorder = Recorder::create(&path, 8_000).unwrap();
        assert!(Recorder::create(&path, 8_000).is_err());
        let mut wanted = Vec::new();
        for n in 0..500_i16 {
            assert!(recorder.append(vec![n; 160]));
            wanted.extend_from_slice(&[n; 160]);
        }
        let recording = recorder.finish().await.unwrap();
        assert_eq!((recording.samples, recording.duration_ms, recording.failed), (80_000, 10_000, None));
        assert_eq!(recording.sha256, repair::sha256(&path).unwrap());
        assert_eq!(read_mono(&path).unwrap().pcm, wanted);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn the_header_follows_while_the_call_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recorder = Recorder::create(&path, 8_000).unwrap();
        assert!(recorder.append(vec![7; 8_000]));
        let refreshed = async {
            while !read_mono(&path).is_ok_and(|audio| audio.pcm.len() == 8_000) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), refreshed).await.unwrap();
        drop(recorder);
    }

    #[tokio::test]
    async fn after_a_flush_all_that_was_appended_can_be_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recorder = Recorder::create(&path, 8_000).unwrap();
        let flusher = recorder.flusher();
        let second = MediaSpan::new(MediaTime(0), MediaTime(1_000));
        for n in 1..=50 {
            assert!(recorder.append(vec![7; 160]));
            assert!(flusher.flush().await);
            assert_eq!(repair::read_span(&path, second).unwrap().pcm.len(), n * 160);
        }
        recorder.finish().await.unwrap();
        assert!(flusher.flush().await);
        assert_eq!(repair::read_span(&path, second).unwrap().pcm, vec![7; 8_000]);
    }

    #[tokio::test]
    async fn a_recording_without_samples_is_valid() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recording = Recorder::create(&path, 8_000).unwrap().finish().await.unwrap();
        assert_eq!((recording.samples, recording.failed), (0, None));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), repair::HEADER);
    }

    #[tokio::test]
    async fn what_the_queue_did_not_take_is_told_and_keeps_its_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recorder = Recorder::create(&path, 8_000).unwrap();
        assert!(recorder.append(vec![1; 80]));
        // As append leaves it when the queue is full.
        recorder.owed.store(160, Ordering::Relaxed);
        recorder.dropped.store(160, Ordering::Relaxed);
        assert!(recorder.append(vec![1; 80]));
        let recording = recorder.finish().await.unwrap();
        assert_eq!(recording.samples, 320);
        assert!(recording.failed.unwrap().contains("160 samples"));
    }

    #[tokio::test]
    async fn a_failed_sync_is_told_and_costs_no_sound() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recorder = Recorder::create(&path, 8_000).unwrap();
        recorder.trouble.unsynced(&"the disk is tired");
        assert!(recorder.append(vec![1; 80]));
        let recording = recorder.finish().await.unwrap();
        assert_eq!((recording.samples, recording.failed.as_deref()), (80, Some("sync failed: the disk is tired")));
    }

    #[tokio::test]
    async fn sound_after_a_failed_write_is_refused_so_that_it_can_be_declared_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let recorder = Recorder::create(&path, 8_000).unwrap();
        recorder.trouble.write.set("write failed: no space".into()).unwrap();
        assert!(!recorder.append(vec![1; 80]));
        let recording = recorder.finish().await.unwrap();
        assert_eq!((recording.samples, recording.failed.as_deref()), (0, Some("write failed: no space")));
    }
}
