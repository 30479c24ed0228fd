//! Profile tables of a node: made from its configuration, kept in its store.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use strowger_node::Exit;

const TABLE: &str = "[profiles.counts]\nspecification = \"count\"\n";

#[test]
fn a_table_is_made_from_the_configuration_and_stays_when_that_no_longer_names_it() {
    let bench = Bench::new(TABLE);
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann count"), "ann counted 1");
    assert_eq!(udp.ask("ben count"), "ben counted 2");
    assert_eq!(udp.ask("ann bye"), "ann bye");
    assert_eq!(udp.ask("ben bye"), "ben bye");
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
    bench.rewrite("");
    let node = bench.start();
    let udp = udp.again(&bench, &node);
    assert_eq!(udp.ask("cat count"), "cat counted 3");
}

#[test]
fn a_table_of_a_specification_that_the_binary_does_not_have_is_refused() {
    let bench = Bench::new(TABLE);
    let mut config = bench.config();
    bench.rewrite("[profiles.counts]\n");
    let findings = bench.findings();
    let code = "CFG-021: the profile table `counts` is of the specification `counts`";
    assert!(findings[0].starts_with(code), "{findings:?}");
    // A program that makes its configuration otherwise is refused at the start.
    config
        .profiles
        .insert("others".to_owned(), Default::default());
    let error = bench.builder_of(config).start().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("NOD-003", Exit::Config));
    let text = error.to_string();
    assert!(text.contains("profile table `others`"), "{text}");
}
