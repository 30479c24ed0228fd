//! Giving the records of the store to the shard: read on a thread of their own, restored on the shard's meanwhile.
//!
//! Reading and restoring take about the same time, so a start takes half of what both do. Invariant: records arrive in the
//! order in which the store gives them.

use crate::clock::Clock;
use crate::error::NodeError;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;
use strowger_journal::{Key, Record, Recovered, Store, StoreError};
use strowger_kernel::{RestoreError, Restored, Shard};

/// Time between two lines about a recovery that takes long.
const PROGRESS: Duration = Duration::from_secs(2);
/// Bytes of records that are handed over at once.
const BATCH: usize = 256 * 1024;
/// Batches that may wait.
const WAITING: usize = 8;

/// Gives every record of the store to the shard. `tidy` gives back the memory that reading took.
pub(super) fn recover(
    shard: &mut Shard,
    store: &mut dyn Store,
    clock: Clock,
    tidy: Option<fn()>,
) -> Result<Restored, NodeError> {
    let begun = clock.mono();
    let (sender, receiver) = sync_channel(WAITING);
    let (recovered, restored) = thread::scope(|scope| {
        let reading = thread::Builder::new()
            .name("recovery".into())
            .spawn_scoped(scope, move || {
                let recovered = read(store, &sender);
                // The last batch is on its way, and what reading took is free.
                drop(sender);
                tidy.into_iter().for_each(|tidy| tidy());
                recovered
            })
            .map_err(|source| NodeError::System {
                what: "thread for the recovery",
                source,
            })?;
        let restored = restore(shard, &receiver, clock);
        // A reader whose records nobody takes comes to its end.
        drop(receiver);
        // A bug of the store's is one of this thread's.
        let recovered = reading.join().unwrap_or_else(|bug| resume_unwind(bug));
        Ok::<_, NodeError>((recovered, restored))
    })?;
    let recovered = recovered?;
    restored?;
    let restored = shard.restored(clock.now(), recovered.last_seq)?;
    if recovered.records > 0 {
        tracing::info!(
            records = recovered.records,
            replayed = recovered.replayed,
            activities = restored.activities,
            entities = restored.entities,
            timers = restored.timers,
            events = restored.events,
            dropped = restored.dropped,
            took = ?(clock.mono() - begun),
            "recovered",
        );
    }
    Ok(restored)
}

/// Reads the store. What is read once nobody takes it any more is dropped.
fn read(store: &mut dyn Store, sender: &SyncSender<Batch>) -> Result<Recovered, StoreError> {
    let mut batch = Batch::default();
    let recovered = store.recover(&mut |record| {
        batch.push(&record);
        if batch.bytes.len() >= BATCH {
            let _ = sender.send(std::mem::take(&mut batch));
        }
    })?;
    let _ = sender.send(batch);
    Ok(recovered)
}

/// Restores what arrives, until the reader has ended or the shard refuses a record.
fn restore(
    shard: &mut Shard,
    receiver: &Receiver<Batch>,
    clock: Clock,
) -> Result<(), RestoreError> {
    let (now, mut said, mut records) = (clock.now(), clock.mono(), 0_u64);
    for batch in receiver {
        for record in batch.records() {
            shard.restore(now, &record)?;
            records += 1;
        }
        if clock.mono() - said > PROGRESS {
            said = clock.mono();
            tracing::info!(records, "recovering");
        }
    }
    Ok(())
}

/// Records, one behind the other: the lengths of key and value, key, value.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
}

impl Batch {
    fn push(&mut self, record: &Record<'_>) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(BATCH + BATCH / 16);
        }
        let lengths = [record.key.encoded_len(), record.value.len()];
        for length in lengths {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            self.bytes.extend_from_slice(&length.to_le_bytes());
        }
        record.key.encode(&mut self.bytes);
        self.bytes.extend_from_slice(record.value);
    }

    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (key, tail) = rest.split_first_chunk::<4>()?;
            let (value, tail) = tail.split_first_chunk::<4>()?;
            let (key, tail) = tail.split_at_checked(u32::from_le_bytes(*key) as usize)?;
            let (value, tail) = tail.split_at_checked(u32::from_le_bytes(*value) as usize)?;
            rest = tail;
            let key = Key::decode(key).ok()?;
            Some(Record { key, value })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_of_a_batch_as_they_went_in() {
        let value = vec![7; 100_000];
        let record = |session, sub, value| Record {
            key: Key {
                slot: 200,
                session,
                kind: 3,
                sub,
            },
            value,
        };
        let records = [
            record(1, &b"sub"[..], &b""[..]),
            record(u64::MAX, &[0; 64], &value),
            record(2, b"", b"value"),
        ];
        let mut batch = Batch::default();
        for record in &records {
            batch.push(record);
        }
        assert!(batch.records().eq(records));
        assert_eq!(Batch::default().records().count(), 0);
    }
}
