//! Layers of configuration, and where each key of each layer was written.

use crate::path::KeyPath;
use crate::problem::Finding;
use crate::source::{Place, Source};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// One source's keys, with the place of each.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) source: Arc<Source>,
    pub(crate) dict: Dict,
    pub(crate) spans: BTreeMap<KeyPath, Spans>,
}

/// Where a key and its value stand in the text of their source.
#[derive(Debug, Clone)]
pub(crate) struct Spans {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.name.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// All layers, the weakest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers(Vec<Layer>);

impl Layers {
    pub(crate) fn push(&mut self, layer: Layer) {
        self.0.push(layer);
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Layer> {
        self.0.iter_mut()
    }

    /// All layers merged, the later over the earlier.
    pub(crate) fn merged(&self) -> Result<Dict, Box<figment::Error>> {
        let stack = self.0.iter().fold(Figment::new(), Figment::merge);
        stack.extract().map_err(Box::new)
    }

    /// Puts findings in the order of the layers, and those of one layer in the order of its text.
    pub(crate) fn sort(&self, findings: &mut [Finding]) {
        let rank = |place: &Place| {
            let mut layers = self.0.iter();
            layers.position(|layer| Arc::ptr_eq(&layer.source, &place.source))
        };
        findings.sort_by_cached_key(|finding| {
            let place = finding.place.as_ref();
            place.map(|place| (rank(place), place.span.start))
        });
    }

    /// Where the key was written that is in effect.
    pub(crate) fn key(&self, path: &KeyPath) -> Option<Place> {
        self.place(path, |spans| &spans.key)
    }

    /// Where the value was written that is in effect.
    pub(crate) fn value(&self, path: &KeyPath) -> Option<Place> {
        self.place(path, |spans| &spans.value)
    }

    /// Where the key was written, or the nearest table around it.
    pub(crate) fn key_or_table(&self, path: &KeyPath) -> Option<Place> {
        let upwards = std::iter::successors(Some(path.clone()), KeyPath::parent);
        upwards.into_iter().find_map(|path| self.key(&path))
    }

    /// The strongest layer that has the path wrote it: lists are replaced as a whole, so no weaker layer shows through.
    fn place(&self, path: &KeyPath, which: fn(&Spans) -> &Range<usize>) -> Option<Place> {
        let mut strongest_first = self.0.iter().rev();
        strongest_first.find_map(|layer| {
            Some(Place {
                source: Arc::clone(&layer.source),
                span: which(layer.spans.get(path)?).clone(),
            })
        })
    }
}

/// The value at a path of a table, list indices included.
pub(crate) fn look_up<'a>(dict: &'a Dict, path: &KeyPath) -> Option<&'a Value> {
    let (first, below) = path.segments().split_first()?;
    below
        .iter()
        .try_fold(dict.get(first)?, |value, segment| match value {
            Value::Dict(_, dict) => dict.get(segment),
            Value::Array(_, items) => items.get(segment.parse::<usize>().ok()?),
            Value::String(..)
            | Value::Char(..)
            | Value::Bool(..)
            | Value::Num(..)
            | Value::Empty(..) => None,
        })
}
