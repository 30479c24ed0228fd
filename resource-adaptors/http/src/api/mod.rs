//! What services see of HTTP: activities, events, and the provider.
