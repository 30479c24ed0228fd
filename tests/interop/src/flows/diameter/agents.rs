//! Agents between clients and servers: relays, redirects and load balancing, theirs and ours.

use super::{SOON, at, end, ground, port};
use crate::diameter::freediameter::{Daemon, FreeDiameter};
use crate::diameter::ground::{Ground, HOST};
use crate::diameter::scripts::{Ends, Script};
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};

pub(super) const FLOWS: &[Flow] = &[
    Flow::new(
        "freediameter-relays",
        Client::FreeDiameter,
        "TCP",
        "is a relay between us and another freeDiameter",
        relayed_by_it,
    ),
    Flow::new(
        "freediameter-balances",
        Client::FreeDiameter,
        "TCP",
        "is a relay that balances our requests between two of it",
        balanced_by_it,
    ),
    Flow::new(
        "freediameter-balanced",
        Client::FreeDiameter,
        "TCP",
        "two of it, between which we balance our requests",
        balanced_by_us,
    ),
    Flow::new(
        "freediameter-redirects",
        Client::FreeDiameter,
        "TCP",
        "answers 3006, and we ask the one that it names",
        redirected_by_it,
    ),
    Flow::new(
        "freediameter-redirected",
        Client::FreeDiameter,
        "TCP",
        "is answered 3006 by us, and asks the one that we name",
        redirected_by_us,
    ),
    Flow::new(
        "python-relayed",
        Client::PythonDiameter,
        "TCP",
        "is relayed by us to freeDiameter",
        relayed_by_us,
    ),
];

const SESSIONS: u64 = 100;
/// Sessions at one time.
const WINDOW: u64 = 8;

fn ccrs(realm: &str) -> String {
    format!("ccr {SESSIONS} {WINDOW} {realm}")
}

/// A freeDiameter of the realm `fd.example` on the stage's port `n`.
fn fd<'a>(stage: &'a Stage, ground: &'a Ground, name: &str, n: u16) -> FreeDiameter<'a> {
    let host = format!("{name}.fd.example");
    FreeDiameter::new(
        stage.dir(),
        &ground.authority,
        &host,
        "fd.example",
        port(stage, n),
    )
}

/// Who has answered how many requests; together they must have answered all.
fn shares(servers: &[&Daemon], wanted: u64) -> Result<Vec<u64>> {
    let mut shares = Vec::new();
    for server in servers {
        let book = server.book()?;
        ensure(book.get("open") == 0 && book.get("repeats") == 0, || {
            format!("a book: {:?}", book.sums)
        })?;
        shares.push(book.get("requests"));
    }
    ensure(shares.iter().sum::<u64>() == wanted, || {
        format!("{shares:?} requests came, not {wanted} together")
    })?;
    Ok(shares)
}

fn relayed_by_it(stage: &Stage) -> Result<String> {
    let ground = ground(stage)?
        .peer(
            "relay",
            "relay.fd.example",
            Some(at(stage, 2, port(stage, 0))),
            false,
        )
        .realm("fd.example", &["relay"], "");
    let mut server = fd(stage, &ground, "server", 1)
        .admits("fd.example")?
        .charges("")?
        .start()?;
    let relay = fd(stage, &ground, "relay", 0).admits("labs.example")?;
    let relay = relay.connects("server.fd.example", at(stage, 3, port(stage, 1)), false);
    let mut relay = relay.start()?;
    server.wait_open("relay.fd.example", 1)?;
    let node = ground.start()?;
    relay.wait_open(HOST, 1)?;
    let mut driver = ground.driver()?;
    driver.order_once_up(&ccrs("fd.example"), SOON)?;
    shares(&[&server], 3 * SESSIONS)?;
    relay.stop()?;
    server.stop()?;
    end(&ground, node, driver)?;
    Ok(format!("{} CCRs", 3 * SESSIONS))
}

fn balanced_by_it(stage: &Stage) -> Result<String> {
    let ground = ground(stage)?
        .peer(
            "relay",
            "relay.fd.example",
            Some(at(stage, 2, port(stage, 0))),
            false,
        )
        .realm("fd.example", &["relay"], "");
    let mut one = fd(stage, &ground, "one", 1)
        .admits("fd.example")?
        .charges("")?
        .start()?;
    let mut two = fd(stage, &ground, "two", 2)
        .admits("fd.example")?
        .charges("")?
        .start()?;
    let relay = fd(stage, &ground, "relay", 0)
        .admits("labs.example")?
        .extension("rt_load_balance", None)
        .connects("one.fd.example", at(stage, 3, port(stage, 1)), false)
        .connects("two.fd.example", at(stage, 4, port(stage, 2)), false);
    let mut relay = relay.start()?;
    for server in [&mut one, &mut two] {
        server.wait_open("relay.fd.example", 1)?;
    }
    let node = ground.start()?;
    relay.wait_open(HOST, 1)?;
    let mut driver = ground.driver()?;
    // Each event is a session of its own: later requests of a session name their server.
    driver.order_once_up(&ccrs("fd.example"), SOON)?;
    let shares = shares(&[&one, &two], 3 * SESSIONS)?;
    ensure(shares.iter().all(|share| *share > 0), || {
        format!("{shares:?}")
    })?;
    relay.stop()?;
    one.stop()?;
    two.stop()?;
    end(&ground, node, driver)?;
    Ok(format!("{} CCRs", 3 * SESSIONS))
}

fn balanced_by_us(stage: &Stage) -> Result<String> {
    let ground = ground(stage)?
        .peer(
            "one",
            "one.fd.example",
            Some(at(stage, 2, port(stage, 0))),
            false,
        )
        .peer(
            "two",
            "two.fd.example",
            Some(at(stage, 3, port(stage, 1))),
            false,
        )
        .realm("fd.example", &["one", "two"], "");
    let mut one = fd(stage, &ground, "one", 0)
        .admits("labs.example")?
        .charges("")?
        .start()?;
    let mut two = fd(stage, &ground, "two", 1)
        .admits("labs.example")?
        .charges("")?
        .start()?;
    let node = ground.start()?;
    one.wait_open(HOST, 1)?;
    two.wait_open(HOST, 1)?;
    // They are open before we have read their answers.
    let open = "\"state\":\"open\"";
    node.wait_status(SOON, |status| status.to_string().matches(open).count() == 2)?;
    let mut driver = ground.driver()?;
    driver.order_once_up(&ccrs("fd.example"), SOON)?;
    let shares = shares(&[&one, &two], 3 * SESSIONS)?;
    // Who has fewest pending is asked: each has half of the sessions at once, of three CCRs each, and from then on the
    // quicker one has more; the other one may hold back each of its answers for 40 ms (Nagle).
    ensure(shares.iter().all(|share| *share >= 3 * WINDOW / 2), || {
        format!("{shares:?} is no balance")
    })?;
    one.stop()?;
    two.stop()?;
    end(&ground, node, driver)?;
    Ok(format!("{} CCRs", 3 * SESSIONS))
}

fn redirected_by_it(stage: &Stage) -> Result<String> {
    let ground = ground(stage)?
        .peer(
            "agent",
            "agent.fd.example",
            Some(at(stage, 2, port(stage, 0))),
            false,
        )
        .peer(
            "server",
            "server.fd.example",
            Some(at(stage, 3, port(stage, 1))),
            false,
        )
        .realm("fd.example", &["agent"], "");
    let uri = format!("redirect aaa://server.fd.example:{}\n", port(stage, 1));
    let mut agent = fd(stage, &ground, "agent", 0)
        .admits("labs.example")?
        .charges(&uri)?
        .start()?;
    let mut server = fd(stage, &ground, "server", 1)
        .admits("labs.example")?
        .charges("")?
        .start()?;
    let node = ground.start()?;
    agent.wait_open(HOST, 1)?;
    server.wait_open(HOST, 1)?;
    let mut driver = ground.driver()?;
    driver.order_once_up(&ccrs("fd.example"), SOON)?;
    shares(&[&server], 3 * SESSIONS)?;
    let asked = agent.book()?.get("requests");
    ensure(asked >= SESSIONS, || {
        format!("the agent was asked {asked} times")
    })?;
    agent.stop()?;
    server.stop()?;
    end(&ground, node, driver)?;
    Ok(format!(
        "{} CCRs, {asked} of them by way of the agent",
        3 * SESSIONS
    ))
}

fn redirected_by_us(stage: &Stage) -> Result<String> {
    let uri = format!("aaa://server.fd.example:{}", port(stage, 1));
    let ground = ground(stage)?
        .peer("client", "client.fd.example", None, false)
        .realm(
            "elsewhere.example",
            &[],
            &format!("action = \"redirect\"\nredirect_hosts = [\"{uri}\"]"),
        );
    // It serves the realm itself, but for the routes below it would be asked at once.
    let there = port(stage, 1);
    let server = FreeDiameter::new(
        stage.dir(),
        &ground.authority,
        "server.fd.example",
        "elsewhere.example",
        there,
    );
    let server = server.admits("fd.example")?.charges("")?.start()?;
    let node = ground.start()?;
    let client = fd(stage, &ground, "client", 0)
        .loads("elsewhere.example", 1, 1)?
        .extension("rt_redirect", None)
        .connects(HOST, ground.at(false), false)
        .connects("server.fd.example", at(stage, 3, port(stage, 1)), false);
    // By its routes we come first; what we answer counts as much, and the realm besides.
    let mut client = client
        .configured(
            "rt_default",
            &format!("dr=\"elsewhere.example\" : \"{HOST}\" += REDIR_HOST ;\n"),
        )?
        .start()?;
    client.wait_open(HOST, 1)?;
    client.wait_open("server.fd.example", 1)?;
    let answered = client.load(SOON)?;
    let charged = server.book()?.get("requests");
    ensure(charged == answered && charged > 0, || {
        format!("{charged} requests came to the server, {answered} were answered")
    })?;
    client.stop()?;
    server.stop()?;
    let driver = ground.driver()?;
    end(&ground, node, driver)?;
    Ok(format!("{answered} CCRs"))
}

fn relayed_by_us(stage: &Stage) -> Result<String> {
    let server_at = at(stage, 3, port(stage, 0));
    let ground = ground(stage)?
        .peer("script", "client.script.example", None, false)
        .peer("server", "server.fd.example", Some(server_at), false)
        .realm("fd.example", &["server"], "action = \"relay\"");
    let mut server = fd(stage, &ground, "server", 0)
        .admits("labs.example")?
        .charges("")?
        .start()?;
    let node = ground.start()?;
    server.wait_open(HOST, 1)?;
    let ends = Ends {
        own: ("client.script.example", "script.example"),
        // It knows us by our name and believes that we are of the realm that we relay to.
        peer: (HOST, "fd.example"),
        at: ground.at(false),
        tls: None,
    };
    let mut client = Script::python_connects(stage.dir(), ends, &["ccr:50"])?;
    client.done("ccr:50", SOON)?;
    shares(&[&server], 150)?;
    client.stop()?;
    server.stop()?;
    let driver = ground.driver()?;
    end(&ground, node, driver)?;
    Ok("150 CCRs".to_owned())
}
