//! SIP messages as a peer of the node sees them: read and written here without a line of the adaptor's code, so that the
//! adaptor is never checked against itself.

use std::fmt::Write;

/// A SIP message that was received. Headers are looked up by their long or compact name.
#[derive(Clone, Debug)]
pub struct Message {
    /// The first line.
    pub start: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Message {
    /// Reads a whole message.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let headers = lines
            .filter_map(|l| l.split_once(':'))
            .map(|(n, v)| (long_name(n.trim()), v.trim().to_owned()));
        Some(Self {
            start,
            headers: headers.collect(),
            body: body.to_owned(),
        })
    }

    /// The first header of that name, given in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, v)| v.as_str())
    }

    /// All headers, by their long names in lower case.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// All headers of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The status, when it is a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.start
            .strip_prefix("SIP/2.0 ")?
            .split(' ')
            .next()?
            .parse()
            .ok()
    }

    /// The method, also of the request that a response answers.
    #[must_use]
    pub fn method(&self) -> &str {
        match self.status() {
            Some(_) => self.get("cseq").split_whitespace().nth(1).unwrap_or(""),
            None => self.start.split(' ').next().unwrap_or(""),
        }
    }

    /// The number in CSeq.
    #[must_use]
    pub fn cseq(&self) -> u32 {
        self.get("cseq")
            .split_whitespace()
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0)
    }

    /// The URI in Contact.
    #[must_use]
    pub fn contact(&self) -> String {
        uri_of(self.get("contact")).to_owned()
    }

    /// A response to this request; `tag` is put into To unless there is one.
    #[must_use]
    pub fn answer(&self, status: &str, tag: &str, contact: &str, body: &str) -> String {
        let mut out = format!("SIP/2.0 {status}\r\n");
        for name in ["via", "record-route"] {
            for value in self.all(name) {
                let _ = write!(out, "{name}: {value}\r\n");
            }
        }
        let to = self.get("to");
        let tag = if to.contains("tag=") || tag.is_empty() {
            String::new()
        } else {
            format!(";tag={tag}")
        };
        let _ = write!(
            out,
            "From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <{contact}>\r\n",
            self.get("from"),
            self.get("call-id"),
            self.get("cseq"),
        );
        finish(&mut out, body);
        out
    }
}

/// Writes the end of the headers and the body.
pub(crate) fn finish(out: &mut String, body: &str) {
    if !body.is_empty() {
        out.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(out, "Content-Length: {}\r\n\r\n{body}", body.len());
}

/// The URI between angle brackets, or the whole value without parameters.
pub(crate) fn uri_of(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(""),
        None => value.split(';').next().unwrap_or(""),
    }
}

/// Length of the first whole message at the start of a stream's bytes.
pub(crate) fn frame(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text
        .split("\r\n")
        .filter_map(|l| l.split_once(':'))
        .find(|(n, _)| matches!(n.trim(), "content-length" | "l"));
    let body: usize = length.and_then(|(_, v)| v.trim().parse().ok()).unwrap_or(0);
    (bytes.len() >= head + body).then_some(head + body)
}

fn long_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "v" => "via".to_owned(),
        "f" => "from".to_owned(),
        "t" => "to".to_owned(),
        "i" => "call-id".to_owned(),
        "m" => "contact".to_owned(),
        "l" => "content-length".to_owned(),
        _ => name,
    }
}
