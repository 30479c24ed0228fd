//! What a recorder keeps of messages.

use crate::own::caller;
use strowger_http::testkit::HttpTestKit as _;
use strowger_testkit::{TestKit, What};

#[test]
fn a_request_and_the_call_that_it_leads_to_are_one_recorded_call() {
    let slee = caller(TestKit::strict().recording());
    let side = slee.http();
    let hooks = side.server("https://hooks.example");
    let asked = side
        .client("alice")
        .get("/call?url=https://hooks.example/a?x=1");
    hooks.expect_call().answer_status(404);
    asked.expect(200);
    let calls = slee.recordings();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].info.to, "/call");
    let messages = calls[0].steps.iter().filter_map(|step| {
        let What::Message(message) = &step.what else {
            return None;
        };
        let mark = if message.out { '>' } else { '<' };
        Some(format!("{mark} {} {}", message.protocol, message.title))
    });
    assert_eq!(
        messages.collect::<Vec<_>>(),
        [
            "< http GET /call",
            "> http POST /a",
            "< http 404",
            "> http 200"
        ]
    );
}
