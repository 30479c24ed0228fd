//! docs/api.md is what the OpenAPI document says, for people: `UPDATE_EXPECT=1 cargo test -p strowger-management` writes it.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

const INTRODUCTION: &str = "# Operations of the management API

What a running node answers over HTTP, made from the OpenAPI document that it has at `/openapi.json`, where types and fields of
answers stand in full. [The management API](management.md) tells how to reach it and who may do what; [the
console](console.md) and the command line ask nothing else.

<!-- written by UPDATE_EXPECT=1 cargo test -p strowger-management; do not edit -->
";

/// Groups in the order in which the page has them, with their headings.
const GROUPS: [(&str, &str); 12] = [
    ("node", "The node"),
    ("services", "Services"),
    ("adaptors", "Adaptors and links"),
    ("housekeeping", "What is alive"),
    ("ladders", "Recorded calls"),
    ("quarantine", "Quarantined events"),
    ("bans", "Banned sources"),
    ("alarms", "Alarms"),
    ("profiles", "Profile tables"),
    ("log", "The log"),
    ("configuration", "Configuration and certificates"),
    ("backup", "Backups"),
];

/// An operation of the document.
struct Operation<'d> {
    method: String,
    path: &'d str,
    about: &'d Map<String, Value>,
}

#[test]
fn the_page_of_operations_is_fresh() {
    let document = serde_json::to_value(strowger_management::api::document()).unwrap();
    let page = page(&document);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == page,
        "docs/api.md is stale: UPDATE_EXPECT=1 cargo test -p strowger-management"
    );
}

#[test]
fn every_operation_says_what_it_takes_and_is_on_the_page() {
    let document = serde_json::to_value(strowger_management::api::document()).unwrap();
    let page = page(&document);
    for operation in operations(&document) {
        let at = format!("`{} {}`", operation.method, operation.path);
        assert_eq!(page.matches(&at).count(), 1, "{at}");
        for parameter in operation.list("parameters") {
            let told = parameter["description"].as_str().unwrap_or_default();
            assert!(!told.is_empty(), "{at}: {}", parameter["name"]);
        }
    }
}

fn page(document: &Value) -> String {
    let all = operations(document);
    let common = common(&all);
    let mut text = INTRODUCTION.to_owned();
    write_common(&mut text, &common);
    let groups: BTreeSet<&str> = all.iter().map(Operation::group).collect();
    let known: BTreeSet<&str> = GROUPS.iter().map(|(group, _)| *group).collect();
    assert_eq!(groups, known, "groups of operations: name new ones here");
    for (group, heading) in GROUPS {
        let _ = write!(text, "\n## {heading}\n\n");
        text.push_str(
            "| operation | scope | what it does | takes | answers |\n|---|---|---|---|---|\n",
        );
        for operation in all.iter().filter(|operation| operation.group() == group) {
            operation.write(&mut text, document, &common);
        }
    }
    text
}

/// In the order of their paths, what looks before what changes.
fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete"] {
            if let Some(about) = methods[method].as_object() {
                let method = method.to_uppercase();
                all.push(Operation {
                    method,
                    path,
                    about,
                });
            }
        }
    }
    all
}

/// Answers that more than half of the operations give alike.
fn common(all: &[Operation<'_>]) -> BTreeMap<String, String> {
    let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
    for answer in all.iter().flat_map(Operation::answers) {
        *times.entry(answer).or_default() += 1;
    }
    times.retain(|_, times| *times * 2 > all.len());
    times.into_keys().collect()
}

fn write_common(text: &mut String, common: &BTreeMap<String, String>) {
    text.push_str("\nWhat operations answer when they are not done, as a problem document (RFC 9457), unless their own row says otherwise:\n\n");
    text.push_str("| status | meaning |\n|---|---|\n");
    for (status, told) in common {
        let _ = writeln!(text, "| {status} | {} |", linked(told));
    }
}

/// Error codes as links to their pages.
fn linked(told: &str) -> String {
    let codes = (1..=9).map(|n| format!("MGT-00{n}"));
    codes.fold(told.to_owned(), |told, code| {
        told.replace(&code, &format!("[{code}](errors/{code}.md)"))
    })
}

impl<'d> Operation<'d> {
    fn group(&self) -> &'d str {
        self.about["tags"][0].as_str().unwrap()
    }

    fn list(&self, name: &str) -> &'d [Value] {
        self.about
            .get(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    fn answers(&self) -> BTreeMap<String, String> {
        let responses = self.about["responses"].as_object().unwrap();
        let told = |answer: &Value| answer["description"].as_str().unwrap().to_owned();
        responses
            .iter()
            .map(|(status, answer)| (status.clone(), told(answer)))
            .collect()
    }

    fn write(&self, text: &mut String, document: &Value, common: &BTreeMap<String, String>) {
        let scope = match self.list("security") {
            [] => "none",
            [first, ..] => first["token"][0].as_str().unwrap(),
        };
        let told = |name: &str| self.about.get(name).and_then(Value::as_str);
        let does = [told("summary"), told("description")];
        let does: Vec<&str> = does.into_iter().flatten().collect();
        let answers: Vec<String> = self
            .answers()
            .into_iter()
            .filter(|(status, told)| common.get(status) != Some(told))
            .map(|(status, told)| format!("**{status}** {}", linked(&told)))
            .collect();
        let cells = [does.join(" "), self.takes(document), answers.join("<br>")];
        let cells = cells.map(|cell| cell.replace('\n', " ").replace('|', "\\|"));
        let [does, takes, answers] = cells;
        let (method, path) = (&self.method, self.path);
        let _ = writeln!(
            text,
            "| `{method} {path}` | {scope} | {does} | {takes} | {answers} |"
        );
    }

    /// Parameters of the query, and the fields of the body. What the path has in braces speaks for itself there.
    fn takes(&self, document: &Value) -> String {
        let query = self
            .list("parameters")
            .iter()
            .filter(|it| it["in"] == "query");
        let mut takes: Vec<String> = query
            .map(|it| {
                format!(
                    "`?{}=` {}",
                    it["name"].as_str().unwrap(),
                    it["description"].as_str().unwrap()
                )
            })
            .collect();
        if let Some(body) = self.about.get("requestBody") {
            let schema = &body["content"]["application/json"]["schema"];
            let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next());
            let schema = name.map_or(schema, |name| &document["components"]["schemas"][name]);
            let Some(fields) = schema["properties"].as_object() else {
                let told = schema["description"].as_str().unwrap();
                takes.push(format!("body: {told}"));
                return takes.join("<br>");
            };
            for (field, about) in fields {
                let told = about["description"].as_str().unwrap_or_default();
                takes.push(format!("body `{field}`: {told}"));
            }
        }
        takes.join("<br>")
    }
}
