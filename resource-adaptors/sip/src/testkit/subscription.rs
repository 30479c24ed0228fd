//! Subscriptions and transfer, as a test scripts them: SUBSCRIBE, NOTIFY and REFER.

use super::SipPeers;
use super::call::Call;

impl SipPeers {
    /// Subscribes to an event package for that many seconds.
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self, from: &str, to: &str, package: &str, seconds: u32) -> Call {
        let lines = [format!("Event: {package}"), format!("Expires: {seconds}")];
        self.request(
            "SUBSCRIBE",
            from,
            to,
            &lines.each_ref().map(String::as_str),
            b"",
        )
    }

    /// Waits for a SUBSCRIBE to that address; it is answered with [`Call::accept_subscription`].
    #[must_use]
    #[track_caller]
    pub fn expect_subscribe(&self, uri: &str) -> Call {
        self.expect("SUBSCRIBE", uri)
    }
}

impl Call {
    /// 200 for the SUBSCRIBE that came, for that many seconds.
    #[track_caller]
    pub fn accept_subscription(&self, seconds: u32) -> Self {
        self.respond_with(200, &[&format!("Expires: {seconds}")], b"")
    }

    /// Subscribes again within the subscription; 0 seconds to end it.
    #[track_caller]
    pub fn resubscribe(&self, package: &str, seconds: u32) -> Self {
        let lines = [format!("Event: {package}"), format!("Expires: {seconds}")];
        self.request("SUBSCRIBE", &lines.each_ref().map(String::as_str), b"")
    }

    /// Sends a NOTIFY: `state` is the value of Subscription-State.
    #[track_caller]
    pub fn notify(&self, package: &str, state: &str, content_type: &str, body: &[u8]) -> Self {
        let lines = [
            format!("Event: {package}"),
            format!("Subscription-State: {state}"),
            format!("Content-Type: {content_type}"),
        ];
        let used = if body.is_empty() { 2 } else { 3 };
        let lines = lines.each_ref().map(String::as_str);
        self.request("NOTIFY", lines.get(..used).unwrap_or_default(), body)
    }

    /// Waits for a NOTIFY and answers it 200. Its Subscription-State must begin with `state`.
    #[track_caller]
    pub fn expect_notify(&self, state: &str) -> Self {
        let call = self.expect_request("NOTIFY").respond(200);
        let told = call.header("Subscription-State").unwrap_or_default();
        assert!(
            told.starts_with(state),
            "expected NOTIFY {state}, but got {told}"
        );
        call
    }

    /// Refers the other side of the call to somebody: `refer_to` is the value of Refer-To.
    #[track_caller]
    pub fn refer(&self, refer_to: &str) -> Self {
        self.request("REFER", &[&format!("Refer-To: {refer_to}")], b"")
    }
}
