//! `/cgi-bin/sendsms` as Kannel has it: its parameters, its answers, and the escapes of its `dlr-url`, for programs that were
//! written for it.
//!
//! Parameters are octets in a charset that another parameter names, so they are not read as text before that is known.
//! Nothing is remembered of a request: one that is repeated sends again, as with Kannel.

use std::borrow::Cow;
use std::fmt::Write as _;

use strowger::prelude::*;
use strowger_http::{Exchange, Http, Method, Reply, Request};
use strowger_sms::proto::text::{Alphabet, Class, decode, encode_lossy, udh};

use crate::compose::{Content, Draft};
use crate::message::{Address, Back, Origin, Told};
use crate::route::check_url;
use crate::wanted::Wanted;
use crate::{With, api};

/// What is answered.
type Answer = (u16, &'static str);

const ACCEPTED: Answer = (202, "0: Accepted for delivery");
const NO_USER: Answer = (403, "Authorization failed for sendsms");
const NOT_ROUTABLE: Answer = (403, "Not routable. Do not try again.");
const NOT_NOW: Answer = (503, "Temporal failure, try again later.");
const NO_RECEIVER: Answer = (400, "Missing receiver number, rejected");
const NO_SENDER: Answer = (400, "Sender missing and no global set, rejected");
const BAD_UDH: Answer = (400, "UDH field misformed, rejected");
const BAD_CHARSET: Answer = (400, "Charset or body misformed, rejected");
const BAD_VALUE: Answer = (400, "Parameter misformed, rejected");

/// What the password is called.
const PASSWORD: [&str; 2] = ["password", "pass"];

/// The parameters of a request, in their order, decoded to octets.
struct Params<'a>(Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>);

impl<'a> Params<'a> {
    fn parse(form: &'a [u8]) -> Self {
        let pairs = form
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty());
        let pair = |pair: &'a [u8]| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || octets(halves.next().unwrap_or_default());
            (half(), half())
        };
        Self(pairs.map(pair).collect())
    }

    /// The first of these names.
    fn get(&self, names: &[&str]) -> Option<&[u8]> {
        let of = |name: &&str| {
            let mut fitting = self
                .0
                .iter()
                .filter(|(own, _)| own.as_ref() == name.as_bytes());
            fitting.next().map(|(_, value)| value.as_ref())
        };
        names.iter().find_map(of)
    }

    fn text(&self, names: &[&str]) -> Option<String> {
        let value = self.get(names)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// A number; one that is empty is none.
    fn number(&self, name: &str, most: u64) -> Result<Option<u64>, Answer> {
        match self.text(&[name]).as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse() {
                Ok(number) if number <= most => Ok(Some(number)),
                _ => Err(BAD_VALUE),
            },
        }
    }
}

/// Undoes the escapes of a form.
fn octets(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|b| char::from(*b).to_digit(16));
        rest = behind;
        match (byte, digit(0), digit(1)) {
            (b'+', ..) => out.push(b' '),
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = &behind[2..];
            }
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}

/// What one request asks for.
#[derive(Debug)]
struct Push {
    from: Option<String>,
    to: Vec<String>,
    content: Content,
    udh: Vec<u8>,
    class: Option<Class>,
    protocol_id: u8,
    priority: u8,
    via: Option<String>,
    validity: Option<Duration>,
    deferred: Option<Duration>,
    mask: u8,
    url: Option<String>,
}

impl Push {
    fn read(params: &Params<'_>) -> Result<Self, Answer> {
        let to = params.text(&["to"]).unwrap_or_default();
        let to: Vec<String> = to.split_whitespace().map(str::to_owned).collect();
        if to.is_empty() {
            return Err(NO_RECEIVER);
        }
        let minutes = |name| -> Result<Option<Duration>, Answer> {
            let minutes = params.number(name, 525_600)?;
            Ok(minutes
                .filter(|n| *n > 0)
                .map(|n| Duration::from_secs(n * 60)))
        };
        let udh = params.get(&["udh"]).unwrap_or_default().to_vec();
        if !udh.is_empty() && udh::parse(&udh).map_or(true, |(_, rest)| !rest.is_empty()) {
            return Err(BAD_UDH);
        }
        let byte = |name| -> Result<Option<u8>, Answer> {
            Ok(params.number(name, 255)?.and_then(|n| u8::try_from(n).ok()))
        };
        Ok(Self {
            from: params.text(&["from"]).filter(|from| !from.is_empty()),
            to,
            content: content(params, !udh.is_empty())?,
            udh,
            class: byte("mclass")?.map(class).transpose()?,
            protocol_id: byte("pid")?.unwrap_or_default(),
            priority: byte("priority")?.unwrap_or_default().min(3),
            via: params.text(&["smsc"]).filter(|via| !via.is_empty()),
            validity: minutes("validity")?,
            deferred: minutes("deferred")?,
            mask: byte("dlr-mask")?.unwrap_or_default(),
            url: params.text(&["dlr-url"]).filter(|url| !url.is_empty()),
        })
    }

    fn draft(&self, sender: &str) -> Draft {
        let mut draft = Draft::new(Address::guess(sender), self.content.clone());
        draft.udh.clone_from(&self.udh);
        draft.class = self.class;
        draft.protocol_id = self.protocol_id;
        draft.priority = self.priority;
        draft.via = self.via.as_deref().map(Into::into);
        draft
    }
}

/// What a form asks to have sent, and to whom, whoever has sent it: for `fuzz`.
pub(crate) fn read(form: &[u8]) -> Option<(Draft, Vec<String>)> {
    let push = Push::read(&Params::parse(form)).ok()?;
    let draft = push.draft(push.from.as_deref().unwrap_or("Shop"));
    Some((draft, push.to))
}

fn class(number: u8) -> Result<Class, Answer> {
    match number {
        0 => Ok(Class::Flash),
        1 => Ok(Class::Phone),
        2 => Ok(Class::Sim),
        3 => Ok(Class::Terminal),
        _ => Err(BAD_VALUE),
    }
}

/// The message: `coding` 0 in the GSM alphabet, where what it lacks becomes `?`, 1 in octets, 2 in UCS-2.
fn content(params: &Params<'_>, header: bool) -> Result<Content, Answer> {
    let text = params.get(&["text"]).unwrap_or_default();
    let coding = params.number("coding", 2)?;
    let coding = coding.unwrap_or_else(|| u64::from(header));
    if coding == 1 {
        return Ok(Content::Data(text.to_vec()));
    }
    let usual = if coding == 2 { "utf-16be" } else { "utf-8" };
    let charset = params.text(&["charset"]).filter(|name| !name.is_empty());
    let charset = charset.map_or_else(|| usual.to_owned(), |name| name.to_ascii_lowercase());
    let text = characters(text, &charset).ok_or(BAD_CHARSET)?;
    Ok(match coding {
        2 => Content::Text(text, Some(Alphabet::Ucs2)),
        _ => {
            let octets = encode_lossy(&text, Alphabet::Gsm7).octets;
            Content::Text(decode(Alphabet::Gsm7, &octets).text, Some(Alphabet::Gsm7))
        }
    })
}

/// Octets as characters of a charset; `None` if they are none, or nobody knows it.
fn characters(octets: &[u8], charset: &str) -> Option<String> {
    let wide = |of: fn([u8; 2]) -> u16| {
        let (units, rest) = octets.as_chunks::<2>();
        let units = units.iter().map(|unit| of(*unit));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        text.ok().filter(|_| rest.is_empty())
    };
    match charset {
        "utf-8" | "utf8" => String::from_utf8(octets.to_vec()).ok(),
        "us-ascii" | "ascii" => octets
            .is_ascii()
            .then(|| decode(Alphabet::Ascii, octets).text),
        "iso-8859-1" | "latin1" | "latin-1" => Some(decode(Alphabet::Latin1, octets).text),
        "utf-16be" | "utf16-be" | "utf-16" | "ucs-2" => wide(u16::from_be_bytes),
        "utf-16le" | "utf16-le" => wide(u16::from_le_bytes),
        _ => None,
    }
}

/// Answers a request.
pub(crate) fn take(
    cx: &mut Cx,
    ev: &Request,
    exchange: Handle<Exchange>,
    http: Http,
    w: &With,
) -> Result {
    let form = match ev.method == Method::Post && !ev.body.is_empty() {
        true => &ev.body[..],
        false => ev.query.as_bytes(),
    };
    let params = Params::parse(form);
    let (status, text) = match push(cx, &params, w)? {
        Ok(answer) | Err(answer) => answer,
    };
    let reply = Reply::text(status, text);
    // Kannel's clients have no `Authorization`, and are told 403: the adaptor cannot know by itself that somebody guesses.
    let guessed = (status, text) == NO_USER && params.get(&PASSWORD).is_some();
    let reply = if guessed {
        reply.wrong_credentials()
    } else {
        reply
    };
    http.respond(cx, exchange, reply)
}

/// Begins the messages that a request asks for.
fn push(cx: &mut Cx, params: &Params<'_>, w: &With) -> Result<Result<Answer, Answer>> {
    let name = params.text(&["username", "user"]).unwrap_or_default();
    let password = params.text(&PASSWORD).unwrap_or_default();
    let known = w.conf.http.users.get(&name);
    let Some(user) = known.filter(|user| user.password.is(&password)) else {
        return Ok(Err(NO_USER));
    };
    let push = match Push::read(params) {
        Ok(push) => push,
        Err(answer) => return Ok(Err(answer)),
    };
    let Some(sender) = user.sender(push.from.as_deref()) else {
        return Ok(Err(NO_SENDER));
    };
    if push.to.len() > w.conf.http.recipients as usize {
        return Ok(Err(BAD_VALUE));
    }
    let draft = push.draft(sender);
    let now = cx.now().wall;
    let begin = push.deferred.map(|deferred| now + deferred);
    let expires = push
        .validity
        .map(|validity| begin.unwrap_or(now) + validity);
    let url = push
        .url
        .as_deref()
        .filter(|url| check_url(&plain(url)).is_ok());
    let wanted = Wanted::mask(if url.is_some() { push.mask } else { 0 });
    let from = Origin::User(name.as_str().into());
    let mut accepted = 0;
    for to in &push.to {
        let prepared = api::prepare(cx, &from, to, &draft, (begin, expires), w);
        let Ok(mut submissions) = prepared else {
            continue;
        };
        // One report for a message: that of its last part.
        if let (Some(last), Some(url)) = (submissions.last_mut(), url) {
            last.message.wanted = wanted;
            last.message.back = Back::Kannel(url.into());
        }
        if api::submit(cx, submissions, w)?.is_none() {
            return Ok(Err(NOT_NOW));
        }
        accepted += 1;
    }
    Ok(match accepted {
        0 => Err(NOT_ROUTABLE),
        _ => Ok(ACCEPTED),
    })
}

/// A URL without its escapes, to see whether it can be one.
fn plain(template: &str) -> String {
    template.replace('%', "")
}

/// A `dlr-url` with what its escapes stand for.
pub(crate) fn expand(template: &str, told: &Told, user: &str) -> String {
    let mut url = String::with_capacity(template.len() + 32);
    let mut rest = template.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            url.push(c);
            continue;
        }
        let Some(escape) = rest.next() else {
            url.push_str("%25");
            break;
        };
        match value(escape, told, user) {
            Some(value) => escaped(&mut url, &value),
            // What is no escape of Kannel's is one of the URL's own.
            None => {
                url.push('%');
                url.push(escape);
            }
        }
    }
    url
}

/// What an escape stands for.
fn value(escape: char, told: &Told, user: &str) -> Option<String> {
    let plus = |address: &Address| match address.digits.strip_prefix("00") {
        Some(digits) => format!("+{digits}"),
        None if address.ton == 1 => format!("+{}", address.digits),
        None => address.digits.to_string(),
    };
    Some(match escape {
        'd' => told.news.bit().to_string(),
        'p' => told.source.digits.to_string(),
        'P' => told.dest.digits.to_string(),
        'q' => plus(&told.source),
        'Q' => plus(&told.dest),
        'i' => told.link.to_string(),
        'I' => told.id.to_string(),
        'F' => told.upstream.to_string(),
        'n' => user.to_owned(),
        'A' | 'a' => told.text.to_string(),
        't' => {
            let (date, time) = day(told);
            format!("{date} {time}")
        }
        'T' => (told.done.0 / 1_000).to_string(),
        '%' => "%".to_owned(),
        // Of a receipt there is nothing to say here.
        'k' | 's' | 'S' | 'r' | 'b' | 'e' | 'L' | 'm' | 'M' | 'c' | 'C' | 'u' | 'B' | 'o' | 'O' => {
            String::new()
        }
        _ => return None,
    })
}

/// Date and time of a receipt, in UTC.
fn day(told: &Told) -> (String, String) {
    let at = api::written(told.done);
    let (date, time) = at.split_once('T').unwrap_or_default();
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}

/// Appends a value as a query has it.
fn escaped(url: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(byte));
            }
            b' ' => url.push('+'),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wanted::News;
    use strowger::time::Wall;
    use strowger_sms::{MessageId, MessageState};

    fn read(query: &str) -> Result<Push, Answer> {
        Push::read(&Params::parse(query.as_bytes()))
    }

    #[test]
    fn requests_are_read_as_kannel_reads_them() {
        let push =
            read("username=u&password=p&to=%2B4179+4178&from=Bank&text=two+words").expect("a push");
        assert_eq!(push.to, ["+4179", "4178"]);
        assert_eq!(push.from.as_deref(), Some("Bank"));
        let words = Content::Text("two words".to_owned(), Some(Alphabet::Gsm7));
        assert_eq!(push.content, words);
        let push =
            read("to=1&text=%E9&charset=ISO-8859-1&deferred=5&validity=60&dlr-mask=31&mclass=0")
                .expect("a push");
        assert_eq!(
            push.content,
            Content::Text("é".to_owned(), Some(Alphabet::Gsm7))
        );
        let times = (push.deferred, push.validity);
        assert_eq!(times, (Some(minutes(5)), Some(minutes(60))));
        assert_eq!((push.mask, push.class), (31, Some(Class::Flash)));
    }

    #[test]
    fn a_text_is_in_its_coding_and_charset() {
        let of = |query: &str| read(&format!("to=1&{query}")).map(|push| push.content);
        let text = |text: &str, alphabet| Ok(Content::Text(text.to_owned(), Some(alphabet)));
        assert_eq!(of("text=%d0%b6"), text("?", Alphabet::Gsm7));
        assert_eq!(of("text=%04%36&coding=2"), text("ж", Alphabet::Ucs2));
        assert_eq!(
            of("text=%d0%b6&coding=2&charset=UTF-8"),
            text("ж", Alphabet::Ucs2)
        );
        assert_eq!(of("text=%00%ff&coding=1"), Ok(Content::Data(vec![0, 255])));
        assert_eq!(of("text=%ff"), Err(BAD_CHARSET));
        assert_eq!(of("text=a&charset=EBCDIC"), Err(BAD_CHARSET));
        assert_eq!(of("udh=%02%00%00&text=%01"), Ok(Content::Data(vec![1])));
        assert_eq!(of("udh=%03%00%00&text=%01"), Err(BAD_UDH));
        // An element that is longer than what is left of the header.
        assert_eq!(of("udh=%02%00%01&text=%01"), Err(BAD_UDH));
        assert_eq!(of("coding=3"), Err(BAD_VALUE));
    }

    #[test]
    fn what_lacks_a_receiver_is_refused() {
        assert_eq!(read("text=x").err(), Some(NO_RECEIVER));
        assert_eq!(read("text=x&to=").err(), Some(NO_RECEIVER));
        assert_eq!(octets(b"%zz%4"), Cow::<[u8]>::Owned(b"%zz%4".to_vec()));
    }

    #[test]
    fn escapes_of_a_dlr_url_are_filled_in() {
        let told = Told {
            id: MessageId::read(b"1234567890abcdef").expect("an id"),
            news: News::Delivered,
            state: MessageState::Delivered,
            error: 0,
            submitted: Wall(0),
            done: Wall(1_767_268_800_000),
            source: Address::guess("Bank 24"),
            dest: Address::guess("+41791234567"),
            link: "up".into(),
            upstream: "0042".into(),
            text: "id:1 stat:DELIVRD".into(),
        };
        let of = |template: &str| expand(template, &told, "shop");
        assert_eq!(
            of("http://h/?d=%d&p=%p&P=%P&Q=%Q"),
            "http://h/?d=1&p=Bank+24&P=41791234567&Q=%2B41791234567"
        );
        assert_eq!(
            of("http://h/?i=%i&F=%F&I=%I&n=%n"),
            "http://h/?i=up&F=0042&I=1234567890abcdef&n=shop"
        );
        assert_eq!(
            of("http://h/?A=%A&T=%T"),
            "http://h/?A=id%3A1+stat%3ADELIVRD&T=1767268800"
        );
        assert_eq!(of("http://h/?t=%t"), "http://h/?t=2026-01-01+12%3A00%3A00");
        assert_eq!(of("http://h/?a=%20b&x=%r&z=%"), "http://h/?a=%20b&x=&z=%25");
    }
}
