//! The adaptor with small services before a scripted other side, in virtual time.

mod calls;
mod own;
mod recorded;
mod requests;
mod restart;
