//! Reference pages made from the tree of keys: the explanation of one key, the table of all, the file of defaults.

use crate::component::Components;
use crate::key::{Bounds, Format, Key, Reload, Shape, TableKind};
use crate::listing::toml_text;
use crate::load::{Loaded, model};
use crate::nearest::nearest;
use crate::overrides;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem, Rejected};
use figment::value::Dict;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// The embedded defaults: every section in full, and the adaptors and services of a node out of the box.
pub const DEFAULT_TOML: &str = include_str!("../default.toml");

/// Tables that hold entries of the user's naming; they follow the others in reference pages.
const ENTRY_TABLES: [TableKind; 2] = [TableKind::Adaptor, TableKind::Service];

/// All keys of the model and of the components.
pub struct Reference<'a> {
    root: Key,
    components: &'a Components,
}

/// What there is to know of one key.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The key.
    pub path: KeyPath,
    /// Its description.
    pub key: Key,
}

impl<'a> Reference<'a> {
    /// The keys of the model and of these components.
    #[must_use]
    pub fn new(components: &'a Components) -> Self {
        Self {
            root: model(),
            components,
        }
    }

    /// Explains a key or a table. Entries may be named as in the configuration at hand, by their kind, or `NAME`.
    ///
    /// # Errors
    /// A key that does not exist, with the nearest one that does.
    pub fn explain(&self, key: &str, loaded: Option<&Loaded>) -> Result<Explained, Rejected> {
        let unknown = |path: KeyPath| {
            let paths: Vec<String> = self.keys().map(|(path, _)| path.to_string()).collect();
            let near = nearest(key, paths.iter().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            Finding::nowhere(Problem::UnknownKey { key: path }).hint(hint)
        };
        let path: KeyPath = key
            .parse()
            .map_err(|_| unknown([key].into_iter().collect()))?;
        let empty = Dict::new();
        let values = loaded.map_or(&empty, Loaded::values);
        let found = overrides::find(&self.root, &path, values, self.components);
        let found = found.and_then(|key| overrides::settings(key, &path, values, self.components));
        let key = found.ok_or_else(|| unknown(path.clone()))?.clone();
        Ok(Explained { path, key })
    }

    /// Every key that holds a value, with its path; entries are called `NAME`, those of a component by its kind, and
    /// elements of lists `N`.
    pub fn keys(&self) -> impl Iterator<Item = (KeyPath, &Key)> {
        let mut keys = Vec::new();
        self.collect(&self.root, &KeyPath::default(), &mut keys);
        keys.into_iter()
    }

    /// Keys that break the rule that each has a doc line, a reload class, a default unless it is required or
    /// optional, and a unit where it is a number.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let gap = |(path, key): (KeyPath, &Key)| {
            let missing = [
                (key.doc.is_empty(), "doc line"),
                (key.reload.is_none(), "reload class"),
                (
                    key.unit.is_none() && matches!(key.shape, Shape::Integer(_) | Shape::Number),
                    "unit",
                ),
                (matches!(key.shape, Shape::Other), "known shape"),
            ];
            let missing: Vec<&str> = missing
                .into_iter()
                .filter(|(is, _)| *is)
                .map(|(_, what)| what)
                .collect();
            (!missing.is_empty()).then(|| format!("{path}: no {}", missing.join(", no ")))
        };
        self.keys().filter_map(gap).collect()
    }

    /// The sections of [`DEFAULT_TOML`] that every node has: each key with its doc line, unit and default.
    #[must_use]
    pub fn default_sections(&self) -> String {
        let mut text = String::new();
        let Shape::Table(tables) = &self.root.shape else {
            return text;
        };
        for (name, table) in tables {
            if let Shape::Table(keys) = &table.shape {
                section(&mut text, name, table, keys);
            }
        }
        text
    }

    /// The reference of all keys, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let mut tables: BTreeMap<(usize, KeyPath), Vec<(KeyPath, &Key)>> = BTreeMap::new();
        for (path, key) in self.keys() {
            let table = path.parent().unwrap_or_default();
            let entries = ENTRY_TABLES.map(TableKind::table);
            let rank = usize::from(
                path.segments()
                    .first()
                    .is_some_and(|first| entries.contains(&first.as_str())),
            );
            tables.entry((rank, table)).or_default().push((path, key));
        }
        for ((_, table), keys) in &tables {
            let _ = writeln!(text, "### `[{table}]`\n");
            text.push_str("| Key | Takes | Default | Reload | Meaning |\n|---|---|---|---|---|\n");
            for (path, key) in keys {
                let name = path
                    .segments()
                    .last()
                    .map(String::as_str)
                    .unwrap_or_default();
                let reload = key.reload.map_or("", Reload::word);
                let takes = takes(key).replace('|', "\\|");
                let doc = key.doc.replace('|', "\\|");
                let _ = writeln!(
                    text,
                    "| `{name}` | {takes} | {} | {reload} | {doc} |",
                    default_cell(key)
                );
            }
            text.push('\n');
        }
        text
    }

    fn collect<'k>(&'k self, key: &'k Key, at: &KeyPath, keys: &mut Vec<(KeyPath, &'k Key)>) {
        match &key.shape {
            Shape::Table(table) => {
                for (name, key) in table {
                    self.collect(key, &at.child(name), keys);
                }
            }
            Shape::Map(entry) if entry.is_table() => {
                if key.file {
                    keys.push((at.clone(), key));
                }
                self.collect(entry, &at.child("NAME"), keys);
            }
            Shape::Settings(kind) => {
                for (name, known) in self.components.of(*kind) {
                    let own = [kind.table(), name.as_str(), "settings"]
                        .into_iter()
                        .collect();
                    self.collect(&known.key, &own, keys);
                }
            }
            Shape::List(item) if item.is_table() => {
                keys.push((at.clone(), key));
                self.collect(item, &at.child("N"), keys);
            }
            Shape::Map(_)
            | Shape::List(_)
            | Shape::Text(..)
            | Shape::Choice(_)
            | Shape::Integer(_)
            | Shape::Number
            | Shape::Truth
            | Shape::Other => keys.push((at.clone(), key)),
        }
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, key } = self;
        writeln!(f, "{path}\n")?;
        for line in wrap(&key.doc, 90) {
            writeln!(f, "  {line}")?;
        }
        match &key.shape {
            Shape::Table(keys) => return list_keys("Keys:", keys, f),
            Shape::Map(each) | Shape::List(each) => {
                if let Shape::Table(keys) = &each.shape {
                    list_keys("Keys of each:", keys, f)?;
                }
            }
            Shape::Text(..)
            | Shape::Choice(_)
            | Shape::Integer(_)
            | Shape::Number
            | Shape::Truth
            | Shape::Settings(_)
            | Shape::Other => {}
        }
        writeln!(f, "\n  takes:    {}", takes(key))?;
        if let Shape::Choice(words) = &key.shape {
            for (word, doc) in words.iter().filter(|(_, doc)| !doc.is_empty()) {
                writeln!(f, "            {word:<10} {doc}")?;
            }
        }
        match (&key.default, key.required) {
            (Some(value), _) => writeln!(f, "  default:  {}", toml_text(value))?,
            (None, true) => writeln!(f, "  default:  none, the key is required")?,
            (None, false) if !key.is_table() => writeln!(f, "  default:  not set")?,
            (None, false) => {}
        }
        if let Some(reload) = key.reload {
            writeln!(f, "  reload:   {}", reload.word())?;
        }
        // Lists are set as a whole.
        let in_list = |segment: &String| segment == "N" || segment.parse::<usize>().is_ok();
        if key.is_table() || path.segments().iter().any(in_list) {
            return Ok(());
        }
        writeln!(f, "  variable: {}", overrides::variable(path))
    }
}

fn list_keys(title: &str, keys: &BTreeMap<String, Key>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "\n  {title}")?;
    for (name, key) in keys {
        let first = key.doc.split_inclusive(". ").next().unwrap_or_default();
        writeln!(f, "    {name:<22} {}", first.trim())?;
    }
    Ok(())
}

fn section(text: &mut String, name: &str, table: &Key, keys: &BTreeMap<String, Key>) {
    let _ = writeln!(text, "# {}\n[{name}]", wrap(&table.doc, 110).join("\n# "));
    // A table that is always there has a section of its own, behind the keys.
    let inner = |key: &Key| matches!(key.shape, Shape::Table(_)) && key.default.is_some();
    if keys.values().all(inner) {
        text.push('\n');
    }
    for (name, key) in keys.iter().filter(|(_, key)| !inner(key)) {
        for line in wrap(&key.doc, 110) {
            let _ = writeln!(text, "# {line}");
        }
        let reload = key.reload.map_or("", Reload::word);
        let _ = writeln!(text, "# Takes {}. Reload: {reload}.", takes(key));
        let _ = match &key.default {
            Some(value) => writeln!(text, "{name} = {}\n", toml_text(value)),
            None => writeln!(text, "# {name} is not set.\n"),
        };
    }
    for (own, table) in keys.iter().filter(|(_, key)| inner(key)) {
        if let Shape::Table(keys) = &table.shape {
            section(text, &format!("{name}.{own}"), table, keys);
        }
    }
}

/// What a key takes, with unit, bounds and words.
fn takes(key: &Key) -> String {
    match &key.shape {
        Shape::Choice(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            format!("one of {}", words.join(", "))
        }
        Shape::Integer(bounds) => match &key.unit {
            Some(unit) if unit.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                unit.clone()
            }
            Some(unit) => format!("{bounds} {unit}"),
            None => bounds.to_string(),
        },
        Shape::Number => format!(
            "a number of {}",
            key.unit.as_deref().unwrap_or("what its doc line says")
        ),
        Shape::Text(Format::Duration, _) => "a duration".to_owned(),
        Shape::Text(Format::Size, bounds) if *bounds == Bounds::default() => "a size".to_owned(),
        Shape::Text(Format::Size, bounds) => format!("a size, {}", bounds.sizes()),
        Shape::Text(Format::SocketAddress, _) => "an address and port".to_owned(),
        Shape::Text(Format::Network, _) => "a network or an address".to_owned(),
        Shape::List(item) => format!("a list; each element {}", takes(item)),
        Shape::Map(entry) => format!("a table of names; each {}", takes(entry)),
        Shape::Table(_)
        | Shape::Text(Format::Plain, _)
        | Shape::Truth
        | Shape::Settings(_)
        | Shape::Other => key.takes().to_owned(),
    }
}

fn default_cell(key: &Key) -> String {
    match (&key.default, key.required) {
        (Some(value), _) => format!("`{}`", toml_text(value)),
        (None, true) => "required".to_owned(),
        (None, false) => "not set".to_owned(),
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.len() + 1 + word.len() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
