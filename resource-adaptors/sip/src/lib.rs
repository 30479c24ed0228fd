//! The SIP resource adaptor.
