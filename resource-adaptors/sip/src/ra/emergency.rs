//! Settings of what is urgent: `[adaptors.NAME.settings.emergency]`.

use serde::Deserialize;
use strowger::schemars::JsonSchema;

use crate::proto::triage::Urgency;

/// Which requests are taken while others are refused because the node is overloaded or short of something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct EmergencySettings {
    /// Service URNs (RFC 5031), each with those below it: `urn:service:sos` stands for `urn:service:sos.fire`, too.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub services: Vec<String>,
    /// Numbers, such as `112`, as users of SIP URIs and in `tel` URIs.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub numbers: Vec<String>,
    /// Whether `Priority: emergency` (RFC 3261 20.26) is believed.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub priority: bool,
    /// Namespaces of Resource-Priority (RFC 4412) that are believed, such as `esnet` (RFC 7135), `ets` or `wps`.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub namespaces: Vec<String>,
}

impl Default for EmergencySettings {
    fn default() -> Self {
        let texts = |texts: Vec<Vec<u8>>| {
            let text = |text| String::from_utf8_lossy(text).into_owned();
            texts.iter().map(Vec::as_slice).map(text).collect()
        };
        let urgency = Urgency::default();
        Self {
            services: texts(urgency.services),
            numbers: texts(urgency.numbers),
            priority: urgency.priority,
            namespaces: texts(urgency.namespaces),
        }
    }
}

impl From<&EmergencySettings> for Urgency {
    fn from(settings: &EmergencySettings) -> Self {
        let bytes = |texts: &[String]| texts.iter().map(|text| text.clone().into_bytes()).collect();
        Self {
            services: bytes(&settings.services),
            numbers: bytes(&settings.numbers),
            priority: settings.priority,
            namespaces: bytes(&settings.namespaces),
        }
    }
}
