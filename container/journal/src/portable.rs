//! The neutral format of backups and migrations: every live record, whatever the store that held it.
//!
//! Layout: the line `strowger export 1`, then per record a 1, the key's length (1), the key, the value's length (4, little
//! endian) and the value; at the end a 0, the number of records (8) and the crc32 of all before it (4).

use crate::{Flaw, GroupBuilder, Key, MAX_VALUE, Record, Seq, Store, StoreError};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use thiserror::Error;

const MAGIC: &[u8; 18] = b"strowger export 1\n";
/// Bytes of an import that are made durable together.
const BATCH: usize = 1024 * 1024;

/// What is wrong with an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadExport {
    /// It does not begin as one.
    #[error("not an export of this format")]
    Magic,
    /// A record begins with neither 0 nor 1, or is too long.
    #[error("damaged record")]
    Record,
    /// The number of records at its end is not what came.
    #[error("records are missing")]
    Count,
    /// The checksum at its end is wrong.
    #[error("checksum mismatch")]
    Checksum,
}

/// Writes the live records of a store; see [`Store::export`].
///
/// # Errors
/// The store cannot be read, or `out` not written.
pub fn export<S: Store + ?Sized>(store: &mut S, out: &mut dyn Write) -> Result<u64, StoreError> {
    write(out, |put| {
        let mut failed = None;
        store.recover(&mut |record| {
            if failed.is_none() {
                failed = put(record).err();
            }
        })?;
        failed.map_or(Ok(()), Err)
    })
}

/// Takes a record, or says why no more are taken.
pub type RecordPut<'a> = dyn FnMut(Record<'_>) -> Result<(), StoreError> + 'a;

/// Writes the records that `give` gives, in the order of keys, and gives their number.
///
/// # Errors
/// Those of `give`, or `out` cannot be written.
pub fn write(
    out: &mut dyn Write,
    give: impl FnOnce(&mut RecordPut<'_>) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut writer = Summed {
        inner: out,
        crc: crc32fast::Hasher::new(),
        offset: 0,
    };
    let unwritten = |source| failed("write", source);
    writer.put(MAGIC).map_err(unwritten)?;
    let mut count = 0_u64;
    let mut buffer = Vec::new();
    give(&mut |record| {
        buffer.clear();
        buffer.extend_from_slice(&[1, record.key.encoded_len() as u8]);
        record.key.encode(&mut buffer);
        buffer.extend_from_slice(&(record.value.len() as u32).to_le_bytes());
        buffer.extend_from_slice(record.value);
        count += 1;
        writer.put(&buffer).map_err(unwritten)
    })?;
    writer
        .put(&[0])
        .and_then(|()| writer.put(&count.to_le_bytes()))
        .and_then(|()| {
            let crc = writer.crc.clone().finalize();
            writer.inner.write_all(&crc.to_le_bytes())
        })
        .and_then(|()| writer.inner.flush())
        .map_err(unwritten)?;
    Ok(count)
}

/// Fills an empty store; see [`Store::import`].
///
/// # Errors
/// The store is not empty or cannot be written, or the export is damaged.
pub fn import<S: Store + ?Sized>(store: &mut S, input: &mut dyn Read) -> Result<u64, StoreError> {
    let last = store.recover(&mut |_| {})?.last_seq;
    if last != Seq::NONE {
        return Err(StoreError::NotEmpty { last });
    }
    let mut builder = GroupBuilder::new(last.next());
    let count = read_records(input, &mut |key, value| {
        builder.begin(true);
        builder
            .insert(&key, value)
            .map_err(|_| Fault::Bad(BadExport::Record))?;
        if builder.len() >= BATCH {
            flush(store, &mut builder)
        } else {
            Ok(())
        }
    });
    let count = count.map_err(|(fault, offset)| match fault {
        Fault::Bad(bad) => StoreError::Corrupt {
            file: PathBuf::from("export"),
            offset,
            source: Flaw::Export(bad),
        },
        Fault::Io(source) => failed("read", source),
        Fault::Store(error) => *error,
    })?;
    if let Some(group) = builder.take() {
        store.append(&group)?;
        store.sync()?;
    }
    store.checkpoint()?;
    Ok(count)
}

/// Reads an export to its end without keeping it, and gives the number of its records. Worth doing before an import.
///
/// # Errors
/// The export is damaged or cannot be read.
pub fn verify(input: &mut dyn Read) -> Result<u64, StoreError> {
    read_records(input, &mut |_, _| Ok(())).map_err(|(fault, offset)| match fault {
        Fault::Bad(bad) => StoreError::Corrupt {
            file: PathBuf::from("export"),
            offset,
            source: Flaw::Export(bad),
        },
        Fault::Io(source) => failed("read", source),
        Fault::Store(error) => *error,
    })
}

enum Fault {
    Bad(BadExport),
    Io(io::Error),
    Store(Box<StoreError>),
}

fn flush<S: Store + ?Sized>(store: &mut S, builder: &mut GroupBuilder) -> Result<(), Fault> {
    let Some(group) = builder.take() else {
        return Ok(());
    };
    store
        .append(&group)
        .and_then(|()| store.sync())
        .and_then(|_| store.tend())
        .map_err(|error| Fault::Store(Box::new(error)))?;
    builder.recycle(group.into());
    Ok(())
}

type OnRecord<'f> = dyn FnMut(Key<'_>, &[u8]) -> Result<(), Fault> + 'f;

fn read_records(input: &mut dyn Read, on: &mut OnRecord<'_>) -> Result<u64, (Fault, u64)> {
    let mut reader = Summed {
        inner: input,
        crc: crc32fast::Hasher::new(),
        offset: 0,
    };
    try_read(&mut reader, on).map_err(|fault| (fault, reader.offset))
}

fn try_read(reader: &mut Summed<&mut dyn Read>, on: &mut OnRecord<'_>) -> Result<u64, Fault> {
    if reader.get::<18>()? != *MAGIC {
        return Err(Fault::Bad(BadExport::Magic));
    }
    let (mut key, mut value, mut count) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        match reader.get::<1>()? {
            [1] => {
                let [length] = reader.get::<1>()?;
                reader.fill(&mut key, usize::from(length))?;
                let length = u32::from_le_bytes(reader.get()?) as usize;
                if length > MAX_VALUE {
                    return Err(Fault::Bad(BadExport::Record));
                }
                reader.fill(&mut value, length)?;
                let key = Key::decode(&key).map_err(|_| Fault::Bad(BadExport::Record))?;
                on(key, &value)?;
                count += 1;
            }
            [0] => {
                if u64::from_le_bytes(reader.get()?) != count {
                    return Err(Fault::Bad(BadExport::Count));
                }
                let due = reader.crc.clone().finalize();
                let found = u32::from_le_bytes(reader.get()?);
                return if found == due {
                    Ok(count)
                } else {
                    Err(Fault::Bad(BadExport::Checksum))
                };
            }
            _ => return Err(Fault::Bad(BadExport::Record)),
        }
    }
}

fn failed(operation: &'static str, source: io::Error) -> StoreError {
    StoreError::Io {
        operation,
        path: PathBuf::from("export"),
        source,
    }
}

/// A reader or writer with a running checksum and position.
struct Summed<T> {
    inner: T,
    crc: crc32fast::Hasher,
    offset: u64,
}

impl Summed<&mut dyn Write> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.inner.write_all(bytes)
    }
}

impl Summed<&mut dyn Read> {
    fn get<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut out = [0; N];
        self.read(&mut out)?;
        Ok(out)
    }

    fn fill(&mut self, out: &mut Vec<u8>, length: usize) -> Result<(), Fault> {
        out.clear();
        out.resize(length, 0);
        self.read(out)
    }

    fn read(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        self.inner.read_exact(out).map_err(Fault::Io)?;
        self.crc.update(out);
        self.offset += out.len() as u64;
        Ok(())
    }
}
