//! The HTTP API: versioned paths, tokens with scopes, problem documents, an audit log.
