//! Messages put together from what a service has written and what every message has.
//!
//! What the service gives is never touched. What the command's definition asks for and the service has not given comes from
//! the settings, the session and the application; in an answer, from the request.

use bytes::Bytes;

use super::Core;
use super::sessions::Session;
use crate::api::{Outgoing, What};
use crate::proto::dict::credit;
use crate::proto::dict::{ApplicationKind, AvpDef, CommandDef, Level, Member, base, validate};
use crate::proto::wire::{Avp, Avps, BuildError, Builder, Groups, Limits, Message, flag};

/// Auth-Session-State: the server keeps no session (RFC 6733 8.11).
const NO_STATE_MAINTAINED: i32 = 1;

impl Core {
    /// A request of a service, without its identifiers.
    pub(super) fn request(
        &self,
        outgoing: &Outgoing,
        session_id: &str,
        session: Option<&Session>,
    ) -> Result<Bytes, BuildError> {
        let What::Request {
            command,
            application,
        } = outgoing.what
        else {
            return Err(BuildError::TooLong);
        };
        let def = self.dictionary.command(application, command);
        let given = Given(outgoing.avps.avps());
        let mut builder = Builder::request(command, application);
        let proxiable = def.is_none_or(|def| def.proxiable);
        let proxiable = if proxiable { flag::PROXIABLE } else { 0 };
        let again = match outgoing.again {
            Some(_) => flag::RETRANSMIT,
            None => 0,
        };
        builder.flags(flag::REQUEST | proxiable | again);
        // In front of all others (RFC 6733 8.8), whoever gives it.
        match given.0.get(&base::SESSION_ID) {
            Some(id) => builder.raw(id),
            None => builder.avp(&base::SESSION_ID, session_id),
        };
        self.name_application(&mut builder, def, application, given);
        self.name_ourselves(&mut builder, given);
        if given.missing(&base::DESTINATION_REALM) {
            let realm = session.and_then(|session| session.realm.as_deref());
            let realm = realm.unwrap_or(&self.settings.origin_realm);
            builder.avp(&base::DESTINATION_REALM, realm);
        }
        let host = session
            .filter(|session| !session.movable)
            .and_then(|its| its.host.as_deref());
        if let Some(host) = host.filter(|_| given.missing(&base::DESTINATION_HOST)) {
            builder.avp(&base::DESTINATION_HOST, host);
        }
        if requires(def.map(|def| def.request), &base::AUTH_SESSION_STATE, given) {
            builder.avp(&base::AUTH_SESSION_STATE, NO_STATE_MAINTAINED);
        }
        for avp in given.0.filter(|avp| !avp.is(&base::SESSION_ID)) {
            builder.raw(avp);
        }
        builder.finish(0, 0)
    }

    /// Whether what is to leave is what its command's definition says, as far as that is looked at.
    pub(super) fn is_sound(&self, message: &Bytes) -> bool {
        let level = self.settings.validation_sent.into();
        if level == Level::Off {
            return true;
        }
        let parsed = Message::parse_with(message.clone(), &Limits::OWN, Groups::standard());
        let Ok(message) = parsed else {
            return false;
        };
        let header = message.header();
        let known = self.dictionary.command(header.application, header.command);
        known.is_none() || validate(&message, &self.dictionary, level).is_ok()
    }

    /// The AVP that says which application a request is of, where its definition asks for one.
    fn name_application(
        &self,
        builder: &mut Builder,
        def: Option<&CommandDef>,
        application: u32,
        given: Given<'_>,
    ) {
        let application_def = self.dictionary.application(application);
        let vendor = application_def.map_or(0, |def| def.vendor);
        let accounting = application_def.is_some_and(|def| def.kind == ApplicationKind::Acct);
        let id = if accounting {
            &base::ACCT_APPLICATION_ID
        } else {
            &base::AUTH_APPLICATION_ID
        };
        let members = def
            .map(|def| def.request)
            .filter(|members| !members.is_empty());
        let vendor_specific = &base::VENDOR_SPECIFIC_APPLICATION_ID;
        if requires(members, vendor_specific, given)
            || members.is_none() && vendor != 0 && given.missing(vendor_specific)
        {
            builder.group(vendor_specific, |group| {
                group.avp(&base::VENDOR_ID, vendor);
                group.avp(id, application);
            });
        }
        for id in [&base::AUTH_APPLICATION_ID, &base::ACCT_APPLICATION_ID] {
            if requires(members, id, given) {
                builder.avp(id, application);
            }
        }
        if members.is_none() && vendor == 0 && given.missing(id) {
            builder.avp(id, application);
        }
    }

    /// An answer of a service, with the request's identifiers.
    pub(super) fn answer(
        &self,
        request: &Message,
        outgoing: &Outgoing,
    ) -> Result<Bytes, BuildError> {
        let header = request.header();
        let given = Given(outgoing.avps.avps());
        let mut builder = Builder::answer(request);
        let error = outgoing.what == What::Answer { error: true };
        if error {
            builder.error();
        }
        self.name_ourselves(&mut builder, given);
        let def = self.dictionary.command(header.application, header.command);
        if let Some(def) = def.filter(|_| !error) {
            repeat(&mut builder, def.answer, request, given);
        }
        builder.encoded(outgoing.avps.as_bytes());
        builder.finish(header.hop_by_hop, header.end_to_end)
    }

    fn name_ourselves(&self, builder: &mut Builder, given: Given<'_>) {
        if given.missing(&base::ORIGIN_HOST) && given.missing(&base::ORIGIN_REALM) {
            builder.identities(&self.settings.origin_host, &self.settings.origin_realm);
        }
    }
}

/// What the answer must have and the service has not given is what the request said.
fn repeat(builder: &mut Builder, members: &[Member], request: &Message, given: Given<'_>) {
    let own = [&base::SESSION_ID, &base::ORIGIN_HOST, &base::ORIGIN_REALM];
    for member in members.iter().filter(|member| member.min > 0) {
        let is_own = own.iter().any(|own| own.is(member.avp));
        if let Some(avp) = request
            .find(member.avp)
            .filter(|_| !is_own && given.missing(member.avp))
        {
            builder.raw(avp);
        }
    }
}

fn requires(members: Option<&[Member]>, avp: &AvpDef, given: Given<'_>) -> bool {
    let named = |member: &Member| member.min > 0 && member.avp.is(avp);
    members.is_some_and(|members| members.iter().any(named)) && given.missing(avp)
}

/// What the service has written.
#[derive(Clone, Copy)]
struct Given<'a>(Avps<'a>);

impl Given<'_> {
    fn missing(self, avp: &AvpDef) -> bool {
        self.0.get(avp).is_none()
    }
}

/// What a message does to its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// It may begin one.
    Begins,
    /// It needs one that is there.
    Within,
    /// The same, and is its last.
    Ends,
    /// It begins one and is its last.
    Alone,
    /// There is no session that is kept.
    Stateless,
}

/// What a request does to its session (RFC 6733 8.1, 8.2; RFC 8506 7).
pub(super) fn role(command: u32, avps: Avps<'_>) -> Role {
    let kind = |def: &AvpDef| avps.get(def).and_then(|avp: Avp<'_>| avp.i32().ok());
    match command {
        // AA.
        265 => Role::Begins,
        // Accounting-Record-Type EVENT, START, INTERIM, STOP. A server may have missed the beginning.
        271 => match kind(&base::ACCOUNTING_RECORD_TYPE) {
            Some(1 | 4) => Role::Alone,
            _ => Role::Begins,
        },
        // CC-Request-Type INITIAL, UPDATE, TERMINATION, EVENT.
        272 => match kind(&credit::CC_REQUEST_TYPE) {
            Some(2) => Role::Within,
            Some(3) => Role::Ends,
            Some(4) => Role::Alone,
            _ => Role::Begins,
        },
        // Re-Auth, Abort-Session.
        258 | 274 => Role::Within,
        // Session-Termination.
        275 => Role::Ends,
        _ => Role::Stateless,
    }
}

impl Role {
    /// Whether a session is over with the answer.
    pub(super) fn is_last(self) -> bool {
        matches!(self, Self::Ends | Self::Alone)
    }
}
