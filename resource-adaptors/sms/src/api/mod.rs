//! What services see: activities, events and the provider.
