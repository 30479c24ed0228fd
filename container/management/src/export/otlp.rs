//! Recorded calls that are over, as traces of OpenTelemetry, to a collector: OTLP over HTTP, in JSON.
//!
//! The next calls are taken when those before were accepted, refused or given up. Meanwhile they wait in the recorder's memory, where
//! later ones take their place; that is counted there.

mod request;
mod trace;

use super::reach::{Reach, backoff, with};
use request::{Answer, post};
use std::future::pending;
use std::time::{Duration, Instant};
use strowger_config::{Config, Endpoint, Otlp};
use strowger_node::Manage;
use strowger_node::control::{Reply, Request};
use tokio::time::{MissedTickBehavior, interval, sleep};
use trace::{Span, body, spans};

/// Who raises the alarm.
const SOURCE: &str = "export otlp";
/// Time between two looks for calls that are over.
const LOOK: Duration = Duration::from_secs(1);
/// How long nothing may have happened in a call: what comes after its end, such as a repeated message, is part of it.
const SETTLED: Duration = Duration::from_secs(2);
/// Calls that are taken at a time.
const CALLS: usize = 20;
/// Spans and their events after which a request is full.
const FULL: usize = 2_000;

/// Sends for as long as it is polled.
pub(super) async fn run(manage: &Manage) {
    let settings = |config: &Config| (config.node.name.clone(), config.export.otlp.clone());
    with(manage, SOURCE, settings, send).await;
}

/// Nothing is sent if there is no collector.
async fn send(reach: &mut Reach<'_>, (node, settings): &(String, Otlp)) {
    // What was under way with other settings is given up.
    reach.manage.exports().otlp.take(0);
    let Some(endpoint) = &settings.endpoint else {
        return pending().await;
    };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        loop {
            let request = Request::TakeLadders {
                limit: CALLS,
                settled: SETTLED,
            };
            let Ok(Reply::TakenLadders(ladders)) = reach.manage.ask(request).await else {
                break;
            };
            if ladders.is_empty() {
                break;
            }
            reach.manage.exports().otlp.take(ladders.len() as u64);
            let mut calls = ladders.iter().peekable();
            while calls.peek().is_some() {
                let mut batch: Vec<Vec<Span>> = Vec::new();
                let mut size = 0;
                while size < FULL
                    && let Some(ladder) = calls.next()
                {
                    size += ladder.steps.len();
                    batch.push(spans(node, ladder));
                }
                deliver(reach, (endpoint, settings), node, &batch).await;
            }
        }
    }
}

/// Sends a batch, again while that may help.
async fn deliver(
    reach: &mut Reach<'_>,
    (endpoint, settings): (&Endpoint, &Otlp),
    node: &str,
    batch: &[Vec<Span>],
) {
    let tally = &reach.manage.exports().otlp;
    let calls = batch.len() as u64;
    let body = match body(node, batch) {
        Ok(body) => body,
        // Nothing in it can fail to be written.
        Err(error) => {
            tracing::error!(%error, "a trace cannot be written");
            return tally.done(0, calls);
        }
    };
    let began = Instant::now();
    for failures in 1.. {
        match post(endpoint, settings, &body).await {
            Answer::Accepted => {
                reach.tell(None);
                return tally.done(calls, 0);
            }
            Answer::Refused(why) => {
                // It was reached.
                reach.tell(None);
                tracing::warn!(calls, why, "the collector of traces refuses recorded calls");
                return tally.done(0, calls);
            }
            Answer::Later(why, after) => {
                reach.tell(Some(&format!(
                    "traces of recorded calls are not taken: {why}"
                )));
                let wait = after.unwrap_or_else(|| backoff(failures));
                if began.elapsed() + wait > settings.retry {
                    tracing::warn!(
                        calls,
                        why,
                        "recorded calls are given up: the collector of traces does not take them"
                    );
                    return tally.done(0, calls);
                }
                tally.retry();
                sleep(wait).await;
            }
        }
    }
}
