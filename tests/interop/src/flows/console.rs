//! The console in a browser, of a node with calls: every page clicked through, and a picture of each in `pictures`.

use super::phones::script;
use super::stage::Stage;
use super::{Client, Flow, tools};
use crate::error::{Result, ensure};
use crate::sipp::Sipp;
use serde_json::json;
use std::process::Command;
use std::time::Duration;

const WHAT: &str = "the console of a node with calls: every page by clicks and keys, light and dark, wide and narrow; signing in, \
     changing a service; no complaint of the browser, no request to another host";

pub(super) const FLOWS: &[Flow] = &[Flow::new(
    "chromium-console",
    Client::Browser,
    "HTTP",
    WHAT,
    console,
)];

/// How long the browser may take.
const WITHIN: Duration = Duration::from_secs(300);
/// How long the last calls may take.
const OVER: Duration = Duration::from_secs(60);
/// Who is called for a short time.
const CALLED: &str = "2001";

fn console(stage: &Stage) -> Result<String> {
    let [node, caller, callee] = [1, 2, 3].map(|last| stage.ip(last).to_string());
    let running = stage.node(&format!(
        "[services.b2bua]\nkind = \"b2bua\"\n[services.b2bua.settings]\n\
         routes = [{{ prefix = \"2\", target = \"sip:{callee}:5070\" }}]\n\
         [services.uas]\nkind = \"uas\"\n[services.registrar]\nkind = \"registrar\"\n\
         [recorder]\nmode = \"sampled\"\none_in = 1\n[management]\nlisten = \"{node}:8088\"\n"
    ))?;
    // Short calls are over when the browser looks at them, long ones are not yet.
    let answers = Sipp::start(&["-sn", "uas", "-i", &callee, "-p", "5070"])?;
    let to = stage.sip().to_string();
    let calls = |user: &str, lasts: &str, rate: &str, port: &str| {
        let how = ["-sn", "uac", "-s", user, "-d", lasts, "-r", rate];
        Sipp::start(&[&[&*to], &how[..], &["-i", &caller, "-p", port]].concat())
    };
    let short = calls(CALLED, "500", "4", "5070")?;
    let long = calls("2002", "30000", "1", "5072")?;

    let pictures = stage.dir().join("pictures");
    let here = json!({
        "base": format!("http://{node}:8088"),
        "token": stage.dir().join("node").join("management.token"),
        "pictures": pictures,
        "called": CALLED,
    });
    let mut command = Command::new("node");
    command
        .env("NODE_PATH", tools::node_modules()?)
        .arg(tools::script("console.mjs"))
        .arg(here.to_string());
    let mut browser = script(stage, "browser", &mut command)?.patient(WITHIN);
    let end = browser.expect("end")?;
    let why = end["why"].as_str();
    ensure(why.is_none(), || {
        format!("the console: {}", why.unwrap_or_default())
    })?;

    let mut made = 0;
    for calls in [short, long] {
        calls.wind_up()?;
        made += calls.finish(OVER)?.get("SuccessfulCall");
    }
    // Beside a browser a small machine may refuse some: that is its overload control's business.
    ensure(made > 0, || "no call was made".to_owned())?;
    drop(answers);
    stage.end(running)?;
    let [pages, pictures] = ["pages", "pictures"].map(|of| end[of].as_u64().unwrap_or(0));
    Ok(format!("{pages} pages, {pictures} pictures, {made} calls"))
}
