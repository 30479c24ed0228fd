//! Connections that others open, and whether they may bind.
//!
//! A bind that is refused for its name or its password is answered after a while only, and whoever has been refused too often
//! is refused unseen, so that guessing gets nowhere.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger::ra::{ConnId, ListenerIx, Offence, Peer as Certificate, RaCx, Transport};

use super::account::Origin;
use super::lanes::LaneIx;
use super::links::account_config;
use super::sessions::{Sess, SessionKey};
use super::settings::ms;
use super::{Core, Due, State};
use crate::proto::session::{Mode, Role, Session};
use crate::proto::time::Ms;
use crate::proto::wire::{Bind, Pdu, PduBuf, Status};

/// What is answered where there is no such account: the same as for a wrong password, so that nobody learns which there are.
const UNKNOWN: Status = Status::RINVPASWD;

impl Core {
    /// A connection was accepted.
    pub(super) fn accepted(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        (conn, listener): (ConnId, ListenerIx),
        peer: SocketAddr,
        secure: Option<Arc<Certificate>>,
    ) {
        let limits = &self.settings.limits;
        let sessions = &mut self.view.sessions;
        let full = sessions.len() >= limits.sessions as usize || sessions.unbound >= limits.unbound;
        if full || self.state != State::Active {
            cx.count("sms.connections_refused", 1);
            return cx.close(conn);
        }
        let machine = Session::new(Role::Mc, self.config(), now);
        let mut sess = Sess::new(machine, conn, peer);
        sess.listener = listener;
        if secure.is_some() {
            sess.transport = Transport::Tls;
        }
        sess.secure = secure;
        match self.view.sessions.insert(sess) {
            Some(key) => drop(self.view.sessions.touch(key)),
            None => {
                cx.count("sms.connections_refused", 1);
                cx.close(conn);
            }
        }
    }

    /// Somebody wants to bind.
    pub(super) fn bind_requested(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        key: SessionKey,
        mode: Mode,
        pdu: &PduBuf,
    ) {
        let (Pdu::BindTransmitter(bind) | Pdu::BindReceiver(bind) | Pdu::BindTransceiver(bind)) =
            pdu.view()
        else {
            return;
        };
        match self.may_bind(now, key, mode, &bind) {
            // What is counted against its address stays: who has an account could go on guessing others' passwords.
            Ok(ix) => self.accept_bind(now, key, ix),
            Err(status) => {
                cx.count("sms.binds_refused", 1);
                // Who is refused for anything else has guessed nothing.
                if status == Status::RINVPASWD
                    && let Some(sess) = self.view.sessions.get(key)
                {
                    cx.offence(sess.ip(), Offence::Credentials, true);
                }
                self.refuse_bind(now, key, status);
            }
        }
    }

    fn may_bind(
        &mut self,
        now: Ms,
        key: SessionKey,
        mode: Mode,
        bind: &Bind<'_>,
    ) -> Result<LaneIx, Status> {
        let sess = self.view.sessions.get(key).ok_or(Status::RSYSERR)?;
        let ip = sess.ip();
        if self.state != State::Active
            || !self
                .guard
                .admits(now, ip, self.settings.limits.refused_binds)
        {
            return Err(Status::RBINDFAIL);
        }
        let origin = Origin {
            address: ip,
            secure: sess.secure.as_deref(),
        };
        let ix = self.view.lanes.of_system_id(bind.system_id);
        let lane = ix.and_then(|ix| self.view.lanes.get_mut(ix));
        let (Some(ix), Some(lane)) = (ix, lane) else {
            self.guard.refused(now, ip);
            return Err(UNKNOWN);
        };
        let bound = lane.sessions.len();
        let account = lane.as_account_mut().ok_or(UNKNOWN)?;
        let admitted = account.admits(bind, mode, origin, &self.process_key);
        if admitted == Err(Status::RINVPASWD) {
            self.guard.refused(now, ip);
        }
        admitted?;
        match bound < account.settings.binds as usize {
            true => Ok(ix),
            false => Err(Status::RALYBND),
        }
    }

    fn accept_bind(&mut self, now: Ms, key: SessionKey, ix: LaneIx) {
        let base = self.config();
        let account = self
            .view
            .lanes
            .get(ix)
            .and_then(super::lanes::Lane::as_account);
        let Some(config) = account.map(|account| account_config(&account.settings, base)) else {
            return;
        };
        self.view.sessions.belongs(key, ix);
        if let Some(sess) = self.view.sessions.touch(key) {
            sess.machine.configure(now, config);
            let own = self.settings.system_id.as_bytes();
            // The connection may have ended meanwhile: then nobody is told.
            let _ = sess.machine.accept_bind(now, own);
        }
    }

    fn refuse_bind(&mut self, now: Ms, key: SessionKey, status: Status) {
        let after = ms(self.settings.timers.bind_refusal);
        let Some(sess) = self.view.sessions.touch(key) else {
            return;
        };
        if is_secret(status) && after > 0 {
            sess.refusal = Some(status);
            self.schedule(Ms(now.0 + after), Due::Refusal(key));
        } else {
            refuse(sess, status);
        }
    }

    /// The time of a refusal has come.
    pub(super) fn refuse_now(&mut self, key: SessionKey) {
        if let Some(sess) = self.view.sessions.touch(key)
            && let Some(status) = sess.refusal.take()
        {
            refuse(sess, status);
        }
    }
}

/// Whether a bind was refused for what whoever guesses would get wrong.
fn is_secret(status: Status) -> bool {
    [Status::RINVPASWD, Status::RINVSYSID, Status::RBINDFAIL].contains(&status)
}

/// The connection may have ended meanwhile: then nobody is told.
fn refuse(sess: &mut Sess, status: Status) {
    let _ = sess.machine.refuse_bind(status);
}
