use super::*;
use proptest::prelude::*;
use strowger::time::Wall;

const SIP: RaIx = RaIx(1);
const OTHER: RaIx = RaIx(2);

fn now(ms: u64) -> Now {
    Now {
        mono: Mono(0) + Duration::from_millis(ms),
        wall: Wall(1_700_000_000_000 + ms),
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn rules(change: impl FnOnce(&mut SourceRules)) -> Sources {
    let mut rules = SourceRules::default();
    change(&mut rules);
    Sources::new(rules)
}

fn networks(of: &[&str]) -> Vec<strowger::network::Network> {
    of.iter().map(|text| text.parse().unwrap()).collect()
}

fn judge(sources: &mut Sources, ms: u64, from: &str) -> Verdict {
    sources.judge(now(ms).mono, SIP, address(from))
}

fn works(sources: &mut Sources, ms: u64, from: &str) {
    sources.told(now(ms), SIP, Told::NewWork(address(from)));
}

fn offends(sources: &mut Sources, ms: u64, from: &str, proven: bool) {
    let told = Told::Offence {
        source: address(from),
        offence: Offence::Credentials,
        proven,
    };
    sources.told(now(ms), SIP, told);
}

/// Whether a listener of another thread would take a connection.
fn admits(sources: &Sources, from: &str) -> bool {
    use strowger_driver::{Admission, Admit as _};
    sources.gate().admit(address(from)) == Admission::Open
}

#[test]
fn without_rules_all_are_heard_and_nothing_is_kept() {
    let mut sources = rules(|_| {});
    for n in 0..100 {
        works(&mut sources, n, "192.0.2.1");
        offends(&mut sources, n, "192.0.2.1", true);
    }
    assert_eq!(judge(&mut sources, 100, "192.0.2.1"), Verdict::Heard);
    assert_eq!(sources.counts().known, 0);
}

#[test]
fn lists_say_who_is_heard() {
    let mut sources = rules(|rules| rules.deny = networks(&["192.0.2.0/24", "2001:db8::/32"]));
    for from in [
        "192.0.2.0",
        "192.0.2.255",
        "::ffff:192.0.2.9",
        "2001:db8:ffff::1",
    ] {
        assert_eq!(judge(&mut sources, 0, from), Verdict::Denied, "{from}");
        assert!(!admits(&sources, from), "{from}");
    }
    for from in ["192.0.1.255", "192.0.3.0", "2001:db9::1", "::1"] {
        assert_eq!(judge(&mut sources, 0, from), Verdict::Heard, "{from}");
        assert!(admits(&sources, from), "{from}");
    }
    let rules = SourceRules {
        allow: networks(&["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"]),
        deny: networks(&["10.1.2.3"]),
        ..SourceRules::default()
    };
    sources.configure(rules);
    for (from, verdict) in [
        ("10.0.0.1", Verdict::Heard),
        ("10.1.2.2", Verdict::Heard),
        ("10.200.0.1", Verdict::Heard),
        ("10.1.2.3", Verdict::Denied),
        ("192.0.2.9", Verdict::Heard),
        ("11.0.0.0", Verdict::Denied),
        ("::1", Verdict::Denied),
    ] {
        assert_eq!(judge(&mut sources, 0, from), verdict, "{from}");
        assert_eq!(admits(&sources, from), verdict == Verdict::Heard, "{from}");
    }
}

#[test]
fn a_source_above_its_rate_is_refused_then_not_answered_and_recovers() {
    let mut sources = rules(|rules| (rules.rate, rules.burst) = (10, 5));
    for n in 0..5 {
        assert_eq!(judge(&mut sources, 0, "192.0.2.1"), Verdict::Heard, "{n}");
        works(&mut sources, 0, "192.0.2.1");
    }
    for n in 0..5 {
        assert_eq!(judge(&mut sources, 0, "192.0.2.1"), Verdict::Refused, "{n}");
    }
    assert_eq!(judge(&mut sources, 0, "192.0.2.1"), Verdict::Unanswered);
    assert_eq!(judge(&mut sources, 0, "192.0.2.2"), Verdict::Heard);
    assert_eq!(judge(&mut sources, 99, "192.0.2.1"), Verdict::Unanswered);
    assert_eq!(judge(&mut sources, 100, "192.0.2.1"), Verdict::Heard);
    works(&mut sources, 100, "192.0.2.1");
    assert_eq!(judge(&mut sources, 100, "192.0.2.1"), Verdict::Refused);
    // All of it is there again after half a second.
    for _ in 0..5 {
        assert_eq!(judge(&mut sources, 600, "192.0.2.1"), Verdict::Heard);
        works(&mut sources, 600, "192.0.2.1");
    }
    assert_ne!(judge(&mut sources, 600, "192.0.2.1"), Verdict::Heard);
}

#[test]
fn over_a_minute_a_source_brings_what_its_rate_is() {
    let mut sources = rules(|rules| (rules.rate, rules.burst) = (50, 10));
    let mut taken = 0;
    for ms in 0..60_000 {
        if judge(&mut sources, ms, "192.0.2.1") == Verdict::Heard {
            works(&mut sources, ms, "192.0.2.1");
            taken += 1;
        }
    }
    assert!((3_000..=3_010).contains(&taken), "{taken}");
}

#[test]
fn a_rate_holds_for_adaptors_that_tell_of_new_work() {
    let mut sources = rules(|rules| (rules.rate, rules.burst) = (1, 1));
    works(&mut sources, 0, "192.0.2.1");
    let from = address("192.0.2.1");
    assert_eq!(sources.judge(Mono(0), SIP, from), Verdict::Refused);
    assert_eq!(sources.judge(Mono(0), OTHER, from), Verdict::Heard);
}

#[test]
fn offences_within_the_window_ban_and_the_ban_ends() {
    let mut sources = rules(|rules| {
        rules.ban_after = 3;
        rules.ban_window = Duration::from_secs(10);
        rules.ban_for = Duration::from_secs(60);
    });
    let bad = "192.0.2.1";
    for ms in [0, 5_000, 10_001] {
        offends(&mut sources, ms, bad, true);
        assert_eq!(judge(&mut sources, ms, bad), Verdict::Heard);
    }
    offends(&mut sources, 11_000, bad, true);
    assert_eq!(judge(&mut sources, 11_000, bad), Verdict::Heard);
    offends(&mut sources, 12_000, bad, true);
    assert_eq!(judge(&mut sources, 12_000, bad), Verdict::Banned);
    assert_eq!(judge(&mut sources, 12_000, "192.0.2.2"), Verdict::Heard);
    assert!(!admits(&sources, bad));
    assert_eq!(sources.deadline(), Some(now(72_000).mono));
    sources.expire(now(71_999).mono);
    assert_eq!(judge(&mut sources, 71_999, bad), Verdict::Banned);
    let (_, ban) = sources.bans(Bound::Unbounded).next().unwrap();
    assert_eq!((ban.why, ban.dropped), ("credentials", 2));
    assert_eq!(ban.until_ms - ban.since_ms, 60_000);
    sources.expire(now(72_000).mono);
    assert_eq!(judge(&mut sources, 72_000, bad), Verdict::Heard);
    assert!(admits(&sources, bad));
    assert_eq!(sources.deadline(), None);
    // What led to it is forgotten.
    offends(&mut sources, 72_000, bad, true);
    assert_eq!(judge(&mut sources, 72_000, bad), Verdict::Heard);
    assert_eq!(sources.counts().bans, 1);
}

#[test]
fn what_is_not_proven_bans_nobody_and_costs_rate() {
    let mut sources = rules(|rules| {
        (rules.rate, rules.burst, rules.ban_after) = (10, 3, 1);
    });
    for _ in 0..100 {
        offends(&mut sources, 0, "192.0.2.1", false);
    }
    assert_eq!(sources.counts().banned, 0);
    assert_eq!(sources.counts().offences_unproven, 100);
    offends(&mut sources, 60_000, "192.0.2.2", true);
    assert_eq!(sources.counts().banned, 1);
    works(&mut sources, 0, "192.0.2.1");
    assert_eq!(judge(&mut sources, 0, "192.0.2.1"), Verdict::Refused);
}

#[test]
fn trunks_are_never_banned_nor_limited_and_may_become_trunks_later() {
    let trusted = |rules: &mut SourceRules| {
        (rules.rate, rules.burst, rules.ban_after) = (1, 1, 1);
        rules.never_ban = networks(&["192.0.2.0/24"]);
    };
    let mut sources = rules(trusted);
    for _ in 0..10 {
        works(&mut sources, 0, "192.0.2.1");
        offends(&mut sources, 0, "192.0.2.1", true);
    }
    assert_eq!(judge(&mut sources, 0, "192.0.2.1"), Verdict::Heard);
    offends(&mut sources, 0, "198.51.100.1", true);
    assert_eq!(judge(&mut sources, 0, "198.51.100.1"), Verdict::Banned);
    let mut later = SourceRules::default();
    trusted(&mut later);
    later.never_ban = networks(&["198.51.100.0/24"]);
    sources.configure(later);
    assert_eq!(judge(&mut sources, 0, "198.51.100.1"), Verdict::Heard);
    assert!(admits(&sources, "198.51.100.1"));
}

#[test]
fn trusted_addresses_are_heard_whatever_becomes_of_their_network() {
    let mut sources = rules(|rules| {
        (rules.rate, rules.burst, rules.ban_after) = (1, 1, 1);
        rules.never_ban = networks(&["2001:db8:1:2::5"]);
    });
    let (trunk, neighbour) = ("2001:db8:1:2::5", "2001:db8:1:2::6");
    for _ in 0..3 {
        works(&mut sources, 0, neighbour);
    }
    assert_eq!(judge(&mut sources, 0, neighbour), Verdict::Refused);
    assert_eq!(judge(&mut sources, 0, trunk), Verdict::Heard);
    offends(&mut sources, 0, neighbour, true);
    assert_eq!(judge(&mut sources, 0, neighbour), Verdict::Banned);
    assert_eq!(judge(&mut sources, 0, trunk), Verdict::Heard);
    assert!(admits(&sources, trunk) && !admits(&sources, neighbour));
    // An operator means it.
    sources.ban(now(0), neighbour.parse().unwrap(), None, BY_HAND);
    assert_eq!(judge(&mut sources, 0, trunk), Verdict::Banned);
    assert!(!admits(&sources, trunk));
    // Whoever comes through a proxy of the same machine comes from there.
    offends(&mut sources, 0, "127.0.0.1", true);
    offends(&mut sources, 0, "::1", true);
    assert!(admits(&sources, "127.0.0.1") && admits(&sources, "::1"));
}

#[test]
fn what_is_forged_keeps_its_source_out_for_no_longer_than_its_burst() {
    let mut sources = rules(|rules| (rules.rate, rules.burst) = (20, 40));
    works(&mut sources, 0, "192.0.2.1");
    for _ in 0..10_000 {
        offends(&mut sources, 0, "192.0.2.1", false);
    }
    assert_eq!(judge(&mut sources, 49, "192.0.2.1"), Verdict::Refused);
    assert_eq!(judge(&mut sources, 51, "192.0.2.1"), Verdict::Heard);
}

#[test]
fn bans_by_hand_need_no_rules_and_are_lifted() {
    let mut sources = rules(|_| {});
    let source = "2001:db8:1:2::/64".parse().unwrap();
    sources.ban(now(0), source, Some(Duration::from_secs(9)), "operator");
    assert_eq!(
        judge(&mut sources, 1, "2001:db8:1:2:ffff::9"),
        Verdict::Banned
    );
    assert_eq!(judge(&mut sources, 1, "2001:db8:1:3::9"), Verdict::Heard);
    sources.ban(now(5_000), source, Some(Duration::from_secs(9)), "operator");
    sources.expire(now(9_000).mono);
    assert_eq!(
        judge(&mut sources, 9_000, "2001:db8:1:2::1"),
        Verdict::Banned
    );
    assert!(sources.lift(source));
    assert!(!sources.lift(source));
    assert_eq!(
        judge(&mut sources, 9_000, "2001:db8:1:2::1"),
        Verdict::Heard
    );
    assert!(admits(&sources, "2001:db8:1:2::1"));
    assert_eq!(sources.deadline(), None);
}

#[test]
fn many_sources_make_room_for_each_other_and_bans_are_the_last_to_go() {
    let mut sources = rules(|rules| {
        (rules.rate, rules.burst, rules.ban_after) = (1, 1, 1);
        rules.entries = 16;
    });
    let from = |n: u32| std::net::Ipv4Addr::from_bits(0xc000_0200 + n).to_string();
    offends(&mut sources, 0, &from(0), true);
    for n in 1..1_000 {
        works(&mut sources, 0, &from(n));
    }
    assert_eq!(sources.counts().known, 16);
    assert_eq!(judge(&mut sources, 0, &from(0)), Verdict::Banned);
    assert_eq!(judge(&mut sources, 0, &from(984)), Verdict::Heard);
    assert_eq!(judge(&mut sources, 0, &from(985)), Verdict::Refused);
    // Of bans the one that ends first makes room.
    for n in 1_000..1_016 {
        offends(&mut sources, u64::from(n), &from(n), true);
    }
    assert_eq!(sources.counts().banned, 16);
    assert!(admits(&sources, &from(0)));
    assert!(!admits(&sources, &from(1_015)));
}

/// Connections from a /46 of IPv6, of which each network guesses once and is banned: a quarter of a million sources.
#[test]
fn a_flood_of_banned_sources_is_bounded_and_ends_no_ban_by_hand() {
    const ENTRIES: u32 = 1_024;
    const FLOOD: u64 = 1 << 18;
    let mut sources = rules(|rules| (rules.ban_after, rules.entries) = (1, ENTRIES));
    let by_hand = ["192.0.2.66", "2001:db8:bad::1"];
    for source in by_hand {
        // These end before any of the flood does.
        let time = Some(Duration::from_secs(500));
        sources.ban(now(0), source.parse().unwrap(), time, BY_HAND);
    }
    let network =
        |n: u64| std::net::Ipv6Addr::from_bits((0x2001_0db8_1000_0000 + u128::from(n)) << 64);
    for n in 0..FLOOD {
        let told = Told::Offence {
            source: IpAddr::V6(network(n)),
            offence: Offence::Credentials,
            proven: true,
        };
        sources.told(now(n / 10_000), SIP, told);
    }
    let counts = sources.counts();
    let most = u64::from(ENTRIES);
    assert_eq!((counts.known, counts.banned), (most, most));
    assert_eq!(counts.bans, FLOOD + 2);
    assert_eq!(sources.gate().banned(), ENTRIES as usize);
    for source in by_hand {
        assert_eq!(
            judge(&mut sources, 200, source),
            Verdict::Banned,
            "{source}"
        );
        assert!(!admits(&sources, source), "{source}");
    }
    // Of the others those that end last stay, by their networks.
    for (n, verdict) in [
        (FLOOD - 1, Verdict::Banned),
        (FLOOD - most + 2, Verdict::Banned),
        (FLOOD - most + 1, Verdict::Heard),
    ] {
        let neighbour = network(n).to_bits() + 9;
        let from = IpAddr::V6(neighbour.into());
        assert_eq!(sources.judge(now(200).mono, SIP, from), verdict, "{n}");
    }
    // Parts of the list follow each other, and show each once.
    let (mut from, mut shown) = (Bound::Unbounded, 0);
    while let Some((last, _)) = sources.bans(from).take(100).last() {
        shown += sources.bans(from).take(100).count();
        from = Bound::Excluded(last);
    }
    assert_eq!(shown, ENTRIES as usize);
    // All end at their time, and nothing is left of them.
    sources.expire(now(500_000).mono);
    assert_eq!(sources.counts().banned, most - 2);
    sources.expire(now(700_000).mono);
    assert_eq!((sources.counts().known, sources.gate().banned()), (0, 0));
}

#[test]
fn where_all_are_banned_by_hand_nobody_else_is_kept_and_the_next_by_hand_has_room() {
    let mut sources = rules(|rules| {
        (rules.rate, rules.burst, rules.ban_after, rules.entries) = (1, 1, 1, 16);
    });
    let from = |n: u32| std::net::Ipv4Addr::from_bits(0xc000_0200 + n).to_string();
    let by_hand = |sources: &mut Sources, n: u32| {
        let time = Some(Duration::from_secs(u64::from(100 + n)));
        sources.ban(now(0), from(n).parse().unwrap(), time, BY_HAND);
    };
    for n in 0..16 {
        by_hand(&mut sources, n);
    }
    works(&mut sources, 0, &from(50));
    offends(&mut sources, 0, &from(51), true);
    assert_eq!(judge(&mut sources, 0, &from(50)), Verdict::Heard);
    assert_eq!(judge(&mut sources, 0, &from(51)), Verdict::Heard);
    assert!(admits(&sources, &from(51)));
    assert!((0..16).all(|n| judge(&mut sources, 0, &from(n)) == Verdict::Banned));
    by_hand(&mut sources, 16);
    assert!((1..17).all(|n| judge(&mut sources, 0, &from(n)) == Verdict::Banned));
    assert_eq!(judge(&mut sources, 0, &from(0)), Verdict::Heard);
    assert_eq!(sources.counts().known, 16);
    // Who is banned for an offence may be banned by hand, and stays then.
    sources.lift(from(16).parse().unwrap());
    offends(&mut sources, 0, &from(51), true);
    by_hand(&mut sources, 51);
    offends(&mut sources, 0, &from(52), true);
    assert_eq!(judge(&mut sources, 0, &from(51)), Verdict::Banned);
    assert_eq!(judge(&mut sources, 0, &from(52)), Verdict::Heard);
}

proptest! {
    #[test]
    fn whatever_comes_is_bounded_and_judged_the_same_way_twice(
        steps in prop::collection::vec((0u8..4, 0u32..40, 0u64..500), 1..300),
    ) {
        let run = || {
            let mut sources = rules(|rules| {
                (rules.rate, rules.burst, rules.ban_after, rules.entries) = (5, 2, 2, 16);
                rules.ban_for = Duration::from_millis(700);
            });
            let (mut ms, mut seen) = (0, Vec::new());
            for (what, n, time) in &steps {
                ms += time;
                sources.expire(now(ms).mono);
                let from = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).to_string();
                match what {
                    0 => works(&mut sources, ms, &from),
                    1 => offends(&mut sources, ms, &from, true),
                    2 => drop(sources.lift(from.parse().unwrap())),
                    _ => {}
                }
                let verdict = judge(&mut sources, ms, &from);
                assert_eq!(verdict == Verdict::Banned, !admits(&sources, &from));
                assert!(sources.counts().known <= 16);
                assert!(sources.deadline().is_none_or(|at| at > now(ms).mono));
                seen.push(verdict);
            }
            seen
        };
        prop_assert_eq!(run(), run());
    }
}
