//! The live records: a checkpoint, overlaid with the journal after it.

use crate::base::Base;
use crate::segment::corrupt;
use crate::window::Window;
use std::path::Path;
use strowger_journal::portable::RecordPut;
use strowger_journal::{Key, Record, StoreError};

/// Gives every live record, in the order of keys. `dir` is where the checkpoint lies, for messages.
pub(crate) fn overlay<B: Base>(
    base: &B,
    window: &Window,
    dir: &Path,
    sink: &mut RecordPut<'_>,
) -> Result<(), StoreError> {
    let mut give = |key: &[u8], value: &[u8]| {
        let key = Key::decode(key).map_err(|e| corrupt(dir, 0, e))?;
        sink(Record { key, value })
    };
    let mut changes = window.changes().peekable();
    let mut buffer = Vec::new();
    base.scan(&mut |key, value| {
        while let Some(change) = changes.next_if(|change| change.key < key) {
            if let Some(place) = change.value {
                window.value(place, &mut buffer)?;
                give(change.key, &buffer)?;
            }
        }
        match changes.next_if(|change| change.key == key) {
            None => give(key, value),
            Some(change) => match change.value {
                None => Ok(()),
                Some(place) => {
                    window.value(place, &mut buffer)?;
                    give(key, &buffer)
                }
            },
        }
    })?;
    for change in changes {
        if let Some(place) = change.value {
            window.value(place, &mut buffer)?;
            give(change.key, &buffer)?;
        }
    }
    Ok(())
}
