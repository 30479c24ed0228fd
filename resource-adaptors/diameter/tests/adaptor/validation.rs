//! What the settings have checked of messages in both directions: `validation_answers` and `validation_sent`.

use strowger::prelude::*;
use strowger_diameter::Settings;
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::proto::wire::Builder;
use strowger_diameter::ra::ValidationSetting;
use strowger_diameter::testkit::{Asked, DiameterTestKit as _, settings};
use strowger_testkit::TestKit;

use crate::own::{Client, client, server};

const CCR: &strowger_diameter::proto::dict::CommandDef = &credit::CREDIT_CONTROL_COMMAND;

/// What CCA must have besides its Result-Code.
fn whole(answer: &mut Builder, asked: &Asked) {
    answer.avp(&base::AUTH_APPLICATION_ID, 4_u32);
    for def in [&credit::CC_REQUEST_TYPE, &credit::CC_REQUEST_NUMBER] {
        answer.raw(asked.message().find(def).expect("in every request"));
    }
}

/// A service that asks a scripted server, which gives that answer; the results and failures that the service heard of.
fn answered(
    level: ValidationSetting,
    answer: impl Fn(&mut Builder, &Asked),
) -> (Vec<u32>, u32, u64) {
    let settings = Settings {
        validation_answers: level,
        ..settings(&["ocs.example"])
    };
    let mut slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), settings)
        .service(client());
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    let teller = slee.diameter().client("tell.example");
    let told = teller.request(&base::ACCOUNTING, |acr| {
        acr.avp(&base::ACCOUNTING_RECORD_TYPE, 2_i32);
        acr.avp(&base::ACCOUNTING_RECORD_NUMBER, 0_u32);
        acr.avp(&base::ACCT_APPLICATION_ID, 3_u32);
    });
    told.expect(2001);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| answer(m, &asked));
    slee.advance(secs(1));
    let state = &slee.states::<Client>()[0];
    assert!(ocs.is_up(), "an answer that is dropped costs no connection");
    let invalid = slee.counter("answers.invalid");
    (state.results.clone(), state.failures, invalid)
}

#[test]
fn an_answer_is_checked_as_thoroughly_as_the_settings_say() {
    use ValidationSetting::{Full, Mandatory, Off, Structure};
    let good = (vec![2001], 0, 0);
    let bad = (vec![], 1, 1);
    for level in [Off, Structure, Mandatory, Full] {
        assert_eq!(answered(level, whole), good, "{level:?}");
        // Without CC-Request-Type and -Number.
        let short = answered(level, |m, _| {
            m.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        });
        let expected = if level == Full { &bad } else { &good };
        assert_eq!(&short, expected, "{level:?}");
        // With an AVP that must be understood and that nobody knows.
        let strange = answered(level, |m, asked| {
            whole(m, asked);
            m.put(999_999, 0, 0x40, b"new");
        });
        let checked = matches!(level, Mandatory | Full);
        let expected = if checked { &bad } else { &good };
        assert_eq!(&strange, expected, "{level:?}");
        // With a number of three bytes.
        let cut = answered(level, |m, asked| {
            whole(m, asked);
            m.put(base::ORIGIN_STATE_ID.code, 0, 0x40, &[1, 2, 3]);
        });
        let expected = if level == Off { &good } else { &bad };
        assert_eq!(&cut, expected, "{level:?}");
        // With text that is none.
        let garbled = answered(level, |m, asked| {
            whole(m, asked);
            m.put(base::USER_NAME.code, 0, 0x40, &[0xff, 0xfe]);
        });
        let expected = if level == Full { &bad } else { &good };
        assert_eq!(&garbled, expected, "{level:?}");
    }
}

/// Says what no command has: an answer with an AVP twice that may stand there once, a request without one that it must have.
#[derive(Default, State)]
struct Careless {
    failures: Vec<String>,
    answered: u32,
}

#[sbb(name = "careless", vendor = "org.example", version = "1.0")]
impl Careless {
    #[on(initial)]
    fn asked(
        &mut self,
        cx: &mut Cx,
        ev: &strowger_diameter::AccountingRequest,
        diameter: Ra<strowger_diameter::Diameter>,
    ) -> Result {
        let twice = strowger_diameter::Outgoing::answer(2001)
            .avp(&base::ACCOUNTING_RECORD_TYPE, 1_i32)
            .avp(&base::ACCOUNTING_RECORD_TYPE, 1_i32);
        diameter.answer(cx, ev, twice)?;
        let to = strowger_diameter::SessionTo::realm(4, "example");
        let session = diameter.session(cx, to)?;
        cx.attach(session);
        let request = strowger_diameter::Outgoing::request(CCR);
        diameter.send(cx, session, request)
    }

    #[on]
    fn answered(&mut self, _: &mut Cx, _: &strowger_diameter::CreditControlAnswer) {
        self.answered += 1;
    }

    #[on]
    fn not_sent(&mut self, _: &mut Cx, ev: &strowger_diameter::SendFailure) {
        self.failures.push(format!("{:?}", ev.reason));
    }
}

#[test]
fn what_a_service_says_is_checked_where_the_settings_ask_for_it() {
    for level in [ValidationSetting::Off, ValidationSetting::Full] {
        let settings = Settings {
            validation_sent: level,
            ..settings(&["ocs.example"])
        };
        let mut slee = TestKit::strict()
            .adaptor_with("diameter", strowger_diameter::adaptor(), settings)
            .service(ServiceDef::of::<Careless>());
        let ocs = slee.diameter().server("ocs.example");
        ocs.expect_up();
        let gateway = slee.diameter().client("gw.example");
        let asked = gateway.request(&base::ACCOUNTING, |acr| {
            acr.avp(&base::ACCOUNTING_RECORD_TYPE, 2_i32);
            acr.avp(&base::ACCOUNTING_RECORD_NUMBER, 0_u32);
            acr.avp(&base::ACCT_APPLICATION_ID, 3_u32);
        });
        let is_checked = level == ValidationSetting::Full;
        asked.expect(if is_checked { 5012 } else { 2001 });
        assert_eq!(ocs.find(CCR, secs(1)).is_none(), is_checked);
        slee.advance(secs(1));
        let heard = slee
            .states::<Careless>()
            .first()
            .map(|s| s.failures.clone());
        let expected = if is_checked {
            vec!["Invalid".to_owned()]
        } else {
            vec![]
        };
        assert_eq!(heard, Some(expected));
        let counted = |name| slee.counter(name);
        let (unwritable, unsent) = (
            counted("diameter.answers_unwritable"),
            counted("diameter.requests_not_sent"),
        );
        assert_eq!(
            (unwritable, unsent),
            (u64::from(is_checked), u64::from(is_checked))
        );
    }
}

#[test]
fn a_sound_service_is_not_hindered_by_being_checked() {
    let settings = Settings {
        validation_sent: ValidationSetting::Full,
        ..settings(&[])
    };
    let slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), settings)
        .service(server());
    let gateway = slee.diameter().client("gw.example");
    let asked = gateway.request(CCR, |ccr| {
        ccr.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        ccr.avp(&credit::SERVICE_CONTEXT_ID, "yes");
        ccr.avp(&credit::CC_REQUEST_TYPE, 1_i32);
        ccr.avp(&credit::CC_REQUEST_NUMBER, 0_u32);
    });
    asked.expect(2001);
    assert_eq!(slee.counter("diameter.answers_unwritable"), 0);
}
