//! `strowger usage`: sets of usage parameters of a running node's services.

use super::Told;
use clap::Subcommand;

/// What can be done with usage parameters.
#[derive(Debug, Subcommand)]
pub(crate) enum Usage {
    /// List the sets of a service, with what was counted in each since it was made or reset.
    ///
    /// A counter has its COUNT; a sample has how many values there were, their least, mean and greatest, and what half, 95 and 99 of
    /// 100 of them do not exceed.
    List(UsageSets),
    /// Count from 0 on, in all sets of a service or in some of them.
    ///
    /// Windows of the service's thresholds begin anew. What Prometheus has counted goes on: it knows counters that begin anew.
    Reset(UsageSets),
    /// Make a named set, in which the service counts what its code counts under that name.
    ///
    /// It is there until it is removed, or the process ends. A set that is to stay belongs into `usage_sets` of the configuration,
    /// which is put into effect by `strowger reload`.
    Create(NamedSet),
    /// Remove a set that was made so, with what was counted in it.
    ///
    /// Those that the code or the configuration names are refused.
    Remove(NamedSet),
}

/// Which sets are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct UsageSets {
    /// The service.
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// Only sets of this name; '' is the unnamed ones. All unless given.
    #[arg(id = "usage_set", value_name = "SET")]
    pub(crate) set: Option<String>,
    /// Only those of this SBB.
    #[arg(long, value_name = "SBB")]
    pub(crate) sbb: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// A named set.
#[derive(Debug, clap::Args)]
pub(crate) struct NamedSet {
    /// The service.
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// The set's name: 1 to 64 letters, digits, -, _ and .
    #[arg(id = "usage_set", value_name = "SET")]
    pub(crate) set: String,
    /// Only for this SBB; for all that have usage parameters unless given.
    #[arg(long, value_name = "SBB")]
    pub(crate) sbb: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}
