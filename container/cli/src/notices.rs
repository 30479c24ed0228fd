//! `strowger alarms`, `log`, `certificates` and `tokens`: what a running node tells, and who may ask it.

use crate::api::path;
use crate::args::{self, LogLevel, LogSource};
use crate::failure::Failure;
use crate::listing::{Shown, one, order, time, whole};
use crate::table::{Fit, Table, facts};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use strowger_node::listed::{CertificateEntry, LogLevels};
use strowger_node::status::Alarm;

const ALARMS: &[(&str, Fit)] = &[
    ("SINCE", Fit::Whole),
    ("SEVERITY", Fit::Whole),
    ("SOURCE", Fit::Whole),
    ("ALARM", Fit::Whole),
    ("INSTANCE", Fit::Whole),
    ("TEXT", Fit::Cut),
];
const SOURCES: &[(&str, Fit)] = &[("SOURCE", Fit::Whole), ("LEVEL", Fit::Whole)];
const TRACERS: &[(&str, Fit)] = &[
    ("TRACER", Fit::Whole),
    ("LEVEL", Fit::Whole),
    ("MESSAGES", Fit::Whole),
];
const CERTIFICATES: &[(&str, Fit)] = &[
    ("LISTENER", Fit::Whole),
    ("VALID UNTIL", Fit::Whole),
    ("FILE", Fit::Cut),
    ("TROUBLE", Fit::Cut),
];
const TOKENS: &[(&str, Fit)] = &[("TOKEN", Fit::Whole), ("SCOPE", Fit::Whole)];

/// Who may ask.
#[derive(Debug, Deserialize)]
struct Who {
    name: String,
    scope: String,
}

/// Lists alarms, or clears one.
pub(crate) fn alarms(args: &args::Alarms) -> Result<(), Failure> {
    match args {
        args::Alarms::List(args) => {
            let filters = [
                ("source", args.source.clone()),
                ("severity", args.severity.clone()),
            ];
            let (columns, row) = (ALARMS, alarm);
            whole(
                &args.told,
                &path(&["alarms"], &filters),
                &Shown { columns, row },
            )
        }
        args::Alarms::Clear(args) => {
            let instance = [("instance", args.instance.clone())];
            let path = path(&["alarms", &args.source, &args.name], &instance);
            order(&args.told, "DELETE", &path, None)
        }
    }
}

fn alarm(alarm: &Alarm) -> Vec<String> {
    vec![
        time(alarm.since),
        alarm.severity.to_string(),
        alarm.source.clone(),
        alarm.name.clone(),
        alarm.instance.clone(),
        alarm.text.clone(),
    ]
}

/// Shows or sets levels of the log.
pub(crate) fn log(args: &args::Log) -> Result<(), Failure> {
    let at = |source: &str| path(&["log", source], &[]);
    match args {
        args::Log::Show(told) => one(told, "/v1/log", levels),
        args::Log::Set(LogLevel {
            source,
            level,
            told,
        }) => order(told, "PUT", &at(source), Some(&json!({ "level": level }))),
        args::Log::Reset(LogSource { source, told }) => order(told, "DELETE", &at(source), None),
    }
}

fn levels(levels: &LogLevels) -> String {
    let mut text = facts(&[("configured", levels.configured.clone())]);
    if !levels.sources.is_empty() {
        let sources = levels.sources.iter();
        let rows = sources.map(|(source, level)| vec![source.clone(), level.clone()]);
        text.push('\n');
        text.push_str(&Table::new(SOURCES, None).part(rows.collect()));
    }
    if !levels.tracers.is_empty() {
        let paths = levels.tracers.keys().chain(levels.heard.keys());
        let paths: BTreeSet<_> = paths.collect();
        let rows = paths.into_iter().map(|path| {
            let level = levels.tracers.get(path).cloned().unwrap_or_default();
            let heard = levels.heard.get(path).map(ToString::to_string);
            vec![path.clone(), level, heard.unwrap_or_default()]
        });
        text.push('\n');
        text.push_str(&Table::new(TRACERS, None).part(rows.collect()));
    }
    text
}

/// Lists certificates, or has the node look at them.
pub(crate) fn certificates(args: &args::Certificates) -> Result<(), Failure> {
    match args {
        args::Certificates::List(told) => {
            let columns = CERTIFICATES;
            let row = certificate;
            whole(told, "/v1/certificates", &Shown { columns, row })
        }
        args::Certificates::Reload(told) => order(told, "POST", "/v1/certificates/reload", None),
    }
}

fn certificate(certificate: &CertificateEntry) -> Vec<String> {
    let until = certificate.valid_until;
    vec![
        certificate.listener.clone(),
        until.map_or_else(String::new, |until| time(until.saturating_mul(1_000))),
        certificate.file.clone().unwrap_or_default(),
        certificate.trouble.clone().unwrap_or_default(),
    ]
}

/// Lists who may ask.
pub(crate) fn tokens(args: &args::Tokens) -> Result<(), Failure> {
    let args::Tokens::List(told) = args;
    let columns = TOKENS;
    let row = |who: &Who| vec![who.name.clone(), who.scope.clone()];
    whole(told, "/v1/tokens", &Shown { columns, row })
}
