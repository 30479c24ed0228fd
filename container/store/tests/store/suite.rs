//! What every implementation of the port must do, as one suite; and the pieces that the other tests share.

use std::collections::BTreeMap;
use strowger_journal::{Group, GroupBuilder, Key, MAX_VALUE, Recovered, Seq, Store};

/// The records that should be live: the obvious model.
pub(crate) type Model = BTreeMap<(u8, u64, u8, Vec<u8>), Vec<u8>>;

/// A place where a store lives, which can be opened again and again.
pub(crate) trait Fixture {
    /// The implementation.
    type S: Store;
    /// Opens what is there.
    fn open(&mut self) -> Self::S;
    /// Ends a process that had the store open, without any goodbye. All that was synced is there afterwards.
    fn kill(&mut self, store: Self::S);
}

/// Small, fast and reproducible.
pub(crate) struct Random(u64);

impl Random {
    /// A generator; the same seed gives the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Runs the whole suite over stores that `fixture` makes.
pub(crate) fn run<F: Fixture>(fixture: impl Fn() -> F) {
    starts_empty(fixture());
    refuses_groups_out_of_order(fixture());
    keeps_values_of_every_length(fixture());
    leaves_nothing_of_what_was_born_and_died(fixture());
    travels_by_export_and_import(fixture(), fixture());
    for seed in 1..=6 {
        agrees_with_the_model(fixture(), seed);
    }
}

/// Gives what a recovery finds.
pub(crate) fn live(store: &mut dyn Store) -> (Recovered, Model) {
    let mut model = Model::new();
    let mut before: Option<Vec<u8>> = None;
    let recovered = store
        .recover(&mut |record| {
            let encoded = record.key.to_vec();
            assert!(
                before.as_ref().is_none_or(|before| *before < encoded),
                "records come in the order of keys"
            );
            before = Some(encoded);
            let Key {
                slot,
                session,
                kind,
                sub,
            } = record.key;
            model.insert((slot, session, kind, sub.to_vec()), record.value.to_vec());
        })
        .expect("recovers");
    assert_eq!(recovered.records, model.len() as u64);
    (recovered, model)
}

/// A commit of one record.
pub(crate) fn put(builder: &mut GroupBuilder, session: u64, value: &[u8]) -> Group {
    builder.begin(true);
    builder
        .update(
            &Key {
                slot: (session % 256) as u8,
                session,
                kind: 1,
                sub: b"r",
            },
            value,
        )
        .expect("fits");
    builder.take().expect("one commit")
}

fn starts_empty<F: Fixture>(mut fixture: F) {
    let mut store = fixture.open();
    let (recovered, model) = live(&mut store);
    assert_eq!((recovered.last_seq, model.len()), (Seq::NONE, 0));
    assert_eq!(store.sync().expect("syncs nothing"), Seq::NONE);
    fixture.kill(store);
    let (recovered, _) = live(&mut fixture.open());
    assert_eq!(recovered.last_seq, Seq::NONE);
}

fn refuses_groups_out_of_order<F: Fixture>(mut fixture: F) {
    let mut store = fixture.open();
    let mut builder = GroupBuilder::new(Seq(2));
    let error = store
        .append(&put(&mut builder, 1, b"early"))
        .expect_err("out of order");
    assert_eq!(error.code(), "STO-009");
}

fn keeps_values_of_every_length<F: Fixture>(mut fixture: F) {
    let lengths = [0, 1, 4094, 4095, 4096, 4097, 8192, 100_000, MAX_VALUE];
    let mut builder = GroupBuilder::new(Seq(1));
    let mut store = fixture.open();
    // Each round gives every record another length, so that records grow and shrink over the edges.
    for round in 0..3_usize {
        for (index, _) in lengths.iter().enumerate() {
            let length = lengths[(index + round * 4) % lengths.len()];
            let value: Vec<u8> = (0..length).map(|i| (i / 7 + index + round) as u8).collect();
            store
                .append(&put(&mut builder, index as u64, &value))
                .expect("appends");
        }
        store.sync().expect("syncs");
        store.checkpoint().expect("makes a checkpoint");
        fixture.kill(store);
        store = fixture.open();
        let (_, model) = live(&mut store);
        assert_eq!(model.len(), lengths.len());
        for ((_, session, _, _), value) in &model {
            let index = *session as usize;
            assert_eq!(
                value.len(),
                lengths[(index + round * 4) % lengths.len()],
                "record {index}, round {round}"
            );
            assert!(
                value
                    .iter()
                    .enumerate()
                    .all(|(i, byte)| *byte == (i / 7 + index + round) as u8)
            );
        }
    }
    for index in 0..lengths.len() as u64 {
        builder.begin(true);
        builder
            .remove(&Key {
                slot: index as u8,
                session: index,
                kind: 1,
                sub: b"r",
            })
            .expect("fits");
    }
    store
        .append(&builder.take().expect("a group"))
        .expect("appends");
    store.sync().expect("syncs");
    store.checkpoint().expect("makes a checkpoint");
    assert!(live(&mut store).1.is_empty());
}

fn leaves_nothing_of_what_was_born_and_died<F: Fixture>(mut fixture: F) {
    let key = |session| Key {
        slot: 0,
        session,
        kind: 3,
        sub: b"x",
    };
    let mut builder = GroupBuilder::new(Seq(1));
    let mut store = fixture.open();
    for session in 0..10 {
        builder.begin(true);
        builder.insert(&key(session), b"born").expect("fits");
    }
    store
        .append(&builder.take().expect("a group"))
        .expect("appends");
    store.sync().expect("syncs");
    // Half of them see a checkpoint between birth and death.
    for session in 0..5 {
        builder.begin(true);
        builder.remove(&key(session)).expect("fits");
    }
    store
        .append(&builder.take().expect("a group"))
        .expect("appends");
    store.sync().expect("syncs");
    store.checkpoint().expect("makes a checkpoint");
    for session in 5..10 {
        builder.begin(true);
        builder.remove(&key(session)).expect("fits");
        // Born again and dead again, within one window.
        builder.begin(true);
        builder.insert(&key(session), b"again").expect("fits");
        builder.begin(true);
        builder.remove(&key(session)).expect("fits");
    }
    store
        .append(&builder.take().expect("a group"))
        .expect("appends");
    store.sync().expect("syncs");
    store.checkpoint().expect("makes a checkpoint");
    fixture.kill(store);
    assert!(live(&mut fixture.open()).1.is_empty());
}

fn travels_by_export_and_import<F: Fixture>(mut from: F, mut to: F) {
    let mut builder = GroupBuilder::new(Seq(1));
    let mut source = from.open();
    for session in 0..300 {
        let value = vec![session as u8; session as usize * 40];
        source
            .append(&put(&mut builder, session, &value))
            .expect("appends");
    }
    source.sync().expect("syncs");
    let mut bytes = Vec::new();
    assert_eq!(source.export(&mut bytes).expect("exports"), 300);
    assert_eq!(
        strowger_journal::portable::verify(&mut &bytes[..]).expect("sound"),
        300
    );

    let mut target = to.open();
    assert_eq!(target.import(&mut &bytes[..]).expect("imports"), 300);
    to.kill(target);
    let mut target = to.open();
    assert_eq!(live(&mut target).1, live(&mut source).1);
    let error = target.import(&mut &bytes[..]).expect_err("not empty");
    assert_eq!(error.code(), "STO-008");

    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let error = strowger_journal::portable::verify(&mut &bytes[..]).expect_err("damaged");
    assert_eq!(error.code(), "STO-003");
}

/// Random commits, checkpoints and restarts; after each restart the store holds what the model holds.
fn agrees_with_the_model<F: Fixture>(mut fixture: F, seed: u64) {
    let mut random = Random::new(seed);
    let mut model = Model::new();
    let mut store = fixture.open();
    let mut builder = GroupBuilder::new(Seq(1));
    for step in 0..400 {
        let mut due = model.clone();
        for _ in 0..=random.below(4) {
            commit(&mut builder, &mut random, &mut due);
        }
        store
            .append(&builder.take().expect("commits"))
            .expect("appends");
        match random.below(20) {
            0 => {
                store.sync().expect("syncs");
                store.checkpoint().expect("makes a checkpoint");
            }
            1 | 2 => {
                store.sync().expect("syncs");
                fixture.kill(store);
                store = fixture.open();
                let (recovered, found) = live(&mut store);
                assert_eq!(
                    recovered.last_seq,
                    builder.last(),
                    "seed {seed}, step {step}"
                );
                assert_eq!(found, due, "seed {seed}, step {step}");
            }
            _ => {
                store.sync().expect("syncs");
                store.tend().expect("tends");
            }
        }
        model = due;
    }
    assert_eq!(live(&mut store).1, model, "seed {seed}");
}

/// One commit of a few deltas, on few keys, so that they meet again.
fn commit(builder: &mut GroupBuilder, random: &mut Random, model: &mut Model) {
    builder.begin(random.below(2) == 0);
    for _ in 0..=random.below(3) {
        let sub = vec![b's'; random.below(3) as usize];
        let (slot, session, kind) = (
            random.below(2) as u8,
            random.below(12),
            random.below(2) as u8,
        );
        let key = Key {
            slot,
            session,
            kind,
            sub: &sub,
        };
        let place = (slot, session, kind, sub.clone());
        if random.below(3) == 0 {
            builder.remove(&key).expect("fits");
            model.remove(&place);
            continue;
        }
        let length = if random.below(10) == 0 {
            random.below(12_000)
        } else {
            random.below(300)
        };
        let value: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        let put = if model.contains_key(&place) {
            GroupBuilder::update
        } else {
            GroupBuilder::insert
        };
        put(builder, &key, &value).expect("fits");
        model.insert(place, value);
    }
}
