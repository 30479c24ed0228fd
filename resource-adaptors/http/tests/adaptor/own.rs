//! Services for the tests.

use strowger::prelude::*;
use strowger_http::testkit::OtherSide;
use strowger_http::{
    Call, Exchange, Failure, FailureKind, Http, Outgoing, Reply, Request, Response, Sent, Settings,
};
use strowger_testkit::TestKit;

/// Answers requests as their paths say.
#[derive(Default, State)]
pub(crate) struct Desk {
    pub(crate) heard: u32,
    waiting: Option<Handle<Exchange>>,
}

/// It is time to answer.
#[derive(Clone, Debug, Event)]
struct Answer;

#[sbb(name = "desk", vendor = "test", version = "1.0")]
impl Desk {
    #[on(initial)]
    fn request(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        Aci(exchange): Aci<Exchange>,
        http: Ra<Http>,
    ) -> Result {
        self.heard += 1;
        match ev.path.as_str() {
            "/echo" => {
                let text = ev.text()?.to_owned();
                http.respond(cx, exchange, Reply::text(200, text).header("X-Was", "echo"))?;
                // The first answer counts.
                http.respond(cx, exchange, Reply::new(500))
            }
            "/later" => {
                self.waiting = Some(exchange);
                cx.timer(exchange, secs(10), Answer);
                Ok(())
            }
            "/never" => Ok(()),
            "/leave" => {
                cx.detach(exchange);
                Ok(())
            }
            "/guessed" => http.respond(cx, exchange, Reply::new(403).wrong_credentials()),
            "/unauthorized" => http.respond(cx, exchange, Reply::new(401)),
            "/bad" => http.respond(cx, exchange, Reply::new(200).header("bad\r\n", "x")),
            _ => Err(Error::msg("no such path")),
        }
    }

    #[on]
    fn time(&mut self, cx: &mut Cx, _ev: &Timer<Answer>, http: Ra<Http>) -> Result {
        match self.waiting.take() {
            Some(exchange) => http.respond(cx, exchange, Reply::text(200, "at last")),
            None => Ok(()),
        }
    }
}

/// Calls where a request says, and answers with what came of it.
#[derive(Default, State)]
pub(crate) struct Caller {
    pub(crate) exchange: Option<Handle<Exchange>>,
    pub(crate) call: Option<Handle<Call>>,
    pub(crate) outcomes: Vec<String>,
}

#[sbb(name = "caller", vendor = "test", version = "1.0")]
impl Caller {
    #[on(initial)]
    fn request(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        Aci(exchange): Aci<Exchange>,
        http: Ra<Http>,
    ) -> Result {
        let url = ev.param("url").unwrap_or_default();
        let mut call = Outgoing::post(&url)
            .header("X-Id", "7")
            .form(&[("a", "b c")]);
        if ev.path == "/repeat" {
            call = call.repeat();
        }
        if ev.path == "/short" {
            call = call.deadline(secs(2));
        }
        let call = match http.call(cx, call) {
            Ok(call) => call,
            Err(error) => {
                let text = error.to_string();
                return http.respond(cx, exchange, Reply::text(400, text));
            }
        };
        cx.attach(call);
        self.call = Some(call);
        match ev.path.as_str() {
            // Goes on without whoever asked for it.
            "/repeat" | "/once" => http.respond(cx, exchange, Reply::new(202)),
            "/cancel" => {
                self.exchange = Some(exchange);
                http.cancel(cx, call)
            }
            _ => {
                self.exchange = Some(exchange);
                Ok(())
            }
        }
    }

    #[on]
    fn response(&mut self, cx: &mut Cx, ev: &Response, http: Ra<Http>) -> Result {
        self.over(cx, http, ev.status.to_string())
    }

    #[on]
    fn failure(&mut self, cx: &mut Cx, ev: &Failure, http: Ra<Http>) -> Result {
        let sent = match ev.sent {
            Sent::No => "not sent",
            Sent::Maybe => "may be sent",
        };
        self.over(cx, http, format!("{:?}, {sent}", ev.kind))
    }

    fn over(&mut self, cx: &mut Cx, http: Ra<Http>, text: String) -> Result {
        self.outcomes.push(text.clone());
        if let Some(exchange) = self.exchange.take() {
            return http.respond(cx, exchange, Reply::text(200, text));
        }
        // Stays, to be looked at.
        let own = cx.null_activity()?;
        cx.attach(own);
        Ok(())
    }
}

pub(crate) fn desk(kit: TestKit) -> TestKit {
    kit.adaptor(strowger_http::adaptor())
        .service(ServiceDef::of::<Desk>())
}

pub(crate) fn caller(kit: TestKit) -> TestKit {
    caller_with(kit, Settings::default())
}

pub(crate) fn caller_with(kit: TestKit, settings: Settings) -> TestKit {
    kit.adaptor_with("http", strowger_http::adaptor(), settings)
        .service(ServiceDef::of::<Caller>())
}

/// What a call to a server comes to that is asked for by a client.
pub(crate) fn outcome(side: &OtherSide, path: &str) -> String {
    let answer = side.client("alice").get(path).expect(200);
    String::from_utf8_lossy(answer.content()).into_owned()
}

/// The kinds that a driver tells.
pub(crate) const TOLD: [FailureKind; 4] = [
    FailureKind::Refused,
    FailureKind::Tls,
    FailureKind::Closed,
    FailureKind::TooLarge,
];
