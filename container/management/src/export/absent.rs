//! Says so while something is configured that this binary was built without.

use std::future::pending;
use strowger_config::Export;
use strowger_node::Manage;

#[cfg(not(feature = "hep"))]
pub(super) async fn hep(manage: &Manage) {
    absent(manage, "export hep", |export| {
        export.hep.collector.is_some()
    })
    .await;
}

#[cfg(not(feature = "otlp"))]
pub(super) async fn otlp(manage: &Manage) {
    absent(manage, "export otlp", |export| {
        export.otlp.endpoint.is_some()
    })
    .await;
}

async fn absent(manage: &Manage, source: &str, wanted: impl Fn(&Export) -> bool) {
    let mut config = manage.config();
    let mut told = false;
    loop {
        let raised = wanted(&config.borrow_and_update().export);
        if raised != told {
            let text = "recorded calls are not sent: this binary was built without that feature";
            manage.alarm(source, "not_in_this_binary", raised, text);
        }
        told = raised;
        if config.changed().await.is_err() {
            // The node ends.
            return pending().await;
        }
    }
}
