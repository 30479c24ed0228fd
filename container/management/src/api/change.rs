//! Changes: carried out to their end whether or not whoever asked still waits, and written into the audit log.
//!
//! The future of a request goes with its connection, and with `management.request_timeout`; what it has asked of the node is
//! done all the same. So a change runs in a task of its own, and the request waits for that.
//! Invariant: a change that has begun has one line, written before its client hears of it, also where its handler panics or
//! the node ends under it.

use super::audit::Line;
use super::problem::Problem;
use super::state::State;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use strowger_config::Scope;

/// Changes at one time; others wait, and have not begun.
pub(super) const AT_ONCE: usize = 64;

/// A change that somebody has asked for. Dropping it writes its line.
pub(super) struct Change {
    pub(super) state: State,
    pub(super) line: Line,
}

impl Change {
    /// Carries it out if its caller has that scope.
    pub(super) async fn carry_out(
        mut self,
        needed: Scope,
        request: Request,
        next: Next,
    ) -> Response {
        let place = self.state.changes().acquire_owned().await;
        let task = tokio::spawn(async move {
            let mut answer = self.answer(needed, request, next).await;
            self.line.about = answer.extensions_mut().remove();
            self.line.status = Some(answer.status());
            drop(self);
            drop(place);
            answer
        });
        let failed = |_| Problem::silent("the change has ended without an answer").into_response();
        task.await.unwrap_or_else(failed)
    }

    async fn answer(&self, needed: Scope, request: Request, next: Next) -> Response {
        let scope = self.line.caller.scope;
        if scope < needed {
            let (has, needs) = (scope.word(), needed.word());
            let detail = format!("this needs the scope `{needs}`, and the token has `{has}`");
            Problem::forbidden(detail).into_response()
        } else if !self.state.audit().is_usable() {
            Problem::no_audit().into_response()
        } else {
            next.run(request).await
        }
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let audit = self.state.audit();
        let broken = audit.record(&self.line).is_err();
        if broken || audit.has_mended() {
            let text =
                "the audit log cannot be written: nothing is changed through the management API";
            let manage = &self.state.manage;
            manage.alarm("management", "audit_unwritable", broken, text);
        }
    }
}
