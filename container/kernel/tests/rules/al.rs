//! Alarms of services (R-AL).

use crate::harness::{Kit, Ping, Spec, say};
use std::time::Duration;
use strowger::alarm::{Alarm, Severity};
use strowger::time::secs;
use strowger::{Error, OpError};
use strowger_kernel::{Durability, ShardOutput};

/// A service that does with alarms what a `Ping` says.
fn kit(class: Durability) -> Kit {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), class);
    kit.service_in::<1>(Spec::usual(), class);
    script(&mut kit);
    kit
}

fn trunk(instance: &str) -> Alarm<'_> {
    Alarm {
        kind: "trunk_down",
        instance,
        severity: Severity::Critical,
        text: "no answer to OPTIONS",
    }
}

fn script(kit: &mut Kit) {
    kit.on::<0>(|_, cx, call| {
        match call.get::<Ping>() {
            Some(Ping(n @ 1..=9)) => {
                let raised = cx.raise_alarm(trunk(&n.to_string()))?;
                say(cx, if raised { "new" } else { "known" });
            }
            Some(Ping(10)) => {
                let other = Alarm {
                    kind: "licence",
                    instance: "",
                    severity: Severity::Warning,
                    text: "ends soon",
                };
                cx.raise_alarm(other)?;
            }
            Some(Ping(11)) => {
                cx.raise_alarm(trunk("11"))?;
                return Err(Error::msg("and yet"));
            }
            Some(Ping(21)) => {
                let cleared = cx.clear_alarm("trunk_down", "1");
                say(cx, if cleared { "cleared" } else { "none" });
            }
            Some(Ping(22)) => {
                let n = cx.clear_alarms_of("trunk_down");
                say(cx, &format!("{n} cleared"));
            }
            Some(Ping(23)) => {
                let n = cx.clear_alarms();
                say(cx, &format!("{n} cleared"));
            }
            Some(Ping(31)) => {
                let nameless = Alarm {
                    kind: "",
                    ..trunk("")
                };
                let long = "x".repeat(129);
                for wrong in [nameless, trunk(&long)] {
                    let refused = cx.raise_alarm(wrong);
                    assert!(
                        matches!(refused, Err(OpError::InvalidArgument(_))),
                        "{refused:?}"
                    );
                }
                let text = "ä".repeat(400);
                let wordy = Alarm {
                    text: &text,
                    ..trunk("wordy")
                };
                cx.raise_alarm(wordy)?;
            }
            _ => {}
        }
        Ok(())
    });
    kit.on::<1>(|_, cx, call| {
        if call.get::<Ping>() == Some(&Ping(23)) {
            assert_eq!(cx.clear_alarms(), 0, "they are another service's");
        }
        Ok(())
    });
}

/// What a ping has the service say, and the changes of alarms.
fn ping(kit: &mut Kit, n: u32) -> Vec<String> {
    let a = kit.start();
    kit.fire(a, Ping(n));
    told(kit)
}

/// Runs, and gives the changes of alarms: `+KIND INSTANCE SEVERITY` or `-KIND INSTANCE`.
fn told(kit: &mut Kit) -> Vec<String> {
    while kit.shard.run(kit.now, 1000) {}
    let mut told = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::ServiceAlarm(alarm) = output {
            told.push(match alarm.raised {
                true => format!("+{} {} {}", alarm.kind, alarm.instance, alarm.severity),
                false => format!("-{} {}", alarm.kind, alarm.instance),
            });
        }
    }
    told
}

#[test]
fn r_al_01_one_that_stands_is_not_raised_again() {
    let mut kit = kit(Durability::None);
    assert_eq!(ping(&mut kit, 1), ["+trunk_down 1 critical"]);
    assert_eq!(ping(&mut kit, 1), [""; 0]);
    assert_eq!(ping(&mut kit, 2), ["+trunk_down 2 critical"]);
    ping(&mut kit, 31);
}

#[test]
fn r_al_01_it_counts_whatever_becomes_of_the_delivery() {
    let mut kit = kit(Durability::Strict);
    assert_eq!(ping(&mut kit, 11), ["+trunk_down 11 critical"]);
    assert_eq!(kit.shard.metrics().rollbacks, 1);
    assert_eq!(ping(&mut kit, 22), ["-trunk_down 11"]);
}

#[test]
fn r_al_02_one_all_of_a_kind_or_all_are_cleared() {
    let mut kit = kit(Durability::None);
    for n in [1, 2, 3, 10] {
        ping(&mut kit, n);
    }
    assert_eq!(ping(&mut kit, 21), ["-trunk_down 1"]);
    assert_eq!(ping(&mut kit, 21), [""; 0]);
    assert_eq!(ping(&mut kit, 22), ["-trunk_down 2", "-trunk_down 3"]);
    assert_eq!(ping(&mut kit, 23), ["-licence "]);
    ping(&mut kit, 1);
    let service = kit.shard.service("toy-0").unwrap();
    let other = kit.shard.service("toy-1").unwrap();
    assert!(!kit.shard.clear_alarm(kit.now, other, "trunk_down", "1"));
    assert!(kit.shard.clear_alarm(kit.now, service, "trunk_down", "1"));
    assert_eq!(told(&mut kit), ["-trunk_down 1"]);
}

#[test]
fn r_al_03_a_severity_is_one_of_x_733() {
    for severity in Severity::ALL {
        assert_eq!(severity.word().parse(), Ok(severity));
    }
    for none in ["cleared", "", "maj", "Major"] {
        assert!(none.parse::<Severity>().is_err(), "{none}");
    }
    assert!(Severity::Critical > Severity::Major && Severity::Warning > Severity::Indeterminate);
}

#[test]
fn r_al_04_services_are_sources() {
    let mut kit = kit(Durability::None);
    kit.on::<1>(|_, cx, _| {
        let raised = cx.raise_alarm(trunk("1"))?;
        assert!(raised, "that of another service is another one");
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    while kit.shard.run(kit.now, 1000) {}
    let mut sources = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::ServiceAlarm(alarm) = output {
            sources.push(alarm.service);
        }
    }
    let both = ["toy-0", "toy-1"].map(|name| kit.shard.service(name).unwrap());
    assert_eq!(sources, both);
}

#[test]
fn r_al_05_they_go_with_their_service() {
    let mut kit = kit(Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(told(&mut kit), ["+trunk_down 1 critical"]);
    let service = kit.shard.service("toy-0").unwrap();
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    assert_eq!(told(&mut kit), [""; 0], "it has a call, and may clear it");
    kit.end(a);
    assert_eq!(told(&mut kit), ["-trunk_down 1"]);
}

#[test]
fn r_al_05_after_a_restart_without_the_service_they_are_gone() {
    let mut kit = kit(Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.end(a);
    kit.log();
    kit.drop_service(0);
    let restored = kit.restart(secs(1));
    assert!(restored.dropped > 0);
    kit.log();
    assert_eq!(
        kit.records().iter().filter(|(kind, _)| *kind == 9).count(),
        0
    );
}

#[test]
fn they_stand_over_a_restart_with_the_time_at_which_they_were_raised() {
    let mut kit = kit(Durability::Strict);
    let since = kit.now.wall;
    ping(&mut kit, 1);
    ping(&mut kit, 2);
    ping(&mut kit, 21);
    kit.log();
    kit.restart(Duration::from_secs(60));
    script(&mut kit);
    let mut found = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::ServiceAlarm(alarm) = output {
            found.push((alarm.instance, alarm.since));
        }
    }
    assert_eq!(found, [(Box::from("2"), since)]);
    assert_eq!(ping(&mut kit, 2), [""; 0]);
    assert_eq!(ping(&mut kit, 3), ["+trunk_down 3 critical"]);
    assert_eq!(ping(&mut kit, 22), ["-trunk_down 2", "-trunk_down 3"]);
}

#[test]
fn there_are_never_more_than_the_limit() {
    let mut kit = Kit::new();
    kit.options.limits.alarms = 2;
    kit.restart(Duration::ZERO);
    kit.service::<0>(Spec::usual());
    kit.service::<1>(Spec::usual());
    script(&mut kit);
    for n in [1, 2, 3] {
        ping(&mut kit, n);
    }
    assert_eq!(kit.shard.metrics().limited, 1);
    assert_eq!(ping(&mut kit, 22).len(), 2);
}
