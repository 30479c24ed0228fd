//! Posts records to a webhook: what the adaptor for records offers, as lines of JSON, until an answer says that it was taken.
//!
//! It keeps nothing: what was not taken the adaptor offers again, after a restart too. An entity stands for one offer.
//! Invariant: a record counts as taken when its POST was answered 2xx, and not before.
#![forbid(unsafe_code)]

mod settings;

pub use settings::Settings;

use strowger::prelude::*;
use strowger_http::{Failure, Http, Outgoing, Response};
use strowger_records::{Offer, Offered, Records};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Hook>().settings::<Settings>()
}

/// One offer on its way.
#[derive(Debug, Default, State)]
pub struct Hook {
    offer: Option<Handle<Offer>>,
}

#[sbb(name = "record-hook", vendor = "strowger", version = "1.0")]
impl Hook {
    #[on(initial)]
    fn offered(
        &mut self,
        cx: &mut Cx,
        ev: &Offered,
        Aci(offer): Aci<Offer>,
        records: Ra<Records>,
        http: Ra<Http>,
        conf: Conf<Settings>,
    ) -> Result {
        match http.call(cx, post(ev, &conf)) {
            Ok(call) => {
                cx.attach(call);
                self.offer = Some(offer);
            }
            // Without a URL, or with as many calls under way as may be.
            Err(_) => records.not_taken(cx, offer),
        }
        Ok(())
    }

    #[on]
    fn answered(&mut self, cx: &mut Cx, ev: &Response, records: Ra<Records>) -> Result {
        if let Some(offer) = self.offer.take() {
            match ev.is_success() {
                true => records.taken(cx, offer),
                false => records.not_taken(cx, offer),
            }
        }
        Ok(())
    }

    #[on]
    fn not_answered(&mut self, cx: &mut Cx, _ev: &Failure, records: Ra<Records>) -> Result {
        if let Some(offer) = self.offer.take() {
            records.not_taken(cx, offer);
        }
        Ok(())
    }
}

fn post(ev: &Offered, conf: &Settings) -> Outgoing {
    let post = Outgoing::post(&conf.url)
        .body("application/x-ndjson", ev.lines.clone())
        .deadline(conf.answer);
    match &conf.token {
        Some(token) => post.header("Authorization", &format!("Bearer {}", token.reveal())),
        None => post,
    }
}
