//! A stranger who asks for every extension in turn, and who asks the node to send on to somebody else's host: all answers are
//! the same but for what is the question's own, and nothing goes out.

use super::PATIENCE;
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::peer::{Credentials, Message};
use crate::runs::{expect_empty, spec};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

const DOMAIN: &str = "office.example";
const METHODS: [&str; 6] = [
    "REGISTER",
    "INVITE",
    "OPTIONS",
    "MESSAGE",
    "SUBSCRIBE",
    "REFER",
];
/// Extensions that are tried, of which these are users.
const TRIED: std::ops::Range<u32> = 100..300;
const USERS: [u32; 4] = [100, 150, 199, 299];
/// One who is registered.
const REGISTERED: u32 = 150;

/// What brings calls to users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// The service `proxy`.
    Proxy,
    /// The service `b2bua`.
    B2bua,
}

/// Every method to 200 extensions, as a user of the domain and as a stranger from elsewhere; then every way to have the node
/// send something to another host; then the right password.
///
/// # Errors
/// What did not hold.
pub fn probes(calls: Calls, host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "probes");
    spec.whole = Some(configuration(calls, &spec.data, spec.sip));
    let node = Node::start(&spec)?;
    let at = |last, port| SocketAddr::from((Ipv4Addr::new(127, 0, host, last), port));
    let outside = UdpSocket::bind(at(9, 5060)).map_err(io("bind a socket"))?;
    outside
        .set_nonblocking(true)
        .map_err(io("set a socket to not wait"))?;
    let mut phone = Prober::new(at(3, 5070), spec.sip)?;
    let bound = phone.register(REGISTERED, "right", 600)?;
    ensure(bound == 200, || format!("a phone was answered {bound}"))?;
    let mut prober = Prober::new(at(2, 5070), spec.sip)?;
    for method in METHODS {
        for from in [DOMAIN, "elsewhere.example"] {
            prober.all_alike(method, from, calls)?;
        }
    }
    let sent_on = prober.sends_on(at(9, 5060))?;
    let heard = outside.recv_from(&mut [0; 4_096]).map_err(|e| e.kind());
    ensure(heard == Err(ErrorKind::WouldBlock), || {
        format!("a stranger had something sent to another host: {heard:?}")
    })?;
    let right = prober.register(100, "right", 600)?;
    ensure(right == 200, || {
        format!("the right password was answered {right}")
    })?;
    for (who, extension) in [(&mut prober, 100), (&mut phone, REGISTERED)] {
        who.register(extension, "right", 0)?;
    }
    expect_empty(&node, PATIENCE)?;
    Ok(format!(
        "{} requests to {} extensions answered alike, {sent_on} that were to be sent on refused, answers at most {:.1} times as \
         long as questions",
        prober.sent,
        TRIED.len(),
        prober.longest,
    ))
}

fn configuration(calls: Calls, data: &Path, sip: SocketAddr) -> String {
    let users: String = USERS
        .iter()
        .map(|user| format!("{user} = {{ password = \"right\" }}\n"))
        .collect();
    let service = match calls {
        Calls::Proxy => format!(
            "[services.proxy]\n[services.proxy.settings]\ndomains = [\"{DOMAIN}\"]\n[services.proxy.settings.users]\n{users}"
        ),
        Calls::B2bua => format!(
            "[services.b2bua]\n[services.b2bua.settings]\ndomain = \"{DOMAIN}\"\nrealm = \"{DOMAIN}\"\ncallers = \"known\"\n\
             routes = [{{ prefix = \"1\", registered = true }}, {{ prefix = \"2\", registered = true }}, {{}}]\n\
             [services.b2bua.settings.users]\n{users}"
        ),
    };
    // Short timers, so that what nobody acknowledges does not linger.
    format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.timers]\nt1 = \"100ms\"\nt2 = \"800ms\"\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{sip}\"\n[services.registrar]\n\
         [services.registrar.settings]\ndomains = [\"{DOMAIN}\"]\n[services.registrar.settings.users]\n{users}{service}",
        data.display(),
    )
}

struct Prober {
    socket: UdpSocket,
    me: SocketAddr,
    node: SocketAddr,
    sent: u32,
    /// The longest answer for the length of its question.
    longest: f64,
}

/// A request, by what differs between them.
#[derive(Clone, Copy)]
struct Question<'a> {
    method: &'a str,
    uri: &'a str,
    from: &'a str,
    to: &'a str,
    more: &'a str,
}

impl Prober {
    fn new(me: SocketAddr, node: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(me).map_err(io("bind a socket"))?;
        socket
            .set_read_timeout(Some(Duration::from_millis(500)))
            .map_err(io("set a timeout"))?;
        Ok(Self {
            socket,
            me,
            node,
            sent: 0,
            longest: 0.0,
        })
    }

    /// One method to all extensions: there is one answer.
    fn all_alike(&mut self, method: &str, from: &str, calls: Calls) -> Result {
        let mut answers: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for extension in TRIED {
            // Strangers may call whoever is registered behind a proxy: that telephone rings.
            let rings = calls == Calls::Proxy && from != DOMAIN && extension == REGISTERED;
            if rings && ["INVITE", "OPTIONS", "MESSAGE"].contains(&method) {
                continue;
            }
            let uri = match method {
                "REGISTER" => format!("sip:{DOMAIN}"),
                _ => format!("sip:{extension}@{DOMAIN}"),
            };
            let answer = self.ask(Question {
                method,
                uri: &uri,
                from: &format!("sip:{extension}@{from}"),
                to: &format!("sip:{extension}@{DOMAIN}"),
                more: "",
            })?;
            answers.entry(answer).or_default().push(extension);
        }
        ensure(answers.len() == 1, || {
            let kinds = answers.iter().map(|(answer, who)| {
                let some = who.iter().take(5).collect::<Vec<_>>();
                format!("{} of them, {some:?}:\n{answer}", who.len())
            });
            format!(
                "{method} from {from} tells extensions apart:\n{}",
                kinds.collect::<Vec<_>>().join("\n")
            )
        })
    }

    /// Everything that names another host; none of it is sent there. How many there were.
    fn sends_on(&mut self, outside: SocketAddr) -> Result<u32> {
        let (own, there) = (format!("sip:100@{DOMAIN}"), format!("sip:x@{outside}"));
        let route = format!("Route: <sip:{outside};lr>\r\n");
        let through = format!("Route: <sip:{};lr>, <sip:{outside};lr>\r\n", self.node);
        let refer = format!("Refer-To: <{there}>\r\n");
        let mad = format!("sip:100@{DOMAIN};maddr={}", outside.ip());
        let mut refused = 0;
        for method in METHODS {
            for (uri, more) in [
                (&there, ""),
                (&own, &*route),
                (&there, &*route),
                (&own, &*through),
                (&mad, ""),
                (&own, &*refer),
            ] {
                for from in ["sip:100@office.example", "sip:x@elsewhere.example"] {
                    let answer = self.ask(Question {
                        method,
                        uri,
                        from,
                        to: uri,
                        more,
                    })?;
                    // OPTIONS that no service takes the node answers for itself.
                    let own = method == "OPTIONS" && answer.starts_with("SIP/2.0 200");
                    ensure(own || answer.starts_with("SIP/2.0 4"), || {
                        format!("{method} {uri} from {from} with `{more}` was answered {answer}")
                    })?;
                    refused += 1;
                }
            }
        }
        Ok(refused)
    }

    /// The status of a REGISTER, after its challenge.
    fn register(&mut self, extension: u32, password: &str, expires: u32) -> Result<u16> {
        let (domain, user) = (format!("sip:{DOMAIN}"), format!("sip:{extension}@{DOMAIN}"));
        let question = Question {
            method: "REGISTER",
            uri: &domain,
            from: &user,
            to: &user,
            more: "",
        };
        let challenge = self.exchange(question)?;
        let extension = extension.to_string();
        let me = Credentials {
            user: &extension,
            password,
        };
        let answer = challenge
            .all("www-authenticate")
            .find_map(|challenge| me.answer(challenge, "REGISTER", &domain));
        let answer = answer.ok_or_else(|| {
            RunError::Broken(format!("no challenge but {}", challenge.start).into())
        })?;
        let more = format!("Authorization: {answer}\r\nExpires: {expires}\r\n");
        let response = self.exchange(Question {
            more: &more,
            ..question
        })?;
        Ok(response.status().unwrap_or(0))
    }

    /// The answer without what is the question's own or another each time.
    fn ask(&mut self, question: Question<'_>) -> Result<String> {
        let answer = self.exchange(question)?;
        let mut told = format!("{}\n", answer.start);
        for (name, value) in answer.headers() {
            let value = match name {
                "via" | "call-id" | "cseq" | "from" | "to" => "",
                "retry-after" => "some",
                _ => value,
            };
            let value = match value.split_once("nonce=\"") {
                Some((before, rest)) => {
                    let after = rest.split_once('"').map_or("", |(_, after)| after);
                    format!("{before}nonce=\"\"{after}")
                }
                None => value.to_owned(),
            };
            told.push_str(&format!("{name}: {value}\n"));
        }
        Ok(told + &answer.body)
    }

    /// A request, sent until it is answered, and an ACK for the answer to an INVITE.
    fn exchange(&mut self, question: Question<'_>) -> Result<Message> {
        self.sent += 1;
        let Self { me, sent, .. } = *self;
        let Question {
            method,
            uri,
            from,
            to,
            more,
        } = question;
        let line = |method: &str, to_tag: &str, more: &str| {
            format!(
                "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKprobe{sent}x\r\nMax-Forwards: 70\r\n\
                 From: <{from}>;tag=t{sent}\r\nTo: <{to}>{to_tag}\r\nCall-ID: probe-{sent}@{me}\r\nCSeq: 1 {method}\r\n\
                 Contact: <sip:probe@{me}>\r\n{more}Content-Length: 0\r\n\r\n"
            )
        };
        let event = match method {
            "SUBSCRIBE" => format!("Event: presence\r\n{more}"),
            _ => more.to_owned(),
        };
        let text = line(method, "", &event);
        let ours = format!("z9hG4bKprobe{sent}x");
        let mut buffer = [0; 65_536];
        for _ in 0..60 {
            self.send(&text)?;
            while let Ok((n, _)) = self.socket.recv_from(&mut buffer) {
                let message = Message::parse(&String::from_utf8_lossy(&buffer[..n]));
                let of_us = |m: &Message| {
                    m.get("via").contains(&ours) && m.status().is_some_and(|s| s >= 200)
                };
                let Some(message) = message.filter(of_us) else {
                    continue;
                };
                self.longest = self.longest.max(n as f64 / text.len() as f64);
                if method == "INVITE" {
                    let (_, tag) = message.get("to").split_once('>').unwrap_or_default();
                    self.send(&line("ACK", tag, ""))?;
                }
                return Ok(message);
            }
        }
        Err(RunError::Broken(
            format!("{method} {uri} from {from} was not answered").into(),
        ))
    }

    fn send(&self, text: &str) -> Result {
        let sent = self.socket.send_to(text.as_bytes(), self.node);
        sent.map(drop).map_err(io("send a request"))
    }
}
