//! Tables that stand in a file of their own: a key whose schema says `x-file` takes a table, or the path of a TOML file
//! with that table, from the directory of the file on that names it. Its keys count like keys that were written there, and
//! what is wrong with them is shown at their own lines.

use crate::component::Components;
use crate::file;
use crate::key::{Key, Shape, TableKind};
use crate::layers::{Layer, Layers, Spans};
use crate::path::KeyPath;
use crate::problem::Finding;
use crate::source::SourceKind;
use figment::value::{Dict, Value};
use std::path::{Path, PathBuf};

/// Users by the hundred thousand fit.
const MAX_BYTES: u64 = 64 << 20;

/// The layers of all files that settings name.
pub(crate) fn layers(
    values: &Dict,
    components: &Components,
    layers: &Layers,
) -> Result<Vec<Layer>, Vec<Finding>> {
    let mut named = Vec::new();
    for table in [TableKind::Adaptor, TableKind::Service] {
        let Some(entries) = values.get(table.table()).and_then(Value::as_dict) else {
            continue;
        };
        for (name, entry) in entries {
            let Some(entry) = entry.as_dict() else {
                continue;
            };
            let known = components.settings_of(table, name, entry);
            if let (Some(key), Some(settings)) = (known, entry.get("settings")) {
                let path = [table.table(), name, "settings"].into_iter().collect();
                files(settings, key, &path, &mut named);
            }
        }
    }
    let (mut read, mut findings) = (Vec::new(), Vec::new());
    for (path, written) in named {
        match include(&path, &written, layers) {
            Ok(layer) => read.push(layer),
            Err(errors) => findings.extend(errors),
        }
    }
    if findings.is_empty() {
        Ok(read)
    } else {
        Err(findings)
    }
}

/// The keys below that may name a file and do.
fn files(value: &Value, key: &Key, at: &KeyPath, named: &mut Vec<(KeyPath, String)>) {
    match (value, &key.shape) {
        (Value::String(_, written), _) if key.file => named.push((at.clone(), written.clone())),
        (Value::Dict(_, dict), Shape::Table(_) | Shape::Map(_)) if !key.file => {
            for (name, value) in dict {
                if let Some(below) = key.below(name) {
                    files(value, below, &at.child(name), named);
                }
            }
        }
        _ => {}
    }
}

fn include(path: &KeyPath, written: &str, layers: &Layers) -> Result<Layer, Vec<Finding>> {
    let place = layers.value(path);
    let beside = place.as_ref().and_then(|place| {
        let source = &place.source;
        (source.kind == SourceKind::File).then(|| Path::new(&source.name).parent())?
    });
    let file: PathBuf = beside.map_or_else(|| written.into(), |beside| beside.join(written));
    let layer = file::read_within(&file, MAX_BYTES).map_err(|findings| {
        let placed = findings.into_iter().map(|finding| Finding {
            place: finding.place.or_else(|| place.clone()),
            ..finding
        });
        placed.collect::<Vec<_>>()
    })?;
    Ok(moved(layer, path))
}

/// The layer with all its keys below a path.
fn moved(layer: Layer, path: &KeyPath) -> Layer {
    let spans = layer.spans.into_iter();
    let mut spans: std::collections::BTreeMap<_, _> = spans
        .map(|(below, spans)| (path.join(&below), spans))
        .collect();
    let whole = Spans {
        key: 0..0,
        value: 0..0,
    };
    spans.insert(path.clone(), whole);
    let nested = path.segments().iter().rev().fold(layer.dict, |dict, name| {
        Dict::from([(name.clone(), Value::from(dict))])
    });
    Layer {
        source: layer.source,
        dict: nested,
        spans,
    }
}
