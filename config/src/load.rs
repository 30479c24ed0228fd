//! From sources to a checked configuration.

use crate::changes::{self, Change};
use crate::component::Components;
use crate::key::{Key, TableKind};
use crate::layers::{Layer, Layers};
use crate::listing::{self, Entry};
use crate::model::Config;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem, Rejected};
use crate::reference::DEFAULT_TOML;
use crate::source::SourceKind;
use crate::{check, file, included, links, managed, named, overrides, rules};
use figment::value::{Dict, Value};
use schemars::schema_for;
use std::path::PathBuf;
use std::sync::Arc;

/// What a configuration is read from, besides the embedded defaults and what was configured through the node that serves its data
/// directory ([`Managed`](crate::Managed)).
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Files, the weakest first.
    pub files: Vec<PathBuf>,
    /// Variables of the environment; those with another prefix than `STROWGER_` are passed over.
    pub environment: Vec<(String, String)>,
    /// `key=value` flags, the weakest first.
    pub flags: Vec<String>,
    /// Whether every adaptor and service of the binary runs out of the box, each under its own name, instead of those
    /// that the embedded defaults name. For binaries that contain only what they are for.
    pub every_component: bool,
    /// Instead of what `managed.toml` in the data directory says: what it would say.
    pub managed: Option<String>,
}

impl Sources {
    /// With one more file.
    #[must_use]
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.files.push(file.into());
        self
    }

    /// With one more variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With one more flag.
    #[must_use]
    pub fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// With every adaptor and service of the binary out of the box.
    #[must_use]
    pub fn every_component(self) -> Self {
        Self {
            every_component: true,
            ..self
        }
    }

    /// With the variables of this process. Values that are not UTF-8 are refused where they are configuration.
    ///
    /// # Errors
    /// A `STROWGER_` variable that is not UTF-8.
    pub fn process_environment(mut self) -> Result<Self, Rejected> {
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("STROWGER_")) else {
                continue;
            };
            match value.into_string() {
                Ok(value) => self.environment.push((name.to_owned(), value)),
                Err(_) => {
                    return Err(Finding::nowhere(Problem::NotUtf8 {
                        name: name.to_owned(),
                    })
                    .into());
                }
            }
        }
        self.environment.sort();
        Ok(self)
    }
}

/// A configuration that passed every check.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What deserves a word but does not keep the node from starting.
    pub warnings: Vec<Finding>,
    values: Dict,
    layers: Arc<Layers>,
}

impl Loaded {
    /// Every key in effect with its value and origin, defaults included.
    #[must_use]
    pub fn entries(&self, components: &Components) -> Vec<Entry> {
        listing::entries(&self.values, &model(), components, &self.layers)
    }

    /// The keys whose values differ in a newer configuration, in their order; those of entries that are new or gone included.
    #[must_use]
    pub fn changes(&self, newer: &Self, components: &Components) -> Vec<Change> {
        changes::between(
            listing::listed(&self.values, &model(), components),
            listing::listed(&newer.values, &model(), components),
        )
    }

    /// Refuses a value on grounds that only the caller knows, such as the syntax of a log filter.
    #[must_use]
    pub fn refuse(
        &self,
        key: &KeyPath,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Rejected {
        let place = self.layers.value(key);
        let (key, error) = (key.clone(), Arc::new(error));
        Finding::at(Problem::Refused { key, error }, place).into()
    }

    pub(crate) fn values(&self) -> &Dict {
        &self.values
    }
}

/// Reads, merges and checks a configuration.
///
/// # Errors
/// Everything that is wrong with it. Where a file cannot be read as TOML, only that is said: what it would have meant
/// is not known.
pub fn load(sources: &Sources, components: &Components) -> Result<Loaded, Rejected> {
    let root = model();
    let mut layers = files(sources, components)?;
    if let Some(layer) = managed::layer(sources, &layers, &root, components)? {
        layers.push(layer);
    }
    let defaults = named::defaults(&merge(&layers)?, components);
    layers.push(defaults);
    let (variables, warnings) = overrides::from_environment(&sources.environment, &root);
    let (flags, mut findings) = overrides::from_flags(&sources.flags);
    for group in [variables, flags] {
        let below = merge(&layers)?;
        for layer in overrides::layers(group, &below, &root, components) {
            layers.push(layer);
        }
    }
    for layer in included::layers(&merge(&layers)?, components, &layers).map_err(Rejected::new)? {
        layers.push(layer);
    }
    let mut values = merge(&layers)?;
    findings.extend(check::check(&mut values, &root, components, &layers));
    let layers = Arc::new(layers);
    let mut config = read(&values, &layers, &mut findings)?;
    let wrong_settings = settings(&mut config, components, &layers, &findings);
    findings.extend(wrong_settings);
    let broken_rules = rules::check(&config, components, &layers, &findings);
    findings.extend(broken_rules);
    findings.extend(links::resolve(&mut config, components, &layers));
    if findings.is_empty() {
        Ok(Loaded {
            config,
            warnings,
            values,
            layers,
        })
    } else {
        findings.extend(warnings);
        layers.sort(&mut findings);
        Err(Rejected::new(findings))
    }
}

/// The keys of the model.
pub(crate) fn model() -> Key {
    Key::from_schema(schema_for!(Config).as_value())
}

/// The layers of the defaults and the files.
fn files(sources: &Sources, components: &Components) -> Result<Layers, Rejected> {
    let mut findings = Vec::new();
    let mut layers = Layers::default();
    match defaults(sources.every_component, components) {
        Ok(layer) => layers.push(layer),
        Err(errors) => findings.extend(errors),
    }
    for path in &sources.files {
        match file::read(path) {
            Ok(layer) => {
                replace_out_of_the_box(&mut layers, &layer);
                layers.push(layer);
            }
            Err(errors) => findings.extend(errors),
        }
    }
    if findings.is_empty() {
        Ok(layers)
    } else {
        Err(Rejected::new(findings))
    }
}

fn defaults(every_component: bool, components: &Components) -> Result<Layer, Vec<Finding>> {
    let (name, text) = ("default.toml".to_owned(), DEFAULT_TOML.to_owned());
    let mut layer = file::parse(SourceKind::Defaults, name, text)?;
    if every_component {
        for table in [TableKind::Adaptor, TableKind::Service] {
            let names = components.of(table).keys().cloned();
            let entries: Dict = names.map(|name| (name, Dict::new().into())).collect();
            remove(&mut layer, table.table());
            layer.dict.insert(table.table().into(), entries.into());
        }
    }
    Ok(layer)
}

/// A file that names adaptors (services) does away with the out-of-the-box ones.
fn replace_out_of_the_box(layers: &mut Layers, file: &Layer) {
    for table in [TableKind::Adaptor.table(), TableKind::Service.table()] {
        if !file.dict.contains_key(table) {
            continue;
        }
        for layer in layers
            .iter_mut()
            .filter(|layer| layer.source.kind == SourceKind::Defaults)
        {
            remove(layer, table);
        }
    }
}

fn remove(layer: &mut Layer, table: &str) {
    let root: KeyPath = [table].into_iter().collect();
    layer.dict.remove(table);
    layer.spans.retain(|path, _| !path.is_within(&root));
}

pub(crate) fn merge(layers: &Layers) -> Result<Dict, Rejected> {
    layers.merged().map_err(|error| {
        let (key, error) = (KeyPath::default(), Arc::new(*error));
        Finding::nowhere(Problem::Unfit { key, error }).into()
    })
}

/// Reads the values as the model. When that fails, nothing more can be found out.
fn read(values: &Dict, layers: &Layers, findings: &mut Vec<Finding>) -> Result<Config, Rejected> {
    Value::from(values.clone()).deserialize().map_err(|error| {
        let key: KeyPath = error.path.iter().map(String::as_str).collect();
        let place = layers.value(&key).or_else(|| layers.key_or_table(&key));
        let error = Arc::new(error);
        let mut all = std::mem::take(findings);
        all.push(Finding::at(Problem::Unfit { key, error }, place));
        layers.sort(&mut all);
        Rejected::new(all)
    })
}

/// Gives the settings their places, and has their components check them unless something in them is wrong already.
fn settings(
    config: &mut Config,
    components: &Components,
    layers: &Arc<Layers>,
    wrong: &[Finding],
) -> Vec<Finding> {
    let adaptors = config.adaptors.iter_mut().map(|(name, adaptor)| {
        let kind = adaptor.kind.as_ref().unwrap_or(name);
        (TableKind::Adaptor, name, kind, &mut adaptor.settings)
    });
    let services = config.services.iter_mut().map(|(name, service)| {
        let kind = service.kind.as_ref().unwrap_or(name);
        (TableKind::Service, name, kind, &mut service.settings)
    });
    let mut findings = Vec::new();
    for (table, name, kind, section) in adaptors.chain(services) {
        let path: KeyPath = [table.table(), name.as_str(), "settings"]
            .into_iter()
            .collect();
        section.locate(path.clone(), layers);
        let wrong_already = wrong.iter().any(|finding| {
            let key = finding.problem.key();
            key.is_some_and(|key| key.is_within(&path))
        });
        if let Some(known) = components.get(table, kind).filter(|_| !wrong_already) {
            findings.extend(known.component.check(section));
        }
    }
    findings
}
