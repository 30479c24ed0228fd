//! One-time events of a service (RFC 8506 6): a debit that may be lost is stored, and made sure of after a restart.

use strowger::prelude::*;
use strowger::service::NoSettings;
use strowger_diameter::charging::{
    Account, Charge, ChargeTimer, Charged, CreditEvent, CreditTimer, DirectDebitingFailureHandling,
    Ended, RequestedAction, SubscriptionId, Terms, Units, Usage,
};
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::testkit::{Asked, DiameterTestKit as _, Peer, settings};
use strowger_diameter::{CreditControlAnswer, Diameter, ErrorAnswer, SendFailure, Timeout};
use strowger_testkit::TestKit;

/// Debits one unit when its service starts.
#[derive(Debug, Default, State)]
struct Shop {
    charge: Option<Charge>,
    told: Vec<String>,
}

#[sbb(name = "shop", vendor = "test", version = "1.0")]
impl Shop {
    #[on(initial)]
    fn started(
        &mut self,
        cx: &mut Cx,
        _: &ServiceStarted,
        _: Aci<ServiceActivity>,
        diameter: Ra<Diameter>,
    ) -> Result {
        if self.charge.is_some() {
            return Ok(());
        }
        let account = Account::of(SubscriptionId::e164("4930123456"), "shop@example");
        let usage = vec![Usage::ask(Default::default(), Units::specific(1))];
        let how = DirectDebitingFailureHandling::TerminateOrBuffer;
        let terms = Terms::default();
        let charge = Charge::begin(
            cx,
            *diameter,
            (&terms, how),
            account,
            RequestedAction::DirectDebiting,
            usage,
        )?;
        self.charge = Some(charge);
        Ok(())
    }

    #[on]
    fn answered(
        &mut self,
        cx: &mut Cx,
        ev: &CreditControlAnswer,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn refused(&mut self, cx: &mut Cx, ev: &ErrorAnswer, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn timed_out(&mut self, cx: &mut Cx, ev: &Timeout, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn not_sent(&mut self, cx: &mut Cx, ev: &SendFailure, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn timer(&mut self, cx: &mut Cx, ev: &Timer<CreditTimer>, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn retry(&mut self, cx: &mut Cx, ev: &Timer<ChargeTimer>, diameter: Ra<Diameter>) -> Result {
        if let Some(charge) = self.charge.as_mut() {
            let told = charge.retry(cx, *diameter, ev)?;
            self.note(&told);
        }
        Ok(())
    }
}

impl Shop {
    fn on(&mut self, cx: &mut Cx, ev: CreditEvent<'_>, diameter: Diameter) -> Result {
        if let Some(charge) = self.charge.as_mut() {
            let told = charge.on(cx, diameter, ev)?;
            self.note(&told);
        }
        Ok(())
    }

    fn note(&mut self, told: &[Charged]) {
        let one = |told: &Charged| match told {
            Charged::Granted { .. } => "granted".to_owned(),
            Charged::Refused(Ended::Denied(code) | Ended::Failed(code)) => {
                format!("refused {code}")
            }
            Charged::Refused(Ended::Unreachable) => "unreachable".to_owned(),
            Charged::Failed(_) => "failed".to_owned(),
            Charged::Stored => "stored".to_owned(),
            Charged::Settled => "settled".to_owned(),
        };
        self.told.extend(told.iter().map(one));
    }
}

fn shop() -> (TestKit, Peer) {
    let kit = TestKit::strict()
        .adaptor_with(
            "diameter",
            strowger_diameter::adaptor(),
            settings(&["ocs.example"]),
        )
        .service(ServiceDef::of::<Shop>().settings::<NoSettings>());
    let ocs = kit.diameter().server("ocs.example");
    ocs.expect_up();
    (kit, ocs)
}

fn answer(asked: &Asked, code: u32) {
    asked.answer_with(code, |m| {
        m.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        for def in [&credit::CC_REQUEST_TYPE, &credit::CC_REQUEST_NUMBER] {
            if let Some(avp) = asked.message().find(def) {
                m.raw(avp);
            }
        }
    });
}

fn told(slee: &TestKit) -> Vec<String> {
    let shops = slee.states::<Shop>();
    shops
        .first()
        .map(|shop| shop.told.clone())
        .unwrap_or_default()
}

#[test]
fn a_debit_is_granted_or_refused() {
    for (code, word) in [
        (2001, "granted"),
        (4012, "refused 4012"),
        (5012, "refused 5012"),
    ] {
        let (mut slee, ocs) = shop();
        answer(&ocs.expect(&credit::CREDIT_CONTROL_COMMAND), code);
        slee.advance(secs(1));
        assert_eq!(told(&slee), [word], "{}", slee.ladder());
        assert_eq!(slee.rolled_back(), Vec::<String>::new());
    }
}

#[test]
fn a_debit_that_is_not_answered_is_granted_stored_and_made_sure_of_after_a_restart() {
    let (mut slee, ocs) = shop();
    let first = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    slee.advance(secs(25)); // Tx, and then the request itself
    assert_eq!(told(&slee), ["granted", "stored"], "{}", slee.ladder());
    drop(ocs.expect(&credit::CREDIT_CONTROL_COMMAND)); // nor is the next attempt answered
    slee.crash_and_restart_after(secs(60));
    ocs.expect_up();
    let again = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert!(again.message().header().is_retransmit());
    assert_eq!(again.message().session_id(), first.message().session_id());
    answer(&again, 2001);
    slee.advance(secs(1));
    let all = ["granted", "stored", "settled"];
    assert_eq!(told(&slee), all, "{}", slee.ladder());
    slee.advance(secs(120));
    ocs.expect_nothing();
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}
