//! The adaptor with small services before scripted peers, in virtual time.

mod client;
mod own;
mod peers;
mod server;
mod validation;
