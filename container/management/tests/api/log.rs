//! Levels of the log and of tracers, while the node runs.

use crate::client::Served;

#[test]
fn a_tracer_s_level_is_assigned_and_taken_away_where_levels_of_the_log_are() {
    let served = Served::new("");
    assert_eq!(served.get("/v1/log").body["tracers"]["tracers"], "info");
    let set = served.change("PUT", "/v1/log/service.parrot", r#"{"level":"debug"}"#);
    assert_eq!(set.body["tracers"]["service.parrot"], "debug");
    assert!(set.body["configured"].is_string() && set.body["heard"].is_object());
    let reset = served.change("DELETE", "/v1/log/service.parrot", "");
    assert!(reset.body["tracers"]["service.parrot"].is_null());
    served.change("PUT", "/v1/log/tracers", r#"{"level":"warn"}"#);
    assert_eq!(served.get("/v1/log").body["tracers"]["tracers"], "warn");

    let root = served.change("DELETE", "/v1/log/tracers", "");
    assert_eq!(root.status, 409, "the root has a level always");
    for (source, level, field) in [
        ("service..parrot", "debug", "source"),
        ("adaptor.toy", "fine", "level"),
    ] {
        let body = format!(r#"{{"level":"{level}"}}"#);
        let refused = served.change("PUT", &format!("/v1/log/{source}"), &body);
        assert_eq!(refused.problem(), (400, "MGT-004"), "{source}");
        assert_eq!(refused.field(), field);
    }
}
