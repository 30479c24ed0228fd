//! `[services.ocs.settings]`.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use strowger_diameter::charging::{CreditRequest, FailureHandling, GroupKey, Units};

/// Settings of the charging server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The accounts, by Subscription-Id-Data: `sip:alice@a.example`, `4930123456`. A table, or the path of a TOML file with
    /// that table, from the directory of this file on. A balance counts when the account is used for the first time; from
    /// then on it is the server's.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub accounts: BTreeMap<String, AccountSettings>,
    /// The balance with which a subscriber who has no account gets one; if not set, such a subscriber is unknown (5030).
    #[schemars(extend("x-unit" = "units of money", "x-reload" = "live"))]
    pub opening_balance: Option<i64>,
    /// What things cost: the first that fits counts. What none fits cannot be rated (5031).
    #[schemars(extend("x-reload" = "live"))]
    pub tariffs: Vec<Tariff>,
    /// The currency of accounts and prices, as a number of ISO 4217.
    #[schemars(range(min = 1, max = 999), extend("x-unit" = "ISO 4217 number", "x-reload" = "live"))]
    pub currency: u32,
    /// What one unit of money in accounts and prices is, as a power of ten of the currency: -2 for cents.
    #[schemars(range(min = -9, max = 9), extend("x-unit" = "power of ten", "x-reload" = "live"))]
    pub exponent: i32,
    /// How long a grant is valid; a session that is not heard of for twice as long is over, and what was reserved for it is
    /// released.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub validity: Duration,
    /// What clients are told to do when they get no answer; if not set, it is their own decision.
    #[schemars(extend("x-reload" = "live"))]
    pub failure_handling: Option<Handling>,
    /// Sessions that an account may have at a time; 5012 beyond it.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "sessions", "x-reload" = "live"))]
    pub sessions_per_account: u32,
    /// One-time events of an account that are remembered, so that none is debited twice.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "events", "x-reload" = "live"))]
    pub remembered_events: u32,
}

/// An account, before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// What it begins with.
    #[schemars(extend("x-unit" = "units of money", "x-reload" = "live"))]
    pub balance: i64,
}

/// What something costs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tariff {
    /// The rating group that it is for; any, and none, if not set.
    #[schemars(extend("x-unit" = "Rating-Group", "x-reload" = "live"))]
    pub rating_group: Option<u32>,
    /// The service identifier that it is for; any, and none, if not set.
    #[schemars(extend("x-unit" = "Service-Identifier", "x-reload" = "live"))]
    pub service: Option<u32>,
    /// How the Service-Context-Id ends for which it is, such as `32260@3gpp.org`; anyhow if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub context: Option<String>,
    /// What is counted.
    #[schemars(extend("x-reload" = "live"))]
    pub counts: Counted,
    /// The price of one block; what is free of charge needs no control (4011).
    #[schemars(extend("x-unit" = "units of money", "x-reload" = "live"))]
    pub price: u32,
    /// How much a block is, in seconds, octets or whatever is counted; a block begun is a block paid.
    #[schemars(range(min = 1), extend("x-unit" = "counted units", "x-reload" = "live"))]
    pub per: u32,
    /// How much is granted at a time, in seconds, octets or whatever is counted.
    #[schemars(range(min = 1), extend("x-unit" = "counted units", "x-reload" = "live"))]
    pub quota: u32,
    /// How much of a grant is left when the client is to ask for more; 0 for nothing. Told in groups only.
    #[schemars(extend("x-unit" = "counted units", "x-reload" = "live"))]
    pub threshold: u32,
}

/// What a tariff counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Seconds (CC-Time).
    #[default]
    Time,
    /// Octets of both directions (CC-Total-Octets).
    Octets,
    /// What the service counts (CC-Service-Specific-Units), such as messages.
    Specific,
}

/// Credit-Control-Failure-Handling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// No answer, no service.
    Terminate,
    /// The service goes on without control.
    Continue,
    /// Another server is asked first.
    RetryAndTerminate,
}

impl From<Handling> for FailureHandling {
    fn from(handling: Handling) -> Self {
        match handling {
            Handling::Terminate => Self::Terminate,
            Handling::Continue => Self::Continue,
            Handling::RetryAndTerminate => Self::RetryAndTerminate,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            opening_balance: None,
            tariffs: vec![Tariff::default()],
            currency: 978,
            exponent: -2,
            validity: Duration::from_secs(300),
            failure_handling: None,
            sessions_per_account: 100,
            remembered_events: 100,
        }
    }
}

impl Default for Tariff {
    fn default() -> Self {
        Self {
            rating_group: None,
            service: None,
            context: None,
            counts: Counted::default(),
            price: 1,
            per: 1,
            quota: 60,
            threshold: 10,
        }
    }
}

impl Settings {
    /// What a subscriber's account begins with.
    #[must_use]
    pub fn opening(&self, id: &str) -> Option<i64> {
        let own = self.accounts.get(id).map(|account| account.balance);
        own.or(self.opening_balance)
    }

    /// Which of a request's subscribers has the account: the first that is named in the settings, else the first.
    #[must_use]
    pub fn payer<'a>(&self, request: &'a CreditRequest) -> Option<&'a str> {
        let mut ids = request.subscriber.iter().map(|id| id.data.as_str());
        let known = ids.clone().find(|id| self.accounts.contains_key(*id));
        known.or_else(|| ids.next())
    }

    /// The first tariff that fits a group.
    #[must_use]
    pub fn tariff(&self, context: &str, key: GroupKey) -> Option<&Tariff> {
        self.tariffs.iter().find(|tariff| {
            let same = |wanted: Option<u32>, is| wanted.is_none() || wanted == is;
            let ends = |end: &String| context.ends_with(end.as_str());
            same(tariff.rating_group, key.rating_group)
                && same(tariff.service, key.service)
                && tariff.context.as_ref().is_none_or(ends)
        })
    }
}

impl Tariff {
    /// The price of so many counted units.
    #[must_use]
    pub fn cost(&self, units: u64) -> i64 {
        let blocks = units.div_ceil(u64::from(self.per.max(1)));
        i64::try_from(blocks)
            .unwrap_or(i64::MAX)
            .saturating_mul(i64::from(self.price))
    }

    /// How many more units than `used` a budget pays for.
    #[must_use]
    pub fn affordable(&self, used: u64, budget: i64) -> u64 {
        let per = u64::from(self.per.max(1));
        let begun = used.div_ceil(per).saturating_mul(per) - used;
        let price = i64::from(self.price.max(1));
        let blocks = u64::try_from(budget.max(0) / price).unwrap_or_default();
        begun.saturating_add(blocks.saturating_mul(per))
    }

    /// So many units of what it counts.
    #[must_use]
    pub fn units(&self, amount: u64) -> Units {
        match self.counts {
            Counted::Time => Units::time(u32::try_from(amount).unwrap_or(u32::MAX)),
            Counted::Octets => Units::octets(amount),
            Counted::Specific => Units::specific(amount),
        }
    }

    /// How much of what it counts is in there; `None` if nothing is said of it.
    #[must_use]
    pub fn amount(&self, units: &Units) -> Option<u64> {
        match self.counts {
            Counted::Time => units.time.map(u64::from),
            Counted::Octets => units.total.or_else(|| {
                (units.input.is_some() || units.output.is_some()).then(|| {
                    let (input, output) = (units.input, units.output);
                    input
                        .unwrap_or_default()
                        .saturating_add(output.unwrap_or_default())
                })
            }),
            Counted::Specific => units.specific,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tariff(price: u32, per: u32) -> Tariff {
        Tariff {
            price,
            per,
            ..Tariff::default()
        }
    }

    #[test]
    fn a_block_begun_is_a_block_paid() {
        let minute = tariff(7, 60);
        let costs: Vec<_> = [0, 1, 60, 61].map(|units| minute.cost(units)).into();
        assert_eq!(costs, [0, 7, 7, 14]);
        assert_eq!(tariff(u32::MAX, 1).cost(u64::MAX), i64::MAX);
    }

    #[test]
    fn a_budget_pays_for_the_rest_of_the_block_begun_and_for_whole_blocks() {
        let minute = tariff(7, 60);
        assert_eq!(minute.affordable(0, 20), 120);
        assert_eq!(minute.affordable(1, 20), 59 + 120);
        assert_eq!(minute.affordable(60, 6), 0);
        assert_eq!(minute.affordable(0, -5), 0);
    }

    #[test]
    fn the_first_tariff_that_fits_counts() {
        let text = r#"
            accounts = { "sip:alice@a.example" = { balance = 500 } }
            tariffs = [
                { rating_group = 7, price = 3 },
                { context = "32274@3gpp.org", counts = "specific", price = 9, quota = 1 },
                { price = 2, per = 60, quota = 120 },
            ]
            failure_handling = "retry-and-terminate"
            validity = "1m"
        "#;
        let settings: Settings = toml::from_str(text).expect("settings");
        let price = |context: &str, key| settings.tariff(context, key).map(|t| t.price);
        assert_eq!(price("x", GroupKey::rating_group(7)), Some(3));
        assert_eq!(price("6.32274@3gpp.org", GroupKey::SESSION), Some(9));
        assert_eq!(price("x", GroupKey::rating_group(8)), Some(2));
        assert_eq!(settings.opening("sip:alice@a.example"), Some(500));
        assert_eq!(settings.opening("sip:bob@a.example"), None);
    }
}
