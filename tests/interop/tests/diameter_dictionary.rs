//! The adaptor's dictionary against those of a running freeDiameter and of tshark, AVP by AVP and rule by rule.
//!
//! Where they differ, the specification has been looked at; the clause that settles each difference stands beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use strowger_diameter::proto::dict::{AvpDef, CommandDef, Dictionary, Kind, Member, Rule};
use strowger_diameter::proto::wire::{AvpBuf, Builder, flag};
use strowger_interop::Result;
use strowger_interop::diameter::authority::Authority;
use strowger_interop::diameter::freediameter::FreeDiameter;

const RADIUS: &str =
    "TS 29.061 16.4.7 has no M, TS 32.299 7.2 and TS 29.212 5.4 have: either is taken";
const NUMBERS: &str = "RFC 6733 4.5: Unsigned32";
const CREDIT: &str = "RFC 8506 8: the M bit may be set";
const LATER: &str = "TS 32.299 7.2 since Release 11: any number";

/// What freeDiameter says otherwise, and why we do not.
const FREEDIAMETER: &[(&str, &str)] = &[
    (
        "11 3GPP-Session-Stop-Indicator: M May, theirs MustNot",
        RADIUS,
    ),
    (
        "1477 SS-Status: OctetString, theirs Grouped",
        "TS 29.272 7.3.75",
    ),
    (
        "1488 Call-Barring-Info: name Call-Barring-Infor-List",
        "TS 29.272 7.3.96",
    ),
    (
        "1600 MME-Location-Information: name MME-LocationInformation",
        "TS 29.272 7.3.115",
    ),
    (
        "1655 Measurement-Period-LTE: name Measurement-Period-UMTS",
        "TS 29.272 7.3.1; tshark agrees",
    ),
    (
        "1656 Measurement-Period-UMTS: name Measurement-Period-LTE",
        "TS 29.272 7.3.1; tshark agrees",
    ),
    (
        "2101 Application-Server-ID: name Application-Server-Id",
        "TS 32.299 7.2; tshark agrees",
    ),
    (
        "2102 Application-Service-Type: Enumerated, theirs Utf8String",
        "TS 32.299 7.2",
    ),
    (
        "2103 Application-Session-ID: Unsigned32, theirs Utf8String",
        "TS 32.299 7.2",
    ),
    (
        "2103 Application-Session-ID: name Application-Session-Id",
        "TS 32.299 7.2; tshark agrees",
    ),
    (
        "2307 MBMS-GW-Address: name MBMSGW-Address",
        "TS 32.299 7.2; tshark agrees",
    ),
    ("24 3GPP-CAMEL-Charging-Info: M May, theirs MustNot", RADIUS),
    ("25 3GPP-Packet-Filter: M May, theirs MustNot", RADIUS),
    ("26 3GPP-Negotiated-DSCP: M May, theirs MustNot", RADIUS),
    ("268 Result-Code: Unsigned32, theirs Enumerated", NUMBERS),
    ("27 3GPP-Allocate-IP-Type: M May, theirs MustNot", RADIUS),
    (
        "270 Session-Binding: Unsigned32, theirs Enumerated",
        NUMBERS,
    ),
    (
        "298 Experimental-Result-Code: Unsigned32, theirs Enumerated",
        NUMBERS,
    ),
    (
        "299 Inband-Security-Id: Unsigned32, theirs Enumerated",
        NUMBERS,
    ),
    ("4 3GPP-CG-Address: M May, theirs MustNot", RADIUS),
    ("411 CC-Correlation-Id: M May, theirs Must", CREDIT),
    ("440 Service-Parameter-Info: M May, theirs Must", CREDIT),
    ("441 Service-Parameter-Type: M May, theirs Must", CREDIT),
    ("442 Service-Parameter-Value: M May, theirs Must", CREDIT),
    ("458 User-Equipment-Info: M May, theirs Must", CREDIT),
    ("459 User-Equipment-Info-Type: M May, theirs Must", CREDIT),
    ("460 User-Equipment-Info-Value: M May, theirs Must", CREDIT),
    ("6 3GPP-SGSN-Address: M May, theirs MustNot", RADIUS),
    (
        "647 Associated-Registered-Groups: name Associated-Registered-Identities",
        "TS 29.229 6.3.50",
    ),
    ("7 3GPP-GGSN-Address: M May, theirs MustNot", RADIUS),
    (
        "702 User-Data: name User-Data-29.329",
        "TS 29.329 6.3.3: the name has no number",
    ),
    (
        "Application-Server-Information: Application-Server (0, 1), theirs (1, 1)",
        "TS 32.299 7.2",
    ),
    (
        "Envelope: CC-Total-Octets (0, 1), theirs (1, 1)",
        "TS 32.299 7.2: an envelope may count units instead",
    ),
    (
        "IMS-Information: Access-Network-Information (0, -1), theirs (0, 1)",
        LATER,
    ),
    ("IMS-Information: Cause-Code (0, -1), theirs (0, 1)", LATER),
    (
        "IMS-Information: Real-Time-Tariff-Information (0, -1), theirs (0, 1)",
        LATER,
    ),
    (
        "IMS-Information: Transit-IOI-List (0, -1), theirs (0, 1)",
        LATER,
    ),
    (
        "MIP6-Agent-Info: MIP-Home-Agent-Address (0, -1), theirs (0, 2)",
        "RFC 5447 4.2.1: two, which is not counted",
    ),
    (
        "MIP6-Agent-Info: MIP6-Home-Link-Prefix only theirs",
        "RFC 5447 4.2.1: S6a does not use it",
    ),
    (
        "MMS-Information: Priority (0, 1), theirs (0, -1)",
        "TS 32.299 7.2",
    ),
    (
        "Service-Generic-Information: Application-Server-Id only theirs",
        "TS 32.299 7.2: as 2101",
    ),
    (
        "Service-Generic-Information: Application-Session-Id only theirs",
        "TS 32.299 7.2: as 2103",
    ),
    (
        "Service-Information: WLAN-Information only theirs",
        "TS 32.299 7.2: void since Release 12",
    ),
];

const CHARGING: &str = "TS 32.299 7.2; freeDiameter agrees";
const PREFIX: &str = "the specification's name has no prefix";

/// What tshark calls otherwise, and why we do not.
const TSHARK: &[(&str, &str)] = &[
    (
        "1015 PDP-Session-Operation: PDP-Session-operation",
        "TS 29.212 5.3.21; freeDiameter agrees",
    ),
    ("110 Digest-QoP: Digest-Qop", "RFC 4590 3.8"),
    ("1232 LCS-Client-Id: LCS-Client-ID", CHARGING),
    ("1239 LCS-Requestor-Id: LCS-Requestor-ID", CHARGING),
    (
        "1240 LCS-Requestor-Id-String: LCS-Requestor-ID-String",
        CHARGING,
    ),
    ("1483 Service-Type: 3GPP-Service-Type", PREFIX),
    (
        "1488 Call-Barring-Info: Call-Barring-Infor-List",
        "TS 29.272 7.3.96",
    ),
    (
        "1676 Group-Service-ID: Group-Service-Id",
        "TS 29.272 7.3.188",
    ),
    ("1677 Group-PLMN-ID: Group-PLMN-Id", "TS 29.272 7.3.189"),
    ("1678 Local-Group-ID: Local-Group-Id", "TS 29.272 7.3.190"),
    (
        "17 3GPP-IPv6-DNS-Servers: 3GPP-IPv6-DNS-Server",
        "TS 29.061 16.4.7; freeDiameter agrees",
    ),
    (
        "2019 Number-Of-Messages-Sent: Number-of-Messages-Sent",
        CHARGING,
    ),
    ("2031 MMTel-SService-Type: MMTel-Service-Type", CHARGING),
    (
        "2407 PPR-Address: PSR-Address",
        "TS 29.173 6.4; freeDiameter agrees",
    ),
    (
        "2603 IP-Realm-Default-Indication: IP-Realm-Default-Indicator",
        CHARGING,
    ),
    (
        "2604 Local-GW-Inserted-Indication: Local-GW-Inserted-Indicator",
        CHARGING,
    ),
    (
        "2605 Transcoder-Inserted-Indication: Transcoder-Inserted-Indicator",
        CHARGING,
    ),
    (
        "2807 CS-Service-Qos-Request-Identifier: CS-Service-QoS-Request-Identifier",
        "TS 29.212 5.3; freeDiameter agrees",
    ),
    (
        "2847 3GPP-PS-Data-Off-Status: 3GPP-PS-Data-Off-Status-Gx",
        "TS 29.212 5.3.133",
    ),
    (
        "302 Logical-Access-Id: Logical-Access-ID",
        "ETSI TS 183 034",
    ),
    ("3416 ISUP-Cause: ISUP-Release-Cause", "TS 32.299 7.2"),
    (
        "50 Acct-Multi-Session-Id: Accounting-Multi-Session-Id",
        "RFC 6733 9.8.5",
    ),
    ("606 User-Data: Cx-User-Data", PREFIX),
    (
        "607 SIP-Number-Auth-Items: 3GPP-SIP-Number-Auth-Items",
        PREFIX,
    ),
    (
        "608 SIP-Authentication-Scheme: 3GPP-SIP-Authentication-Scheme",
        PREFIX,
    ),
    ("609 SIP-Authenticate: 3GPP-SIP-Authenticate", PREFIX),
    ("610 SIP-Authorization: 3GPP-SIP-Authorization", PREFIX),
    ("612 SIP-Auth-Data-Item: 3GPP-SIP-Auth-Data-Item", PREFIX),
    ("613 SIP-Item-Number: 3GPP-SIP-Item-Number", PREFIX),
    (
        "634 Wildcarded-Public-Identity: Wildcarded-PSI",
        "TS 29.229 6.3.35; freeDiameter agrees",
    ),
    (
        "647 Associated-Registered-Groups: Associated-Registered-Identities",
        "TS 29.229 6.3.50",
    ),
    ("702 User-Data: Sh-User-Data", PREFIX),
    ("824 SIP-Method: 3GPP-SIP-Method", PREFIX),
    ("830 User-Session-Id: User-Session-ID", CHARGING),
    ("851 Trunk-Group-Id: Trunk-Group-ID", CHARGING),
    (
        "852 Incoming-Trunk-Group-Id: Incoming-Trunk-Group-ID",
        CHARGING,
    ),
    (
        "853 Outgoing-Trunk-Group-Id: Outgoing-Trunk-Group-ID",
        CHARGING,
    ),
    ("872 Reporting-Reason: 3GPP-Reporting-Reason", PREFIX),
];

/// Fails unless the differences are the known ones.
fn assert_known(found: &BTreeSet<String>, known: &[(&str, &str)]) {
    let known: BTreeSet<String> = known
        .iter()
        .map(|(difference, _)| (*difference).to_owned())
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new: {new:#?}\nno more: {gone:#?}"
    );
}

#[derive(Default)]
struct Theirs {
    /// Name, kind and rule by code and vendor.
    avps: BTreeMap<(u32, u32), (String, String, &'static str)>,
    /// Least and greatest number by parent and AVP.
    rules: BTreeMap<(String, String), (i32, i32)>,
}

impl Theirs {
    fn read(text: &str) -> Self {
        let mut all = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            let number = |at: usize| words[at].parse::<i64>().expect("a number");
            let small = |at: usize| i32::try_from(number(at)).expect("a number of 32 bits");
            let unsigned = |at: usize| u32::try_from(number(at)).expect("a number of 32 bits");
            if words[0] == "rule" {
                let key = (words[1].to_owned(), words[2].to_owned());
                all.rules.insert(key, (small(3), small(4)));
                continue;
            }
            let (mask, value) = (number(6), number(7));
            let rule = match (mask & 64, value & 64) {
                (0, _) => "May",
                (_, 0) => "MustNot",
                _ => "Must",
            };
            let kind = kind(words[4], words[5]);
            all.avps.insert(
                (unsigned(1), unsigned(2)),
                (words[3].to_owned(), kind, rule),
            );
        }
        all
    }
}

/// Our word for a base type with a derived one. Theirs for an enumeration is that of the number in it.
fn kind(base: &str, derived: &str) -> String {
    let word = match (base, derived) {
        (_, derived) if derived.contains("Enumerated") => "Enumerated",
        ("OctetString", "UTF8String") => "Utf8String",
        ("OctetString", "DiameterURI") => "DiameterUri",
        ("OctetString", "IPFilterRule") => "IpFilterRule",
        ("OctetString", "DiameterIdentity" | "Address" | "Time") => derived,
        _ => base,
    };
    word.to_owned()
}

fn has_rule(members: &[Member], name: &str) -> Option<(i32, i32)> {
    let member = members.iter().find(|member| member.avp.name == name)?;
    let max = if member.max == 0 {
        -1
    } else {
        i32::from(member.max)
    };
    Some((i32::from(member.min), max))
}

fn compare_rules(theirs: &Theirs, parent: &str, members: &[Member], found: &mut BTreeSet<String>) {
    for ((_, avp), rule) in theirs
        .rules
        .range((parent.to_owned(), String::new())..)
        .take_while(|((of, _), _)| of == parent)
    {
        match has_rule(members, avp) {
            Some(ours) if ours == *rule => {}
            Some(ours) => {
                found.insert(format!("{parent}: {avp} {ours:?}, theirs {rule:?}"));
            }
            None => {
                found.insert(format!("{parent}: {avp} only theirs"));
            }
        }
    }
}

fn compare_avp(def: &AvpDef, theirs: &(String, String, &str), found: &mut BTreeSet<String>) {
    let (name, kind, rule) = theirs;
    if def.name != *name {
        found.insert(format!("{} {}: name {name}", def.code, def.name));
    }
    let ours = format!("{:?}", def.kind);
    let same = ours == *kind
        || def.kind == Kind::Enumerated && (kind == "Integer32" || kind == "Unsigned32");
    if !same {
        found.insert(format!("{} {}: {ours}, theirs {kind}", def.code, def.name));
    }
    let ours = match def.mandatory {
        Rule::Must => "Must",
        Rule::May => "May",
        Rule::MustNot => "MustNot",
    };
    if ours != *rule {
        found.insert(format!(
            "{} {}: M {ours}, theirs {rule}",
            def.code, def.name
        ));
    }
}

#[test]
fn the_dictionary_is_that_of_freediameter_except_where_the_specifications_say_otherwise() -> Result
{
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(dir.path())?;
    let daemon = FreeDiameter::new(
        dir.path(),
        &authority,
        "dict.fd.example",
        "fd.example",
        23_900,
    );
    let (daemon, file) = daemon.tells_its_dictionary()?;
    daemon.start()?.stop()?;
    let theirs = Theirs::read(&String::from_utf8_lossy(
        &fs::read(file).expect("its dictionary"),
    ));
    let dictionary = Dictionary::standard();
    let mut found = BTreeSet::new();
    let mut compared = 0;
    for def in dictionary.avps() {
        if let Some(theirs) = theirs.avps.get(&(def.code, def.vendor)) {
            compare_avp(def, theirs, &mut found);
            compared += 1;
        }
        if !def.members.is_empty() {
            compare_rules(&theirs, &def.name, def.members, &mut found);
        }
    }
    let same = |def: &&CommandDef| {
        matches!(def.code, 257 | 280 | 282) || def.application == 4 && def.code == 272
    };
    for def in dictionary.commands().filter(same) {
        compare_rules(
            &theirs,
            &format!("{}-Request", def.name),
            def.request,
            &mut found,
        );
        compare_rules(
            &theirs,
            &format!("{}-Answer", def.name),
            def.answer,
            &mut found,
        );
    }
    assert!(compared > 780, "{compared} AVPs in both");
    assert_known(&found, FREEDIAMETER);
    Ok(())
}

#[test]
fn tshark_knows_every_avp_by_the_same_name_except_where_the_specifications_say_otherwise() {
    let dictionary = Dictionary::standard();
    let mut avps = AvpBuf::new();
    for def in dictionary.avps() {
        let vendor = if def.vendor == 0 { 0 } else { flag::VENDOR };
        avps.put(
            def.code,
            def.vendor,
            vendor | flag::MANDATORY,
            &vec![0; def.kind.least_length()],
        );
    }
    let mut builder = Builder::request(272, 4);
    builder.encoded(avps.as_bytes());
    let message = builder.finish(1, 2).expect("a message");
    let dir = tempfile::tempdir().expect("a directory");
    let capture = dir.path().join("dictionary.pcap");
    fs::write(&capture, pcap(&message)).expect("a capture");
    let out = Command::new("tshark")
        .args(["-n", "-V", "-d", "tcp.port==3868,diameter", "-r"])
        .arg(&capture)
        .output()
        .expect("tshark");
    let text = String::from_utf8_lossy(&out.stdout);
    let named: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| {
            line.trim_start()
                .strip_prefix("AVP: ")?
                .split_once(") ")?
                .0
                .rsplit_once('(')
        })
        .collect();
    assert_eq!(named.len(), dictionary.avps().count(), "{text:.2000}");
    let (mut found, mut unknown) = (BTreeSet::new(), 0);
    for (def, (name, code)) in dictionary.avps().zip(named) {
        assert_eq!(def.code.to_string(), code);
        if name == "Unknown" {
            unknown += 1;
        } else if def.name != name.trim_end() {
            found.insert(format!("{} {}: {name}", def.code, def.name));
        }
    }
    // It is older than the last AVPs of RFC 8506, TS 29.229, TS 29.214 and TS 32.299.
    assert!(unknown < 40, "{unknown} AVPs unknown to tshark");
    assert_known(&found, TSHARK);
}

/// A capture of one TCP segment to port 3868 with these data, of link type RAW.
fn pcap(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + data.len()).expect("one segment");
    let mut ip = vec![0x45, 0];
    ip.extend(length.to_be_bytes());
    ip.extend([0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    ip.extend([
        0x80, 0, 0x0f, 0x1c, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0,
    ]);
    ip.extend(data);
    let captured = u32::from(length).to_le_bytes();
    let mut file = vec![
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0,
    ];
    file.extend([0; 8]);
    file.extend(captured);
    file.extend(captured);
    file.extend(ip);
    file
}
