//! The groups of `bench all`: which benchmark makes them, what it needs, how long it takes, and who reads its figures.

use std::path::PathBuf;

use crate::bench::all::figure::Figure;
use crate::bench::all::read::{self, Told};
use crate::bench::all::record::folder;
use crate::tools::{
    CC, FREEDIAMETER, FREEDIAMETER_EXTENSIONS, FREEDIAMETER_HEADERS, KANNEL, OPENSSL_HEADERS,
    PKG_CONFIG, Peer, SIPP, VALGRIND,
};

/// A group of figures, made by one command.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Of `cargo xtask`.
    pub(crate) full: &'static [&'static str],
    /// The same, smaller. None: the group is left out of `--quick`.
    pub(crate) quick: Option<&'static [&'static str]>,
    /// How long they take on two cores, in seconds, without what is built first.
    pub(crate) seconds: (u64, u64),
    /// Without these there is nothing to measure.
    pub(crate) needs: &'static [Peer],
    /// Without these some rows are left out.
    pub(crate) compares: &'static [Compared],
    /// The file that the command writes, in [`folder`].
    file: Option<&'static str>,
    /// That it has to be told where to write it.
    told: bool,
    pub(crate) read: fn(Told<'_>) -> Vec<Figure>,
}

/// Peers that rows need.
pub(crate) struct Compared {
    pub(crate) peers: &'static [Peer],
    /// What the ids of the rows begin with.
    pub(crate) rows: &'static str,
}

/// The proxy and what else there is only in full.
const QUICK_SYSTEMS: &str =
    "kamailio-uas,uas-none,uas-strict,kamailio-relay,b2bua-none,b2bua-strict,sippy-b2bua";
const SYSTEMS: &str = "kamailio-uas,uas-none,uas-strict,kamailio-relay,b2bua-none,b2bua-strict,proxy-none,sippy-b2bua,copy";

/// All groups, those first that are stated first.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        name: "sip",
        about: "calls beside Kamailio and Sippy",
        full: &["bench", "sip", "--installed", "--systems", SYSTEMS],
        quick: Some(&[
            "bench",
            "sip",
            "--installed",
            "--systems",
            QUICK_SYSTEMS,
            "--rates",
            "200,1000,sippy:50",
            "--rounds",
            "3",
            "--seconds",
            "3",
            "--settle",
            "2",
        ]),
        seconds: (4_500, 315),
        needs: &[SIPP],
        // Each of its systems says itself what is missing.
        compares: &[],
        file: Some("sip.json"),
        told: false,
        read: read::sip,
    },
    Group {
        name: "memory",
        about: "resident memory of a call that is held",
        full: &["bench", "memory"],
        quick: Some(&["bench", "memory", "10000", "500"]),
        seconds: (250, 65),
        needs: &[],
        compares: &[],
        file: None,
        told: false,
        read: read::memory,
    },
    Group {
        name: "diameter",
        about: "charging beside freeDiameter",
        full: &["bench", "diameter"],
        quick: Some(&["bench", "diameter", "--quick"]),
        seconds: (220, 40),
        needs: &[CC],
        compares: &[
            Compared {
                peers: &[FREEDIAMETER, FREEDIAMETER_EXTENSIONS, FREEDIAMETER_HEADERS],
                rows: "freediameter",
            },
            Compared {
                peers: &[OPENSSL_HEADERS, PKG_CONFIG],
                rows: "crate",
            },
        ],
        file: Some("diameter.json"),
        told: true,
        read: read::diameter,
    },
    Group {
        name: "sms",
        about: "short messages beside Kannel",
        full: &["bench", "sms"],
        quick: Some(&["bench", "sms", "--quick"]),
        seconds: (270, 45),
        needs: &[],
        compares: &[Compared {
            peers: &[KANNEL],
            rows: "kannel",
        }],
        file: Some("sms.json"),
        told: true,
        read: read::sms,
    },
    Group {
        name: "kernel",
        about: "deliveries on one core",
        full: &["bench", "kernel"],
        quick: Some(&["bench", "kernel"]),
        seconds: (30, 30),
        needs: &[VALGRIND],
        compares: &[],
        file: None,
        told: false,
        read: read::kernel,
    },
    Group {
        name: "usage",
        about: "instructions of tracers and counts",
        full: &["bench", "usage"],
        quick: Some(&["bench", "usage"]),
        seconds: (60, 60),
        needs: &[VALGRIND],
        compares: &[],
        file: None,
        told: false,
        read: read::usage,
    },
    Group {
        name: "store",
        about: "commits on this disk",
        full: &["bench", "store"],
        quick: Some(&["bench", "store", "target/throughput", "1"]),
        seconds: (75, 25),
        needs: &[],
        compares: &[],
        file: None,
        told: false,
        read: read::store,
    },
    Group {
        name: "profiles",
        about: "a table of a million profiles",
        full: &["bench", "profiles"],
        quick: Some(&["bench", "profiles", "--quick"]),
        seconds: (150, 60),
        needs: &[VALGRIND],
        compares: &[],
        file: None,
        told: false,
        read: read::profiles,
    },
    Group {
        name: "sessions",
        about: "a million Diameter sessions",
        full: &[
            "bench",
            "diameter",
            "sessions",
            "--without",
            "freediameter,crate",
        ],
        quick: None,
        seconds: (270, 0),
        needs: &[CC],
        compares: &[],
        file: None,
        told: false,
        read: read::sessions,
    },
    Group {
        name: "waiting",
        about: "a million messages, and a million idle activities",
        full: &["acceptance", "sms-memory", "idle"],
        quick: None,
        seconds: (240, 0),
        needs: &[
            SIPP,
            CC,
            FREEDIAMETER,
            FREEDIAMETER_EXTENSIONS,
            FREEDIAMETER_HEADERS,
        ],
        compares: &[],
        file: None,
        told: false,
        read: read::waiting,
    },
];

impl Group {
    /// What is run, without what rows of missing peers are left out with. None: nothing, in `--quick`.
    pub(crate) fn command(&self, quick: bool, without: &[&str]) -> Option<Vec<String>> {
        let args = if quick { self.quick? } else { self.full };
        let mut args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        if !without.is_empty() {
            args.extend(["--without".to_owned(), without.join(",")]);
        }
        if let Some(file) = self.file().filter(|_| self.told) {
            args.extend(["--json".to_owned(), file.display().to_string()]);
        }
        Some(args)
    }

    /// Where the command leaves its rounds.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.file.map(|name| folder().join(name))
    }

    pub(crate) fn estimate(&self, quick: bool) -> u64 {
        if quick {
            self.seconds.1
        } else {
            self.seconds.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_is_quick() {
        let all: u64 = GROUPS.iter().map(|group| group.estimate(true)).sum();
        assert!(all <= 660, "{all} s");
        for group in GROUPS {
            assert_eq!(group.quick.is_some(), group.seconds.1 > 0, "{}", group.name);
        }
    }

    #[test]
    fn a_command_leaves_out_what_is_missing() {
        let sms = GROUPS.iter().find(|group| group.name == "sms").unwrap();
        let args = sms.command(true, &["kannel"]).unwrap().join(" ");
        assert!(
            args.starts_with("bench sms --quick --without kannel --json /"),
            "{args}"
        );
        assert!(args.ends_with("/bench/sms.json"), "{args}");
    }
}
