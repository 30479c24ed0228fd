//! Files: TOML text to a layer with positions.

use crate::key::Bounds;
use crate::layers::{Layer, Spans};
use crate::path::KeyPath;
use crate::problem::{Finding, Problem};
use crate::source::{Place, Source, SourceKind};
use figment::value::{Dict, Num, Tag, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Far above any sensible configuration; below what would take noticeable time or memory.
const MAX_BYTES: u64 = 1 << 20;

/// Reads a file into a layer; otherwise says all that keeps it from being one.
pub(crate) fn read(path: &Path) -> Result<Layer, Vec<Finding>> {
    read_within(path, MAX_BYTES)
}

/// The same for a file of at most so many bytes.
pub(crate) fn read_within(path: &Path, limit: u64) -> Result<Layer, Vec<Finding>> {
    let name = path.display().to_string();
    let nowhere = |problem| vec![Finding::nowhere(problem)];
    let unreadable = |error| {
        let file = name.clone();
        nowhere(Problem::Unreadable {
            file,
            error: Arc::new(error),
        })
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > limit {
        let file = name;
        return Err(nowhere(Problem::TooLarge { file, limit }));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text =
        String::from_utf8(bytes).map_err(|_| nowhere(Problem::NotUtf8 { name: name.clone() }))?;
    parse(SourceKind::File, name, text)
}

/// Parses TOML text into a layer; otherwise gives every syntax error that the parser recovered from.
pub(crate) fn parse(kind: SourceKind, name: String, text: String) -> Result<Layer, Vec<Finding>> {
    let source = Arc::new(Source { kind, name, text });
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader::new(&source);
    let dict = reader.table(table.get_ref(), &KeyPath::default());
    let syntax = errors.into_iter().map(|error| {
        let span = error.span().unwrap_or(0..0);
        let place = Place {
            source: Arc::clone(&source),
            span,
        };
        Finding::at(Problem::Syntax { error }, place)
    });
    let findings: Vec<Finding> = syntax.chain(reader.findings).collect();
    if findings.is_empty() {
        let spans = reader.spans;
        Ok(Layer {
            source,
            dict,
            spans,
        })
    } else {
        Err(findings)
    }
}

/// Reads one TOML value, as flags and variables have it; `None` when the text is not one.
pub(crate) fn parse_value(text: &str) -> Option<Value> {
    let source = Arc::new(Source {
        kind: SourceKind::Flag,
        name: String::new(),
        text: text.to_owned(),
    });
    let parsed = DeValue::parse(text).ok()?;
    let mut reader = Reader::new(&source);
    let value = reader.value(parsed.get_ref(), 0..text.len(), &KeyPath::default());
    reader.findings.is_empty().then_some(value)
}

/// Turns parsed TOML into values, noting where each key stood.
struct Reader<'a> {
    source: &'a Arc<Source>,
    spans: BTreeMap<KeyPath, Spans>,
    findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        Self {
            source,
            spans: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    fn table(&mut self, table: &DeTable<'_>, at: &KeyPath) -> Dict {
        let mut dict = Dict::new();
        for (key, value) in table {
            let path = at.child(key.get_ref().as_ref());
            let spans = Spans {
                key: key.span(),
                value: value.span(),
            };
            self.spans.insert(path.clone(), spans);
            let value = self.value(value.get_ref(), value.span(), &path);
            dict.insert(key.get_ref().clone().into_owned(), value);
        }
        dict
    }

    fn value(&mut self, value: &DeValue<'_>, span: Range<usize>, at: &KeyPath) -> Value {
        match value {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(truth) => Value::from(*truth),
            DeValue::Datetime(when) => Value::from(when.to_string()),
            DeValue::Integer(number) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix());
                let number = parsed.unwrap_or_else(|_| self.number_too_large(at, span));
                Value::Num(Tag::Default, Num::I64(number))
            }
            DeValue::Float(number) => {
                let number = number.as_str().parse().unwrap_or(f64::NAN);
                Value::Num(Tag::Default, Num::F64(number))
            }
            DeValue::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (n, item) in items.iter().enumerate() {
                    let path = at.child(n.to_string());
                    let spans = Spans {
                        key: item.span(),
                        value: item.span(),
                    };
                    self.spans.insert(path.clone(), spans);
                    values.push(self.value(item.get_ref(), item.span(), &path));
                }
                Value::Array(Tag::Default, values)
            }
            DeValue::Table(table) => Value::Dict(Tag::Default, self.table(table, at)),
        }
    }

    fn number_too_large(&mut self, at: &KeyPath, span: Range<usize>) -> i64 {
        let place = Place {
            source: Arc::clone(self.source),
            span,
        };
        let problem = Problem::OutOfRange {
            key: at.clone(),
            value: place.text().to_owned(),
            bounds: Bounds {
                min: Some(i64::MIN),
                max: Some(i64::MAX),
            }
            .to_string(),
        };
        self.findings.push(Finding::at(problem, place));
        0
    }
}
