//! A service for the tests: it answers as paths say, and calls where it is told to.

use strowger::prelude::*;
use strowger_http::{Call, Exchange, Failure, Http, Outgoing, Reply, Request, Response};

/// The state of one request.
#[derive(Default, State)]
pub(crate) struct Web {
    exchange: Option<Handle<Exchange>>,
}

/// It is time to answer.
#[derive(Clone, Debug, Event)]
struct Answer;

#[sbb(name = "web", vendor = "test", version = "1.0")]
impl Web {
    #[on(initial)]
    fn request(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        Aci(exchange): Aci<Exchange>,
        http: Ra<Http>,
    ) -> Result {
        self.exchange = Some(exchange);
        let reply = match ev.path.as_str() {
            "/echo" => Reply::new(200).body("application/octet-stream", ev.body.clone()),
            "/what" => {
                let what = format!("{} {} {}", ev.method, ev.segments().len(), ev.query);
                Reply::text(200, what)
            }
            "/who" => {
                let name = ev.certificate.clone().unwrap_or_else(|| "nobody".into());
                Reply::text(200, format!("{name}, secure {}", ev.secure))
            }
            "/guessed" => Reply::new(403).wrong_credentials(),
            "/none" => Reply::new(204),
            "/large" => Reply::text(200, "x".repeat(8 * 1024 * 1024)),
            "/later" => {
                cx.timer(exchange, millis(400), Answer);
                return Ok(());
            }
            "/never" => return Ok(()),
            "/call" | "/hook" => return self.call(cx, ev, http),
            _ => return Err(Error::msg("no such path")),
        };
        http.respond(cx, exchange, reply)
    }

    fn call(&mut self, cx: &mut Cx, ev: &Request, http: Ra<Http>) -> Result {
        let mut outgoing = Outgoing::post(&ev.param("url").unwrap_or_default())
            .body("text/plain", ev.body.clone())
            .deadline(secs(5));
        if ev.path == "/hook" {
            outgoing = outgoing.repeat();
        }
        let call = http.call(cx, outgoing)?;
        cx.attach(call);
        if ev.path == "/hook" {
            return self.answer(cx, http, 202, String::new());
        }
        Ok(())
    }

    #[on]
    fn response(&mut self, cx: &mut Cx, ev: &Response, _call: Aci<Call>, http: Ra<Http>) -> Result {
        let text = format!("{} {}", ev.status, ev.text()?);
        self.answer(cx, http, 200, text)
    }

    #[on]
    fn failure(&mut self, cx: &mut Cx, ev: &Failure, http: Ra<Http>) -> Result {
        self.answer(cx, http, 200, format!("{:?} {:?}", ev.kind, ev.sent))
    }

    #[on]
    fn time(&mut self, cx: &mut Cx, _ev: &Timer<Answer>, http: Ra<Http>) -> Result {
        self.answer(cx, http, 200, "at last".to_owned())
    }

    fn answer(&mut self, cx: &mut Cx, http: Ra<Http>, status: u16, text: String) -> Result {
        match self.exchange.take() {
            Some(exchange) => http.respond(cx, exchange, Reply::text(status, text)),
            None => Ok(()),
        }
    }
}
