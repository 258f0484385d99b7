//! The one writer: takes the commands that wait, applies them in one transaction, and answers each only when the
//! commit is on disk. One fsync serves the whole group.

use std::time::Instant;

use async_trait::async_trait;
use metrics::{counter, histogram};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::erase;
use crate::config::limits;
use crate::ops::clock::Clock;
use crate::store::{DataDir, StoreError};

/// A change of the database. It is applied inside a savepoint: an error undoes this command and no other.
pub(super) trait Command: Send + 'static {
    type Answer: Send + 'static;

    fn apply(&self, conn: &mut SqliteConnection) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

/// A command with the answer it owes, whatever its type.
#[async_trait]
trait Step: Send {
    /// `false`: it failed and what it wrote must be undone.
    async fn apply(&mut self, conn: &mut SqliteConnection) -> bool;
    /// The outcome of `apply`, unless the group did not reach the disk: then that error.
    fn answer(self: Box<Self>, group: Result<(), String>);
}

struct Job<C: Command> {
    command: C,
    outcome: Option<Result<C::Answer, StoreError>>,
    asker: oneshot::Sender<Result<C::Answer, StoreError>>,
}

#[async_trait]
impl<C: Command + Sync> Step for Job<C>
where
    C::Answer: Sync,
{
    async fn apply(&mut self, conn: &mut SqliteConnection) -> bool {
        let outcome = self.command.apply(conn).await;
        let applied = outcome.is_ok();
        self.outcome = Some(outcome);
        applied
    }

    fn answer(self: Box<Self>, group: Result<(), String>) {
        let answer = match (group, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // A command's own failure says more than the group's, and is true either way.
            (Err(_), Some(Err(own))) => Err(own),
            (Err(reason), _) => Err(StoreError::Database(reason)),
            (Ok(()), None) => Err(StoreError::Closed),
        };
        // The asker may have given up waiting; the change stands.
        let _ = self.asker.send(answer);
    }
}

enum Message {
    Step(Box<dyn Step>),
    /// After the changes that were queued before it.
    Scrub(oneshot::Sender<Result<(), StoreError>>),
    Close,
}

/// The door to the writer task.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    task: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Writer {
    /// `data` keeps the folder locked until the last group is written (`None`: the lock is another program's), `readers` are closed before `conn`, so that
    /// the writer is the last to leave and folds the log into the database.
    pub(super) fn start(conn: SqliteConnection, readers: SqlitePool, data: Option<DataDir>) -> Self {
        let (queue, messages) = mpsc::channel(limits::STORE_QUEUE);
        let task = tokio::spawn(async move {
            let conn = serve(conn, messages).await;
            readers.close().await;
            if let Err(error) = conn.close().await {
                tracing::warn!(%error, "the database did not close cleanly; its log is replayed at the next start");
            }
            drop(data);
        });
        Self { queue, task: tokio::sync::Mutex::new(Some(task)) }
    }

    /// Queues a command and waits until it is durable. Commands of one task are applied in the order of its calls.
    pub(super) async fn write<C>(&self, command: C) -> Result<C::Answer, StoreError>
    where
        C: Command + Sync,
        C::Answer: Sync,
    {
        let (asker, answer) = oneshot::channel();
        let job = Box::new(Job { command, outcome: None, asker });
        self.queue.send(Message::Step(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Overwrites what removed rows left in the file and its log.
    pub(super) async fn scrub(&self) -> Result<(), StoreError> {
        let (asker, answer) = oneshot::channel();
        self.queue.send(Message::Scrub(asker)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Returns when what was queued before is written and the connections are closed. May be called again.
    pub(super) async fn close(&self) {
        let mut task = self.task.lock().await;
        if let Some(running) = task.take() {
            // A send to a writer that has ended already is as good as a close.
            let _ = self.queue.send(Message::Close).await;
            if let Err(error) = running.await {
                tracing::error!(panicked = error.is_panic(), "the store's writer ended abnormally");
            }
        }
    }
}

async fn serve(mut conn: SqliteConnection, mut messages: mpsc::Receiver<Message>) -> SqliteConnection {
    let clock = Clock::system();
    let mut waiting = Vec::with_capacity(limits::STORE_BATCH);
    while messages.recv_many(&mut waiting, limits::STORE_BATCH).await > 0 {
        let mut group = Vec::with_capacity(waiting.len());
        let mut scrubs = Vec::new();
        for message in waiting.drain(..) {
            match message {
                Message::Step(step) => group.push(step),
                Message::Scrub(asker) => scrubs.push(asker),
                // What is in the channel is still served; nothing new gets in.
                Message::Close => messages.close(),
            }
        }
        if !group.is_empty() {
            commit_group(&mut conn, group, &clock).await;
        }
        for asker in scrubs {
            // The asker may have given up waiting; the file is scrubbed all the same.
            let _ = asker.send(erase::scrub(&mut conn).await);
        }
    }
    conn
}

async fn commit_group(conn: &mut SqliteConnection, mut group: Vec<Box<dyn Step>>, clock: &Clock) {
    let began: Instant = clock.instant();
    let result = match apply_group(conn, &mut group).await {
        Ok(()) => Ok(()),
        Err(error) => {
            counter!("heardline_store_commit_failures_total").increment(1);
            tracing::error!(%error, commands = group.len(), "a group of changes did not reach the disk");
            // Harmless when SQLite rolled back by itself, as it does on a full disk.
            let _ = sqlx::query("ROLLBACK").execute(&mut *conn).await;
            Err(error.to_string())
        }
    };
    histogram!("heardline_store_batch_commands").record(f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX)));
    histogram!("heardline_store_commit_seconds").record(clock.instant().duration_since(began).as_secs_f64());
    for step in group {
        step.answer(result.clone());
    }
}

/// Transaction statements are written out, not left to sqlx: it counts the depth itself, and when SQLite rolls back
/// on its own (disk full, input/output fault) that count is wrong from then on and no transaction would begin again.
async fn apply_group(conn: &mut SqliteConnection, group: &mut [Box<dyn Step>]) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    for step in group {
        sqlx::query("SAVEPOINT step").execute(&mut *conn).await?;
        if !step.apply(conn).await {
            sqlx::query("ROLLBACK TO step").execute(&mut *conn).await?;
        }
        sqlx::query("RELEASE step").execute(&mut *conn).await?;
    }
    sqlx::query("COMMIT").execute(&mut *conn).await?;
    Ok(())
}
