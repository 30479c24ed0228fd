//! A sample of what each benchmark prints or writes, and the figures in it.

use serde_json::json;

use super::*;
use crate::bench::all::groups::GROUPS;

const KERNEL: &str = "\
None: 2500000 deliveries/s, 400 ns each; 388 bytes per idle activity with entity of 98 bytes
Relaxed: 1720000 deliveries/s, 580 ns each; 388 bytes per idle activity with entity of 98 bytes
Strict: 1730000 deliveries/s, 579 ns each; 388 bytes per idle activity with entity of 98 bytes
restore: 1340000 records/s, 20000 of them
instructions per delivery: 4510
";
const USAGE: &str = "\
instructions             without      with        %
delivery, tracer off        4840      4854    +0.29
delivery, counting          4840      4969    +2.67
call, tracer off          241007    241199    +0.08
call, counting            241007    241892    +0.37
one message or count in each delivery; a tracer that is off may cost 1 %, and costs 0.29 %
";
const STORE: &str = "   N  group delay      tx/s   p50 ms   p99 ms  CPU us/tx  tx/sync  written/byte
   1         0 ms      7759     0.13     0.22       50.3      1.0           2.0
   1         1 ms       805     1.23     1.38       99.4      1.0           2.0
   4         1 ms      3141     1.27     1.39       28.6      4.0           1.2
  64         0 ms    271828     0.21     0.38        2.3     64.0           1.0
  64         1 ms     48573     1.31     1.49        2.6     64.0           1.0
1000         0 ms    657066     0.79    15.15        1.7   1000.0           1.0
1000         1 ms    473819     1.82    10.89        1.2   1000.0           1.0

1600 transactions/s, one by one:
group delay   p50 ms  tx/sync  writer CPU us/tx  us/sync
       0 ms     0.50      1.0              20.0     20.0

recovery from the journal: 600000 records, opened in 0.01 s, read in 0.42 s, 1428571 records/s, 300 MiB resident
checkpoint of what was not in one: 0.90 s, 310 MiB resident
recovery from the checkpoint: 600000 records, opened in 0.02 s, read in 0.67 s, 895522 records/s, 320 MiB resident
";
const PROFILES: &str = "\
1000000 profiles with a unique and an indexed attribute; 50000 random ones asked for from a handler, median of 7
memory of each         355 bytes beyond its 57 bytes of name and values (limit 400)
written to the shard   5.50 s, 120 MB of commits (no limit)
by name                560 ns (limit 1000 ns)
by name, none          240 ns (limit 1000 ns)
by a unique value      480 ns (limit 1000 ns)
by a unique value, none240 ns (limit 1000 ns)
longest prefix         481 ns (limit 2000 ns)
longest prefix, none   241 ns (limit 2000 ns)
longest of 8 lengths   834 ns (limit 2000 ns)
changed, with commit   2100 ns (no limit)
walked as a snapshot   0.300 s for 1000000 (no limit)
imported into a node   29.4 s, 34014 profiles/s (limit 60 s)
resident in the node   700 bytes each, with their data (no limit)
ready after kill -9    4.6 s (no limit)
instructions of a call 245941 without, 247790 with a look-up: 1849 or 0.7 % more (limit 3.0 %)
";
const MEMORY: &str = "100000 calls held: 59260 KiB before, 377480 KiB after, 3258 bytes a call\n";
const SESSIONS: &str = "1000000 sessions opened at 87343/s: 95300 KiB before, 860124 KiB with them, 783 bytes each; \
    all ended 120.1 s after the last was opened, 156204 KiB 5.0 s later\n";
const WAITING: &str = "\
sms-memory        120 s  ok      1000000 messages of 140 octets wait, taken at 30000/s: 60000 KiB before the last 980000, \
850000 KiB after, 825 bytes each; killed, it served again after 8.7s with 900000 KiB
idle               60 s  ok      1000000 idle activities with an entity and a timer each, made in 20.1s: resident 40000 KiB before, \
900000 KiB with them, 880 bytes each; killed, it was ready 3.1s and served 3.2s after its start, with 890000 KiB
";

/// Rows of a role with rounds of so many microseconds of CPU.
fn rows(role: &str, called: &str, rate: u32, systems: &[(&str, f64)]) -> Vec<Value> {
    let rounds = |cpu: f64| -> Vec<Value> {
        let round = |share: f64| {
            json!({
                "calls": 1_000, "cpu_us": cpu * 1_000.0 * share, "machine_us": cpu * 2_000.0 * share,
                "p50_us": 100, "p90_us": 150, "p99_us": 400, "memory_kib": 2048,
            })
        };
        [1.04, 1.0, 0.96].map(round).to_vec()
    };
    let row = |(system, cpu): &(&str, f64)| {
        json!({
            "system": system, "role": role, "rate": rate, "called": called, "clean": *cpu > 0.0,
            "rounds": rounds(*cpu),
        })
    };
    systems.iter().map(row).collect()
}

fn sip_rows() -> Value {
    let mut all = Vec::new();
    for (called, rate) in [("", 200), ("", 1_000), ("max", 4_000)] {
        let systems = [
            ("kamailio-uas", 100.0),
            ("uas-none", 50.0),
            ("uas-strict", 90.0),
        ];
        all.extend(rows("uas", called, rate, &systems));
        let systems = [
            ("kamailio-relay", 200.0),
            ("b2bua-none", 100.0),
            ("b2bua-strict", 190.0),
            ("proxy-none", 90.0),
        ];
        all.extend(rows("b2bua", called, rate, &systems));
    }
    let systems = [
        ("sippy-b2bua", 4_000.0),
        ("b2bua-none", 160.0),
        ("b2bua-strict", 200.0),
        ("copy", 100.0),
    ];
    all.extend(rows("b2bua", "sippy", 70, &systems));
    json!({ "rows": all })
}

/// What `bench diameter` and `bench sms` write.
fn compared_rows(ids: &[&str]) -> Value {
    let round = json!({ "rate": 1000.0, "p50": 0.7, "p99": 1.8, "cpu": 8.5, "server": 7.5 });
    ids.iter()
        .map(|id| ((*id).to_owned(), json!([round, round])))
        .collect()
}

/// The figures of all samples.
pub(crate) fn sampled() -> Vec<Figure> {
    let diameter = [
        "strowger-1",
        "strowger-4",
        "freediameter",
        "strowger-both",
        "freediameter-both",
        "freediameter-of-strowger",
        "crate-1",
        "crate-4",
    ];
    let sms = [
        "strict-1",
        "strict-4",
        "strict-at-once-1",
        "strict-at-once-4",
        "strict-sent-on",
        "none-1",
        "none-4",
        "smpp34-1",
        "smpp34-4",
        "kannel",
    ];
    let samples: [(&str, &str, Value); 10] = [
        ("sip", "", sip_rows()),
        ("memory", MEMORY, Value::Null),
        ("diameter", "", compared_rows(&diameter)),
        ("sms", "", compared_rows(&sms)),
        ("kernel", KERNEL, Value::Null),
        ("usage", USAGE, Value::Null),
        ("store", STORE, Value::Null),
        ("profiles", PROFILES, Value::Null),
        ("sessions", SESSIONS, Value::Null),
        ("waiting", WAITING, Value::Null),
    ];
    assert_eq!(samples.len(), GROUPS.len());
    let mut figures = Vec::new();
    for (group, text, json) in &samples {
        let group = GROUPS.iter().find(|g| g.name == *group).unwrap();
        let read = (group.read)(Told { text, json });
        let own = format!("{}.", group.name);
        assert!(!read.is_empty() && read.iter().all(|figure| figure.id.starts_with(&own)));
        figures.extend(read);
    }
    figures
}

#[test]
fn figures_are_those_of_the_samples() {
    let figures = sampled();
    let value = |id: &str| {
        figures
            .iter()
            .find(|figure| figure.id == id)
            .map(|figure| figure.value)
    };
    let wanted = [
        ("sip.uas-none.200.cpu", 50.0),
        ("sip.uas-none.200.p99", 0.4),
        ("sip.uas-none.200.ratio", 0.5),
        ("sip.uas-none.200.machine-ratio", 0.5),
        ("sip.b2bua-strict.max.ratio", 0.95),
        ("sip.b2bua-strict.max.rate", 4_000.0),
        ("sip.b2bua-strict.sippy.ratio", 0.05),
        ("sip.sippy-b2bua.sippy.rate", 70.0),
        ("sip.copy.sippy.ratio", 0.025),
        ("sip.uas-none.200.memory", 2.0),
        ("memory.call", 3_258.0),
        ("diameter.strowger-1.server-ratio", 1.0),
        ("sms.strict-1.rate-ratio", 1.0),
        ("kernel.none.rate", 2_500_000.0),
        ("kernel.strict.each", 579.0),
        ("kernel.idle", 388.0),
        ("kernel.restore", 1_340_000.0),
        ("kernel.instructions", 4_510.0),
        ("usage.delivery.traced", 0.29),
        ("usage.call.bare", 241_007.0),
        ("store.1-1.rate", 805.0),
        ("store.1000-0.p99", 15.15),
        ("store.recovery.journal", 1_428_571.0),
        ("store.recovery.checkpoint", 895_522.0),
        ("profiles.memory", 355.0),
        ("profiles.number-none", 240.0),
        ("profiles.prefix", 481.0),
        ("profiles.ready", 4.6),
        ("profiles.call", 0.7),
        ("sessions.each", 783.0),
        ("sessions.opened", 87_343.0),
        ("waiting.message.memory", 825.0),
        ("waiting.message.serving", 8.7),
        ("waiting.activity.memory", 880.0),
        ("waiting.activity.serving", 3.2),
    ];
    for (id, wanted) in wanted {
        let found = value(id);
        assert!(
            found.is_some_and(|found| (found - wanted).abs() < 1e-6),
            "{id}: {found:?} instead of {wanted}"
        );
    }
    // Sippy is compared with at its own rate alone.
    assert_eq!(value("sip.sippy-b2bua.200.cpu"), None);
    assert_eq!(value("sip.kamailio-uas.200.ratio"), None);
}

#[test]
fn rows_that_are_not_clean_are_no_figures() {
    let systems = [("kamailio-uas", -1.0), ("uas-none", 50.0)];
    let json = json!({ "rows": rows("uas", "", 200, &systems) });
    let figures = sip(Told {
        text: "",
        json: &json,
    });
    let ids: Vec<&str> = figures.iter().map(|figure| figure.id.as_str()).collect();
    assert!(ids.contains(&"sip.uas-none.200.cpu"));
    // Without the peer there is no ratio, and nothing in its place.
    assert!(
        !ids.iter()
            .any(|id| id.contains("kamailio") || id.contains("ratio")),
        "{ids:?}"
    );
}

#[test]
fn of_a_benchmark_that_failed_there_are_no_figures() {
    for group in GROUPS {
        let figures = (group.read)(Told {
            text: "error: no\n",
            json: &Value::Null,
        });
        assert!(figures.is_empty(), "{}", group.name);
    }
}
