//! The adaptors and services of this binary. This is the one place that names them.

use strowger_config::Components;
use strowger_node::Catalog;

/// The adaptors and services themselves.
pub(crate) fn catalog() -> Catalog {
    Catalog::default()
        .adaptor(strowger_sip::adaptor())
        .adaptor(strowger_diameter::adaptor())
        .adaptor(strowger_http::adaptor())
        .adaptor(strowger_sms::adaptor())
        .adaptor(strowger_records::adaptor())
        .driver(strowger_http_driver::driver())
        .driver(strowger_records_driver::driver())
        .service(strowger_uas::service())
        .service(strowger_b2bua::service())
        .service(strowger_record_hook::service())
        .service(strowger_registrar::service())
        .service(strowger_proxy::service())
        .service(strowger_prepaid::service())
        .service(strowger_ocs::service())
        .service(strowger_sms_gateway::service())
        .service(strowger_wakeup::service())
        .service(strowger_call_controller::blocking())
        .service(strowger_call_controller::forwarding())
        .service(strowger_call_controller::voice_mail())
}

/// What configuration has to know of them.
pub(crate) fn components() -> Components {
    catalog().components()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What keys of secrets are called.
    const WORDS: [&str; 6] = ["password", "secret", "token", "sha256", "ha1", "hash"];

    #[test]
    fn no_key_that_is_called_like_a_secret_is_shown() {
        let components = components();
        let reference = components.reference();
        let shown = reference.keys().filter(|(path, key)| {
            let name = path.segments().last().map_or("", String::as_str);
            let called = WORDS.iter().any(|word| name.contains(word));
            called && !key.secret && matches!(key.shape, strowger_config::Shape::Text(..))
        });
        let shown: Vec<String> = shown.map(|(path, _)| path.to_string()).collect();
        assert_eq!(shown, Vec::<String>::new());
        let secrets = reference.keys().filter(|(_, key)| key.secret).count();
        assert!(secrets > 10, "{secrets}");
    }
}
