//! Body of the fuzz target `sms_requests`: any bytes in, a panic if what reads messages out of requests over HTTP breaks a promise.
//! Requests over SMPP and SIP are read by the adaptors, which have targets of their own.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use crate::compose::Draft;
use crate::message::Address;
use crate::settings::{User, Web};
use crate::{api, kannel};
use strowger_sms::proto::text::{self, DataCoding};

/// The bytes as the content of `POST /v1/messages`, and as the parameters of Kannel's `sendsms`: whatever is taken of them makes no
/// more parts than it may, and each is one short message.
pub fn sms_requests(data: &[u8]) {
    let user = User {
        sender: Some("Shop".to_owned()),
        ..User::default()
    };
    for (draft, to) in [api::read(data, &user), kannel::read(data)]
        .into_iter()
        .flatten()
    {
        let number = Address::guess("+41791234567");
        parts(&draft, &number);
        for to in to.iter().take(4) {
            parts(&draft, &Address::guess(to));
        }
    }
}

fn parts(draft: &Draft, dest: &Address) {
    let most = Web::default().parts as usize;
    let Ok(parts) = draft.parts(dest, 7, most) else {
        return;
    };
    assert!((1..=most).contains(&parts.len()), "{} parts", parts.len());
    for part in &parts {
        let submit = part.submit();
        assert_eq!(submit.dest.text(), part.dest().digits.as_ref());
        assert!(
            parts.len() == 1 || submit.has_udh(),
            "a part that does not say so"
        );
        let (coding, content) = (DataCoding(submit.data_coding), submit.content());
        assert_eq!(text::check(coding, content, submit.has_udh()), Ok(1));
    }
}
