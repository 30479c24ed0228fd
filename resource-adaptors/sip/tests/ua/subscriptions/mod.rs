//! Subscriptions of both sides and REFER: RFC 6665, 3515, 4488, 5057.

mod notifier;
mod random;
mod restart;
mod subscriber;
mod transfer;

use super::*;
use strowger_sip::proto::subscription::{Notification, State, Want};
use strowger_sip::proto::ua::{Grant, progress};

impl Bench {
    fn events() -> Self {
        let mut bench = Self::new();
        let served = [
            Method::Subscribe,
            Method::Notify,
            Method::Refer,
            Method::Publish,
        ];
        let all = Methods::ALWAYS.with(&Method::Info);
        bench
            .ua
            .set_served(served.iter().fold(all, |set, method| set.with(method)));
        bench
    }

    /// A subscription of ours, before any answer, and its SUBSCRIBE.
    fn subscribing(&mut self, want: Want) -> (Key, Message) {
        let draft = Draft {
            method: Bytes::from_static(b"SUBSCRIBE"),
            lines: Bytes::from_static(b"Accept: a/b\r\n"),
            ..draft("")
        };
        let key = self.ua.subscribe(self.now, 700, 9, &draft, want).unwrap();
        self.drain();
        (key, self.take_sent().remove(0))
    }

    /// A subscription of ours that stands for 600 s.
    fn subscribed(&mut self) -> (Key, Message) {
        let (key, subscribe) = self.subscribing(want(600));
        self.receive(response(&subscribe, 200, "no", "Expires: 600\r\n"));
        self.notified(&subscribe, 1, "active;expires=600");
        self.sent.clear();
        self.seen();
        (key, subscribe)
    }

    /// A NOTIFY to a subscription of ours; it is taken by the default answer.
    fn notified(&mut self, subscribe: &Message, cseq: u32, state: &str) {
        self.receive(notify(subscribe, "no", cseq, state, "presence"));
        self.default_answer();
    }

    /// What the adaptor does when the handlers of the last request have run without answering it.
    fn default_answer(&mut self) {
        if let Some(Event::InDialog { tx: Some(tx), .. }) = self.events.last() {
            let tx = *tx;
            // An error means that it has been answered.
            let _ = self.ua.processed(self.now, tx);
            self.drain();
        }
    }

    /// A subscription of the peer's, accepted for at most 600 s, and our tag.
    fn accepted(&mut self, extra: &str) -> (Key, String) {
        self.receive(request("SUBSCRIBE", "s1", "", 1, extra));
        let Some(Event::Request { tx, .. }) = self.events.pop() else {
            panic!("no SUBSCRIBE: {:?}", self.lines())
        };
        let key = self.ua.accept(self.now, 800, tx, &grant(200)).unwrap();
        self.drain();
        let tag = String::from_utf8_lossy(self.sent[0].1.to_tag().unwrap()).into_owned();
        (key, tag)
    }

    fn tell(&mut self, key: Key, state: State, body: &'static str) {
        let notification = Notification {
            state,
            lines: Bytes::from_static(b"Content-Type: a/b\r\n"),
            body: Bytes::from_static(body.as_bytes()),
            ..Notification::default()
        };
        self.ua.notify(self.now, key, notification).unwrap();
        self.drain();
    }

    /// The peer's answer to the last request that we sent.
    fn answered(&mut self, status: u16) -> Message {
        let sent = self.take_sent();
        let last = sent.last().unwrap().clone();
        self.receive(response(&last, status, "", ""));
        last
    }
}

fn want(expires: u32) -> Want {
    Want {
        package: Bytes::from_static(b"presence"),
        expires,
        ..Want::default()
    }
}

fn grant(status: u16) -> Grant {
    Grant {
        status,
        expires: 600,
        ..Grant::default()
    }
}

/// A NOTIFY of the peer's in the dialog that `ours` began.
fn notify(ours: &Message, tag: &str, cseq: u32, state: &str, event: &str) -> String {
    format!(
        "NOTIFY sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bKn{tag}{cseq}\r\nMax-Forwards: 70\r\n\
         From: <sip:bob@b.example>;tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} NOTIFY\r\n\
         Contact: <sip:bob@{PEER}>\r\nEvent: {event}\r\nSubscription-State: {state}\r\nContent-Length: 0\r\n\r\n",
        text(ours, "From"),
        text(ours, "Call-ID"),
    )
}

const PRESENCE: &str = "Event: presence\r\nExpires: 3600\r\n";

impl Bench {
    fn referred(&mut self, tag: &str, cseq: u32) -> Key {
        let extra = "Refer-To: <sip:carol@c.example>\r\n";
        self.receive(request("REFER", &format!("r{cseq}"), tag, cseq, extra));
        let Some(Event::InDialog { tx: Some(tx), .. }) = self.events.pop() else {
            panic!("no REFER")
        };
        let key = self
            .ua
            .accept(self.now, 800 + u64::from(cseq), tx, &grant(202))
            .unwrap();
        self.drain();
        key
    }
}
