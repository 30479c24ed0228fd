//! Header names that the index knows by number, with their compact forms (RFC 3261 7.3.3, 20, IANA registry).

use super::text::eq_token;

macro_rules! headers {
    ($($variant:ident $name:literal $($compact:literal)?,)*) => {
        /// A header name. Names that have no number of their own are [`Other`](Self::Other).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the variants are the headers' names")]
        pub enum HeaderId {
            $($variant,)*
            /// A name that the index does not know; the message keeps it as written.
            Other,
        }

        impl HeaderId {
            /// Every header that has a number.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)*];

            /// The full name; empty for [`Other`](Self::Other).
            pub fn name(self) -> &'static [u8] {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other => b"",
                }
            }
        }

        const NAMES: &[(&[u8], HeaderId)] = &[
            $(($name, HeaderId::$variant), $(($compact, HeaderId::$variant),)?)*
        ];
    };
}

headers! {
    Via b"Via" b"v",
    From b"From" b"f",
    To b"To" b"t",
    CallId b"Call-ID" b"i",
    CSeq b"CSeq",
    MaxForwards b"Max-Forwards",
    Contact b"Contact" b"m",
    Route b"Route",
    RecordRoute b"Record-Route",
    ContentType b"Content-Type" b"c",
    ContentLength b"Content-Length" b"l",
    ContentEncoding b"Content-Encoding" b"e",
    ContentDisposition b"Content-Disposition",
    ContentLanguage b"Content-Language",
    MimeVersion b"MIME-Version",
    Expires b"Expires",
    MinExpires b"Min-Expires",
    Require b"Require",
    ProxyRequire b"Proxy-Require",
    Supported b"Supported" b"k",
    Unsupported b"Unsupported",
    Allow b"Allow",
    Accept b"Accept",
    AcceptEncoding b"Accept-Encoding",
    AcceptLanguage b"Accept-Language",
    Authorization b"Authorization",
    ProxyAuthorization b"Proxy-Authorization",
    WwwAuthenticate b"WWW-Authenticate",
    ProxyAuthenticate b"Proxy-Authenticate",
    AuthenticationInfo b"Authentication-Info",
    Event b"Event" b"o",
    AllowEvents b"Allow-Events" b"u",
    SubscriptionState b"Subscription-State",
    ReferTo b"Refer-To" b"r",
    ReferredBy b"Referred-By" b"b",
    Replaces b"Replaces",
    Join b"Join",
    SessionExpires b"Session-Expires" b"x",
    MinSe b"Min-SE",
    RAck b"RAck",
    RSeq b"RSeq",
    RetryAfter b"Retry-After",
    Path b"Path",
    ServiceRoute b"Service-Route",
    PAssertedIdentity b"P-Asserted-Identity",
    PPreferredIdentity b"P-Preferred-Identity",
    Privacy b"Privacy",
    Reason b"Reason",
    Warning b"Warning",
    Date b"Date",
    Timestamp b"Timestamp",
    Server b"Server",
    UserAgent b"User-Agent",
    Subject b"Subject" b"s",
    Organization b"Organization",
    Priority b"Priority",
    ReplyTo b"Reply-To",
    InReplyTo b"In-Reply-To",
    CallInfo b"Call-Info",
    AlertInfo b"Alert-Info",
    ErrorInfo b"Error-Info",
    SipEtag b"SIP-ETag",
    SipIfMatch b"SIP-If-Match",
    Diversion b"Diversion",
    HistoryInfo b"History-Info",
    SessionId b"Session-ID",
    Identity b"Identity" b"y",
    AcceptContact b"Accept-Contact" b"a",
    RejectContact b"Reject-Contact" b"j",
    RequestDisposition b"Request-Disposition" b"d",
}

const EMPTY: u8 = u8::MAX;
const TABLE: [u8; 256] = table();

/// Open addressing over `NAMES`, filled at compile time.
const fn table() -> [u8; 256] {
    let mut table = [EMPTY; 256];
    let mut i = 0;
    while i < NAMES.len() {
        let mut slot = hash(NAMES[i].0);
        while table[slot] != EMPTY {
            slot = (slot + 1) & 255;
        }
        table[slot] = i as u8;
        i += 1;
    }
    table
}

const fn hash(name: &[u8]) -> usize {
    let n = name.len();
    if n == 0 {
        return 0;
    }
    let first = (name[0] | 0x20) as usize;
    let middle = (name[n / 2] | 0x20) as usize;
    let last = (name[n - 1] | 0x20) as usize;
    (n * 5 + first * 7 + middle * 17 + last * 31) & 255
}

impl HeaderId {
    /// The header with this name, in full or compact form, in any case.
    #[inline]
    pub fn lookup(name: &[u8]) -> Self {
        let mut slot = hash(name);
        while let Some(&(known, id)) = NAMES.get(TABLE[slot] as usize) {
            if known == name || eq_token(known, name) {
                return id;
            }
            slot = (slot + 1) & 255;
        }
        Self::Other
    }

    /// Whether a message may have this header once only and only one value in it.
    pub fn is_single(self) -> bool {
        const SINGLE: u128 = mask(&[
            HeaderId::From,
            HeaderId::To,
            HeaderId::CallId,
            HeaderId::CSeq,
            HeaderId::MaxForwards,
            HeaderId::ContentType,
            HeaderId::ContentLength,
            HeaderId::ContentDisposition,
            HeaderId::MimeVersion,
            HeaderId::Expires,
            HeaderId::MinExpires,
            HeaderId::Event,
            HeaderId::SubscriptionState,
            HeaderId::ReferTo,
            HeaderId::ReferredBy,
            HeaderId::Replaces,
            HeaderId::SessionExpires,
            HeaderId::MinSe,
            HeaderId::RAck,
            HeaderId::RSeq,
            HeaderId::RetryAfter,
            HeaderId::Date,
            HeaderId::Timestamp,
            HeaderId::SipEtag,
            HeaderId::SipIfMatch,
        ]);
        self.bit() & SINGLE != 0
    }

    /// This header's bit in a set of headers; none for [`Other`](Self::Other).
    pub(crate) const fn bit(self) -> u128 {
        if matches!(self, Self::Other) {
            0
        } else {
            1 << (self as u8)
        }
    }
}

/// A set of headers as bits.
pub(crate) const fn mask(ids: &[HeaderId]) -> u128 {
    let mut set = 0;
    let mut i = 0;
    while i < ids.len() {
        set |= ids[i].bit();
        i += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for &(name, id) in NAMES {
            assert_eq!(HeaderId::lookup(name), id);
            assert_eq!(HeaderId::lookup(&name.to_ascii_uppercase()), id);
            assert_eq!(HeaderId::lookup(&name.to_ascii_lowercase()), id);
        }
        for other in [&b""[..], b"z", b"X-Foo", b"Vi", b"Via1", b"Call_ID"] {
            assert_eq!(HeaderId::lookup(other), HeaderId::Other);
        }
    }
}
