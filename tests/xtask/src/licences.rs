//! `cargo xtask licences`: which crates are in the binary, under which licences. Writes docs/licences.md for people, and
//! `target/strowger.cdx.json` (CycloneDX 1.5) for tools that watch over components.
//!
//! Crates that only build or test are not in the binary and not in the lists. Whether a licence is allowed is for
//! `cargo xtask deny` to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::{cargo, root, target};

/// The crate whose binary it is about.
const BINARY: &str = "strowger-cli";
/// The platform that is listed.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What is in the binary and no crate: name, version, licence, the package's page.
const VENDORED: [(&str, &str, &str, &str); 2] = [
    (
        "htmx.org",
        "2.0.11",
        "0BSD",
        "https://www.npmjs.com/package/htmx.org",
    ),
    (
        "htmx-ext-sse",
        "2.2.4",
        "0BSD",
        "https://www.npmjs.com/package/htmx-ext-sse",
    ),
];

/// A crate in the binary.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
    repository: String,
    own: bool,
}

pub(crate) fn run() -> Result<()> {
    let crates = crates()?;
    let page = root().join("docs/licences.md");
    fs::write(&page, markdown(&crates)).map_err(at("write", &page))?;
    let sbom = target().join("strowger.cdx.json");
    let text = format!("{:#}\n", cyclonedx(&crates));
    fs::write(&sbom, text).map_err(at("write", &sbom))?;
    say(&format!(
        "{} crates: {} and {}",
        crates.len(),
        page.display(),
        sbom.display()
    ));
    Ok(())
}

fn crates() -> Result<BTreeSet<Crate>> {
    let unreadable = || Error::Failed {
        what: "cargo metadata".to_owned(),
    };
    let mut command: Command = cargo(&["metadata", "--format-version=1", "--locked"]);
    command.args(["--filter-platform", PLATFORM]);
    let output = command.output().map_err(|source| Error::Start {
        program: "cargo".to_owned(),
        source,
    })?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|_| unreadable())?;
    linked(&metadata).ok_or_else(unreadable)
}

/// The crates that the binary's crate reaches by dependencies that are neither for building nor for tests.
fn linked(metadata: &Value) -> Option<BTreeSet<Crate>> {
    let nodes = metadata["resolve"]["nodes"].as_array()?;
    let nodes: BTreeMap<&str, &Value> = nodes
        .iter()
        .filter_map(|n| Some((n["id"].as_str()?, n)))
        .collect();
    let packages = metadata["packages"].as_array()?;
    let packages: BTreeMap<&str, &Value> = packages
        .iter()
        .filter_map(|p| Some((p["id"].as_str()?, p)))
        .collect();
    let (first, _) = packages
        .iter()
        .find(|(_, package)| package["name"] == BINARY)?;
    let mut seen = BTreeSet::new();
    let mut due = vec![*first];
    while let Some(id) = due.pop() {
        // What a procedural macro needs runs in the compiler.
        let kinds = packages.get(id)?["targets"].as_array()?;
        let is_macro = kinds.iter().any(|t| {
            t["kind"]
                .as_array()
                .is_some_and(|k| k.contains(&json!("proc-macro")))
        });
        if is_macro || !seen.insert(id) {
            continue;
        }
        for dep in nodes.get(id)?["deps"].as_array()? {
            let normal = dep["dep_kinds"]
                .as_array()?
                .iter()
                .any(|kind| kind["kind"].is_null());
            if normal {
                due.push(dep["pkg"].as_str()?);
            }
        }
    }
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let krate = |id: &&str| {
        let package = packages.get(*id)?;
        Some(Crate {
            name: text(package, "name"),
            version: text(package, "version"),
            licence: text(package, "license"),
            repository: text(package, "repository"),
            own: package["source"].is_null(),
        })
    };
    seen.iter().map(krate).collect()
}

fn markdown(crates: &BTreeSet<Crate>) -> String {
    let others: Vec<&Crate> = crates.iter().filter(|krate| !krate.own).collect();
    let mut text = format!(
        "# Licences\n\n<!-- Written by `cargo xtask licences`; do not edit. -->\n\n\
         Strowger is MIT or Apache-2.0, at your choice. Its binary for {PLATFORM} holds {} crates of others. Which licences\n\
         are allowed stands in `deny.toml` and is checked with every change. `target/strowger.cdx.json`, written by the same\n\
         command, lists them as CycloneDX.\n\n| crate | version | licence |\n|---|---|---|\n",
        others.len()
    );
    for krate in others {
        let licence = match krate.licence.as_str() {
            "" => "in its sources (see `deny.toml`)",
            named => named,
        };
        let name = match krate.repository.as_str() {
            "" => krate.name.clone(),
            url => format!("[{}]({url})", krate.name),
        };
        let _ = writeln!(text, "| {name} | {} | {licence} |", krate.version);
    }
    text.push_str(
        "\nThe console brings scripts of others, as they were published (`container/management/src/console/assets`):\n\n\
         | script | version | licence |\n|---|---|---|\n",
    );
    for (name, version, licence, page) in VENDORED {
        let _ = writeln!(text, "| [{name}]({page}) | {version} | {licence} |");
    }
    text
}

fn cyclonedx(crates: &BTreeSet<Crate>) -> Value {
    let component = |krate: &Crate| {
        let mut component = json!({
            "type": "library",
            "name": krate.name,
            "version": krate.version,
            "licenses": [{ "expression": krate.licence }],
        });
        if !krate.own {
            component["purl"] = json!(format!("pkg:cargo/{}@{}", krate.name, krate.version));
        }
        component
    };
    let script = |(name, version, licence, _): &(&str, &str, &str, &str)| {
        json!({
            "type": "library", "name": name, "version": version, "licenses": [{ "expression": licence }],
            "purl": format!("pkg:npm/{name}@{version}"),
        })
    };
    let components = crates
        .iter()
        .map(component)
        .chain(VENDORED.iter().map(script));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application", "name": "strowger", "version": env!("CARGO_PKG_VERSION"),
        } },
        "components": components.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_licences_is_fresh() {
        let page = fs::read_to_string(root().join("docs/licences.md")).unwrap();
        assert!(
            page == markdown(&crates().unwrap()),
            "docs/licences.md is old: run `cargo xtask licences`"
        );
    }

    #[test]
    fn only_what_is_linked_is_listed() {
        let package = |name: &str, kind: &str| {
            json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": "registry",
                    "targets": [{ "kind": [kind] }] })
        };
        let dep = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package(BINARY, "bin"), package("a", "lib"), package("test", "lib"),
                         package("build", "lib"), package("derive", "proc-macro"), package("syn", "lib")],
            "resolve": { "nodes": [
                { "id": BINARY, "deps": [dep("a", Value::Null), dep("test", json!("dev")), dep("build", json!("build"))] },
                { "id": "a", "deps": [dep("derive", Value::Null)] },
                { "id": "derive", "deps": [dep("syn", Value::Null)] },
            ] },
        });
        let names: Vec<String> = linked(&metadata)
            .unwrap()
            .into_iter()
            .map(|k| k.name)
            .collect();
        assert_eq!(names, ["a", BINARY]);
    }
}
