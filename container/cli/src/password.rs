//! `strowger sms-password`: the hash of a password, for `password_hash` of an account of the SMS adaptor.

use crate::failure::Failure;
use crate::output::print;
use std::io;

/// Reads one line and prints its hash.
pub(crate) fn run() -> Result<(), Failure> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if !(1..=15).contains(&password.len()) || !password.is_ascii() {
        return Err(Failure::NoPassword);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let hash = strowger_sms::hash_password(password, salt).map_err(|_| Failure::NoPassword)?;
    print(&format!("{hash}\n"))?;
    Ok(())
}
