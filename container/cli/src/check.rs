//! `strowger check`: what is wrong with configuration files.

use crate::args;
use crate::components::{catalog, components};
use crate::configuration;
use crate::failure::Failure;
use crate::output::{as_json, print};
use crate::report;
use serde_json::{Value, json};
use strowger_config::{Finding, Loaded, Place, SourceKind};
use strowger_node::{NodeError, certificate_problems};

/// Checks the files together, and warns of certificates that could not be used here. Opens no socket and no store.
pub(crate) fn run(args: &args::Check) -> Result<(), Failure> {
    let sources = args::Sources {
        files: args.files.clone(),
        set: args.set.clone(),
    };
    if args.json {
        return in_json(&sources);
    }
    let loaded = configuration::load(&sources, &components())?;
    for problem in certificates(&loaded) {
        report::certificates(&problem);
    }
    let list = |names: Vec<&str>| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    print(&format!(
        "ok: adaptors: {}; services: {}\n",
        list(adaptors(&loaded)),
        list(services(&loaded))
    ))?;
    Ok(())
}

/// The same as an object: whether the files can be used, and everything that is to be said of them.
fn in_json(sources: &args::Sources) -> Result<(), Failure> {
    let loaded = match configuration::load_again(sources, None, &components()) {
        Ok(loaded) => loaded,
        Err(rejected) => {
            let problems: Vec<Value> = rejected.findings.iter().map(finding).collect();
            let more = rejected.more;
            as_json(&json!({ "ok": false, "problems": problems, "more": more }))?;
            return Err(Failure::Told(rejected));
        }
    };
    let mut warnings: Vec<Value> = loaded.warnings.iter().map(finding).collect();
    for problem in certificates(&loaded) {
        warnings.push(json!({ "code": problem.code(), "text": problem.to_string() }));
    }
    as_json(&json!({
        "ok": true,
        "adaptors": adaptors(&loaded),
        "services": services(&loaded),
        "warnings": warnings,
    }))?;
    Ok(())
}

/// May be right where the node is to run, so that they are no reason to refuse the file.
fn certificates(loaded: &Loaded) -> Vec<NodeError> {
    certificate_problems(&loaded.config, &catalog())
}

fn adaptors(loaded: &Loaded) -> Vec<&str> {
    loaded.config.adaptors.keys().map(String::as_str).collect()
}

fn services(loaded: &Loaded) -> Vec<&str> {
    loaded.config.services.keys().map(String::as_str).collect()
}

fn finding(finding: &Finding) -> Value {
    let related = finding.related.as_ref().map(|(related, _)| place(related));
    json!({
        "code": finding.problem.code(),
        "text": finding.problem.to_string(),
        "key": finding.problem.key().map(ToString::to_string),
        "place": finding.place.as_ref().map(place),
        "related": related,
        "hint": finding.hint,
    })
}

fn place(place: &Place) -> Value {
    let name = &place.source.name;
    let (line, column) = place.line_column();
    match place.source.kind {
        SourceKind::Defaults => json!({ "kind": "default" }),
        SourceKind::File => json!({ "kind": "file", "file": name, "line": line, "column": column }),
        SourceKind::Environment => json!({ "kind": "environment", "variable": name }),
        SourceKind::Flag => json!({ "kind": "flag", "key": name }),
    }
}
