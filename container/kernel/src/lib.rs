//! One shard: router, activity contexts, entities, transactions, timers. Sans-IO.
