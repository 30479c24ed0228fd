//! What is written in certificates: names, and the end of their time. Only of certificates that were verified, or our own.

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use std::net::IpAddr;
use strowger::ra::Peer;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What a verified certificate says about who shows it.
pub(crate) fn peer(certificate: &CertificateDer<'_>) -> Peer {
    let mut peer = Peer {
        verified: true,
        ..Peer::default()
    };
    let Ok(certificate) = Certificate::from_der(certificate) else {
        return peer;
    };
    let tbs = certificate.tbs_certificate;
    let attributes = tbs.subject.0.iter().flat_map(|names| names.0.iter());
    peer.common_name = attributes
        .filter(|attribute| attribute.oid == COMMON_NAME)
        .find_map(text);
    let extensions = tbs.extensions.into_iter().flatten();
    for extension in extensions.filter(|e| e.extn_id == SubjectAltName::OID) {
        let Ok(names) = SubjectAltName::from_der(extension.extn_value.as_bytes()) else {
            continue;
        };
        for name in names.0 {
            note(&mut peer, &name);
        }
    }
    peer
}

fn note(peer: &mut Peer, name: &GeneralName) {
    match name {
        GeneralName::DnsName(name) => peer.dns.push(name.as_str().to_ascii_lowercase()),
        GeneralName::UniformResourceIdentifier(uri) => peer.uris.push(uri.as_str().to_owned()),
        GeneralName::IpAddress(octets) => {
            let octets = octets.as_bytes();
            let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from));
            peer.addresses.extend(address);
        }
        GeneralName::OtherName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => {}
    }
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let value = &attribute.value;
    let text = if value.tag() == Tag::PrintableString {
        PrintableStringRef::try_from(value)
            .ok()?
            .as_str()
            .to_owned()
    } else {
        Utf8StringRef::try_from(value).ok()?.as_str().to_owned()
    };
    Some(text)
}

/// When the first certificate of a chain is over: seconds since 1970. One that cannot be read is over already.
pub(crate) fn valid_until(own: &CertifiedKey) -> u64 {
    let ends = own.cert.iter().map(|certificate| {
        let parsed = Certificate::from_der(certificate).ok()?;
        let end = parsed.tbs_certificate.validity.not_after;
        Some(end.to_unix_duration().as_secs())
    });
    ends.map(Option::unwrap_or_default).min().unwrap_or(0)
}
