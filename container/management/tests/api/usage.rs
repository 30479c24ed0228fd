//! Usage parameters over the API: reading, resetting, sets that come and go, and the record of who did it.

use crate::client::Served;
use crate::tokens::token;

const USAGE: &str = "/v1/services/parrot/usage";

#[test]
fn what_a_service_counts_is_read_and_reset() {
    let served = Served::new("[services.parrot]\nusage_sets = [\"trunk-1\"]\n");
    let say = served.udp();
    say("ann one");
    say("ann three");
    let sets = served.get(USAGE).body;
    let (unnamed, trunk) = (&sets[0], &sets[1]);
    assert_eq!(
        (&unnamed["set"], &unnamed["made_by"]),
        (&"".into(), &"code".into())
    );
    assert_eq!(unnamed["counters"]["heard"], 2);
    assert_eq!(
        unnamed["samples"]["length"],
        serde_json::json!({"unit": "bytes", "count": 2, "sum": 8, "min": 3, "max": 5,
            "mean": 4.0, "p50": 3, "p95": 5, "p99": 5})
    );
    assert_eq!(
        (
            &trunk["set"],
            &trunk["made_by"],
            &trunk["counters"]["heard"]
        ),
        (&"trunk-1".into(), &"configuration".into(), &0.into())
    );
    let one = served.get(&format!("{USAGE}?set=trunk-1&sbb=parrot")).body;
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(served.get("/v1/services/parrot").body["usage"], sets);
    let metrics = served.get("/metrics").text;
    let line =
        "strowger_usage_total{service=\"parrot\",sbb=\"parrot\",set=\"\",parameter=\"heard\"} 2";
    assert!(metrics.contains(line), "{metrics}");

    let reset = format!("{USAGE}/reset?set=");
    assert_eq!(served.change("POST", &reset, "").status, 200);
    assert_eq!(served.get(USAGE).body[0]["counters"]["heard"], 0);
    let wrong = served.get(&format!("{USAGE}?sort=name"));
    assert_eq!((wrong.problem(), wrong.field()), ((400, "MGT-004"), "sort"));
    for (query, field) in [("?set=none", "set"), ("?sbb=none", "sbb")] {
        let unknown = served.get(&format!("{USAGE}{query}"));
        assert_eq!(
            (unknown.problem(), unknown.field()),
            ((404, "MGT-005"), field)
        );
    }
}

#[test]
fn sets_come_and_go_by_whoever_may_and_are_recorded() {
    let tokens = token("bob", "operate", "of-bob") + &token("ann", "read", "of-ann");
    let served = Served::new(&tokens);
    let set = format!("{USAGE}/sets/trunk-2");
    let bob = |method: &str, path: &str| served.ask("of-bob", method, path, "");
    let ann = served.ask("of-ann", "PUT", &set, "");
    assert_eq!(ann.problem(), (403, "MGT-002"));
    assert_eq!(bob("PUT", &set).status, 200);
    assert_eq!(served.get(USAGE).body[1]["made_by"], "management");
    assert_eq!(bob("PUT", &set).problem(), (409, "MGT-006"));
    let bad = bob("PUT", &format!("{USAGE}/sets/a%20b"));
    assert_eq!((bad.problem(), bad.field()), ((400, "MGT-004"), "set"));
    let nobody = bob("PUT", "/v1/services/nobody/usage/sets/a");
    assert_eq!(nobody.problem(), (404, "MGT-005"));
    assert_eq!(bob("DELETE", &set).status, 200);
    assert_eq!(bob("DELETE", &set).problem(), (404, "MGT-005"));
    let audit = std::fs::read_to_string(served.data("audit.log")).unwrap();
    let made = audit
        .lines()
        .filter(|line| line.contains("usage/sets/trunk-2"));
    let bobs = made.filter(|line| line.contains("bob")).count();
    assert_eq!(bobs, 4, "{audit}");
}
