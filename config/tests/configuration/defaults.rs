//! The embedded defaults, the model and the rule that every key is documented, held against each other.

use crate::common;
use expect_test::expect_file;
use strowger_config::{Config, DEFAULT_TOML};

const TAIL: &str = "# ---- The node out of the box ";
const HEAD_ENDS: &str = "checked by a test.\n\n";

#[test]
fn the_file_of_defaults_is_fresh() {
    let components = common::components();
    let (head, _) = DEFAULT_TOML.split_once(HEAD_ENDS).unwrap();
    let (_, tail) = DEFAULT_TOML.split_once(TAIL).unwrap();
    let sections = components.reference().default_sections();
    let fresh = format!("{head}{HEAD_ENDS}{sections}{TAIL}{tail}");
    expect_file!["../../default.toml"].assert_eq(&fresh);
}

#[test]
fn the_file_of_defaults_says_what_the_model_says() {
    let loaded = common::load(&[], &[], &[]).unwrap();
    let Config {
        node,
        log,
        store,
        limits,
        tls,
        dns,
        ..
    } = Config::default();
    assert_eq!(loaded.config.node, node);
    assert_eq!(loaded.config.log, log);
    assert_eq!(loaded.config.store, store);
    assert_eq!(loaded.config.limits, limits);
    assert_eq!(loaded.config.tls, tls);
    assert_eq!(loaded.config.dns, dns);
    assert!(loaded.warnings.is_empty());
}

#[test]
fn every_key_has_doc_line_reload_class_unit_and_default() {
    let components = common::components();
    assert_eq!(components.reference().gaps(), Vec::<String>::new());
    let without = components
        .reference()
        .keys()
        .filter(|(_, key)| key.default.is_none())
        .map(|(path, _)| path.to_string())
        .collect::<Vec<_>>();
    assert_eq!(
        without,
        [
            "adaptors.sip.settings.listeners.NAME.advertise",
            "adaptors.sip.settings.listeners.NAME.bind",
            "adaptors.sip.settings.listeners.NAME.transport",
            "adaptors.NAME.type",
            "export.hep.collector",
            "export.hep.password",
            "export.otlp.endpoint",
            "management.audit",
            "management.tls.certificate",
            "management.tls.key",
            "management.tokens.NAME.scope",
            "management.tokens.NAME.sha256",
            "profiles.NAME.specification",
            "services.NAME.kind",
            "services.NAME.priority",
            "services.NAME.thresholds.NAME.clear",
            "services.NAME.thresholds.NAME.measure",
            "services.NAME.thresholds.NAME.parameter",
            "services.NAME.thresholds.NAME.sbb",
            "services.NAME.thresholds.NAME.value",
        ]
    );
}
