//! Queries over profiles (R-PQ).

use super::pr::{Subscriber, deliver, kit, put};
use crate::harness::{Kit, Spec, say};
use std::sync::Arc;
use strowger::prelude::*;
use strowger::profile::{
    AnyProfile, Comparison, Expr, Filter, FilterError, ProfileDecl, Scalar, SharedRow,
};
use strowger_kernel::{ProfileWrite, TableError};

/// Names of what a query finds from a handler.
fn found(kit: &mut Kit, query: Query<Subscriber>) -> String {
    let sent = deliver(kit, move |cx| {
        let users = cx.table::<Subscriber>("users")?;
        let names: Vec<_> = users
            .query(cx, &query)?
            .iter()
            .map(|s| s.name().to_owned())
            .collect();
        say(cx, &names.join(" "));
        Ok(())
    });
    sent.concat()
}

#[test]
fn r_pq_01_comparisons_ranges_prefixes_and_their_combinations() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    type S = Subscriber;
    for (query, names) in [
        (S::ZONE.eq(2), "bob carol"),
        (S::ZONE.ne(2), "alice"),
        (S::ZONE.lt(2), "alice"),
        (S::ZONE.le(2), "alice bob carol"),
        (S::ZONE.gt(1), "bob carol"),
        (S::ZONE.ge(3), ""),
        (S::NUMBER.between("4930100", "4930200"), "alice bob"),
        (S::NUMBER.has_prefix("49302"), "bob"),
        (S::NUMBER.has_prefix("4930"), "alice bob carol"),
        (S::NUMBER.longest_prefix_of("493020055"), "bob"),
        (S::NUMBER.longest_prefix_of("49302"), ""),
        (S::ACTIVE.eq(true), "alice bob carol"),
        (S::ZONE.eq(2).and(S::NUMBER.gt("4930200")), "carol"),
        (S::ZONE.eq(1).or(S::NUMBER.eq("4930300")), "alice carol"),
        (S::ZONE.eq(2).or(S::NUMBER.eq("4930300")), "bob carol"),
        (!S::ZONE.eq(2), "alice"),
        (!(S::ZONE.eq(2).and(!S::NUMBER.eq("4930200"))), "alice bob"),
        // What has no value compares with nothing.
        (S::FORWARD.eq("1"), ""),
        (S::FORWARD.ne("1"), ""),
        (!S::FORWARD.eq("1"), "alice bob carol"),
        (Query::all(), "alice bob carol"),
        (Query::all().max(2), "alice bob"),
    ] {
        let text = format!("{query:?}");
        assert_eq!(found(&mut kit, query), names, "{text}");
    }
}

#[test]
fn r_pq_01_a_query_sees_what_its_transaction_wrote() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    let sent = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        users.update(cx, "alice", |p| p.zone = 2)?;
        users.remove(cx, "bob")?;
        let found = users.query(cx, &Subscriber::ZONE.eq(2))?;
        let names: Vec<_> = found.iter().map(Held::name).collect();
        say(cx, &names.join(" "));
        Ok(())
    });
    assert_eq!(sent, ["alice carol"]);
}

#[test]
fn r_pq_01_a_query_that_costs_too_much_is_refused() {
    let mut kit = Kit::new();
    kit.options.limits.profile_scan = 50;
    kit.options.limits.profile_matches = 20;
    kit.profiles.push(ProfileDecl::of::<Subscriber>());
    kit.restart(secs(1));
    kit.shard
        .create_table(kit.now, "users", Subscriber::SPEC)
        .unwrap();
    let many = (0..100).map(|n| put(&format!("u{n:02}"), &n.to_string(), n / 25));
    kit.shard
        .write_profiles(kit.now, "users", many.collect())
        .unwrap();
    let table = kit.shard.profile_snapshot("users").unwrap();
    let search = |query: Query<Subscriber>| {
        let (expr, max) = query.expr();
        table.search(expr, max).map(|rows| rows.len())
    };
    assert_eq!(
        search(Subscriber::ACTIVE.eq(false)),
        Err(OpError::Limit("profile_scan"))
    );
    assert_eq!(
        search(Subscriber::ZONE.eq(1)),
        Err(OpError::Limit("profile_matches"))
    );
    assert_eq!(search(Subscriber::ZONE.eq(1).max(25)), Ok(25));
    assert_eq!(search(Subscriber::NUMBER.eq("7")), Ok(1));
}

#[derive(Clone, Debug, Profile)]
struct Route {
    #[profile(unique)]
    unique: String,
    #[profile(indexed)]
    indexed: String,
    plain: String,
    #[profile(indexed)]
    weight: i16,
}

/// Numbers that look random, the same in every run.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
    /// Few characters, so that prefixes are frequent; two of them are those that indexes write in another way.
    fn text(&mut self, max: u64) -> String {
        let length = self.below(max);
        let letter = |_| char::from([b'1', b'2', 0, 1, b'3'][self.below(5) as usize]);
        (0..length).map(letter).collect()
    }
}

/// What a query means, without any index.
fn model<'a>(rows: &'a [SharedRow], query: &Expr) -> Vec<&'a SharedRow> {
    let value = |row: &SharedRow, attribute: usize| {
        let mut out = Vec::new();
        row.profile().key(attribute, &mut out).then_some(out)
    };
    let texts = |row: &SharedRow, attribute: usize, text: &[u8]| {
        value(row, attribute).filter(|v| text.starts_with(v))
    };
    let fits = |row: &SharedRow| match query {
        Expr::Range(a, low, high) => value(row, *a).is_some_and(|v| *v >= **low && *v <= **high),
        Expr::HasPrefix(a, prefix) => value(row, *a).is_some_and(|v| v.starts_with(prefix)),
        Expr::LongestPrefixOf(a, text) => {
            let longest = rows
                .iter()
                .filter_map(|r| texts(r, *a, text))
                .max_by_key(Vec::len);
            longest.is_some() && value(row, *a) == longest
        }
        Expr::Compare(a, Comparison::Equal, with) => value(row, *a).is_some_and(|v| *v == **with),
        _ => unreachable!("not asked"),
    };
    rows.iter().filter(|row| fits(row)).collect()
}

#[test]
fn r_pq_01_a_query_finds_the_same_with_every_kind_of_index() {
    let mut dice = Dice(7);
    let mut kit = Kit::new();
    kit.profiles.push(ProfileDecl::of::<Route>());
    kit.shard
        .declare_profile(&ProfileDecl::of::<Route>())
        .unwrap();
    kit.shard
        .create_table(kit.now, "routes", Route::SPEC)
        .unwrap();
    for n in 0..300 {
        let text = dice.text(7);
        let route = Route {
            unique: text.clone(),
            indexed: text.clone(),
            plain: text,
            weight: dice.below(200) as i16 - 100,
        };
        let write = ProfileWrite::Put(n.to_string().into(), Box::new(route));
        // A value that is there already is refused.
        let _ = kit.shard.write_profiles(kit.now, "routes", vec![write]);
    }
    let table = kit.shard.profile_snapshot("routes").unwrap();
    let rows: Vec<SharedRow> = table.after(None).map(Arc::clone).collect();
    assert!(rows.len() > 100);
    for _ in 0..60 {
        let (a, b) = (dice.text(9), dice.text(9));
        for attribute in [Route::UNIQUE, Route::INDEXED, Route::PLAIN] {
            for query in [
                attribute.longest_prefix_of(&a),
                attribute.has_prefix(&a),
                attribute.between(&a, &b),
            ] {
                let expr = query.expr().0;
                let mut found: Vec<_> = table.search(expr, None).unwrap();
                found.sort_by(|a, b| a.name().cmp(b.name()));
                let expected = model(&rows, expr);
                let same = found
                    .iter()
                    .map(|r| r.name())
                    .eq(expected.iter().map(|r| r.name()));
                assert!(same, "{expr:?}: {found:?} is not {expected:?}");
            }
        }
        let (low, high) = (dice.below(200) as i16 - 100, dice.below(200) as i16 - 100);
        let query = Route::WEIGHT.between(low, high);
        let found = table.search(query.expr().0, None).unwrap();
        let weights = found
            .iter()
            .map(|r| Held::<Route>::of(Arc::clone(r)).unwrap().weight);
        let weights: Vec<_> = weights.collect();
        assert!(weights.is_sorted() && weights.iter().all(|w| (low..=high).contains(w)));
    }
}

/// A table of routes whose profiles come, change and go, with what is left of it.
fn routes(kit: &mut Kit, dice: &mut Dice, writes: u64) -> Vec<SharedRow> {
    kit.profiles.push(ProfileDecl::of::<Route>());
    kit.shard
        .declare_profile(&ProfileDecl::of::<Route>())
        .unwrap();
    kit.shard
        .create_table(kit.now, "routes", Route::SPEC)
        .unwrap();
    for _ in 0..writes {
        let (name, text) = (dice.below(writes / 4).to_string(), dice.text(7));
        let write = match dice.below(4) {
            0 => ProfileWrite::Remove(name.into()),
            _ => {
                let route = Route {
                    unique: text.clone(),
                    indexed: text,
                    plain: String::new(),
                    weight: dice.below(9) as i16,
                };
                ProfileWrite::Put(name.into(), Box::new(route))
            }
        };
        // A value that is there already is refused.
        let _ = kit.shard.write_profiles(kit.now, "routes", vec![write]);
    }
    let table = kit.shard.profile_snapshot("routes").unwrap();
    table.after(None).map(Arc::clone).collect()
}

#[test]
fn r_pq_01_the_first_that_a_handler_asks_for_is_the_one_that_was_made_first() {
    let (mut dice, mut kit) = (Dice(8), Kit::new());
    let rows = routes(&mut kit, &mut dice, 2_000);
    assert!(rows.len() > 100);
    let queries: Vec<_> = (0..300)
        .flat_map(|_| {
            let (text, weight) = (dice.text(9), dice.below(10) as i16);
            [
                Route::UNIQUE.eq(&text),
                Route::INDEXED.eq(&text),
                Route::UNIQUE.longest_prefix_of(&text),
                Route::INDEXED.longest_prefix_of(&text),
                Route::WEIGHT.eq(weight),
            ]
        })
        .collect();
    let ask = |kit: &mut Kit, rows: &[SharedRow], queries: &[Query<Route>]| {
        let expected: Vec<_> = queries
            .iter()
            .map(|query| {
                let found = model(rows, query.expr().0).into_iter();
                let first = found.min_by_key(|row| row.number());
                first.map_or("none", |row| row.name()).to_owned()
            })
            .collect();
        let asked = queries.to_vec();
        let sent = deliver(kit, move |cx| {
            let routes = cx.table::<Route>("routes")?;
            for query in &asked {
                let found = routes.first(cx, query)?;
                let name = found.as_ref().map_or("none", |route| route.name());
                say(cx, name);
            }
            Ok(())
        });
        assert_eq!(sent, expected);
    };
    kit.service::<0>(Spec::usual());
    for part in queries.chunks(100) {
        ask(&mut kit, &rows, part);
    }
    // What is read back after a restart is found as well.
    kit.restart(secs(1));
    for part in queries.chunks(100) {
        ask(&mut kit, &rows, part);
    }
}

#[test]
fn r_pr_03_what_a_failed_delivery_wrote_is_found_by_nobody() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        users.remove(cx, "alice")?;
        users.create(cx, "alice", |p| p.number = "5".into())?;
        users.update(cx, "bob", |p| (p.number, p.zone) = ("4930100".into(), 1))?;
        Err(OpError::BadState("on purpose").into())
    });
    let sent = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        for number in ["5", "4930100", "4930200"] {
            let found = users.find_by(cx, Subscriber::NUMBER, number)?;
            say(cx, found.as_ref().map_or("none", |user| user.name()));
        }
        for zone in [1, 2] {
            let found = users.find_by(cx, Subscriber::ZONE, zone)?;
            say(cx, found.as_ref().map_or("none", |user| user.name()));
        }
        Ok(())
    });
    assert_eq!(sent, ["none", "alice", "bob", "alice", "bob"]);
}

#[test]
fn management_can_tell_a_profile_of_another_specification() {
    let mut kit = kit();
    let route: Box<dyn AnyProfile> = Box::new(Route::default());
    let refused = kit.shard.set_default_profile(kit.now, "users", route);
    assert_eq!(refused, Err(TableError::NoSpec));
}

#[test]
fn r_pq_02_management_queries_attributes_by_their_names() {
    let kit = kit();
    let table = kit.shard.profile_snapshot("users").unwrap();
    let found = |filter: &Filter| -> Result<Vec<String>, FilterError> {
        let rows = table.search(&table.decl().query(filter)?, None).unwrap();
        Ok(rows.iter().map(|row| row.name().to_owned()).collect())
    };
    let zone = |how, n| Filter::Compare("zone".into(), how, Scalar::Integer(n));
    let text = |text: &str| Scalar::Text(text.into());
    let range = Filter::Range("number".into(), text("4930100"), text("4930200"));
    assert_eq!(found(&range).unwrap(), ["alice", "bob"]);
    let prefix = Filter::LongestPrefixOf("number".into(), "493020077".into());
    assert_eq!(found(&prefix).unwrap(), ["bob"]);
    let none = Filter::LongestPrefixOf("number".into(), "5".into());
    assert_eq!(found(&none).unwrap(), [""; 0]);
    let both = Filter::And(vec![
        zone(Comparison::Equal, 2),
        Filter::Not(Box::new(Filter::HasPrefix("number".into(), "49302".into()))),
    ]);
    assert_eq!(found(&both).unwrap(), ["carol"]);
    let either = Filter::Or(vec![zone(Comparison::Less, 2), range]);
    assert_eq!(found(&either).unwrap(), ["alice", "bob"]);
    for (filter, error) in [
        (
            zone(Comparison::Equal, -1),
            "`zone`: expected a number from 0 to 4294967295",
        ),
        (
            Filter::Compare("zone".into(), Comparison::Equal, text("2")),
            "`zone`: expected a number from 0 to 4294967295",
        ),
        (
            Filter::HasPrefix("zone".into(), "2".into()),
            "`zone` is no text, so it has no prefix",
        ),
        (
            Filter::HasPrefix("color".into(), "r".into()),
            "there is no attribute `color`",
        ),
        (
            Filter::Compare("notes".into(), Comparison::Equal, text("x")),
            "`notes` cannot be queried",
        ),
        (
            (0..32).fold(Filter::All, |inner, _| Filter::Not(Box::new(inner))),
            "conditions are nested more than 32 deep",
        ),
    ] {
        assert_eq!(found(&filter).unwrap_err().to_string(), error);
    }
}
