//! Units: what is asked for, granted and used (RFC 8506 8.17 to 8.19), and exact decimal amounts of money.

use strowger::State;

/// Service units of whatever kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub struct Units {
    /// CC-Time, in seconds.
    pub time: Option<u32>,
    /// CC-Total-Octets.
    pub total: Option<u64>,
    /// CC-Input-Octets.
    pub input: Option<u64>,
    /// CC-Output-Octets.
    pub output: Option<u64>,
    /// CC-Service-Specific-Units.
    pub specific: Option<u64>,
    /// CC-Money.
    pub money: Option<Money>,
}

impl Units {
    /// None of any kind: as a request, it leaves kind and amount to the server.
    pub const NONE: Self = Self {
        time: None,
        total: None,
        input: None,
        output: None,
        specific: None,
        money: None,
    };

    /// Seconds.
    #[must_use]
    pub const fn time(seconds: u32) -> Self {
        Self {
            time: Some(seconds),
            ..Self::NONE
        }
    }

    /// Octets in both directions together.
    #[must_use]
    pub const fn octets(total: u64) -> Self {
        Self {
            total: Some(total),
            ..Self::NONE
        }
    }

    /// Units that the service defines, such as messages.
    #[must_use]
    pub const fn specific(units: u64) -> Self {
        Self {
            specific: Some(units),
            ..Self::NONE
        }
    }

    /// An amount of money.
    #[must_use]
    pub const fn money(money: Money) -> Self {
        Self {
            money: Some(money),
            ..Self::NONE
        }
    }

    /// Both together. Amounts of money are not added: of two, the later one stays.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        fn sum<T>(a: Option<T>, b: Option<T>, add: fn(T, T) -> T) -> Option<T> {
            match (a, b) {
                (Some(a), Some(b)) => Some(add(a, b)),
                (a, b) => a.or(b),
            }
        }
        Self {
            time: sum(self.time, other.time, u32::saturating_add),
            total: sum(self.total, other.total, u64::saturating_add),
            input: sum(self.input, other.input, u64::saturating_add),
            output: sum(self.output, other.output, u64::saturating_add),
            specific: sum(self.specific, other.specific, u64::saturating_add),
            money: other.money.or(self.money),
        }
    }

    /// The one number that a pool counts with: of the first kind that is there, in the order time, octets, specific.
    #[must_use]
    pub fn amount(&self) -> u64 {
        let octets = || match (self.input, self.output) {
            (None, None) => None,
            (input, output) => Some(
                input
                    .unwrap_or_default()
                    .saturating_add(output.unwrap_or_default()),
            ),
        };
        self.time
            .map(u64::from)
            .or(self.total)
            .or_else(octets)
            .or(self.specific)
            .unwrap_or_default()
    }
}

/// Unit-Value and Currency-Code: `digits` times ten to the power of `exponent`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub struct Money {
    /// Value-Digits.
    pub digits: i64,
    /// Exponent.
    pub exponent: i32,
    /// Currency-Code (ISO 4217), if it was told.
    pub currency: Option<u32>,
}

impl Money {
    /// A plain number.
    #[must_use]
    pub const fn new(digits: i64, exponent: i32) -> Self {
        Self {
            digits,
            exponent,
            currency: None,
        }
    }

    /// The amount in units of ten to the power of `exponent`, rounded up; `None` where it does not fit.
    #[must_use]
    pub fn at(self, exponent: i32) -> Option<i64> {
        let shift = self.exponent.checked_sub(exponent)?;
        let power = 10_i64.checked_pow(shift.unsigned_abs())?;
        if shift >= 0 {
            return self.digits.checked_mul(power);
        }
        let whole = self.digits.div_euclid(power);
        let part = self.digits.rem_euclid(power);
        Some(if part == 0 { whole } else { whole + 1 })
    }

    /// `amount` times this, in millionths; saturates.
    pub(super) fn times(self, amount: u64) -> u128 {
        let power = |n: i32| 10_u128.saturating_pow(n.unsigned_abs().min(38));
        let digits = u128::from(self.digits.max(0).unsigned_abs());
        let product = u128::from(amount).saturating_mul(digits);
        match self.exponent.saturating_add(6) {
            n if n >= 0 => product.saturating_mul(power(n)),
            n => product / power(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_counted_in_any_unit_and_rounded_up() {
        assert_eq!(Money::new(125, -2).at(-2), Some(125));
        assert_eq!(Money::new(125, -2).at(-4), Some(12_500));
        assert_eq!(Money::new(125, -2).at(0), Some(2));
        assert_eq!(Money::new(3, 2).at(0), Some(300));
        assert_eq!(Money::new(-125, -2).at(0), Some(-1));
        assert_eq!(Money::new(1, 30).at(0), None);
        assert_eq!(Money::new(i64::MAX, 1).at(0), None);
        assert_eq!(Money::new(1, i32::MAX).at(i32::MIN), None);
    }

    #[test]
    fn a_multiplier_counts_in_millionths() {
        assert_eq!(Money::new(5, -1).times(10), 5_000_000);
        assert_eq!(Money::new(1, -7).times(10), 1);
        assert_eq!(Money::new(i64::MAX, i32::MAX).times(u64::MAX), u128::MAX);
    }

    #[test]
    fn octets_of_both_directions_count_together() {
        let both = Units {
            input: Some(3),
            output: Some(4),
            ..Units::NONE
        };
        assert_eq!((both.amount(), Units::time(9).amount()), (7, 9));
    }
}
