//! Files of profiles: CSV, whose first line names the attributes, and JSON lines. What is wrong is told with its line.
//!
//! In CSV the first column is the profile's name. An empty cell is no value for an attribute that may have none, an empty
//! text for a text, and as in the table's default for what is opaque; attributes without a column are as in the default too.
//!
//! **Invariant:** however a file is made, no more of it is held than one record, 1 MiB at most, and what was read ahead.

pub mod fuzz;

use serde::Deserialize;
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::rc::Rc;

/// Longest profile in a file.
const RECORD: usize = 1024 * 1024;

/// An attribute of a table's profiles, as the management API has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// `bool`, `integer`, `text`, `ip`, `address` or `opaque`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may have no value.
    pub optional: bool,
    /// Whether each value is there once.
    pub unique: bool,
    /// Whether there is an index.
    pub indexed: bool,
}

/// A profile, as the management API has it.
#[derive(Debug, PartialEq, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub values: Map<String, Value>,
}

/// A profile of a file.
#[derive(Debug, PartialEq)]
pub struct Record {
    /// The line on which it begins.
    pub line: u64,
    /// Its name.
    pub name: String,
    /// The attributes that the file has of it.
    pub values: Map<String, Value>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub line: u64,
    /// In words.
    pub what: String,
}

/// Why there is no next profile.
#[derive(Debug)]
pub enum Unread {
    /// This line is wrong; there may be more.
    Fault(Fault),
    /// This line is wrong, and what follows it cannot be told from it.
    Lost(Fault),
    /// The file cannot be read.
    Io(io::Error),
}

/// Reads a file.
#[derive(Debug)]
pub struct Records<R> {
    source: Source<R>,
    budget: Rc<Budget>,
    attributes: Vec<Attribute>,
}

#[derive(Debug)]
enum Source<R> {
    Csv {
        reader: csv::Reader<Metered<R>>,
        /// Places of attributes, of the columns after the first.
        columns: Vec<usize>,
        record: csv::StringRecord,
    },
    Lines {
        reader: BufReader<Metered<R>>,
        line: u64,
        text: Vec<u8>,
    },
}

/// How much is read.
#[derive(Debug, Default)]
struct Budget {
    /// In all.
    read: Cell<u64>,
    /// What may still be read for the profile that is being read.
    left: Cell<usize>,
    /// Where lines end, of what was read ahead.
    breaks: RefCell<Breaks>,
}

/// Carriage returns and newlines by their place in the file, from some place on, and the newlines before it. The reader of CSV
/// takes the end of one profile, and empty lines, for the beginning of the next.
#[derive(Debug, Default)]
struct Breaks {
    ahead: VecDeque<(u64, u8)>,
    passed: u64,
}

impl Breaks {
    fn read(&mut self, at: u64, bytes: &[u8]) {
        let places = (at..).zip(bytes.iter().copied());
        self.ahead
            .extend(places.filter(|(_, byte)| matches!(byte, b'\r' | b'\n')));
    }
    /// The line of what comes first at or after a place, empty lines left out.
    fn line(&mut self, from: u64) -> u64 {
        let mut begins = from;
        while let Some((at, byte)) = self.ahead.pop_front_if(|(at, _)| *at <= begins) {
            self.passed += u64::from(byte == b'\n');
            if at == begins {
                begins += 1;
            }
        }
        self.passed + 1
    }
}

#[derive(Debug)]
struct Metered<R> {
    inner: R,
    budget: Rc<Budget>,
    is_csv: bool,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.left.get();
        if left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(left);
        let read = self
            .inner
            .read(buffer.get_mut(..most).unwrap_or_default())?;
        self.budget.left.set(left - read);
        let before = self.budget.read.get();
        self.budget.read.set(before + read as u64);
        if self.is_csv {
            let bytes = buffer.get(..read).unwrap_or_default();
            self.budget.breaks.borrow_mut().read(before, bytes);
        }
        Ok(read)
    }
}

impl<R: Read> Records<R> {
    /// Of a file of CSV; its first line is read.
    ///
    /// # Errors
    /// That line does not name attributes, or the file cannot be read.
    pub fn csv(inner: R, attributes: Vec<Attribute>) -> Result<Self, Unread> {
        let (inner, budget) = metered(inner, true);
        let mut reader = csv::ReaderBuilder::new().from_reader(inner);
        let header = reader.headers().map_err(|error| csv_error(error, 1))?;
        let header = header.clone();
        let columns = columns(&header, &attributes)?;
        let record = csv::StringRecord::new();
        Ok(Self {
            source: Source::Csv {
                reader,
                columns,
                record,
            },
            budget,
            attributes,
        })
    }

    /// Of a file with a JSON object in each line: `name` and `values`.
    #[must_use]
    pub fn lines(inner: R, attributes: Vec<Attribute>) -> Self {
        let (inner, budget) = metered(inner, false);
        Self {
            source: Source::Lines {
                reader: BufReader::new(inner),
                line: 0,
                text: Vec::new(),
            },
            budget,
            attributes,
        }
    }

    /// Bytes read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.budget.read.get()
    }

    /// The next profile; `None` at the end.
    ///
    /// # Errors
    /// Why there is none.
    pub fn next_record(&mut self) -> Result<Option<Record>, Unread> {
        self.budget.left.set(RECORD);
        match &mut self.source {
            Source::Csv {
                reader,
                columns,
                record,
            } => {
                let from = reader.position().byte();
                let read = reader.read_record(record);
                let line = self.budget.breaks.borrow_mut().line(from);
                if !read.map_err(|error| csv_error(error, line))? {
                    return Ok(None);
                }
                let fault = |what| Unread::Fault(Fault { line, what });
                let read = cells(record, columns, &self.attributes).map_err(fault)?;
                let (name, values) = read;
                Ok(Some(Record { line, name, values }))
            }
            Source::Lines { reader, line, text } => loop {
                text.clear();
                *line += 1;
                match reader.read_until(b'\n', text) {
                    Ok(0) => return Ok(None),
                    Ok(_) if text.trim_ascii().is_empty() => {}
                    Ok(_) => return json(text, *line, &self.attributes).map(Some),
                    Err(error) => return Err(io_error(error, *line)),
                }
            },
        }
    }
}

fn metered<R>(inner: R, is_csv: bool) -> (Metered<R>, Rc<Budget>) {
    let budget = Rc::new(Budget::default());
    budget.left.set(RECORD);
    let metered = Metered {
        inner,
        budget: Rc::clone(&budget),
        is_csv,
    };
    (metered, budget)
}

/// The attributes of the columns after the first.
fn columns(header: &csv::StringRecord, attributes: &[Attribute]) -> Result<Vec<usize>, Unread> {
    let fault = |what| Unread::Lost(Fault { line: 1, what });
    if header.is_empty() {
        return Err(fault("there is no line that names the attributes".into()));
    }
    let (name, others) = (header.get(0).unwrap_or_default(), header.iter().skip(1));
    let is_attribute = attributes.iter().any(|a| a.name == name);
    if is_attribute && !others.clone().any(|other| other == name) {
        let what = format!("the first column is the profile's name, and `{name}` is an attribute");
        return Err(fault(what));
    }
    let mut columns = Vec::new();
    for name in others {
        let place = attributes.iter().position(|a| a.name == name);
        let place = place.ok_or_else(|| fault(format!("there is no attribute `{name}`")))?;
        if columns.contains(&place) {
            return Err(fault(format!("`{name}` has two columns")));
        }
        columns.push(place);
    }
    Ok(columns)
}

fn cells(
    record: &csv::StringRecord,
    columns: &[usize],
    attributes: &[Attribute],
) -> Result<(String, Map<String, Value>), String> {
    let mut cells = record.iter();
    let name = cells.next().unwrap_or_default().to_owned();
    let mut values = Map::new();
    for (cell, attribute) in cells.zip(columns.iter().filter_map(|at| attributes.get(*at))) {
        let value = read_cell(attribute, cell);
        let value = value.map_err(|what| format!("`{}`: expected {what}", attribute.name))?;
        if let Some(value) = value {
            values.insert(attribute.name.clone(), value);
        }
    }
    Ok((name, values))
}

/// What is in a cell; `None` if the table's default shall be taken.
fn read_cell(attribute: &Attribute, cell: &str) -> Result<Option<Value>, &'static str> {
    let value = match attribute.kind.as_str() {
        _ if cell.is_empty() && attribute.optional => Some(Value::Null),
        "text" | "ip" => Some(Value::from(cell)),
        "bool" => cell.parse().ok().map(Value::Bool),
        "integer" => match (cell.parse::<u64>(), cell.parse::<i64>()) {
            (Ok(n), _) => Some(n.into()),
            (_, Ok(n)) => Some(n.into()),
            _ => None,
        },
        _ if cell.is_empty() => return Ok(None),
        _ => {
            let value = serde_json::from_str(cell).ok();
            value.filter(|value| suits(attribute, value))
        }
    };
    value.map(Some).ok_or_else(|| wanted(attribute))
}

fn write_cell(attribute: &Attribute, value: &Value) -> String {
    let plain = matches!(attribute.kind.as_str(), "text" | "ip" | "bool" | "integer");
    if value.is_null() && attribute.optional {
        return String::new();
    }
    let text = value.as_str().filter(|_| plain);
    text.map_or_else(|| value.to_string(), str::to_owned)
}

fn wanted(attribute: &Attribute) -> &'static str {
    match attribute.kind.as_str() {
        "bool" => "true or false",
        "integer" => "a whole number",
        "text" => "a text",
        "ip" => "an address of IPv4 or IPv6",
        _ => "JSON",
    }
}

fn json(text: &[u8], line: u64, attributes: &[Attribute]) -> Result<Record, Unread> {
    let fault = |what| Unread::Fault(Fault { line, what });
    let read: Result<Profile, _> = serde_json::from_slice(text);
    // A line is all that the reader of JSON has seen of the file.
    let clean =
        |error: serde_json::Error| error.to_string().replace(" at line 1 column ", ", column ");
    let Profile { name, values } = read.map_err(|error| fault(clean(error)))?;
    for (name, value) in &values {
        let attribute = attributes.iter().find(|a| a.name == *name);
        let attribute =
            attribute.ok_or_else(|| fault(format!("there is no attribute `{name}`")))?;
        if !suits(attribute, value) {
            return Err(fault(format!("`{name}`: expected {}", wanted(attribute))));
        }
    }
    Ok(Record { line, name, values })
}

/// Whether a value may be one of the attribute's. The node knows for certain.
fn suits(attribute: &Attribute, value: &Value) -> bool {
    match attribute.kind.as_str() {
        _ if value.is_null() => attribute.optional || attribute.kind == "opaque",
        "bool" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "text" | "ip" => value.is_string(),
        _ => true,
    }
}

fn csv_error(error: csv::Error, line: u64) -> Unread {
    use csv::ErrorKind;
    let what = match error.into_kind() {
        ErrorKind::Io(error) => return io_error(error, line),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} cells, and the first line {expected_len}"),
        // The others are of what is not done here.
        ErrorKind::Utf8 { .. }
        | ErrorKind::Seek
        | ErrorKind::Serialize(_)
        | ErrorKind::Deserialize { .. }
        | _ => "is not UTF-8".to_owned(),
    };
    Unread::Fault(Fault { line, what })
}

fn io_error(error: io::Error, line: u64) -> Unread {
    if error.kind() == io::ErrorKind::FileTooLarge {
        let what = "a profile is longer than 1 MiB: is there a quote that is not closed?".into();
        return Unread::Lost(Fault { line, what });
    }
    Unread::Io(error)
}

/// Why a profile is not written.
#[derive(Debug)]
pub enum Unwritten {
    /// This attribute is an empty text where there might be none: in CSV both are an empty cell.
    Ambiguous(String),
    /// The file cannot be written.
    Io(io::Error),
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<csv::Error> for Unwritten {
    fn from(error: csv::Error) -> Self {
        Self::Io(error.into())
    }
}

/// Writes a file.
#[derive(Debug)]
pub enum Writer<W: Write> {
    /// Of CSV, with the attributes in the order of its columns.
    Csv(Box<csv::Writer<W>>, Vec<Attribute>),
    /// Of JSON lines.
    Lines(W),
}

impl<W: Write> Writer<W> {
    /// Of CSV, with the line that names the attributes.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn csv(inner: W, attributes: Vec<Attribute>) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(inner);
        let names = attributes.iter().map(|a| a.name.as_str());
        writer.write_record(std::iter::once("profile").chain(names))?;
        Ok(Self::Csv(Box::new(writer), attributes))
    }

    /// Writes a profile.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, profile: &Profile) -> Result<(), Unwritten> {
        match self {
            Self::Csv(writer, attributes) => {
                writer.write_field(&profile.name)?;
                for attribute in attributes {
                    let value = profile.values.get(&attribute.name);
                    if attribute.optional && value.is_some_and(|value| value == "") {
                        return Err(Unwritten::Ambiguous(attribute.name.clone()));
                    }
                    writer.write_field(write_cell(attribute, value.unwrap_or(&Value::Null)))?;
                }
                Ok(writer.write_record(None::<&[u8]>)?)
            }
            Self::Lines(writer) => {
                let line = serde_json::json!({ "name": profile.name, "values": profile.values });
                Ok(writeln!(writer, "{line}")?)
            }
        }
    }

    /// Writes what is held back.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer, _) => writer.flush(),
            Self::Lines(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests;
