//! The console: pages rendered by the node, over the same data as the API.
