//! The adaptors and services of this binary. This is the one place that names them.

use strowger_config::{Components, NoSettings, Settings};
use strowger_node::Catalog;

/// The adaptors and services themselves.
pub(crate) fn catalog() -> Catalog {
    Catalog::default()
}

/// What configuration has to know of them.
pub(crate) fn components() -> Components {
    Components::default()
        .adaptor(Settings::<NoSettings>::of("sip", "SIP over UDP and TCP."))
        .service(Settings::<NoSettings>::of("uas", "Answers calls itself.").uses("sip"))
        .service(Settings::<NoSettings>::of("b2bua", "Connects callers with callees.").uses("sip"))
}
