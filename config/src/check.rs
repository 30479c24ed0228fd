//! The check of merged values against the tree of keys: unknown keys, types, bounds, words, forms, missing keys.
//!
//! Everything wrong is found in one pass. What is wrong is taken out of the values, so that the later checks (types,
//! rules between keys) see the rest and can report more in the same run.

use crate::component::Components;
use crate::key::{Bounds, Format, Key, Shape, TableKind};
use crate::layers::Layers;
use crate::nearest::nearest;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem};
use crate::size::Size;
use crate::source::SourceKind;
use crate::{duration, overrides};
use figment::value::{Dict, Value};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use strowger::network::Network;

/// Checks all of a configuration. What is wrong is removed from `values`.
pub(crate) fn check(
    values: &mut Dict,
    root: &Key,
    components: &Components,
    layers: &Layers,
) -> Vec<Finding> {
    let mut checker = Checker {
        root,
        components,
        layers,
        findings: Vec::new(),
    };
    if let Shape::Table(keys) = &root.shape {
        checker.table(values, keys, &KeyPath::default());
    }
    checker.findings
}

struct Checker<'a> {
    root: &'a Key,
    components: &'a Components,
    layers: &'a Layers,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    /// Checks a table of known keys; whether all required ones are there and right.
    fn table(&mut self, dict: &mut Dict, keys: &BTreeMap<String, Key>, at: &KeyPath) -> bool {
        let names: Vec<String> = dict.keys().cloned().collect();
        let kind = |word: &str| Some((word.to_owned(), dict.get(word)?.clone()));
        let entry: Dict = ["type", "kind"].into_iter().filter_map(kind).collect();
        for name in names {
            let path = at.child(&name);
            let right = match (keys.get(&name), dict.get_mut(&name)) {
                (Some(key), Some(value)) => self.value(value, key, &path, &entry),
                (Some(_) | None, _) => {
                    self.unknown_key(&path, keys);
                    false
                }
            };
            if !right {
                dict.remove(&name);
            }
        }
        let mut complete = true;
        for (name, _) in keys
            .iter()
            .filter(|(name, key)| key.required && !dict.contains_key(*name))
        {
            complete = false;
            let key = at.child(name);
            // A key that is there but wrong has been reported as that.
            if self.layers.key(&key).is_none() {
                let table = self.layers.key_or_table(at);
                self.findings
                    .push(Finding::at(Problem::MissingKey { key }, table));
            }
        }
        complete
    }

    /// Checks one value; whether it can stay. `entry` has the `type` or `kind` of the table that it is in.
    fn value(&mut self, value: &mut Value, key: &Key, at: &KeyPath, entry: &Dict) -> bool {
        match (&key.shape, value) {
            (Shape::Table(keys), Value::Dict(_, dict)) => self.table(dict, keys, at),
            (Shape::Map(each), Value::Dict(_, dict)) => {
                self.map(dict, each, at, key.file);
                true
            }
            (Shape::Settings(kind), Value::Dict(_, dict)) => {
                self.settings(dict, *kind, at, entry);
                true
            }
            (Shape::List(item), Value::Array(_, items)) => {
                let mut n = 0;
                items.retain_mut(|value| {
                    let path = at.child(n.to_string());
                    n += 1;
                    self.value(value, item, &path, entry)
                });
                true
            }
            (Shape::Text(format, bounds), Value::String(_, text)) => {
                self.text(text, *format, *bounds, at)
            }
            (Shape::Choice(words), Value::String(_, text)) => self.word(text, words, at),
            (Shape::Integer(bounds), value) if whole(value).is_some() => {
                let number = whole(value).unwrap_or_default();
                bounds.contain(number)
                    || self.out_of_range(at, number.to_string(), bounds.to_string())
            }
            (Shape::Number, Value::Num(..))
            | (Shape::Truth, Value::Bool(..))
            | (Shape::Other, _) => true,
            (_, value) => {
                let problem = Problem::WrongType {
                    key: at.clone(),
                    expected: key.takes(),
                    found: type_of(value),
                };
                self.findings
                    .push(Finding::at(problem, self.layers.value(at)));
                false
            }
        }
    }

    /// Names that stand in files are of others' choice: users, numbers.
    fn map(&mut self, dict: &mut Dict, each: &Key, at: &KeyPath, any_name: bool) {
        let names: Vec<String> = dict.keys().cloned().collect();
        for name in names {
            let path = at.child(&name);
            let of_version = is_services(at) && is_version_name(&name);
            if !(any_name || is_name(&name) || of_version) {
                let problem = Problem::Malformed {
                    key: at.clone(),
                    value: name.clone(),
                    expected: NAME,
                };
                self.findings
                    .push(Finding::at(problem, self.layers.key(&path)));
            }
            let right = dict
                .get_mut(&name)
                .is_none_or(|value| self.value(value, each, &path, &Dict::new()));
            if !right {
                dict.remove(&name);
            }
        }
    }

    fn settings(&mut self, dict: &mut Dict, kind: TableKind, at: &KeyPath, entry: &Dict) {
        let Some(name) = at.segments().get(1) else {
            return;
        };
        // An unknown kind is reported by the rules; of its settings nothing can be said.
        let Some(key) = self.components.settings_of(kind, name, entry) else {
            return;
        };
        if let Shape::Table(keys) = &key.shape {
            self.table(dict, keys, at);
        }
    }

    fn text(&mut self, text: &str, format: Format, bounds: Bounds, at: &KeyPath) -> bool {
        let well_formed = match format {
            Format::Plain => {
                let length = text.chars().count();
                let fits = bounds.contain(i128::try_from(length).unwrap_or(i128::MAX));
                return fits
                    || self.out_of_range(
                        at,
                        length.to_string(),
                        format!("{bounds} characters long"),
                    );
            }
            Format::Size => match text.parse::<Size>() {
                Ok(size) => {
                    let fits = bounds.contain(i128::from(size.bytes()));
                    return fits || self.out_of_range(at, text.to_owned(), bounds.sizes());
                }
                Err(_) => false,
            },
            Format::Duration => duration::parse(text).is_some(),
            Format::SocketAddress => text.parse::<SocketAddr>().is_ok(),
            Format::Network => text.parse::<Network>().is_ok(),
        };
        if !well_formed {
            let shape = Shape::Text(format, bounds);
            let expected = Key { shape, ..blank() }.takes();
            let problem = Problem::Malformed {
                key: at.clone(),
                value: text.to_owned(),
                expected,
            };
            let hint = match format {
                Format::SocketAddress if text.rsplit_once(':').is_none() => {
                    Some("the port is missing".to_owned())
                }
                Format::Size | Format::Duration if text.bytes().all(|b| b.is_ascii_digit()) => {
                    Some("the unit is missing".to_owned())
                }
                // Which network was meant, or which part is wrong.
                Format::Network => text.parse::<Network>().err().map(|error| error.to_string()),
                Format::Plain | Format::Size | Format::Duration | Format::SocketAddress => None,
            };
            self.findings
                .push(Finding::at(problem, self.layers.value(at)).hint(hint));
        }
        well_formed
    }

    fn word(&mut self, word: &str, words: &[(String, String)], at: &KeyPath) -> bool {
        let mut known = words.iter().map(|(word, _)| word.as_str());
        if known.any(|known| known == word) {
            return true;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it takes one of: {}", known.join(", ")),
        };
        let problem = Problem::NotAChoice {
            key: at.clone(),
            value: word.to_owned(),
        };
        self.findings
            .push(Finding::at(problem, self.layers.value(at)).hint(hint));
        false
    }

    fn out_of_range(&mut self, at: &KeyPath, value: String, bounds: String) -> bool {
        let problem = Problem::OutOfRange {
            key: at.clone(),
            value,
            bounds,
        };
        self.findings
            .push(Finding::at(problem, self.layers.value(at)));
        false
    }

    fn unknown_key(&mut self, path: &KeyPath, keys: &BTreeMap<String, Key>) {
        let place = self
            .layers
            .key(path)
            .or_else(|| self.layers.key_or_table(path));
        let written = path
            .segments()
            .last()
            .map(String::as_str)
            .unwrap_or_default();
        let parent = path.parent().unwrap_or_default();
        let meant =
            nearest(written, keys.keys().map(String::as_str)).map(|near| parent.child(near));
        let kind = place
            .as_ref()
            .map_or(SourceKind::File, |place| place.source.kind);
        let hint = match (meant, elsewhere(self.root, written)) {
            (Some(meant), _) => Some(match kind {
                SourceKind::Environment => {
                    format!("did you mean `{}`?", overrides::variable(&meant))
                }
                SourceKind::Flag => format!("did you mean `{meant}`?"),
                SourceKind::Defaults | SourceKind::File => {
                    let last = meant
                        .segments()
                        .last()
                        .map(String::as_str)
                        .unwrap_or_default();
                    format!("did you mean `{last}`?")
                }
            }),
            (None, Some(other)) => Some(format!("there is a key `{other}`")),
            (None, None) => None,
        };
        let problem = Problem::UnknownKey { key: path.clone() };
        self.findings.push(Finding::at(problem, place).hint(hint));
    }
}

/// What [`is_name`] asks for.
pub(crate) const NAME: &str = "a name; names have up to 64 of the characters a-z, 0-9, - and _";

/// Whether a text can name an adaptor, a service, a listener or a link. Lower case only, so that variables reach it.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

/// Whether a text can name a version of a service: a name, `@`, and a version. No variable reaches it; a service with a plain
/// name and such a `kind` is the same.
fn is_version_name(text: &str) -> bool {
    let Some((name, version)) = text.split_once('@') else {
        return false;
    };
    let mut parts = version.split('.');
    text.len() <= 64 && is_name(name) && parts.all(is_name)
}

fn is_services(at: &KeyPath) -> bool {
    at.segments() == ["services"]
}

/// A key of the same name in another of the outer tables.
fn elsewhere(root: &Key, name: &str) -> Option<KeyPath> {
    let Shape::Table(tables) = &root.shape else {
        return None;
    };
    let has = |table: &Key| matches!(&table.shape, Shape::Table(keys) if keys.contains_key(name));
    let found = tables.iter().find(|(_, table)| has(table));
    found.map(|(table, _)| [table.as_str(), name].into_iter().collect())
}

fn blank() -> Key {
    Key {
        doc: String::new(),
        default: None,
        unit: None,
        reload: None,
        secret: false,
        file: false,
        required: false,
        shape: Shape::Other,
    }
}

fn whole(value: &Value) -> Option<i128> {
    let unsigned = || i128::try_from(value.to_u128()?).ok();
    value.to_i128().or_else(unsigned)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a text",
        Value::Bool(..) => "true or false",
        Value::Num(..) if whole(value).is_some() => "a whole number",
        Value::Num(..) => "a number",
        Value::Empty(..) => "nothing",
        Value::Dict(..) => "a table",
        Value::Array(..) => "a list",
    }
}
