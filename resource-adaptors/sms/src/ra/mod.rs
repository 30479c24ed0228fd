//! The adaptor: accounts, links, and the binding of sessions to activities and events.
