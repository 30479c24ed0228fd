//! The service `my-service`: answers calls to its user, and hangs up when they have lasted long enough.

use schemars::JsonSchema;
use serde::Deserialize;
use strowger::prelude::*;
use strowger_sip::{self as sip, Dialog, Reply, Sip};

/// What an operator can set in `[services.my-service.settings]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The user who is called. What is meant for others is left to other services.
    #[schemars(extend("x-reload" = "live"))]
    pub user: String,
    /// How long a call lasts before it is ended.
    #[schemars(range(min = 1, max = 86_400), extend("x-unit" = "seconds", "x-reload" = "live"))]
    pub longest: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user: "my-service".to_owned(),
            longest: 60,
        }
    }
}

/// One call. What stands here is kept with every commit, and is there again when the process has died.
#[derive(Debug, Default, State)]
pub struct Call {}

/// The call has lasted for long enough.
#[derive(Clone, Debug, Event)]
pub struct TimeIsUp;

/// Stands for the session description of a media server.
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=inactive\r\n";

#[sbb(name = "my-service", vendor = "org.example", version = "0.1")]
impl Call {
    /// Takes calls to its user, and no others.
    fn pick(sel: &mut Selector) {
        let called = sel.event::<sip::Invite>().map(|ev| ev.user().to_vec());
        let user = sel.conf::<Settings>().map(|conf| conf.user.clone());
        if called != user.map(String::into_bytes) {
            sel.decline();
        }
    }

    #[on(initial, select = Self::pick)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        cx.timer(call, secs(conf.longest), TimeIsUp);
        sip.respond(cx, ev, Reply::new(200).body("application/sdp", SDP))
    }

    #[on]
    fn time_is_up(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<TimeIsUp>,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        sip.bye(cx, call)
    }
}

/// The service, for a node or a test kit.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Call>().settings::<Settings>()
}
