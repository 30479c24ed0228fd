//! What was configured through a running node: the file `managed.toml` in the data directory, over the files that the node was
//! started with, and under variables and flags. It has adaptors and nothing else, and does away with none out of the box.

use crate::component::Components;
use crate::file;
use crate::key::Key;
use crate::layers::{Layer, Layers, look_up};
use crate::load::{Sources, merge};
use crate::model::Node;
use crate::overrides;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem, Rejected};
use crate::source::SourceKind;
use figment::value::Value;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// The table that it has.
const TABLE: &str = "adaptors";
/// The key of an adaptor's link names.
const LINKS: &str = "links";
/// What stands above it.
const HEAD: &str = "\
# Written by the node: adaptors that were configured through its management API. They stand over the files that the node is
# started with. Stop the node before you edit this.
";

/// The file in a data directory.
#[must_use]
pub fn managed_file(data_dir: &Path) -> PathBuf {
    data_dir.join("managed.toml")
}

/// What was configured through a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Managed {
    adaptors: toml::Table,
}

/// Why something cannot be written there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagedError {
    /// The file cannot be read as what the node has written there.
    #[error("the file of what was configured through the node cannot be read")]
    Unreadable(#[source] Box<toml::de::Error>),
    /// The file says something that the node does not write there.
    #[error("`{0}` is not what the node has written to the file of what was configured through it")]
    Foreign(String),
    /// A text is not the table of an adaptor.
    #[error("not valid TOML: {0}")]
    NoTable(Box<toml::de::Error>),
    /// TOML has nothing that stands for a value.
    #[error("`{key}` has no value")]
    NoValue {
        /// Which.
        key: KeyPath,
    },
    /// It cannot be written as TOML.
    #[error("it cannot be written as TOML")]
    Unwritable(#[source] Box<toml::ser::Error>),
}

impl Managed {
    /// The table of an adaptor, from a text that has nothing else.
    ///
    /// # Errors
    /// It is not TOML.
    pub fn table(text: &str) -> Result<Json, ManagedError> {
        let table = toml::from_str(text);
        table.map_err(|error| ManagedError::NoTable(Box::new(error)))
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is not TOML, or has more than adaptors.
    pub fn read(text: &str) -> Result<Self, ManagedError> {
        let mut all: toml::Table =
            toml::from_str(text).map_err(|error| ManagedError::Unreadable(Box::new(error)))?;
        let adaptors = match all.remove(TABLE) {
            Some(toml::Value::Table(adaptors)) => adaptors,
            Some(_) => return Err(ManagedError::Foreign(TABLE.to_owned())),
            None => toml::Table::new(),
        };
        match all.into_iter().next() {
            Some((key, _)) => Err(ManagedError::Foreign(key)),
            None => Ok(Self { adaptors }),
        }
    }

    /// Gives an adaptor this table, and no other key of what it had here.
    ///
    /// # Errors
    /// A value is `null`.
    pub fn set(&mut self, adaptor: &str, table: &Json) -> Result<(), ManagedError> {
        let at: KeyPath = [TABLE, adaptor].into_iter().collect();
        self.adaptors.insert(adaptor.to_owned(), value(table, &at)?);
        Ok(())
    }

    /// Takes an adaptor's table away; whether there was one.
    pub fn remove(&mut self, adaptor: &str) -> bool {
        self.adaptors.remove(adaptor).is_some()
    }

    /// The link names that an adaptor was given here, if it was given any list of them.
    #[must_use]
    pub fn links(&self, adaptor: &str) -> Option<Vec<String>> {
        let links = self.adaptors.get(adaptor)?.get(LINKS)?.as_array()?;
        let names = links.iter().filter_map(toml::Value::as_str);
        Some(names.map(str::to_owned).collect())
    }

    /// Gives an adaptor these link names, or those that files say.
    pub fn set_links(&mut self, adaptor: &str, links: Option<Vec<String>>) {
        let entry = self.adaptors.entry(adaptor);
        let table = entry.or_insert_with(|| toml::Table::new().into());
        let Some(table) = table.as_table_mut() else {
            return;
        };
        match links {
            Some(links) => table.insert(LINKS.to_owned(), links.into()),
            None => table.remove(LINKS),
        };
        if table.is_empty() {
            self.remove(adaptor);
        }
    }

    /// As it is written.
    ///
    /// # Errors
    /// It cannot be.
    pub fn text(&self) -> Result<String, ManagedError> {
        let all = toml::Table::from_iter([(TABLE.to_owned(), self.adaptors.clone().into())]);
        let text = toml::to_string(&all);
        let text = text.map_err(|error| ManagedError::Unwritable(Box::new(error)))?;
        Ok(format!("{HEAD}\n{text}"))
    }
}

fn value(json: &Json, at: &KeyPath) -> Result<toml::Value, ManagedError> {
    Ok(match json {
        Json::Null => return Err(ManagedError::NoValue { key: at.clone() }),
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(n, item)| value(item, &at.child(n.to_string())));
            toml::Value::Array(items.collect::<Result<_, _>>()?)
        }
        Json::Object(fields) => {
            let fields = fields.iter();
            let fields =
                fields.map(|(name, field)| Ok((name.clone(), value(field, &at.child(name))?)));
            toml::Value::Table(fields.collect::<Result<_, _>>()?)
        }
    })
}

/// The layer of the file in the data directory that the other sources say, if there is one.
pub(crate) fn layer(
    sources: &Sources,
    files: &Layers,
    root: &Key,
    components: &Components,
) -> Result<Option<Layer>, Rejected> {
    let file = managed_file(&data_dir(sources, files, root, components)?);
    let read = match &sources.managed {
        Some(text) => {
            let name = file.display().to_string();
            file::parse(SourceKind::File, name, text.clone())
        }
        None if file.exists() => file::read(&file),
        None => return Ok(None),
    };
    let layer = read.map_err(Rejected::new)?;
    let foreign = layer.dict.keys().find(|key| *key != TABLE);
    if let Some(key) = foreign {
        let key: KeyPath = [key.as_str()].into_iter().collect();
        let spans = layer.spans.get(&key).map(|spans| spans.key.clone());
        let source = std::sync::Arc::clone(&layer.source);
        let place = spans.map(|span| crate::source::Place { source, span });
        let hint = "this file has adaptors only: write it where the node is configured";
        let finding = Finding::at(Problem::UnknownKey { key }, place).hint(hint.to_owned());
        return Err(finding.into());
    }
    Ok(Some(layer))
}

/// What is said of it by files, variables and flags.
fn data_dir(
    sources: &Sources,
    files: &Layers,
    root: &Key,
    components: &Components,
) -> Result<PathBuf, Rejected> {
    let mut layers = files.clone();
    let (variables, _) = overrides::from_environment(&sources.environment, root);
    let (flags, _) = overrides::from_flags(&sources.flags);
    for group in [variables, flags] {
        let below = merge(&layers)?;
        for layer in overrides::layers(group, &below, root, components) {
            layers.push(layer);
        }
    }
    let values = merge(&layers)?;
    let key: KeyPath = ["node", "data_dir"].into_iter().collect();
    let written = look_up(&values, &key).and_then(Value::as_str);
    // What is of another type is found by the checks.
    Ok(written.map_or_else(|| Node::default().data_dir, PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_set_is_read_again_and_taken_away() {
        let mut managed = Managed::default();
        let listener = json!({"transport": "udp", "bind": "192.0.2.1:5060"});
        let table = json!({"type": "sip", "active": true, "links": ["trunk"],
            "settings": {"listeners": {"udp": listener}, "t1": 0.5, "users": []}});
        managed.set("carrier", &table).unwrap();
        managed.set("other", &json!({})).unwrap();
        let text = managed.text().unwrap();
        assert!(text.starts_with("# Written by the node"), "{text}");
        assert!(
            text.contains("[adaptors.carrier.settings.listeners.udp]"),
            "{text}"
        );
        let mut again = Managed::read(&text).unwrap();
        assert_eq!(again, managed);
        assert!(again.remove("other") && !again.remove("other"));
        again.set("carrier", &json!({"type": "sip"})).unwrap();
        assert!(!again.text().unwrap().contains("listeners"));
        assert_eq!(Managed::read("").unwrap(), Managed::default());
        for foreign in ["[adaptors", "adaptors = 1", "[node]\nname = \"a\"\n"] {
            assert!(Managed::read(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn links_come_and_go_without_the_rest() {
        let mut managed = Managed::default();
        managed.set("sip", &json!({"active": true})).unwrap();
        managed.set_links("sip", Some(vec!["trunk".to_owned()]));
        managed.set_links("other", Some(Vec::new()));
        assert_eq!(managed.links("sip").unwrap(), ["trunk"]);
        assert_eq!(
            (managed.links("other"), managed.links("none")),
            (Some(Vec::new()), None)
        );
        managed.set_links("sip", None);
        managed.set_links("other", None);
        assert_eq!(managed.links("sip"), None);
        assert!(!managed.remove("other") && managed.remove("sip"));
    }

    #[test]
    fn a_table_is_read_as_it_is_sent() {
        let table = Managed::table("type = \"sip\"\n[settings.timers]\nt1 = \"500ms\"\n").unwrap();
        assert_eq!(
            table,
            json!({"type": "sip", "settings": {"timers": {"t1": "500ms"}}})
        );
        assert_eq!(Managed::table("").unwrap(), json!({}));
        let error = Managed::table("type = ").unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
    }

    #[test]
    fn a_value_that_is_none_is_named() {
        let set = Managed::default().set("x", &json!({"settings": {"a": [1, null]}}));
        assert_eq!(
            set.unwrap_err().to_string(),
            "`adaptors.x.settings.a.1` has no value"
        );
    }
}
