//! Calls written down in a few lines, and the SIPp scenarios made of them: `calls/NAME.call` says what each side sends
//! and expects, this puts in the headers that RFC 3261 asks for.
//!
//! ```text
//! caller:                         one section for each side
//! > INVITE sdp                    sends; `sdp` puts an offer or answer in, `sdp=inactive` one with that direction
//!   Supported: 100rel             a further header, or one in place of the usual; `uri: ...` another Request-URI
//! < 100?                          may come
//! < 183                           must come, as the next thing
//!   RSeq: [0-9]+                  and has a header (or `body:`, `message:`) in which this regular expression is found
//!   !Require                      and one that is not there
//! ~ 200                           waits, milliseconds
//! callee:
//! < INVITE
//! > 200 to INVITE sdp tag=b       answers the last INVITE, under another tag
//! ```
//!
//! SIPp takes a message that is not expected, or one that does not come, for a failed call. What must come stands in the
//! order in which it comes: two things that may cross each other cannot be told of.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The scenario of one side, for SIPp.
///
/// # Errors
/// The line that makes no sense.
pub fn scenario(text: &str, side: &str) -> Result<String, String> {
    let mut writer = Writer::new(side == "caller");
    let mut here = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_suffix(':').filter(|l| !l.starts_with(' ')) {
            here = name == side;
            continue;
        }
        if !here || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut under = Vec::new();
        while let Some(more) = lines.next_if(|l| l.starts_with("  ")) {
            under.push(more.trim_start());
        }
        writer
            .line(line, &under)
            .ok_or_else(|| format!("{side}: {line}"))?;
    }
    Ok(writer.finish())
}

/// The sides that a script tells of, in its order.
#[must_use]
pub fn sides(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.starts_with([' ', '#']))
        .filter_map(|line| line.strip_suffix(':'))
        .collect()
}

/// What the scenario has come to.
struct Writer {
    calls: bool,
    xml: String,
    /// Of messages and pauses, as SIPp counts them: branches are told apart by it.
    index: usize,
    /// Of the last INVITE that was sent.
    invite: Option<Invite>,
    cseq: u32,
    /// A response under way has told the other side's tag, or we have told ours.
    dialog: bool,
    /// It is answered with a 2xx.
    confirmed: bool,
    /// The last request that was sent, but for ACK.
    asked: String,
    /// What came without a tag of ours.
    tagless: BTreeSet<String>,
    variables: BTreeSet<String>,
    checks: u32,
}

struct Invite {
    index: usize,
    cseq: u32,
    uri: String,
    to: String,
    pending: bool,
    refused: bool,
}

/// What answers repeat of a request: taken when it comes, because SIPp itself only knows the last message. Those that may be
/// missing begin with the end of the line before.
const KEPT: [(&str, &str, &str); 5] = [
    (
        "Via",
        "Via: [^[:cntrl:]]+([[:cntrl:]]+Via: [^[:cntrl:]]+)*",
        "search_in=\"msg\"",
    ),
    ("From", ".*", "search_in=\"hdr\" header=\"From:\""),
    ("To", ".*", "search_in=\"hdr\" header=\"To:\""),
    ("CSeq", ".*", "search_in=\"hdr\" header=\"CSeq:\""),
    (
        "Record",
        "([[:cntrl:]]+Record-Route: [^[:cntrl:]]+)+",
        "search_in=\"msg\"",
    ),
];

const URI: &str = "sip:[service]@[remote_ip]:[remote_port]";
const CALLER: &str = "<sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]";

impl Writer {
    fn new(calls: bool) -> Self {
        Self {
            calls,
            xml: "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<scenario name=\"call\">\n"
                .to_owned(),
            index: 0,
            invite: None,
            cseq: 0,
            dialog: false,
            confirmed: false,
            asked: String::new(),
            tagless: BTreeSet::new(),
            variables: BTreeSet::new(),
            checks: 0,
        }
    }

    fn finish(mut self) -> String {
        if !self.variables.is_empty() {
            let all: Vec<&str> = self.variables.iter().map(String::as_str).collect();
            let _ = writeln!(self.xml, "<Reference variables=\"{}\"/>", all.join(","));
        }
        self.xml.push_str("</scenario>\n");
        self.xml
    }

    fn line(&mut self, line: &str, under: &[&str]) -> Option<()> {
        let (sign, rest) = line.split_at_checked(2)?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (what, options) = words.split_first()?;
        match sign {
            "> " if what.starts_with(|c: char| c.is_ascii_digit()) => {
                self.respond(rest, under)?;
            }
            "> " => self.request(what, options, under)?,
            "< " => self.receive(what, options, under)?,
            "~ " => {
                let _ = writeln!(self.xml, "<pause milliseconds=\"{what}\"/>");
            }
            _ => return None,
        }
        self.index += 1;
        Some(())
    }

    fn receive(&mut self, what: &str, options: &[&str], under: &[&str]) -> Option<()> {
        let (what, optional) = match what.strip_suffix('?') {
            Some(what) => (what, true),
            None => (what, false),
        };
        let status = what.parse::<u16>().ok();
        let kind = if status.is_some() {
            "response"
        } else {
            "request"
        };
        let _ = write!(self.xml, "<recv {kind}=\"{what}\"");
        if optional {
            self.xml.push_str(" optional=\"true\"");
        }
        if let Some(status) = status {
            self.answered(status, options, optional);
        } else {
            if ["INVITE", "SUBSCRIBE"].contains(&what) && !self.calls && !self.dialog {
                self.xml.push_str(" rrs=\"true\"");
            }
            if self.dialog {
                self.tagless.remove(what);
            } else {
                self.tagless.insert(what.to_owned());
            }
        }
        if let Some(lost) = options.iter().find_map(|o| o.strip_prefix("lost=")) {
            let _ = write!(self.xml, " lost=\"{lost}\"");
        }
        self.xml.push_str("><action>\n");
        if status.is_none() {
            for (name, regexp, place) in KEPT {
                let name = format!("{name}_{what}");
                let _ = writeln!(
                    self.xml,
                    "<ereg regexp=\"{regexp}\" {place} assign_to=\"{name}\"/>"
                );
                self.variables.insert(name);
            }
            if !self.calls && !self.dialog {
                self.keep_party("From", "party_from");
                self.keep_party("To", "party_to");
            }
        }
        for check in under {
            self.check(check)?;
        }
        self.xml.push_str("</action></recv>\n");
        Some(())
    }

    /// A response to the INVITE that is under way, to the last request, or to the method that stands behind it.
    fn answered(&mut self, status: u16, options: &[&str], optional: bool) {
        let pending = self.invite.as_ref().is_some_and(|invite| invite.pending);
        let named = options.iter().find(|o| o.chars().all(char::is_uppercase));
        let method = match named {
            Some(method) => method,
            None if pending => "INVITE",
            None => &*self.asked,
        };
        let opens = ["INVITE", "SUBSCRIBE"].contains(&method);
        if opens && (101..300).contains(&status) && self.calls {
            if !self.confirmed {
                self.xml.push_str(" rrs=\"true\"");
            }
            self.dialog |= !optional;
            self.confirmed |= status >= 200;
        }
        if [401, 407].contains(&status) {
            self.xml.push_str(" auth=\"true\"");
        }
        let of_invite = method == "INVITE" && status >= 200 && !optional;
        if let Some(invite) = self.invite.as_mut().filter(|_| of_invite) {
            invite.pending = false;
            invite.refused = status >= 300;
        }
    }

    fn keep_party(&mut self, header: &str, name: &str) {
        let _ = writeln!(
            self.xml,
            "<ereg regexp=\".*\" search_in=\"hdr\" header=\"{header}:\" check_it=\"true\" assign_to=\"{name}\"/>"
        );
        self.variables.insert(name.to_owned());
    }

    /// `NAME: regexp`, `!NAME`, or `NAME -> variable: regexp`.
    fn check(&mut self, check: &str) -> Option<()> {
        self.checks += 1;
        let (mut name, mut verdict) = (format!("check{}", self.checks), "check_it");
        let (place, regexp) = if let Some(header) = check.strip_prefix('!') {
            verdict = "check_it_inverse";
            (
                "search_in=\"msg\"".to_owned(),
                format!("[[:cntrl:]]{header}:"),
            )
        } else {
            let (mut header, regexp) = check.split_once(": ")?;
            if let Some((of, variable)) = header.split_once(" -> ") {
                header = of;
                variable.clone_into(&mut name);
            }
            let place = match header {
                "body" => "search_in=\"body\"".to_owned(),
                "message" => "search_in=\"msg\"".to_owned(),
                header => format!("search_in=\"hdr\" header=\"{header}:\""),
            };
            (place, regexp.to_owned())
        };
        let regexp = escape(&regexp);
        let _ = writeln!(
            self.xml,
            "<ereg regexp=\"{regexp}\" {place} {verdict}=\"true\" assign_to=\"{name}\"/>"
        );
        self.variables.insert(name);
        Some(())
    }

    fn request(&mut self, method: &str, options: &[&str], under: &[&str]) -> Option<()> {
        let inside = self.dialog && !options.contains(&"outside");
        let own = ["ACK", "CANCEL"].contains(&method);
        if !own {
            self.cseq += 1;
        }
        let mut cseq = self.cseq;
        let mut branch = "[branch]".to_owned();
        let mut uri = if inside { "[next_url]" } else { URI }.to_owned();
        let mut to = match (self.calls, inside) {
            (true, true) => format!("<{URI}>[peer_tag_param]"),
            (true, false) => format!("<{URI}>"),
            (false, _) => "[$party_from]".to_owned(),
        };
        if let Some(invite) = self.invite.as_ref().filter(|_| own) {
            cseq = invite.cseq;
            if method == "CANCEL" || invite.refused {
                branch = format!("[branch-{}]", self.index - invite.index);
                uri.clone_from(&invite.uri);
                to.clone_from(&invite.to);
                if method == "ACK" && self.calls {
                    to = format!("<{URI}>[peer_tag_param]");
                }
            }
        }
        if let Some(other) = under.iter().find_map(|l| l.strip_prefix("uri: ")) {
            other.clone_into(&mut uri);
        }
        if method != "ACK" {
            method.clone_into(&mut self.asked);
        }
        if method == "INVITE" {
            self.invite = Some(Invite {
                index: self.index,
                cseq,
                uri: uri.clone(),
                to: to.clone(),
                pending: true,
                refused: false,
            });
        }
        let routes = inside && branch == "[branch]";
        let mut lines = vec![format!(
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}"
        )];
        if routes && !options.contains(&"bare") {
            lines.push("[routes]".to_owned());
        }
        lines.push(if self.calls {
            format!("From: {CALLER}")
        } else {
            "From:[$party_to];tag=[pid]d[call_number]".to_owned()
        });
        lines.push(format!("To: {to}"));
        lines.push("Call-ID: [call_id]".to_owned());
        lines.push(format!("CSeq: {cseq} {method}"));
        lines.push("Max-Forwards: 70".to_owned());
        if !["CANCEL", "REGISTER", "MESSAGE", "BYE", "PRACK"].contains(&method) {
            lines.push(self.contact());
        }
        self.send(
            method != "ACK",
            &format!("{method} {uri} SIP/2.0"),
            lines,
            options,
            under,
        );
        Some(())
    }

    fn respond(&mut self, rest: &str, under: &[&str]) -> Option<()> {
        let (status, rest) = rest.split_once(" to ")?;
        let options: Vec<&str> = rest.split_whitespace().collect();
        let (&method, options) = options.split_first()?;
        let mut to = format!("To:[$To_{method}]");
        let tag = options.iter().find_map(|o| o.strip_prefix("tag="));
        let tagless = method == "CANCEL" || self.tagless.contains(method);
        if let Some(tag) = tag {
            let _ = write!(to, ";tag=[pid]{tag}[call_number]");
        } else if tagless && !status.starts_with("100") {
            to.push_str(";tag=[pid]d[call_number]");
        }
        let mut lines = vec![
            format!("[$Via_{method}]"),
            format!("From:[$From_{method}]"),
            to,
            "Call-ID: [call_id]".to_owned(),
            format!("CSeq:[$CSeq_{method}][$Record_{method}]"),
        ];
        if method != "CANCEL" {
            lines.push(self.contact());
        }
        let opens = ["INVITE", "SUBSCRIBE"].contains(&method);
        self.dialog |= opens && ["1", "2"].iter().any(|c| status.starts_with(c));
        let repeated = method == "INVITE" && !status.starts_with('1');
        let reason = if status.contains(' ') {
            ""
        } else {
            reason(status)
        };
        let line = format!("SIP/2.0 {status}{reason}");
        self.send(repeated, &line, lines, options, under);
        Some(())
    }

    fn contact(&self) -> String {
        let user = if self.calls { "caller" } else { "called" };
        format!("Contact: <sip:{user}@[local_ip]:[local_port];transport=[transport]>")
    }

    fn send(
        &mut self,
        repeated: bool,
        first: &str,
        mut lines: Vec<String>,
        options: &[&str],
        under: &[&str],
    ) {
        let named = |l: &str| l.split_once(':').map(|(name, _)| name.to_owned());
        let mut body = String::new();
        if let Some(sdp) = options.iter().find(|o| o.starts_with("sdp")) {
            let direction = sdp.strip_prefix("sdp=").unwrap_or("sendrecv");
            body = description(direction, self.index);
            lines.push("Content-Type: application/sdp".to_owned());
        }
        for line in under.iter().filter(|l| !l.starts_with("uri: ")) {
            if let Some(text) = line.strip_prefix("body: ") {
                let _ = writeln!(body, "      {text}");
                continue;
            }
            // Route lines and the like may stand several times; what is there by itself is replaced.
            let name = named(line);
            lines.retain(|l| named(l) != name || under.contains(&l.as_str()));
            lines.push((*line).to_owned());
        }
        self.xml.push_str("<send");
        if repeated && !options.contains(&"once") {
            self.xml.push_str(" retrans=\"200\"");
        }
        if let Some(lost) = options.iter().find_map(|o| o.strip_prefix("lost=")) {
            let _ = write!(self.xml, " lost=\"{lost}\"");
        }
        let _ = write!(self.xml, "><![CDATA[\n      {first}\n");
        for line in lines {
            let _ = writeln!(self.xml, "      {line}");
        }
        let _ = write!(
            self.xml,
            "      Content-Length: [len]\n\n{body}\n    ]]></send>\n"
        );
    }
}

/// What stands behind a status code.
fn reason(status: &str) -> &'static str {
    match status {
        "100" => " Trying",
        "180" => " Ringing",
        "183" => " Session Progress",
        "200" => " OK",
        "202" => " Accepted",
        "302" => " Moved Temporarily",
        "404" => " Not Found",
        "422" => " Session Interval Too Small",
        "481" => " Call/Transaction Does Not Exist",
        "486" => " Busy Here",
        "487" => " Request Terminated",
        "491" => " Request Pending",
        "500" => " Server Internal Error",
        "503" => " Service Unavailable",
        "603" => " Decline",
        _ => " Other",
    }
}

/// A session description, each with a version of its own.
fn description(direction: &str, version: usize) -> String {
    let lines = [
        "v=0",
        &format!("o=sipp 1 {version} IN IP[local_ip_type] [local_ip]"),
        "s=-",
        "c=IN IP[media_ip_type] [media_ip]",
        "t=0 0",
        "m=audio [media_port] RTP/AVP 0",
        "a=rtpmap:0 PCMU/8000",
        &format!("a={direction}"),
    ];
    lines.iter().map(|line| format!("      {line}\n")).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "# A call that is refused.\ncaller:\n> INVITE sdp\n< 100?\n< 486\n  !Contact\n> ACK\n\
                          callee:\n< INVITE\n  Max-Forwards: 69\n> 486 Not Now to INVITE\n< ACK\n";

    #[test]
    fn each_side_has_a_scenario() {
        assert_eq!(sides(SCRIPT), ["caller", "callee"]);
        let caller = scenario(SCRIPT, "caller").expect("a scenario");
        assert!(caller.contains("<recv response=\"100\" optional=\"true\">"));
        assert!(caller.contains("[[:cntrl:]]Contact:\" search_in=\"msg\" check_it_inverse"));
        // The ACK of a refusal is of the INVITE's transaction, three messages before.
        assert!(caller.contains("branch=[branch-3]"));
        let callee = scenario(SCRIPT, "callee").expect("a scenario");
        assert!(callee.contains("SIP/2.0 486 Not Now\n"));
        assert!(callee.contains("To:[$To_INVITE];tag=[pid]d[call_number]"));
    }

    #[test]
    fn a_line_that_makes_no_sense_is_told() {
        let told = scenario("caller:\n> INVITE\n? 200\n", "caller");
        assert_eq!(told, Err("caller: ? 200".to_owned()));
        assert!(scenario("caller:\n> 200 OK\n", "caller").is_err());
    }
}
