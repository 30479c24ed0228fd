//! Metrics: each is in the table of docs/metrics.md and is exposed, nothing else is, and what the dashboard and the alert rules
//! ask for exists.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use strowger_management::metrics::{Kind, Metric, SERIES, all, text};
use strowger_node::status::Status;

const PAGE: &str = "docs/metrics.md";
const BEGIN: &str =
    "<!-- the table: written by UPDATE_EXPECT=1 cargo test -p strowger-management -->\n";
const END: &str = "<!-- the end of the table -->\n";

fn file(path: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap()
}

/// A status with one of everything.
fn status() -> Status {
    let times =
        json!({ "count": 3, "sum_ns": 2_500, "le_ns": [1_000, 5_000], "counts": [1, 1, 1] });
    let network = json!({ "bytes_in": 10, "datagrams_in": 2 });
    serde_json::from_value(json!({
        "node": "n-1", "version": "0.1.0", "started_ms": 1_700_000_000_500_u64,
        "refusing": ["overload"],
        "process": { "cpu_us": 1_500_000, "resident_bytes": 4096, "open_files": 7 },
        "shards": [{
            "shard": 0, "cpu_us": 900_000, "turns": times,
            "queues": [
                { "name": "events", "adaptor": "", "used": 1, "bound": 10 },
                { "name": "to_driver", "adaptor": "web", "used": 0, "bound": 64 },
            ],
            "tables": [{ "name": "timers", "used": 5, "bound": 100 }],
        }],
        "listeners": [
            { "adaptor": "sip", "listener": "tls", "transport": "tls", "address": "127.0.0.1:5061",
              "open": 2, "open_max": 100, "network": network },
            { "adaptor": "web", "listener": "web", "transport": "tcp", "address": "127.0.0.1:80" },
        ],
        "adaptors": [{
            "name": "sip", "component": "sip 1.0 (strowger)", "state": "active", "inputs": 4,
            "counters": { "sip.refused": 3, "http.connections": 2 }, "levels": ["http.connections"],
            "parts": [{ "name": "peer", "state": "up", "detail": "" }],
        }],
        "services": [{
            "canary_of": "b2bua@1.0", "share": "10 %",
            "name": "b2bua", "component": "b2bua 1.0 (strowger)", "state": "active",
            "durability": "strict", "entities": 2, "deliveries": 8, "times": times,
            "sbbs": [{ "sbb": "b2bua 1.0 (strowger)", "entities": 2, "deliveries": 8 }],
            "usage": [{ "sbb": "b2bua", "set": "vip", "counters": { "tried": 5 }, "samples": { "setup": {
                "unit": "ms", "count": 2, "sum": 30, "min": 10, "max": 20, "p50": 10, "p95": 20, "p99": 20,
            } } }],
        }],
        "activities_by_type": { "dialog 1.0 (strowger)": 2 },
        "event_types": [{ "event": "invite 1.0 (strowger)", "fired": 4, "routed": 4 }],
        "kernel": { "deliveries": 8 },
        "store": { "durable": 9, "checkpoint": 4, "sync_times": times, "checkpoint_age_ms": 1_500 },
        "alarms": [{ "source": "adaptor sip", "name": "peers", "text": "", "since": 0 }],
    }))
    .unwrap()
}

/// The families of an exposition, each with its kind and the lines of its series.
fn families(text: &str) -> BTreeMap<String, (String, Vec<String>)> {
    let mut families = BTreeMap::new();
    let mut family = String::new();
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            family = name.to_owned();
            let new = families.insert(family.clone(), (kind.to_owned(), Vec::new()));
            assert!(new.is_none(), "{name} is there twice");
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&family), "{line} is not of {family}");
            families.get_mut(&family).unwrap().1.push(line.to_owned());
        }
    }
    families
}

/// The family's name in an exposition: without the suffix of its series.
fn family(metric: &Metric) -> String {
    let name = metric.exposed();
    let suffix = match metric.kind {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        Kind::Gauge | Kind::Histogram => "",
    };
    name.strip_suffix(suffix).unwrap().to_owned()
}

fn labels(line: &str) -> BTreeSet<String> {
    let Some((_, rest)) = line.split_once('{') else {
        return BTreeSet::new();
    };
    let (labels, _) = rest.rsplit_once('}').unwrap();
    let labels = labels
        .split("\",")
        .map(|label| label.split_once('=').unwrap().0);
    labels.map(ToOwned::to_owned).collect()
}

#[test]
fn every_metric_is_exposed_with_its_labels_and_nothing_else_is() {
    let text = text(&status());
    assert!(text.ends_with("# EOF\n"));
    let mut families = families(&text);
    for metric in all() {
        let name = family(metric);
        let (kind, lines) = families.remove(&name).expect(&name);
        assert_eq!(kind, metric.kind.word(), "{name}");
        assert!(!lines.is_empty(), "{name} has no series");
        let declared: BTreeSet<String> = metric.labels.iter().map(|l| (*l).to_owned()).collect();
        for line in lines {
            let mut found = labels(&line);
            if line.starts_with(&format!("{name}_bucket")) {
                assert!(found.remove("le"), "{line}");
            } else {
                let series = line.split(['{', ' ']).next().unwrap();
                let of = [
                    metric.exposed(),
                    format!("{name}_sum"),
                    format!("{name}_count"),
                ];
                assert!(of.iter().any(|n| n == series), "{line}");
            }
            assert_eq!(found, declared, "{line}");
        }
    }
    assert_eq!(families, BTreeMap::new());
}

#[test]
fn names_are_those_that_prometheus_takes_and_each_is_there_once() {
    let mut names = BTreeSet::new();
    for metric in all() {
        let name = metric.exposed();
        assert!(name.starts_with("strowger_"), "{name}");
        let fits = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(name.chars().all(fits), "{name}");
        assert!(metric.help.ends_with('.'), "{name}");
        assert!(names.insert(name));
    }
}

#[test]
fn values_are_in_base_units_and_buckets_add_up() {
    let text = text(&status());
    for line in [
        "strowger_build_info{version=\"0.1.0\"} 1",
        "strowger_start_time_seconds 1700000000.5",
        "strowger_process_cpu_seconds_total 1.5",
        "strowger_refusing{reason=\"overload\"} 1.0",
        "strowger_refusing{reason=\"low-space\"} 0.0",
        "strowger_shard_turn_seconds_bucket{le=\"0.000001\",shard=\"0\"} 1",
        "strowger_shard_turn_seconds_bucket{le=\"+Inf\",shard=\"0\"} 3",
        "strowger_shard_turn_seconds_sum{shard=\"0\"} 0.0000025",
        "strowger_deliveries_total 8",
        "strowger_service_deliveries_total{service=\"b2bua\"} 8",
        "strowger_service_state{service=\"b2bua\",state=\"active\"} 1.0",
        "strowger_usage_total{service=\"b2bua\",sbb=\"b2bua\",set=\"vip\",parameter=\"tried\"} 5",
        "strowger_usage_sample{service=\"b2bua\",sbb=\"b2bua\",set=\"vip\",parameter=\"setup\",quantile=\"0.95\"} 20.0",
        "strowger_adaptor_count_total{adaptor=\"sip\",name=\"sip.refused\"} 3",
        "strowger_adaptor_level{adaptor=\"sip\",name=\"http.connections\"} 2.0",
        "strowger_listener_received_bytes_total{adaptor=\"sip\",listener=\"tls\",transport=\"tls\"} 10",
        "strowger_store_checkpoint_lag 5.0",
        "strowger_store_checkpoint_age_seconds 1.5",
        "strowger_metrics_series_omitted 0.0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    // A listener of a driver's own has no figures here.
    assert!(!text.contains("received_bytes_total{adaptor=\"web\""));
}

#[test]
fn however_many_parts_there_are_and_whatever_they_are_called_the_text_stays_good() {
    let mut status = status();
    let part = |name: String| json!({ "name": name, "state": "up", "detail": "" });
    let mut parts: Vec<Value> = (0..SERIES + 10).map(|n| part(format!("p{n}"))).collect();
    parts[1] = part("p0".to_owned());
    parts[2] = part("a\"b\\c\nd".to_owned());
    status.adaptors[0].parts = serde_json::from_value(Value::Array(parts)).unwrap();
    let text = text(&status);
    assert!(text.contains(r#"part="a\"b\\c\nd""#));
    let families = families(&text);
    assert_eq!(families["strowger_adaptor_part"].1.len(), SERIES);
    assert!(text.contains("\nstrowger_metrics_series_omitted 10.0\n"));
}

/// The table as the page has it.
fn table() -> String {
    let mut table = "| metric | type | labels | meaning |\n|---|---|---|---|\n".to_owned();
    for metric in all() {
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        table += &format!(
            "| `{}` | {} | {} | {} |\n",
            metric.exposed(),
            metric.kind.word(),
            labels.join(", "),
            metric.help,
        );
    }
    table
}

#[test]
fn the_table_of_the_docs_has_every_metric_and_no_other() {
    let page = read(PAGE);
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let page = format!("{before}{BEGIN}{}{END}{after}", table());
        std::fs::write(file(PAGE), page).unwrap();
        return;
    }
    assert_eq!(found, table(), "UPDATE_EXPECT=1 writes it anew");
}

/// Everything in a query that begins as our metrics do.
fn asked(query: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = query
        .split(|c| !word(c))
        .filter(|w| w.starts_with("strowger_"));
    words.map(ToOwned::to_owned).collect()
}

/// Fails for a query that asks for a series that there is not, or selects or groups by a label that none of its metrics has.
fn check_query(query: &str) {
    let exposed: BTreeMap<String, &Metric> = all()
        .flat_map(|metric| {
            let name = metric.exposed();
            let series = match metric.kind {
                Kind::Histogram => ["_bucket", "_sum", "_count"]
                    .map(|s| format!("{name}{s}"))
                    .to_vec(),
                Kind::Counter | Kind::Gauge | Kind::Info => vec![name],
            };
            series.into_iter().map(move |name| (name, metric))
        })
        .collect();
    let mut known: BTreeSet<&str> = ["le", "job", "instance"].into();
    let asked = asked(query);
    assert!(!asked.is_empty(), "{query}");
    for name in &asked {
        let metric = exposed.get(name);
        let metric = metric.unwrap_or_else(|| panic!("there is no series {name}: {query}"));
        known.extend(metric.labels);
    }
    for part in query.split("by (").skip(1) {
        let labels = part.split(')').next().unwrap();
        for label in labels.split(',').map(str::trim) {
            assert!(known.contains(label), "no {label} in {query}");
        }
    }
    for part in query.split('{').skip(1) {
        let selectors = part.split('}').next().unwrap();
        for selector in selectors.split(',').filter(|s| !s.is_empty()) {
            let label = selector.split(['=', '!']).next().unwrap().trim();
            assert!(known.contains(label), "no {label} in {query}");
        }
    }
}

fn strings<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str() {
                    Some(text) if name == key => found.push(text),
                    _ => strings(field, key, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| strings(value, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let dashboard: Value = serde_json::from_str(&read("config/grafana/strowger.json")).unwrap();
    let mut queries = Vec::new();
    strings(&dashboard, "expr", &mut queries);
    assert!(queries.len() > 20, "{}", queries.len());
    for query in queries {
        check_query(query);
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        let at = &panel["gridPos"];
        let right = at["x"].as_u64().unwrap() + at["w"].as_u64().unwrap();
        assert!(right <= 24, "{}", panel["title"]);
    }
}

#[test]
fn the_alert_rules_ask_for_what_there_is_and_say_what_to_do() {
    let rules = read("config/alerts/strowger.rules.yml");
    let value = |line: &str, key: &str| {
        let rest = line.trim().trim_start_matches("- ").strip_prefix(key)?;
        Some(rest.strip_prefix(": ")?.trim().to_owned())
    };
    let (mut alerts, mut queries, mut pages) = (BTreeSet::new(), 0, 0);
    for line in rules.lines() {
        if let Some(name) = value(line, "alert") {
            assert!(alerts.insert(name));
        }
        if let Some(query) = value(line, "expr") {
            check_query(&query);
            queries += 1;
        }
        if let Some(page) = value(line, "runbook") {
            let (page, heading) = page.split_once('#').unwrap();
            let text = read(page);
            let slug = |line: &str| {
                line.trim_start_matches('#')
                    .trim()
                    .to_lowercase()
                    .replace(' ', "-")
            };
            let headings = text.lines().filter(|line| line.starts_with('#'));
            assert!(headings.map(slug).any(|h| h == heading), "{page}#{heading}");
            pages += 1;
        }
    }
    assert!(queries > 10);
    assert_eq!((alerts.len(), pages), (queries, queries));
}
