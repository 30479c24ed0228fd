//! From a URI to addresses (RFC 3263), sans-IO: what must be asked for, and what follows from the answers.
//!
//! It sends nothing and remembers nothing: [`Want::goals`] is a function of the URI, of what this side can do, and of the
//! answers so far. It says either where to go, in order, or what is still to be asked. What a name server lets unanswered
//! counts as nothing there. Only requests are resolved; responses go where their request came from (RFC 3261 18.2.2 with
//! RFC 3581), so that nobody's Via makes us ask.

use std::net::{IpAddr, SocketAddr};

use super::flow::Transport;
use super::wire::{Host, Scheme, Uri};

/// Servers of one name that are looked at, at most.
const SERVERS: usize = 8;
/// Places that come out, at most.
const GOALS: usize = 16;

/// Records of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Servers of a service (RFC 2782).
    Srv,
    /// Services of a domain (RFC 3403).
    Naptr,
}

/// One question to a name server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// The name, in lower case.
    pub name: String,
    /// Of which records.
    pub kind: Kind,
}

/// A server of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Lower ones first.
    pub priority: u16,
    /// Share among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; empty where the service is not offered.
    pub host: String,
}

/// A service of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Lower ones first.
    pub order: u16,
    /// Among those of one order, lower ones first.
    pub preference: u16,
    /// What the replacement is a name of.
    pub flags: String,
    /// Such as `SIP+D2T`.
    pub service: String,
    /// The next name.
    pub replacement: String,
}

/// What a name server said; nothing at all if it said nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Of A and AAAA.
    pub addresses: Vec<IpAddr>,
    /// Of SRV.
    pub servers: Vec<Server>,
    /// Of NAPTR.
    pub pointers: Vec<Pointer>,
}

/// Answers by their questions.
pub type Known = Vec<(Question, Found)>;

/// One place to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

/// Where a URI wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    host: String,
    port: Option<u16>,
    /// What the URI demands.
    transport: Option<Transport>,
    secure: bool,
}

/// What this side can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities(Vec<(Transport, bool)>);

impl Abilities {
    /// From the transports of the listeners, and whether each is of IPv6.
    pub fn new(listeners: impl IntoIterator<Item = (Transport, bool)>) -> Self {
        Self(listeners.into_iter().collect())
    }

    fn has(&self, transport: Transport) -> bool {
        // Nobody can be reached by opening a WebSocket.
        !transport.is_websocket() && self.0.iter().any(|(has, _)| *has == transport)
    }

    fn reaches(&self, transport: Transport, ipv6: bool) -> bool {
        self.0.contains(&(transport, ipv6))
    }
}

impl Want {
    /// What a URI wants, if its host is a name that a name server may know.
    #[must_use]
    pub fn of(uri: &Uri<'_>) -> Option<Self> {
        let maddr = uri.params().value(b"maddr");
        let maddr = maddr.and_then(|host| Host::parse(host).ok());
        let Host::Name(name) = maddr.or_else(|| uri.host())? else {
            return None;
        };
        let host = std::str::from_utf8(name).ok()?.trim_end_matches('.');
        let host = host.to_ascii_lowercase();
        // RFC 6761 6.3, 6.4.
        let top = host.rsplit('.').next().unwrap_or_default();
        if matches!(top, "" | "invalid" | "localhost") {
            return None;
        }
        let secure = uri.scheme() == Scheme::Sips;
        let transport = match uri.transport() {
            None => None,
            Some(name) => {
                let transport = Transport::parse(name)?;
                Some(if secure {
                    transport.secured()?
                } else {
                    transport
                })
            }
        };
        Some(Self {
            host,
            port: uri.port(),
            transport,
            secure,
        })
    }

    /// Where to go, or what to ask first. Entropy spreads the load over servers of equal priority.
    ///
    /// # Errors
    /// The questions without which nothing can be said.
    pub fn goals(
        &self,
        can: &Abilities,
        known: &Known,
        entropy: u64,
    ) -> Result<Vec<Goal>, Vec<Question>> {
        let mut walk = Walk {
            can,
            known,
            missing: Vec::new(),
            entropy,
        };
        let goals = self.walk(&mut walk);
        if walk.missing.is_empty() {
            Ok(goals)
        } else {
            walk.missing.dedup();
            Err(walk.missing)
        }
    }

    fn walk(&self, walk: &mut Walk<'_>) -> Vec<Goal> {
        let usual = if self.secure {
            Transport::Tls
        } else {
            Transport::Udp
        };
        if let Some(port) = self.port {
            // RFC 3263 4.1, 4.2: a port leaves only addresses to be asked for.
            let transport = self.transport.unwrap_or_else(|| walk.usable(usual));
            return walk.addresses(&self.host, port, transport);
        }
        if let Some(transport) = self.transport {
            return self.by_service(walk, &[transport], transport);
        }
        match self.pointed(walk) {
            Some(goals) => return goals,
            None if !walk.missing.is_empty() => return Vec::new(),
            None => {}
        }
        if self.secure {
            self.by_service(walk, &[Transport::Tls], Transport::Tls)
        } else {
            let usual = walk.usable(usual);
            self.by_service(
                walk,
                &[Transport::Udp, Transport::Tcp, Transport::Tls],
                usual,
            )
        }
    }

    /// What the domain's own pointers say (RFC 3263 4.1); nothing if there are none that we can follow.
    fn pointed(&self, walk: &mut Walk<'_>) -> Option<Vec<Goal>> {
        let mut pointers: Vec<(Transport, &Pointer)> = walk
            .ask(&self.host, Kind::Naptr)?
            .pointers
            .iter()
            .filter(|pointer| pointer.flags.eq_ignore_ascii_case("s"))
            .filter_map(|pointer| Some((service(&pointer.service)?, pointer)))
            .filter(|(transport, _)| walk.can.has(*transport))
            .filter(|(transport, _)| transport.is_secure() || !self.secure)
            .collect();
        pointers.sort_by_key(|(_, pointer)| (pointer.order, pointer.preference));
        for (transport, pointer) in pointers.into_iter().take(SERVERS) {
            let goals = walk.servers(&pointer.replacement, transport)?;
            if !goals.is_empty() || !walk.missing.is_empty() {
                return Some(goals);
            }
        }
        None
    }

    /// The servers of the first service that the domain has, else the host's own addresses.
    fn by_service(
        &self,
        walk: &mut Walk<'_>,
        transports: &[Transport],
        usual: Transport,
    ) -> Vec<Goal> {
        for transport in transports {
            let Some(prefix) = prefix(*transport).filter(|_| walk.can.has(*transport)) else {
                continue;
            };
            let name = format!("{prefix}.{}", self.host);
            match walk.ask(&name, Kind::Srv) {
                None => return Vec::new(),
                Some(found) if found.servers.is_empty() => {}
                Some(_) => return walk.servers(&name, *transport).unwrap_or_default(),
            }
        }
        walk.addresses(&self.host, usual.default_port(), usual)
    }
}

struct Walk<'a> {
    can: &'a Abilities,
    known: &'a Known,
    missing: Vec<Question>,
    entropy: u64,
}

impl<'a> Walk<'a> {
    /// An answer; nothing if it must be asked for first.
    fn ask(&mut self, name: &str, kind: Kind) -> Option<&'a Found> {
        let known = self
            .known
            .iter()
            .find(|(question, _)| question.kind == kind && question.name == name);
        if known.is_none() {
            self.missing.push(Question {
                name: name.to_owned(),
                kind,
            });
        }
        known.map(|(_, found)| found)
    }

    /// UDP, or what there is instead of it.
    fn usable(&self, usual: Transport) -> Transport {
        if usual == Transport::Udp && !self.can.has(usual) && self.can.has(Transport::Tcp) {
            Transport::Tcp
        } else {
            usual
        }
    }

    /// The addresses of all servers of a service, in the order of RFC 2782.
    fn servers(&mut self, name: &str, transport: Transport) -> Option<Vec<Goal>> {
        let servers = &self.ask(name, Kind::Srv)?.servers;
        // A lone dot: decidedly not offered.
        let servers = servers.iter().filter(|server| !server.host.is_empty());
        let ordered = in_order(servers.collect(), self.entropy);
        let mut goals = Vec::new();
        for server in ordered.into_iter().take(SERVERS) {
            goals.extend(self.addresses(&server.host, server.port, transport));
        }
        goals.truncate(GOALS);
        Some(goals)
    }

    fn addresses(&mut self, host: &str, port: u16, transport: Transport) -> Vec<Goal> {
        let mut goals = Vec::new();
        for (kind, ipv6) in [(Kind::A, false), (Kind::Aaaa, true)] {
            if transport.is_websocket() || !self.can.reaches(transport, ipv6) {
                continue;
            }
            for address in self
                .ask(host, kind)
                .iter()
                .flat_map(|found| &found.addresses)
            {
                goals.push(Goal {
                    transport,
                    address: SocketAddr::new(*address, port),
                });
            }
        }
        goals.truncate(GOALS);
        goals
    }
}

/// What a pointer's service means (RFC 3263 4.1, RFC 7118 5.2.4).
fn service(name: &str) -> Option<Transport> {
    match name.to_ascii_uppercase().as_str() {
        "SIP+D2U" => Some(Transport::Udp),
        "SIP+D2T" => Some(Transport::Tcp),
        "SIPS+D2T" => Some(Transport::Tls),
        _ => None,
    }
}

/// What stands before a host in the name of a service.
fn prefix(transport: Transport) -> Option<&'static str> {
    match transport {
        Transport::Udp => Some("_sip._udp"),
        Transport::Tcp => Some("_sip._tcp"),
        Transport::Tls => Some("_sips._tcp"),
        Transport::Ws | Transport::Wss => None,
    }
}

/// Servers by priority, and among equals at random by weight (RFC 2782).
fn in_order(mut left: Vec<&Server>, mut entropy: u64) -> Vec<&Server> {
    let mut ordered = Vec::with_capacity(left.len());
    // Those of weight zero stand in front, where they are drawn seldom.
    left.sort_by_key(|server| (server.priority, server.weight));
    while let Some(first) = left.first() {
        let priority = first.priority;
        let equals = left.iter().take_while(|server| server.priority == priority);
        let total: u64 = equals.map(|server| u64::from(server.weight)).sum();
        // One step of a linear congruential generator; its upper half is good enough to share load.
        entropy = entropy
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut draw = (entropy >> 33) % (total + 1);
        let mut at = 0;
        for (n, server) in left.iter().enumerate() {
            at = n;
            match draw.checked_sub(u64::from(server.weight)) {
                Some(rest) if rest > 0 => draw = rest,
                _ => break,
            }
        }
        ordered.push(left.remove(at));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn can() -> Abilities {
        Abilities::new([
            (Transport::Udp, false),
            (Transport::Tcp, false),
            (Transport::Tls, false),
        ])
    }

    /// A zone: `a NAME ADDRESS`, `srv NAME PRIORITY WEIGHT PORT HOST`, `naptr NAME ORDER PREFERENCE SERVICE NEXT`.
    fn zone(text: &str) -> Vec<(Question, Found)> {
        let mut zone: Vec<(Question, Found)> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |n: usize| words[n].parse().unwrap();
            let mut found = Found::default();
            let kind = match words[0] {
                "a" => {
                    found.addresses.push(words[2].parse().unwrap());
                    Kind::A
                }
                "aaaa" => {
                    found.addresses.push(words[2].parse().unwrap());
                    Kind::Aaaa
                }
                "srv" => {
                    let host = words[5].trim_end_matches('.').to_owned();
                    let (priority, weight, port) = (number(2), number(3), number(4));
                    found.servers.push(Server {
                        priority,
                        weight,
                        port,
                        host,
                    });
                    Kind::Srv
                }
                _ => {
                    let (order, preference) = (number(2), number(3));
                    let (flags, service) = ("s".to_owned(), words[4].to_owned());
                    let replacement = words[5].to_owned();
                    found.pointers.push(Pointer {
                        order,
                        preference,
                        flags,
                        service,
                        replacement,
                    });
                    Kind::Naptr
                }
            };
            let question = Question {
                name: words[1].to_owned(),
                kind,
            };
            match zone.iter_mut().find(|(known, _)| *known == question) {
                Some((_, known)) => {
                    known.addresses.append(&mut found.addresses);
                    known.servers.append(&mut found.servers);
                    known.pointers.append(&mut found.pointers);
                }
                None => zone.push((question, found)),
            }
        }
        zone
    }

    /// Asks until nothing is missing: where to go, and what was asked.
    fn resolve(uri: &str, text: &str, can: &Abilities) -> (Vec<String>, Vec<String>) {
        let (zone, mut known, mut asked) = (zone(text), Known::new(), Vec::new());
        let want = Want::of(&Uri::parse(uri.as_bytes()).unwrap()).unwrap();
        for _ in 0..20 {
            match want.goals(can, &known, 1) {
                Ok(goals) => {
                    let goal = |goal: &Goal| format!("{:?} {}", goal.transport, goal.address);
                    return (goals.iter().map(goal).collect(), asked);
                }
                Err(questions) => {
                    for question in questions {
                        asked.push(format!("{:?} {}", question.kind, question.name));
                        let found = zone.iter().find(|(known, _)| *known == question);
                        let found = found.map(|(_, found)| found.clone()).unwrap_or_default();
                        known.push((question, found));
                    }
                }
            }
        }
        panic!("{uri} asks for ever: {asked:?}");
    }

    const ZONE: &str = "
        naptr a.example 20 1 SIP+D2U _sip._udp.a.example
        naptr a.example 10 2 SIP+D2T _sip._tcp.a.example
        naptr a.example 10 1 SIPS+D2T _sips._tcp.a.example
        naptr a.example 1 1 SIP+D2S _sip._sctp.a.example
        srv _sips._tcp.a.example 1 0 5061 s1.a.example
        srv _sip._tcp.a.example 2 0 5070 s2.a.example
        srv _sip._tcp.a.example 1 0 5060 s1.a.example
        srv _sip._udp.a.example 1 0 5060 s1.a.example
        a s1.a.example 192.0.2.1
        a s2.a.example 192.0.2.2
        a a.example 192.0.2.3
        srv _sip._tcp.b.example 1 0 5090 s1.a.example
        a c.example 192.0.2.4
        a c.example 192.0.2.5
        srv _sip._udp.d.example 0 0 0 .
        a d.example 192.0.2.6
    ";

    #[test]
    fn a_bare_domain_is_resolved_by_its_pointers() {
        let (goals, asked) = resolve("sip:x@A.example.", ZONE, &can());
        assert_eq!(goals, ["Tls 192.0.2.1:5061"]);
        assert_eq!(
            asked,
            [
                "Naptr a.example",
                "Srv _sips._tcp.a.example",
                "A s1.a.example"
            ]
        );
        // What we cannot do is passed over.
        let plain = Abilities::new([(Transport::Udp, false), (Transport::Tcp, false)]);
        let (goals, _) = resolve("sip:x@a.example", ZONE, &plain);
        assert_eq!(goals, ["Tcp 192.0.2.1:5060", "Tcp 192.0.2.2:5070"]);
        let udp = Abilities::new([(Transport::Udp, false)]);
        assert_eq!(
            resolve("sip:x@a.example", ZONE, &udp).0,
            ["Udp 192.0.2.1:5060"]
        );
    }

    #[test]
    fn a_sips_uri_goes_over_tls_only() {
        assert_eq!(
            resolve("sips:x@a.example", ZONE, &can()).0,
            ["Tls 192.0.2.1:5061"]
        );
        assert_eq!(
            resolve("sips:x@c.example", ZONE, &can()).0[0],
            "Tls 192.0.2.4:5061"
        );
        assert_eq!(
            resolve("sips:x@c.example:5070", ZONE, &can()).0[0],
            "Tls 192.0.2.4:5070"
        );
        let plain = Abilities::new([(Transport::Udp, false), (Transport::Tcp, false)]);
        assert_eq!(
            resolve("sips:x@a.example", ZONE, &plain).0,
            Vec::<String>::new()
        );
        let udp = Uri::parse(b"sips:x@a.example;transport=udp").unwrap();
        assert_eq!(Want::of(&udp), None);
    }

    #[test]
    fn a_transport_leaves_its_servers_and_a_port_leaves_addresses() {
        let (goals, asked) = resolve("sip:x@a.example;transport=tcp", ZONE, &can());
        assert_eq!(goals, ["Tcp 192.0.2.1:5060", "Tcp 192.0.2.2:5070"]);
        assert_eq!(asked[0], "Srv _sip._tcp.a.example");
        let (goals, asked) = resolve("sip:x@a.example:5080", ZONE, &can());
        assert_eq!(
            (goals, asked),
            (
                vec!["Udp 192.0.2.3:5080".to_owned()],
                vec!["A a.example".to_owned()]
            )
        );
        assert_eq!(
            resolve("sip:x@a.example:5080;transport=tls", ZONE, &can()).0,
            ["Tls 192.0.2.3:5080"]
        );
        assert_eq!(
            resolve("sip:x@q.example;maddr=a.example:5", ZONE, &can())
                .0
                .len(),
            0
        );
    }

    #[test]
    fn without_pointers_services_are_tried_and_then_the_host_itself() {
        let (goals, asked) = resolve("sip:x@b.example", ZONE, &can());
        assert_eq!(goals, ["Tcp 192.0.2.1:5090"]);
        assert_eq!(
            asked[..3],
            [
                "Naptr b.example",
                "Srv _sip._udp.b.example",
                "Srv _sip._tcp.b.example"
            ]
        );
        assert_eq!(
            resolve("sip:x@c.example", ZONE, &can()).0,
            ["Udp 192.0.2.4:5060", "Udp 192.0.2.5:5060"]
        );
        // RFC 2782: a lone dot is a no.
        assert_eq!(
            resolve("sip:x@d.example", ZONE, &can()).0,
            Vec::<String>::new()
        );
        assert_eq!(
            resolve("sip:x@nobody.example", ZONE, &can()).0,
            Vec::<String>::new()
        );
    }

    #[test]
    fn both_families_are_asked_where_both_can_be_reached() {
        let both = Abilities::new([(Transport::Udp, false), (Transport::Udp, true)]);
        let zone = "a e.example 192.0.2.9\naaaa e.example 2001:db8::9";
        let (goals, _) = resolve("sip:x@e.example", zone, &both);
        assert_eq!(goals, ["Udp 192.0.2.9:5060", "Udp [2001:db8::9]:5060"]);
        let six = Abilities::new([(Transport::Udp, true)]);
        assert_eq!(
            resolve("sip:x@e.example", zone, &six).0,
            ["Udp [2001:db8::9]:5060"]
        );
    }

    #[test]
    fn some_names_are_not_asked_for() {
        for uri in [
            "sip:x@df7jal23ls0d.invalid",
            "sip:x@localhost",
            "sip:192.0.2.1",
            "tel:+1",
            "sip:x@a.example;transport=sctp",
        ] {
            assert_eq!(
                Want::of(&Uri::parse(uri.as_bytes()).unwrap()),
                None,
                "{uri}"
            );
        }
    }

    #[test]
    fn servers_come_by_priority_and_share_by_weight() {
        let server = |priority, weight, port| Server {
            priority,
            weight,
            port,
            host: "h".to_owned(),
        };
        let servers = [
            server(2, 9, 4),
            server(1, 30, 1),
            server(1, 10, 2),
            server(1, 0, 3),
        ];
        let mut first = [0; 5];
        for seed in 0..4_000_u64 {
            let ordered = in_order(
                servers.iter().collect(),
                seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            );
            assert_eq!(ordered.len(), 4);
            assert_eq!(ordered[3].port, 4);
            first[usize::from(ordered[0].port)] += 1;
        }
        assert!((2_700..3_200).contains(&first[1]), "{first:?}");
        assert!((800..1_150).contains(&first[2]), "{first:?}");
        assert!((1..250).contains(&first[3]), "{first:?}");
    }

    /// A zone that names far too much.
    #[test]
    fn the_work_for_one_name_is_bounded() {
        let mut text = String::new();
        for n in 0..200 {
            text += &format!("srv _sip._udp.f.example 1 1 5060 s{n}.f.example\n");
            for m in 0..20 {
                text += &format!("a s{n}.f.example 10.0.{n}.{m}\n");
            }
        }
        let (goals, asked) = resolve("sip:x@f.example", &text, &can());
        assert_eq!(goals.len(), GOALS);
        assert!(asked.len() <= SERVERS + 2, "{asked:?}");
    }
}
