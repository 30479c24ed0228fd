//! Scripted ESMEs and message centres, for tests of services.
