//! A driver in its seat, without a node: the order of its life, room in both directions, and the end.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::any::Any;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use strowger::event::EventDecl;
use strowger::id::Component;
use strowger::ra::{Driven, Input, Listener, Message, Needs, Protocol, RaCx, SettingsError};
use strowger::time::Mono;
use strowger_driver::{
    Bell, Driver, DriverDef, Endpoint, Fenced, Meters, Phase, Seat, Setup, StartError, Unsent,
    async_trait,
};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

struct Words;

impl Protocol for Words {
    const TYPE: Component = Component {
        name: "words",
        vendor: "test",
        version: "1.0",
    };
    type Settings = Text;
    type Command = ();
    fn verify(_: &Text) -> Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &Text) -> Vec<Listener> {
        Vec::new()
    }
    fn events() -> Vec<EventDecl> {
        Vec::new()
    }
    fn activities() -> Vec<Component> {
        Vec::new()
    }
    fn new(_: &Text) -> Self {
        Self
    }
    fn handle(&mut self, _: &mut RaCx<'_>, _: Input<'_, ()>) {}
    fn deadline(&self) -> Option<Mono> {
        None
    }
}

impl Driven for Words {
    type Down = String;
    type Up = String;
    fn needs(_: &Text) -> Needs {
        Needs {
            down: 2,
            up: 1,
            client: None,
        }
    }
    fn heard(&mut self, _: &mut RaCx<'_>, _: String) {}
    fn untold(&mut self, _: &mut RaCx<'_>, _: String) {}
}

/// What is written down in order, and what the driver shall do at its start.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Text {
    word: String,
}

type Log = Arc<Mutex<Vec<String>>>;

thread_local! {
    static LOG: Log = Log::default();
}

struct Scribe {
    log: Log,
    endpoint: Endpoint<Words>,
}

impl Scribe {
    fn write(&self, what: &str) {
        self.log.lock().unwrap().push(what.to_owned());
    }
}

#[async_trait]
impl Driver for Scribe {
    type Protocol = Words;
    async fn start(setup: Setup<Words>) -> Result<Self, StartError> {
        if setup.settings.word == "fail" {
            return Err("no words".into());
        }
        let scribe = Self {
            log: LOG.with(Arc::clone),
            endpoint: setup.endpoint,
        };
        scribe.write(&format!("start {}", setup.settings.word));
        Ok(scribe)
    }
    async fn told(&mut self, message: String) {
        self.write(&message);
        self.endpoint.count("words", 1);
        let _ = self.endpoint.try_send(message);
    }
    async fn configure(&mut self, settings: &Text) {
        self.write(&format!("configure {}", settings.word));
    }
    async fn drain(&mut self) {
        self.write("drain");
    }
    async fn stop(self) {
        self.write("stop");
        // Nobody listens any more.
        assert_eq!(self.endpoint.send("late".into()).await, Err(Fenced));
        let late = Unsent::Fenced("late".to_owned());
        assert_eq!(self.endpoint.try_send("late".into()), Err(late));
    }
}

struct Silent;

impl Bell for Silent {
    fn ring(&self) {}
    fn alarm(&self, _: &'static str, _: bool, _: &str) {}
}

/// The node's ends.
struct Ends {
    down: mpsc::Sender<Message>,
    up: mpsc::Receiver<Message>,
    settings: watch::Sender<Arc<dyn Any + Send + Sync>>,
    phase: watch::Sender<Phase>,
    meters: Arc<Meters>,
    started: std::sync::mpsc::Receiver<Result<(), StartError>>,
}

fn seat(word: &str) -> (Seat, Ends) {
    let (down, told) = mpsc::channel(2);
    let (said, up) = mpsc::channel(1);
    let text: Arc<dyn Any + Send + Sync> = Arc::new(Text { word: word.into() });
    let (settings, phase) = (watch::Sender::new(text), watch::Sender::new(Phase::Serving));
    let meters = Arc::new(Meters::default());
    let (start, started) = std::sync::mpsc::channel();
    let seat = Seat {
        entity: "words".into(),
        settings: settings.subscribe(),
        phase: phase.subscribe(),
        down: told,
        up: said,
        bell: Arc::new(Silent),
        meters: Arc::clone(&meters),
        listeners: Vec::new(),
        client: None,
        started: Box::new(move |outcome| start.send(outcome).unwrap()),
    };
    let ends = Ends {
        down,
        up,
        settings,
        phase,
        meters,
        started,
    };
    (seat, ends)
}

fn say(word: &str) -> Message {
    Box::new(word.to_owned())
}

#[tokio::test]
async fn a_driver_is_started_told_configured_drained_and_stopped() {
    let (seat, mut ends) = seat("one");
    let life = tokio::spawn(DriverDef::of::<Scribe>().serve(seat));
    ends.down.send(say("a")).await.unwrap();
    let heard = ends.up.recv().await.unwrap();
    assert_eq!(*heard.downcast::<String>().unwrap(), "a");
    assert!(ends.started.recv().unwrap().is_ok());
    let two: Arc<dyn Any + Send + Sync> = Arc::new(Text { word: "two".into() });
    ends.settings.send_replace(two);
    tokio::task::yield_now().await;
    ends.phase.send_replace(Phase::Draining);
    tokio::task::yield_now().await;
    ends.down.send(say("b")).await.unwrap();
    // What is of another type is not passed on.
    ends.down.send(Box::new(7_u8)).await.unwrap();
    drop((ends.down, ends.up));
    life.await.unwrap();
    let log = LOG.with(|log| log.lock().unwrap().clone());
    let wanted = ["start one", "a", "configure two", "drain", "b", "stop"];
    assert_eq!(log, wanted);
    assert_eq!(ends.meters.read()["words"], 2);
}

#[tokio::test]
async fn a_driver_that_cannot_start_says_why() {
    let (seat, ends) = seat("fail");
    DriverDef::of::<Scribe>().serve(seat).await;
    let error = ends.started.recv().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "no words");
    assert!(ends.down.is_closed());
}

/// Says a word, and another, which has to wait.
struct Chatter;

#[async_trait]
impl Driver for Chatter {
    type Protocol = Words;
    async fn start(setup: Setup<Words>) -> Result<Self, StartError> {
        let endpoint = setup.endpoint;
        endpoint.send("one".into()).await?;
        let full = Unsent::Full("two".to_owned());
        assert_eq!(endpoint.try_send("two".into()), Err(full));
        tokio::spawn(async move {
            endpoint.send("two".into()).await.unwrap();
            endpoint.count("through", 1);
        });
        Ok(Self)
    }
    async fn told(&mut self, _: String) {
        std::future::pending().await
    }
    async fn configure(&mut self, _: &Text) {}
    async fn drain(&mut self) {}
    async fn stop(self) {}
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_waits_above_and_is_refused_below() {
    let (seat, mut ends) = seat("");
    let life = tokio::spawn(DriverDef::of::<Chatter>().serve(seat));
    let idle = timeout(Duration::from_secs(9), std::future::pending::<()>());
    assert!(idle.await.is_err());
    assert_eq!(ends.meters.read().get("through"), None);
    assert!(ends.up.recv().await.is_some() && ends.up.recv().await.is_some());
    assert_eq!(ends.meters.read()["through"], 1);
    // It is stuck on the first: two wait, and there is no room for another.
    for word in ["a", "b", "c"] {
        ends.down.send(say(word)).await.unwrap();
    }
    let refused = ends.down.try_send(say("d")).unwrap_err().into_inner();
    assert_eq!(*refused.downcast::<String>().unwrap(), "d");
    life.abort();
}
