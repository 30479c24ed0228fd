//! The task that has the files: it takes what waits as one batch, has it written beside the runtime, and says so.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use strowger_driver::Endpoint;
use strowger_records::driver::{Down, Up};
use strowger_records::{FileSettings, RecordsProtocol, Settings};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::files::{Files, FilesError};

/// Records that wait for the task; the adaptor tells no more at a time.
const QUEUE: usize = 4_096;
/// Records of one batch.
const BATCH: usize = 1_024;
/// Time between two looks at what is old.
const LOOK: Duration = Duration::from_secs(5);
/// Records that the files know they have: twice `pending`, since no more wait, and what one delivery may have added to that.
const fn known(pending: u32) -> usize {
    pending as usize * 2 + QUEUE
}

/// The way to the task.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Down>,
    settings: watch::Sender<FileSettings>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Opens the files and starts the task.
    pub(crate) async fn start(
        settings: &Arc<Settings>,
        endpoint: Endpoint<RecordsProtocol>,
    ) -> Result<Self, FilesError> {
        let known = known(settings.pending);
        let file_settings = settings.files.clone();
        let opened = spawn_blocking(move || Files::open(&file_settings, known)).await;
        let files = opened.unwrap_or_else(|_| Err(FilesError::Panicked))?;
        let (queue, told) = mpsc::channel(QUEUE);
        let (sender, settings) = watch::channel(settings.files.clone());
        let work = Work {
            files: Some(files),
            told,
            settings,
            endpoint,
            failing: false,
        };
        Ok(Self {
            queue,
            settings: sender,
            task: tokio::spawn(work.run()),
        })
    }

    /// A record is to be written.
    pub(crate) async fn write(&self, down: Down) {
        if self.queue.send(down).await.is_err() {
            tracing::error!("records cannot be written: their task has ended");
        }
    }

    pub(crate) fn configure(&self, settings: &Settings) {
        self.settings.send_replace(settings.files.clone());
    }

    /// Writes what waits; what cannot be written is told again by the next process.
    pub(crate) async fn stop(self) {
        drop(self.queue);
        if self.task.await.is_err() {
            tracing::error!("the task that writes records panicked");
        }
    }
}

struct Work {
    /// Taken out while it works beside the runtime.
    files: Option<Files>,
    told: mpsc::Receiver<Down>,
    settings: watch::Receiver<FileSettings>,
    endpoint: Endpoint<RecordsProtocol>,
    failing: bool,
}

impl Work {
    async fn run(mut self) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                n = self.told.recv_many(&mut batch, BATCH) => {
                    if n == 0 {
                        return self.end().await;
                    }
                    self.write(batch).await;
                }
                _ = look.tick() => {
                    let settings = self.settings.borrow().clone();
                    let looked = self.work(move |files| files.look(&settings)).await;
                    self.went(&looked);
                }
            }
        }
    }

    /// Writes a batch, again and again until that succeeds.
    async fn write(&mut self, batch: Vec<Down>) {
        let batch = Arc::new(batch);
        loop {
            let (settings, lines) = (self.settings.borrow().clone(), Arc::clone(&batch));
            let wrote = self.work(move |files| files.write(&lines, &settings)).await;
            self.went(&wrote);
            match wrote {
                Ok(written) => {
                    self.endpoint.count("records.in_files", written);
                    break;
                }
                // At the end of the node nobody waits for a disk.
                Err(_) if self.told.is_closed() => return,
                Err(_) => {
                    let retry = self.settings.borrow().retry;
                    sleep(retry).await;
                }
            }
        }
        let ids = batch.iter().map(|down| down.id).collect();
        if self.endpoint.send(Up { ids }).await.is_err() {
            tracing::debug!("the shard has ended before it heard of records that were written");
        }
    }

    /// Does something with the files that may block.
    async fn work<T: Send + 'static>(
        &mut self,
        f: impl FnOnce(&mut Files) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let Some(mut files) = self.files.take() else {
            return Err(io::Error::other("the files are gone"));
        };
        let done = spawn_blocking(move || {
            let outcome = f(&mut files);
            (files, outcome)
        });
        let (files, outcome) = done.await.map_err(io::Error::other)?;
        self.files = Some(files);
        outcome
    }

    /// Says when writing begins to fail, and when it succeeds again.
    fn went<T>(&mut self, outcome: &io::Result<T>) {
        match outcome {
            Ok(_) if !self.failing => return,
            Ok(_) => self.endpoint.alarm("records_unwritten", false, ""),
            Err(error) => {
                self.endpoint.count("records.write_failed", 1);
                if self.failing {
                    return;
                }
                let text = format!("records cannot be written, and wait: {error}");
                self.endpoint.alarm("records_unwritten", true, &text);
            }
        }
        self.failing = outcome.is_err();
    }

    async fn end(mut self) {
        let closed = self.work(Files::close).await;
        if let Err(error) = closed {
            tracing::warn!(%error, "the file of records could not be closed in order");
        }
    }
}
