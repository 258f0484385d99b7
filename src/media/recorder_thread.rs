//! The threads behind the recordings: one writes all files, one syncs them.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hound::WavWriter;

use crate::ops::clock::Clock;

/// Jobs waiting: at 500 calls about 0.6 s of a stalled disk, 5 MiB.
const JOBS: usize = 16_384;
/// Syncs waiting; a further one is tried again a second later.
const SYNCS: usize = 64;
const LOOK: Duration = Duration::from_millis(100);
/// Between two looks at the queue; a flush and a close wait this long at most.
const PACE: Duration = Duration::from_millis(10);
const FLUSH: Duration = Duration::from_secs(1);
const SYNC: Duration = Duration::from_secs(10);
/// Data bytes a WAV file can name, less a margin for its header.
const MAX_DATA: u64 = 0xFFFF_FF00;

pub(super) enum Job {
    Open(u64, Box<Writing>),
    Append { id: u64, silence: u64, pcm: Vec<i16> },
    Flush { id: u64, reply: tokio::sync::oneshot::Sender<()> },
    Close { id: u64, silence: u64, reply: Option<Sender<()>> },
}

/// What went wrong with one file; the first of each kind.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The data: nothing more is written.
    pub write: OnceLock<String>,
    /// A sync: the data is with the operating system and writing goes on, but a loss of power may take it.
    pub sync: OnceLock<String>,
}

struct SyncJob {
    file: File,
    /// Synced with the file's first sync, so that its name survives too.
    folder: Option<PathBuf>,
    trouble: Arc<Trouble>,
}

/// A file being written.
pub(super) struct Writing {
    wav: WavWriter<BufWriter<File>>,
    sync: File,
    folder: Option<PathBuf>,
    trouble: Arc<Trouble>,
    bytes: u64,
    dirty: bool,
    unsynced: bool,
    /// Spreads the syncs of calls that began together.
    stagger: Duration,
    flush_at: Option<Instant>,
    sync_at: Option<Instant>,
}

/// The way to the process's writer thread, started with the first recording.
pub(super) fn writer() -> Result<SyncSender<Job>, String> {
    static WRITER: OnceLock<Result<SyncSender<Job>, String>> = OnceLock::new();
    WRITER.get_or_init(start).clone()
}

fn start() -> Result<SyncSender<Job>, String> {
    let (jobs, inbox) = sync_channel(JOBS);
    let (syncs, sync_inbox) = sync_channel(SYNCS);
    let thread = |name: &str| std::thread::Builder::new().name(name.into());
    thread("recording-sync").spawn(move || sync_all(&sync_inbox)).map_err(|e| e.to_string())?;
    thread("recording-write").spawn(move || write_all(&inbox, &syncs, &Clock::system())).map_err(|e| e.to_string())?;
    Ok(jobs)
}

fn sync_all(inbox: &Receiver<SyncJob>) {
    for job in inbox {
        let folder = job.folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all());
        if let Err(error) = job.file.sync_data().and(folder) {
            job.trouble.unsynced(&error);
        }
    }
}

/// Sleeps between two looks at its queue instead of in it: a writer that waits there is woken for every frame of
/// every call, which at 500 calls cost a sixth of all processor time.
fn write_all(inbox: &Receiver<Job>, syncs: &SyncSender<SyncJob>, clock: &Clock) {
    let mut open: HashMap<u64, Box<Writing>> = HashMap::new();
    let mut look_at = clock.instant() + LOOK;
    loop {
        match inbox.recv_timeout(LOOK) {
            Ok(job) => {
                write(job, &mut open);
                inbox.try_iter().take(JOBS).for_each(|job| write(job, &mut open));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = clock.instant();
        if now >= look_at {
            look_at = now + LOOK;
            open.values_mut().for_each(|writing| writing.keep(now, syncs));
        }
        std::thread::sleep(PACE);
    }
}

fn write(job: Job, open: &mut HashMap<u64, Box<Writing>>) {
    match job {
        Job::Open(id, writing) => {
            open.insert(id, writing);
        }
        Job::Append { id, silence, pcm } => {
            if let Some(writing) = open.get_mut(&id) {
                writing.append(silence, &pcm);
            }
        }
        Job::Flush { id, reply } => {
            // One that is closed was flushed with that.
            if let Some(writing) = open.get_mut(&id) {
                writing.flush();
            }
            // Whoever waited may be gone.
            let _ = reply.send(());
        }
        Job::Close { id, silence, reply } => {
            if let Some(writing) = open.remove(&id) {
                writing.close(silence);
            }
            // A closer that is gone does not need to know.
            reply.map(|reply| reply.send(()));
        }
    }
}

impl Writing {
    pub(super) fn new(
        id: u64,
        wav: WavWriter<BufWriter<File>>,
        sync: File,
        folder: Option<PathBuf>,
        trouble: Arc<Trouble>,
    ) -> Self {
        let stagger = SYNC.mul_f64(f64::from(u32::try_from(id % 100).unwrap_or(0)) / 100.0);
        Self {
            wav,
            sync,
            folder,
            trouble,
            bytes: 0,
            dirty: false,
            unsynced: true,
            stagger,
            flush_at: None,
            sync_at: None,
        }
    }

    fn append(&mut self, silence: u64, pcm: &[i16]) {
        // After a failed write the file's end is unknown; what is there is kept by the repair at the end.
        if self.trouble.write.get().is_some() {
            return;
        }
        self.bytes = self.bytes.saturating_add(silence.saturating_mul(2)).saturating_add(2 * pcm.len() as u64);
        if self.bytes > MAX_DATA {
            return self.trouble.unwritten(&"the recording is full (4 GiB)");
        }
        let written = (0..silence).try_for_each(|_| self.wav.write_sample(0_i16)).and_then(|()| {
            let count = u32::try_from(pcm.len()).map_err(|_| hound::Error::TooWide)?;
            let mut block = self.wav.get_i16_writer(count);
            pcm.iter().for_each(|sample| block.write_sample(*sample));
            block.flush()
        });
        self.dirty = true;
        self.unsynced = true;
        if let Err(error) = written {
            self.trouble.unwritten(&error);
        }
    }

    fn flush(&mut self) {
        if std::mem::take(&mut self.dirty)
            && self.trouble.write.get().is_none()
            && let Err(error) = self.wav.flush()
        {
            self.trouble.unwritten(&error);
        }
    }

    fn keep(&mut self, now: Instant, syncs: &SyncSender<SyncJob>) {
        let flush_at = *self.flush_at.get_or_insert(now + FLUSH);
        let sync_at = *self.sync_at.get_or_insert(now + FLUSH + self.stagger);
        if now >= flush_at {
            self.flush_at = Some(now + FLUSH);
            self.flush();
        }
        if now >= sync_at {
            self.sync_at = Some(now + if self.sync(syncs) { SYNC } else { FLUSH });
        }
    }

    /// Asks for a sync; false when it must be asked again.
    fn sync(&mut self, syncs: &SyncSender<SyncJob>) -> bool {
        if !self.unsynced {
            return true;
        }
        let Ok(file) = self.sync.try_clone() else { return false };
        let job = SyncJob { file, folder: self.folder.take(), trouble: self.trouble.clone() };
        match syncs.try_send(job) {
            Ok(()) => {
                self.unsynced = false;
                true
            }
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                self.folder = job.folder;
                false
            }
        }
    }

    fn close(mut self, silence: u64) {
        self.append(silence, &[]);
        let trouble = self.trouble.clone();
        if let Err(error) = self.wav.finalize() {
            trouble.unwritten(&error);
        }
    }
}

impl Trouble {
    fn unwritten(&self, reason: &dyn std::fmt::Display) {
        if self.write.set(format!("write failed: {reason}")).is_ok() {
            tracing::error!(%reason, "a recording could not be written");
            metrics::counter!("heardline_media_recorder_failures_total").increment(1);
        }
    }

    pub(super) fn unsynced(&self, reason: &dyn std::fmt::Display) {
        if self.sync.set(format!("sync failed: {reason}")).is_ok() {
            tracing::error!(%reason, "a recording could not be synced; it goes on");
            metrics::counter!("heardline_media_recorder_failures_total").increment(1);
        }
    }
}
