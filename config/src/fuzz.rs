//! Body of the fuzz target `configuration`: any bytes in, a panic if what reads a configuration breaks a promise.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use crate::{Components, Managed, Problem, Rejected, Settings, Sources, duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use strowger::network::Network;

/// Settings of an adaptor with one key of each kind.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Kinds {
    /// A text.
    #[schemars(length(max = 8), extend("x-reload" = "live"))]
    text: String,
    /// A number.
    #[schemars(range(min = 1, max = 7), extend("x-unit" = "attempts", "x-reload" = "live"))]
    number: u8,
    /// A time.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    time: Duration,
    /// Networks.
    #[schemars(extend("x-reload" = "live"))]
    networks: Vec<Network>,
    /// A table of the user's names.
    names: BTreeMap<String, BTreeMap<String, u16>>,
}

/// The bytes as what was configured through a node, as TOML; behind each NUL as a variable `NAME=value` if it is one of ours, and
/// as a flag.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts = text.split('\0');
    let managed = parts.next().unwrap_or_default();
    if let Ok(read) = Managed::read(managed) {
        let written = read.text();
        let again = written.map(|text| Managed::read(&text).is_ok_and(|again| again == read));
        // What is not a number is not equal to itself.
        assert!(again.is_ok_and(|same| same || managed.contains("nan")));
    }
    let mut sources = Sources {
        managed: Some(managed.to_owned()),
        every_component: true,
        ..Sources::default()
    };
    for part in parts {
        sources = match part.split_once('=') {
            Some((name, value)) if name.starts_with("STROWGER_") => sources.variable(name, value),
            Some(_) | None => sources.flag(part),
        };
    }
    let components = Components::default().adaptor(Settings::<Kinds>::of("sip", "One of each."));
    match crate::load(&sources, &components) {
        Ok(loaded) => {
            assert!(!loaded.entries(&components).is_empty());
            assert!(loaded.changes(&loaded.clone(), &components).is_empty());
        }
        Err(rejected) => told(&rejected),
    }
}

/// What is wrong can be said, and lies where it says.
fn told(rejected: &Rejected) {
    assert!(!rejected.findings.is_empty(), "refused without a word");
    for finding in &rejected.findings {
        assert!(!finding.problem.code().is_empty() && !finding.problem.to_string().is_empty());
        let places = finding.place.iter();
        let related = finding.related.iter().map(|(place, _)| place);
        for place in places.chain(related) {
            let text = place.source.text.get(place.span.clone());
            let is_syntax = matches!(finding.problem, Problem::Syntax { .. });
            assert!(text.is_some() || is_syntax, "{finding:?} is nowhere");
            let (line, column) = place.line_column();
            assert!(line > 0 && column > 0);
        }
    }
}
