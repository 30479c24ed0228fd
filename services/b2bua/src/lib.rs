//! A back-to-back user agent.
