//! What the benchmarks print or write, read back as figures.
//!
//! Texts are those of the programs in this tree; the tests hold a sample of each. What is not there is no figure.

use serde_json::Value;

use crate::bench::all::figure::Figure;
use crate::bench::system::SIPPY;

/// The systems that others of their role are compared with.
const BASES: [(&str, &str); 2] = [("uas", "kamailio-uas"), ("b2bua", "kamailio-relay")];

/// What a benchmark left behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    /// What it printed.
    pub(crate) text: &'a str,
    /// What it wrote into a file.
    pub(crate) json: &'a Value,
}

/// Rows of `bench sip`. A row that is not clean is no figure.
pub(crate) fn sip(told: Told<'_>) -> Vec<Figure> {
    const OF_ALL_CALLS: [(&str, &str); 2] = [("cpu", "cpu_us"), ("machine", "machine_us")];
    const OF_ONE: [(&str, &str); 3] = [("p50", "p50_us"), ("p90", "p90_us"), ("p99", "p99_us")];
    let rows: Vec<&Value> = told.json["rows"].as_array().into_iter().flatten().collect();
    let mut figures = Vec::new();
    for row in rows.iter().filter(|row| row["clean"] == true) {
        let stem = sip_stem(row);
        let rounds = row["rounds"].as_array().map_or(&[][..], Vec::as_slice);
        for (name, key) in OF_ALL_CALLS {
            let of = |round: &Value| Some(round[key].as_f64()? / round["calls"].as_f64()?);
            let rounds = rounds.iter().filter_map(of).collect();
            figures.extend(Figure::of(format!("{stem}.{name}"), "us", rounds));
        }
        for (name, key) in OF_ONE {
            let of = |round: &Value| Some(round[key].as_f64()? / 1e3);
            let rounds = rounds.iter().filter_map(of).collect();
            figures.extend(Figure::of(format!("{stem}.{name}"), "ms", rounds));
        }
        let memory = rounds.iter().filter_map(|r| r["memory_kib"].as_f64());
        let memory = memory.map(|kib| kib / 1024.0).collect();
        figures.extend(Figure::of(format!("{stem}.memory"), "MiB", memory));
        // What `max` and `sippy` were.
        if row["called"] != "" {
            let rate = row["rate"].as_f64().into_iter().collect();
            figures.extend(Figure::of(format!("{stem}.rate"), "calls/s", rate));
        }
    }
    let ratios: Vec<Figure> = rows
        .iter()
        .flat_map(|row| sip_ratios(row, &figures))
        .collect();
    figures.extend(ratios);
    figures
}

/// `sip.b2bua-none.1000`
fn sip_stem(row: &Value) -> String {
    let rate = match row["called"].as_str() {
        Some(called) if !called.is_empty() => called.to_owned(),
        _ => row["rate"].to_string(),
    };
    format!("sip.{}.{rate}", row["system"].as_str().unwrap_or_default())
}

/// CPU and machine time of a row beside those of the system that it is compared with at that rate.
fn sip_ratios(row: &Value, figures: &[Figure]) -> Vec<Figure> {
    let base = match row["called"] == "sippy" {
        true => Some(SIPPY),
        false => BASES
            .iter()
            .find(|(role, _)| row["role"] == *role)
            .map(|(_, base)| *base),
    };
    let Some(base) = base.filter(|base| row["system"] != *base) else {
        return Vec::new();
    };
    let mut other = row.clone();
    other["system"] = base.into();
    let (mine, theirs) = (sip_stem(row), sip_stem(&other));
    let names = [("cpu", "ratio"), ("machine", "machine-ratio")];
    let ratios = names.iter().filter_map(|(of, name)| {
        let find = |stem: &str| figures.iter().find(|f| f.id == format!("{stem}.{of}"));
        Figure::ratio(format!("{mine}.{name}"), find(&mine)?, find(&theirs)?)
    });
    ratios.collect()
}

/// Rows of `bench diameter`; the CPU of the server beside freeDiameter's.
pub(crate) fn diameter(told: Told<'_>) -> Vec<Figure> {
    let mut figures = compared("diameter", told.json);
    let ratio = ratio_of(
        &figures,
        "diameter.strowger-1.server",
        "diameter.freediameter.server",
    );
    figures.extend(ratio);
    figures
}

/// Rows of `bench sms`; messages taken beside Kannel's, and the CPU of each.
pub(crate) fn sms(told: Told<'_>) -> Vec<Figure> {
    let mut figures = compared("sms", told.json);
    for of in ["rate", "cpu"] {
        let (mine, theirs) = (format!("sms.strict-1.{of}"), format!("sms.kannel.{of}"));
        let ratio = ratio_of(&figures, &mine, &theirs);
        figures.extend(ratio);
    }
    figures
}

fn ratio_of(figures: &[Figure], of: &str, to: &str) -> Option<Figure> {
    let find = |id: &str| figures.iter().find(|figure| figure.id == id);
    Figure::ratio(format!("{of}-ratio"), find(of)?, find(to)?)
}

/// Systems that took turns, each with its rounds.
fn compared(group: &str, json: &Value) -> Vec<Figure> {
    const FIGURES: [(&str, &str); 5] = [
        ("rate", "/s"),
        ("p50", "ms"),
        ("p99", "ms"),
        ("cpu", "us"),
        ("server", "us"),
    ];
    let mut figures = Vec::new();
    for (id, rounds) in json.as_object().into_iter().flatten() {
        let rounds = rounds.as_array().map_or(&[][..], Vec::as_slice);
        for (name, unit) in FIGURES {
            let rounds = rounds.iter().filter_map(|round| round[name].as_f64());
            let id = format!("{group}.{id}.{name}");
            figures.extend(Figure::of(id, unit, rounds.collect()));
        }
    }
    figures
}

/// The sessions of `bench diameter sessions`.
pub(crate) fn sessions(told: Told<'_>) -> Vec<Figure> {
    let each = before(told.text, " bytes each");
    let opened = after(told.text, "sessions opened at ");
    [
        one("sessions.each", "bytes", each),
        one("sessions.opened", "/s", opened),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The calls of `bench memory`.
pub(crate) fn memory(told: Told<'_>) -> Vec<Figure> {
    let each = before(told.text, " bytes a call");
    one("memory.call", "bytes", each).into_iter().collect()
}

/// What `acceptance sms-memory idle` says.
pub(crate) fn waiting(told: Told<'_>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for line in told.text.lines() {
        let name = match line.split_whitespace().next() {
            Some("sms-memory") => "message",
            Some("idle") => "activity",
            _ => continue,
        };
        let each = before(line, " bytes each");
        figures.extend(one(format!("waiting.{name}.memory"), "bytes", each));
        let again = line
            .split_once("served again after ")
            .or_else(|| line.split_once("and served "));
        let serving = again.and_then(|(_, rest)| seconds(rest.split(' ').next()?));
        figures.extend(one(format!("waiting.{name}.serving"), "s", serving));
    }
    figures
}

/// A duration as the programs print it: `8.7s`, `812.3ms`.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim_end_matches(',');
    match text.strip_suffix("ms") {
        Some(millis) => Some(millis.parse::<f64>().ok()? / 1e3),
        None => text.strip_suffix('s')?.parse().ok(),
    }
}

/// Deliveries of `bench kernel`, by class.
pub(crate) fn kernel(told: Told<'_>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (word, class) in [
        ("None", "none"),
        ("Relaxed", "relaxed"),
        ("Strict", "strict"),
    ] {
        let Some(line) = told
            .text
            .lines()
            .find(|line| line.starts_with(&format!("{word}: ")))
        else {
            continue;
        };
        figures.extend(one(
            format!("kernel.{class}.rate"),
            "/s",
            before(line, " deliveries/s"),
        ));
        figures.extend(one(
            format!("kernel.{class}.each"),
            "ns",
            before(line, " ns each"),
        ));
        if class == "none" {
            let idle = before(line, " bytes per idle activity");
            figures.extend(one("kernel.idle", "bytes", idle));
        }
    }
    figures.extend(one("kernel.restore", "/s", before(told.text, " records/s")));
    let counted = after(told.text, "instructions per delivery: ");
    figures.extend(one("kernel.instructions", "instructions", counted));
    figures
}

/// Instructions of `bench usage`, and what a tracer and a count add in per cent.
pub(crate) fn usage(told: Told<'_>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for line in told.text.lines() {
        let Some((what, id)) = [
            ("delivery, tracer off", "delivery.traced"),
            ("delivery, counting", "delivery.counted"),
            ("call, tracer off", "call.traced"),
            ("call, counting", "call.counted"),
        ]
        .into_iter()
        .find(|(what, _)| line.starts_with(what)) else {
            continue;
        };
        let numbers = numbers(&line[what.len()..]);
        let [without, _, more] = numbers[..] else {
            continue;
        };
        if let Some(bare) = id.strip_suffix(".traced") {
            figures.extend(one(
                format!("usage.{bare}.bare"),
                "instructions",
                Some(without),
            ));
        }
        figures.extend(one(format!("usage.{id}"), "%", Some(more)));
    }
    figures
}

/// Transactions of `bench store`, by how many are in flight and the group delay in milliseconds; recovery.
pub(crate) fn store(told: Told<'_>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for line in told.text.lines() {
        let fields = numbers(&line.replace(" ms", ""));
        let [flight, delay, rate, p50, p99, cpu, together, _] = fields[..] else {
            continue;
        };
        let row = [
            ("rate", "/s", rate),
            ("p50", "ms", p50),
            ("p99", "ms", p99),
            ("cpu", "us", cpu),
            ("sync", "transactions", together),
        ];
        for (name, unit, value) in row {
            let id = format!("store.{flight}-{delay}.{name}");
            figures.extend(one(id, unit, Some(value)));
        }
    }
    for from in ["journal", "checkpoint"] {
        let told = told.text.split_once(&format!("recovery from the {from}: "));
        let read = told.and_then(|(_, rest)| before(rest.lines().next()?, " records/s"));
        figures.extend(one(format!("store.recovery.{from}"), "/s", read));
    }
    figures
}

/// What `bench profiles` prints.
pub(crate) fn profiles(told: Told<'_>) -> Vec<Figure> {
    const LINES: [(&str, &str, &str); 12] = [
        ("memory of each ", "memory", "bytes"),
        ("written to the shard ", "written", "s"),
        ("by name ", "name", "ns"),
        ("by name, none ", "name-none", "ns"),
        ("by a unique value ", "number", "ns"),
        ("by a unique value, none", "number-none", "ns"),
        ("longest prefix ", "prefix", "ns"),
        ("longest prefix, none ", "prefix-none", "ns"),
        ("longest of 8 lengths ", "prefix-lengths", "ns"),
        ("changed, with commit ", "changed", "ns"),
        ("imported into a node ", "import", "s"),
        ("ready after kill -9 ", "ready", "s"),
    ];
    let mut figures = Vec::new();
    for (begins, id, unit) in LINES {
        let line = told.text.lines().find_map(|line| line.strip_prefix(begins));
        let value = line.and_then(|rest| numbers(rest).first().copied());
        figures.extend(one(format!("profiles.{id}"), unit, value));
    }
    let call = told.text.split_once("with a look-up: ");
    let more = call.and_then(|(_, rest)| numbers(rest).get(1).copied());
    figures.extend(one("profiles.call", "%", more));
    figures
}

fn one(id: impl Into<String>, unit: &str, value: Option<f64>) -> Option<Figure> {
    Figure::of(id, unit, vec![value?])
}

/// The number in front of the first place of a text.
fn before(text: &str, place: &str) -> Option<f64> {
    let (rest, _) = text.split_once(place)?;
    rest.rsplit([' ', '\n']).next()?.parse().ok()
}

/// The number behind it.
fn after(text: &str, place: &str) -> Option<f64> {
    let (_, rest) = text.split_once(place)?;
    numbers(rest.lines().next()?).first().copied()
}

/// All numbers of a text that stand for themselves or in front of a word, in order.
fn numbers(text: &str) -> Vec<f64> {
    let part = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    text.split(part)
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
