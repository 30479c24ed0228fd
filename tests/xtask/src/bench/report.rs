//! The medians of all rounds as a table and as a JSON file.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bench::load::Round;
use crate::bench::system::{Role, System};
use crate::error::{Result, at};
use crate::print::say;
use crate::shell::target;

/// The rounds of one system at one rate.
pub(crate) struct Row {
    pub(crate) system: System,
    pub(crate) rate: u32,
    /// What the rate is called by; nothing: its number.
    pub(crate) called: &'static str,
    pub(crate) rounds: Vec<Round>,
}

impl Row {
    fn median(&self, figure: impl Fn(&Round) -> Option<u64>) -> Option<u64> {
        let mut figures: Vec<u64> = self.rounds.iter().filter_map(figure).collect();
        figures.sort_unstable();
        figures.get(figures.len() / 2).copied()
    }

    fn cpu(&self) -> Option<u64> {
        self.median(|round| Some(round.cpu_per_call()))
    }

    fn clean(&self) -> bool {
        !self.rounds.is_empty() && self.rounds.iter().all(Round::clean)
    }

    fn sum(&self, figure: impl Fn(&Round) -> u64) -> u64 {
        self.rounds.iter().map(figure).sum()
    }
}

/// Prints one table per role and rate; ratios are against the first system of the table.
pub(crate) fn print(rows: &[Row]) {
    let same =
        |a: &Row, b: &Row| (a.system.role, a.rate, a.called) == (b.system.role, b.rate, b.called);
    for rows in rows.chunk_by(same) {
        if let Some(first) = rows.first() {
            table(first.system.role, first.rate, rows);
        }
    }
}

fn table(role: Role, rate: u32, rows: &[Row]) {
    let rounds = rows.iter().map(|row| row.rounds.len()).max().unwrap_or(0);
    say(&format!(
        "\n{} at {rate} calls/s, medians of {rounds} rounds",
        role.name()
    ));
    say(
        "system           us/call  ratio  machine  ratio   p50 us   p99 us  failed  retrans      MiB",
    );
    let base = rows.first().filter(|base| base.clean());
    for row in rows {
        let cpu = row.cpu();
        let machine = row.median(|round| Some(round.machine_per_call()));
        let base_cpu = base.and_then(|base| base.cpu());
        let base_machine =
            base.and_then(|base| base.median(|round| Some(round.machine_per_call())));
        say(&format!(
            "{:<15} {:>8} {:>6} {:>8} {:>6} {:>8} {:>8} {:>7} {:>8} {:>8}{}",
            row.system.name,
            shown(cpu),
            ratio(cpu, base_cpu),
            shown(machine),
            ratio(machine, base_machine),
            shown(row.median(|round| round.seen.percentile(0.5))),
            shown(row.median(|round| round.seen.percentile(0.99))),
            row.sum(|round| round.failed + u64::try_from(round.seen.lost).unwrap_or(0)),
            row.sum(|round| round.retransmissions),
            shown(row.median(|round| Some(round.memory_kib / 1024))),
            if row.clean() {
                ""
            } else {
                "  not clean: does not count"
            },
        ));
    }
}

/// Writes everything, every round included, to `target/bench/sip.json`.
pub(crate) fn write(rows: &[Row], settings: &Value) -> Result<PathBuf> {
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).map_err(at("create", &folder))?;
    let file = folder.join("sip.json");
    let rows: Vec<Value> = rows.iter().map(row_json).collect();
    let text = format!("{:#}\n", json!({ "settings": settings, "rows": rows }));
    std::fs::write(&file, text).map_err(at("write", &file))?;
    Ok(file)
}

fn row_json(row: &Row) -> Value {
    let rounds: Vec<Value> = row.rounds.iter().map(round_json).collect();
    json!({
        "system": row.system.name,
        "role": row.system.role.name(),
        "rate": row.rate,
        "called": row.called,
        "clean": row.clean(),
        "cpu_us_per_call": row.cpu(),
        "machine_us_per_call": row.median(|round| Some(round.machine_per_call())),
        "p50_us": row.median(|round| round.seen.percentile(0.5)),
        "p90_us": row.median(|round| round.seen.percentile(0.9)),
        "p99_us": row.median(|round| round.seen.percentile(0.99)),
        "memory_kib": row.median(|round| Some(round.memory_kib)),
        "rounds": rounds,
    })
}

fn round_json(round: &Round) -> Value {
    json!({
        "calls": round.calls,
        "cpu_us": round.cpu,
        "machine_us": round.machine,
        "p50_us": round.seen.percentile(0.5),
        "p90_us": round.seen.percentile(0.9),
        "p99_us": round.seen.percentile(0.99),
        "failed": round.failed,
        "probe_lost": round.seen.lost,
        "retransmissions": round.retransmissions,
        "memory_kib": round.memory_kib,
    })
}

fn shown(figure: Option<u64>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string())
}

fn ratio(figure: Option<u64>, base: Option<u64>) -> String {
    match (figure, base) {
        (Some(figure), Some(base)) if base > 0 => {
            // Three decimals in whole numbers, rounded.
            let thousandths = (figure * 1_000 + base / 2) / base;
            format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
        }
        _ => "-".to_owned(),
    }
}
