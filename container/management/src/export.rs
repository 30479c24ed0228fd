//! Sends recorded calls elsewhere: their SIP messages by HEP while they go on, whole calls by OTLP when they are over.
//!
//! Not here: what is recorded, and what waits to be sent (the kernel's recorder, with its bounds and counts).
//!
//! **Invariant:** a collector that is slow or gone costs what waits for it, never a call: it is taken from the shard in
//! portions, and the next one only when the one before has been sent or given up.

#[cfg(not(all(feature = "hep", feature = "otlp")))]
mod absent;
#[cfg(feature = "hep")]
mod hep;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(any(feature = "hep", feature = "otlp"))]
mod reach;

use strowger_node::Manage;

/// Sends for as long as it is polled.
pub(crate) async fn run(manage: Manage) {
    tokio::join!(by_hep(&manage), by_otlp(&manage));
}

async fn by_hep(manage: &Manage) {
    #[cfg(feature = "hep")]
    hep::run(manage).await;
    #[cfg(not(feature = "hep"))]
    absent::hep(manage).await;
}

async fn by_otlp(manage: &Manage) {
    #[cfg(feature = "otlp")]
    otlp::run(manage).await;
    #[cfg(not(feature = "otlp"))]
    absent::otlp(manage).await;
}
