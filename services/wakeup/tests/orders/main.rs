//! Orders and wake-up calls in virtual time, which begins on Thursday 1 January 2026 at 00:00 UTC.

mod by_sip;
mod by_sms;
