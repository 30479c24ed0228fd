//! The driver of the records adaptor: files that rotate.
//!
//! Whatever the adaptor tells it is written in batches, each made durable by one sync, and then acknowledged. The adaptor tells
//! what was not acknowledged again, also after a restart of the process, and the files take each record once.
//! Not here: what is kept over a restart, and who is refused when too much waits, which are the other half's.
//!
//! **Invariant:** a record that was acknowledged is on the disk, and no record is in the files twice.
#![forbid(unsafe_code)]

mod files;
mod writer;

use strowger_driver::{Driver, DriverDef, Setup, StartError, async_trait};
use strowger_records::driver::Down;
use strowger_records::{RecordsProtocol, Settings};
use writer::Writer;

/// The driver, to be installed beside `strowger_records::adaptor()`.
#[must_use]
pub fn driver() -> DriverDef {
    DriverDef::of::<RecordsDriver>()
}

/// The driver of one records adaptor entity.
#[derive(Debug)]
pub struct RecordsDriver {
    files: Writer,
}

#[async_trait]
impl Driver for RecordsDriver {
    type Protocol = RecordsProtocol;

    async fn start(setup: Setup<RecordsProtocol>) -> Result<Self, StartError> {
        let files = Writer::start(&setup.settings, setup.endpoint).await?;
        Ok(Self { files })
    }

    async fn told(&mut self, down: Down) {
        self.files.write(down).await;
    }

    async fn configure(&mut self, settings: &Settings) {
        self.files.configure(settings);
    }

    /// What is still told is written as before.
    async fn drain(&mut self) {}

    async fn stop(self) {
        self.files.stop().await;
    }
}
