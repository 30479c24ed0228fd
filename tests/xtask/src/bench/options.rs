//! Options of `cargo xtask bench sip`.

use std::path::PathBuf;
use std::time::Duration;

use crate::bench::system::{Role, System, all};
use crate::bench::wire::Wire;
use crate::error::{Error, Result};

pub(crate) const HELP: &str = "cargo xtask bench sip [OPTIONS]

CPU time per call, INVITE-to-200 and memory of strowger beside Kamailio, SIPp and Sippy: fresh processes, the same rates,
in alternation, medians of the rounds. Needs about an hour and a half as it stands; --quick about 25 minutes. A probe makes 50
calls a second beside those of the rate, which count as they do. `copy` is no server: it copies each datagram to the
other side, which is the least that this machine takes for a call that is passed on.

  --quick              rates 200,1000,sippy:50; 3 rounds of 8 s
  --rates A,B,max      calls a second; `max` is 70 % of the slowest system's maximum, found by a ramp; `sippy` is that of
                       Sippy alone, which takes no part in the others, with ours and `copy` beside it; `sippy:N` is N calls
                       a second
  --rounds N           rounds of which the median is taken (5)
  --seconds N          length of the load of a round (20)
  --settle N           seconds after the load that still count (6; 33 covers every timer of RFC 3261)
  --transport T        udp, tcp or tls, on both sides (udp)
  --roles uas,b2bua    only these
  --systems A,B        only these: kamailio-uas sipp-uas uas-none uas-relaxed uas-strict
                       kamailio-relay b2bua-none b2bua-relaxed b2bua-strict
                       sippy-b2bua copy proxy-none
  --installed          install no peer: one that is missing is left out
  --binary FILE        the node to measure (built with --release if not given)
";

/// A rate to measure at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    Fixed(u32),
    /// 70 % of the slowest system's maximum.
    Max,
    /// The same of Sippy, or so many: at its own rates, with ours beside it.
    Sippy(Option<u32>),
}

impl Rate {
    /// What figures at it are called by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fixed(_) => "",
            Self::Max => "max",
            Self::Sippy(_) => "sippy",
        }
    }
}

/// What to measure.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) rates: Vec<Rate>,
    pub(crate) rounds: u32,
    pub(crate) seconds: u32,
    pub(crate) settle: Duration,
    pub(crate) wire: Wire,
    pub(crate) systems: Vec<System>,
    /// Install no peer: what is missing is left out.
    pub(crate) installed: bool,
    /// None: build it.
    pub(crate) binary: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments. None: help was asked for.
    pub(crate) fn read(args: &[String]) -> Result<Option<Self>> {
        let mut options = Self {
            rates: vec![
                Rate::Fixed(200),
                Rate::Fixed(1000),
                Rate::Max,
                Rate::Sippy(None),
            ],
            rounds: 5,
            seconds: 20,
            settle: Duration::from_secs(6),
            wire: Wire::Udp,
            systems: all(),
            installed: false,
            binary: None,
        };
        let mut rest = args.iter();
        while let Some(option) = rest.next() {
            match option.as_str() {
                "--help" | "-h" => return Ok(None),
                "--installed" => {
                    options.installed = true;
                    continue;
                }
                "--quick" => {
                    options.rates =
                        vec![Rate::Fixed(200), Rate::Fixed(1000), Rate::Sippy(Some(50))];
                    (options.rounds, options.seconds) = (3, 8);
                    continue;
                }
                _ => {}
            }
            let value = rest.next().map_or("", String::as_str);
            options.set(option, value)?;
        }
        Ok(Some(options))
    }

    fn set(&mut self, option: &str, value: &str) -> Result<()> {
        let bad = |wanted| Error::BadValue {
            option: option.to_owned(),
            wanted,
            got: value.to_owned(),
        };
        let number = || value.parse::<u32>().ok().filter(|number| *number > 0);
        match option {
            "--rates" => {
                self.rates = value
                    .split(',')
                    .map(rate)
                    .collect::<Option<_>>()
                    .ok_or_else(|| bad("rates"))?
            }
            "--rounds" => self.rounds = number().ok_or_else(|| bad("a number"))?,
            "--seconds" => self.seconds = number().ok_or_else(|| bad("a number"))?,
            "--settle" => {
                let seconds = value.parse().map_err(|_| bad("a number"))?;
                self.settle = Duration::from_secs(seconds);
            }
            "--transport" => {
                self.wire = Wire::ALL
                    .into_iter()
                    .find(|wire| wire.name() == value)
                    .ok_or_else(|| bad("udp, tcp or tls"))?;
            }
            "--roles" => {
                let roles: Vec<Role> = value
                    .split(',')
                    .map(role)
                    .collect::<Option<_>>()
                    .ok_or_else(|| bad("uas or b2bua"))?;
                self.systems.retain(|system| roles.contains(&system.role));
            }
            "--systems" => {
                let names: Vec<&str> = value.split(',').collect();
                let known = |name: &&str| all().iter().any(|system| system.name == *name);
                if !names.iter().all(known) {
                    return Err(bad("names of systems"));
                }
                self.systems.retain(|system| names.contains(&system.name));
            }
            "--binary" => self.binary = Some(PathBuf::from(value)),
            _ => {
                return Err(Error::UnknownOption {
                    task: "bench sip",
                    option: option.to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn rate(text: &str) -> Option<Rate> {
    let number = |text: &str| text.parse().ok().filter(|rate| *rate > 0);
    match text.split_once(':') {
        Some(("sippy", rate)) => number(rate).map(|rate| Rate::Sippy(Some(rate))),
        Some(_) => None,
        None if text == "max" => Some(Rate::Max),
        None if text == "sippy" => Some(Rate::Sippy(None)),
        None => number(text).map(Rate::Fixed),
    }
}

fn role(text: &str) -> Option<Role> {
    [Role::Answer, Role::Pass]
        .into_iter()
        .find(|role| role.name() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Options>> {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        Options::read(&args)
    }

    #[test]
    fn reads_options() {
        let options = read("--quick --rates 50,max,sippy,sippy:40 --roles uas --settle 0")
            .unwrap()
            .unwrap();
        let rates = [
            Rate::Fixed(50),
            Rate::Max,
            Rate::Sippy(None),
            Rate::Sippy(Some(40)),
        ];
        assert_eq!(options.rates, rates);
        assert_eq!(options.rounds, 3);
        assert!(
            options
                .systems
                .iter()
                .all(|system| system.role == Role::Answer)
        );
        assert!(read("--help").unwrap().is_none());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for wrong in [
            "--rates x",
            "--rates sippy:0",
            "--rates nobody:5",
            "--rounds 0",
            "--systems nobody",
            "--roles x",
            "--loud 1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
