//! Examples that help texts teach by, and the exit codes that follow them.

use crate::exit;

/// Examples, and these exit codes.
pub(super) fn of(examples: &str, codes: &[u8]) -> String {
    // The first line of each has lost its indent to the line break before it.
    format!("Examples:\n  {examples}\n{}", exit::table_of(codes))
}

/// Those of the command line as a whole.
pub(super) const MAIN: &str = "\
Examples:
  strowger                                    Run a node on built-in defaults: SIP on 127.0.0.1:5060,
                                              data under ./strowger-data.
  strowger --config /etc/strowger.toml        Run a node with a file.
  strowger run --data-dir /var/lib/strowger --set log.format=json
  strowger check base.toml site.toml          Find everything that is wrong with two files together.
  strowger config --explain store.group_delay What a key means, its default, what it takes to change it.
  STROWGER_NODE__NAME=edge-1 strowger config  Every key in effect, and where its value comes from.
  strowger status --json                      How the node that serves ./strowger-data is.
  strowger top                                Watch that node: rates, latencies, services, peers, alarms.
  strowger activities list --min-age 2h       What has been alive there for two hours.
  strowger explain CFG-014                    What an error code means and what to do.
  strowger new hello                          A service of your own, with a test: a crate in ./hello.
";

/// `strowger config`.
pub(super) const CONFIG: &str = "\
  strowger config --config site.toml          What would be in effect with this file.
  strowger config --running --below store     What is in effect in the running node, and where it comes from.
  strowger config --explain store.group_delay What a key means.
";

/// `strowger status`.
pub(super) const STATUS: &str = "\
  strowger status                             How the node that serves ./strowger-data is.
  strowger status --json | jq .rates          Its rates, for a program.
";

/// `strowger top`.
pub(super) const TOP: &str = "\
  strowger top                                Watch the node that serves ./strowger-data; ? shows the keys, q ends.
  strowger top --every 5s                     Look every five seconds.
  strowger top --once                         One picture of two looks, as text.
";

/// `strowger ready`.
pub(super) const READY: &str = "\
  strowger ready                              Nothing but `ready`, or why new work is refused.
  until strowger ready; do sleep 1; done      Wait for a node to be ready.
";

/// `strowger verify`.
pub(super) const VERIFY: &str = "\
  target/release/strowger verify --data /var/lib/strowger
                                              What a new binary thinks of the calls that are up.
";

/// `strowger reload`.
pub(super) const RELOAD: &str = "\
  strowger reload --check                     What would change, or what is wrong with the files.
  strowger reload                             Change it: all of it or nothing.
";

/// `strowger services`.
pub(super) const SERVICES: &str = "\
  strowger services list                      States, entities, deliveries.
  strowger services deactivate uas            No new work for this one.
  strowger services replace --deactivate prepaid --activate prepaid-2
                                              The new version gets the new calls from one instant on.
  strowger services canary b2bua@1.1 --percent 10
                                              One new call in ten for the new version.
  strowger services rollback b2bua@1.1        None any more.
";

/// `strowger usage`.
pub(super) const USAGE: &str = "\
  strowger usage list office                  All that the service counts, in all sets.
  strowger usage list office trunk-1 --json | jq .[0].samples.setup.p95
                                              One figure of one set, for a program.
  strowger usage create office trunk-3        A set for a trunk that is new.
  strowger usage reset office trunk-1         Count for that trunk from 0 on.
  strowger config --explain services.office.thresholds.x
                                              What raises an alarm for what is counted.
";

/// `strowger adaptors`.
pub(super) const ADAPTORS: &str = "\
  strowger adaptors list                      States and activities.
  strowger adaptors show diameter             Its listeners, its peers, its counters.
  strowger adaptors deactivate sip            Refuse new calls; what is up goes on.
  strowger adaptors set carrier carrier.toml  A new adaptor, or other settings; it lasts.
  strowger adaptors remove carrier            It goes, once nothing of it is under way.
";

/// `strowger links`.
pub(super) const LINKS: &str = "\
  strowger links list                         Which name leads where, and who uses it.
  strowger links bind trunk sip               A name for services that are activated later.
";

/// `strowger activities`.
pub(super) const ACTIVITIES: &str = "\
  strowger activities list --min-age 2h       What has been alive for two hours.
  strowger activities list --adaptor sip --min-idle 30m
                                              Calls on which nothing has happened for half an hour.
  strowger activities show ID                 Its entities, timers and names.
  strowger activities end ID                  End it: the adaptor drops it, services get its end.
";

/// `strowger entities`.
pub(super) const ENTITIES: &str = "\
  strowger entities list --service b2bua --min-age 1day
                                              Entities of a service that are a day old.
  strowger entities show ID                   Its parent, children and activities.
  strowger entities remove ID                 Remove it with its descendants.
";

/// `strowger components`.
pub(super) const COMPONENTS: &str = "\
  strowger components list --kind service     Every service of the binary, in all versions, used or not.
  strowger components list --name sip         Who refers to the adaptor type sip, and the adaptors that are made of it.
";

/// `strowger timers`.
pub(super) const TIMERS: &str = "\
  strowger timers list --due-within 1m        What will expire within a minute.
  strowger timers list --json | jq length     How many there are.
";

/// `strowger alarms`.
pub(super) const ALARMS: &str = "\
  strowger alarms list --severity major       Since when, who, what: those that matter most.
  strowger alarms clear 'adaptor sip' panic   Take one off the list that reports what has happened.
";

/// `strowger log`.
pub(super) const LOG: &str = "\
  strowger log show                           The filter of the configuration, and levels on top of it.
  strowger log set strowger_sip debug         One line for each odd SIP message.
  strowger log reset strowger_sip             As configured again.
";

/// `strowger certificates`.
pub(super) const CERTIFICATES: &str = "\
  strowger certificates list                  Which files, until when, and what is wrong with them.
  strowger certificates reload                Use new files now.
";

/// `strowger quarantine`.
pub(super) const QUARANTINE: &str = "\
  strowger quarantine list --service b2bua    What was put aside, why, and whether it can be released.
  strowger quarantine release 17 18           Deliver two of them again.
  strowger quarantine discard 19              Drop one for good.
";

/// `strowger bans`.
pub(super) const BANS: &str = "\
  strowger bans list                          Who is banned, for what, until when, and what was dropped since.
  strowger bans add 192.0.2.7                 Do not hear an address, for as long as `sources.ban_for` says.
  strowger bans add 2001:db8::7 --time 2h     The same for two hours; of IPv6 for all of the first 64 bits.
  strowger bans lift 192.0.2.7                Hear it again.

A source is banned by itself that commits `sources.ban_after` offences within `sources.ban_window`, where that is more than 0: wrong
credentials and the like. Bans end by themselves, and with the process. Name your trunks and proxies in `sources.never_ban`, since all
their users have one address.
";

/// `strowger profiles`.
pub(super) const PROFILES: &str = "\
  strowger profiles show subscribers          Its attributes, and how many profiles it has.
  strowger profiles import subscribers new.csv --check
                                              Which lines of a file are wrong.
  strowger profiles import subscribers new.csv
                                              Write them: calls go on, and see each from its own moment on.
  strowger profiles export subscribers -o all.csv
                                              All of them in a file.
  strowger profiles edits begin subscribers alice
                                              Change one where nobody sees it, until it is committed.
";
