//! Real clients before a running node: the flows that are short enough for every day, each a test.

use strowger_interop::Result;
use strowger_interop::flows::{all, run_named, table};

/// A test per flow: `baresip_calls_udp` runs the flow `baresip-calls-udp`.
macro_rules! tests {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() -> Result {
                run_named(&stringify!($name).replace('_', "-")).map(drop)
            }
        )*

        #[test]
        fn every_short_flow_is_a_test() {
            let tests = [$(stringify!($name).replace('_', "-")),*];
            let flows: Vec<_> = all().into_iter().filter(|flow| !flow.long).map(|flow| flow.name).collect();
            assert_eq!(flows, tests);
        }
    };
}

tests! {
    baresip_calls_udp,
    baresip_calls_tcp,
    baresip_calls_tls,
    baresip_called_udp,
    baresip_called_tcp,
    baresip_called_tls,
    pjsua_calls_udp,
    pjsua_calls_tcp,
    pjsua_calls_tls,
    pjsua_pair_udp,
    pjsua_pair_tcp,
    pjsua_pair_tls,
    pjsua_demanding_udp,
    pjsua_demanding_tls,
    sippy,
    baresip_registers_udp,
    baresip_registers_tls,
    pjsua_registers_tcp,
    pjsua_registers_tls,
    baresip_office_tls,
    pjsua_office_udp,
    pjsua_office_tls,
    pjsua_blind_udp,
    pjsua_blind_tls,
    baresip_blind_tls,
    pjsua_attended_udp,
    pjsua_attended_tls,
    baresip_proxied_tls,
    pjsua_proxied_udp,
    pjsua_proxied_tls,
    pjsua_proxied_blind_tls,
    pjsua_proxied_attended_tls,
    sipp_ipv6_udp,
    sipp_ipv6_tcp,
    pjsua_certified_tls,
    jssip_ws,
    jssip_wss,
    sipjs_ws,
    sipjs_wss,
    chromium_ws,
    chromium_proxied_wss,
    chromium_b2bua_wss,
    chromium_sipp_wss,
    chromium_called_wss,
    chromium_console,
    sipsak_options,
    sofia_options_udp,
    sofia_options_tcp,
    sipsak_registers,
    svcrack,
    svwar,
    svmap,
    kamailio_udp,
    kamailio_tcp,
    sipp_proxy_udp,
    sipp_proxy_tcp,
    sipp_b2bua_udp,
    sipp_b2bua_tcp,
    sipp_registrar_udp,
    sipp_registrar_tcp,
    sipp_builtin_udp,
    sipp_builtin_tcp,
    sipp_3pcc_udp,
    freediameter_called_tcp,
    freediameter_called_tls,
    freediameter_calls_tcp,
    freediameter_calls_tls,
    freediameter_relays,
    freediameter_balances,
    freediameter_balanced,
    freediameter_redirects,
    freediameter_redirected,
    python_relayed,
    freediameter_election_lesser,
    freediameter_election_greater,
    python_called,
    python_calls,
    python_called_tls,
    python_calls_tls,
    otp_called,
    otp_calls,
    otp_called_tls,
    otp_calls_tls,
    kannel_tcp,
    kannel_tls,
    smpplib_tcp,
    smpplib_tls,
    smpp34_tcp,
    rusmppyc_tcp,
    rusmppyc_tls,
    node_smpp_tcp,
    node_smpp_tls,
    node_smpp_called_tcp,
    node_smpp_called_tls,
}

#[test]
fn the_page_tells_of_every_flow_that_there_is() -> Result {
    let differences = table::differences()?;
    assert!(
        differences.is_empty(),
        "{}\n`cargo xtask interop --write` writes docs/interop.md",
        differences.join("\n")
    );
    Ok(())
}
