//! SMPP's time formats, absolute and relative (SMPP 3.4 7.1.1).
