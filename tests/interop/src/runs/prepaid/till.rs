//! Asks the charging server for balances over a Diameter connection of its own.

use std::net::SocketAddr;

use crate::diameter::link::{Identity, Link, credit_control};
use crate::diameter::raw::{avp, avps, number};
use crate::error::{Result, RunError, ensure};

const EVENT: u32 = 4;
const CHECK_BALANCE: u32 = 2;
const REQUESTED_ACTION: u32 = 436;
const SUBSCRIPTION_ID: u32 = 443;
const SUBSCRIPTION_ID_DATA: u32 = 444;
const UNIT_VALUE: u32 = 445;
const VALUE_DIGITS: u32 = 447;
const SUBSCRIPTION_ID_TYPE: u32 = 450;
const REMAINING_BALANCE: u32 = 2021;
/// DIAMETER_USER_UNKNOWN.
const UNKNOWN: u32 = 5030;

/// A connection.
#[derive(Debug)]
pub(in crate::runs) struct Till {
    link: Link,
    identity: Identity,
    asked: u64,
}

impl Till {
    pub(in crate::runs) fn open(at: SocketAddr) -> Result<Self> {
        let identity = Identity::new("till.hand.example", "hand.example");
        let mut link = Link::connect(at, None, identity.clone())?;
        link.greet()?;
        Ok(Self {
            link,
            identity,
            asked: 0,
        })
    }

    /// What is in an account; `opening` if it was never used.
    pub(in crate::runs) fn balance(&mut self, account: &str, opening: i64) -> Result<i64> {
        self.asked += 1;
        let session = format!("till.hand.example;balance;{}", self.asked);
        let request = credit_control(&self.identity, &session, "example", EVENT, 0)
            .with(&number(REQUESTED_ACTION, CHECK_BALANCE))
            .with(&subscriber(account));
        let answer = self.link.ask(&request)?;
        if answer.result_code() == UNKNOWN {
            return Ok(opening);
        }
        ensure(answer.result_code() == 2001, || {
            format!("balance of {account}: {answer:?}")
        })?;
        let digits = || {
            // 3GPP's, where `find` looks for AVPs of no vendor.
            let mut all = answer.avps().into_iter();
            let balance = all.find(|avp| avp.code == REMAINING_BALANCE)?;
            let value = within(balance.data, UNIT_VALUE)?;
            let digits = within(&value, VALUE_DIGITS)?;
            Some(i64::from_be_bytes(digits.try_into().ok()?))
        };
        digits().ok_or_else(|| RunError::Broken(format!("no balance in {answer:?}").into()))
    }

    pub(in crate::runs) fn close(self) -> Result {
        self.link.leave()
    }
}

/// Subscription-Id of an account that is named by a SIP URI.
pub(in crate::runs) fn subscriber(account: &str) -> Vec<u8> {
    let parts = [
        number(SUBSCRIPTION_ID_TYPE, 2),
        avp(SUBSCRIPTION_ID_DATA, account.as_bytes()),
    ];
    avp(SUBSCRIPTION_ID, &parts.concat())
}

fn within(group: &[u8], code: u32) -> Option<Vec<u8>> {
    let found = avps(group).into_iter().find(|avp| avp.code == code)?;
    Some(found.data.to_vec())
}
