//! Bans by hand, as operators give, list and lift them.

use crate::client::Served;

#[test]
fn sources_are_banned_listed_in_parts_and_lifted() {
    let served = Served::new("");
    let none = served.get("/v1/bans").body;
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0));
    for source in [
        "192.0.2.7?seconds=3600",
        "192.0.2.6",
        "2001:db8::7?seconds=60",
    ] {
        let path = format!("/v1/bans/{source}");
        assert_eq!(served.change("PUT", &path, "").status, 200, "{path}");
    }
    let first = served.get("/v1/bans?limit=2").body;
    let of = |part: &serde_json::Value, n: usize| part["items"][n]["source"].clone();
    assert_eq!(
        (of(&first, 0), of(&first, 1)),
        ("192.0.2.6".into(), "192.0.2.7".into())
    );
    assert_eq!(first["items"][1]["why"], "operator");
    let time = |n: usize| {
        let at = |key: &str| first["items"][n][key].as_u64().unwrap();
        at("until_ms") - at("since_ms")
    };
    assert_eq!((time(0), time(1)), (600_000, 3_600_000));
    let next = first["next"].as_str().unwrap();
    let second = served.get(&format!("/v1/bans?limit=2&after={next}")).body;
    assert_eq!(of(&second, 0), "2001:db8::/64");
    assert!(second["next"].is_null());
    // By any address of it.
    let path = "/v1/bans/2001:db8::ffff";
    assert_eq!(served.change("DELETE", path, "").status, 200);
    assert_eq!(
        served.change("DELETE", path, "").problem(),
        (404, "MGT-005")
    );
    let sources = served.get("/v1/status").body["sources"].clone();
    assert_eq!(
        (&sources["banned"], &sources["bans"]),
        (&2.into(), &3.into())
    );
    for wrong in [
        "nobody",
        "192.0.2.0%2F24",
        "192.0.2.9?seconds=0",
        "192.0.2.9?seconds=x",
    ] {
        let path = format!("/v1/bans/{wrong}");
        assert_eq!(
            served.change("PUT", &path, "").problem(),
            (400, "MGT-004"),
            "{path}"
        );
    }
    assert_eq!(served.get("/v1/bans?after=zzz").problem(), (400, "MGT-004"));
}
