//! Which records the files have: the last ones, as many as the adaptor could tell again.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use strowger_records::driver::RecordId;

/// The ids, in the order in which they were written.
#[derive(Debug)]
pub(super) struct Known {
    most: usize,
    order: VecDeque<RecordId>,
    all: HashSet<RecordId>,
}

impl Known {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            order: VecDeque::new(),
            all: HashSet::new(),
        }
    }

    pub(super) fn has(&self, id: RecordId) -> bool {
        self.all.contains(&id)
    }

    pub(super) fn insert(&mut self, id: RecordId) {
        if !self.all.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }

    /// Writes them down, one a line: all of them or, if that fails, none.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("seen.new");
        let mut file = io::BufWriter::new(File::create(&new)?);
        for id in &self.order {
            writeln!(file, "{id}")?;
        }
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(new, path)
    }

    /// Reads what was written down, if anything was.
    pub(super) fn load(&mut self, path: &Path) -> io::Result<()> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for id in text.lines().filter_map(|line| line.parse().ok()) {
            self.insert(id);
        }
        Ok(())
    }
}
