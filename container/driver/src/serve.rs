//! A driver's life in a node: started, told what the adaptor says, configured, drained, stopped.

use crate::Driver;
use crate::endpoint::Endpoint;
use crate::seat::{Phase, Seat, Setup};
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::Component;
use strowger::ra::{Driven, Protocol};

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a driver crate exports: `pub fn driver() -> DriverDef { DriverDef::of::<HttpDriver>() }`.
#[derive(Clone)]
pub struct DriverDef {
    /// The adaptor type whose driver it is.
    pub component: Component,
    serve: fn(Seat) -> Serving,
}

impl DriverDef {
    /// The definition of `D`.
    #[must_use]
    pub fn of<D: Driver>() -> Self {
        Self {
            component: <D::Protocol as Protocol>::TYPE,
            serve: |seat| Box::pin(serve::<D>(seat)),
        }
    }

    /// A driver's life in its seat, to its end. For nodes.
    pub fn serve(&self, seat: Seat) -> impl Future<Output = ()> + Send + use<> {
        (self.serve)(seat)
    }
}

impl fmt::Debug for DriverDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverDef")
            .field("component", &self.component)
            .finish_non_exhaustive()
    }
}

/// How long a driver may take for what it was told before its end.
const STOP_TIME: Duration = Duration::from_secs(5);

type SettingsOf<D> = <<D as Driver>::Protocol as Protocol>::Settings;
type DownOf<D> = <<D as Driver>::Protocol as Driven>::Down;

async fn serve<D: Driver>(mut seat: Seat) {
    let Some(settings) = settings_of::<D>(&seat.settings.borrow_and_update()) else {
        tracing::error!(adaptor = %seat.entity, "settings are of another type than the driver's");
        return;
    };
    let setup = Setup {
        entity: Arc::clone(&seat.entity),
        settings,
        listeners: std::mem::take(&mut seat.listeners),
        client: seat.client.take(),
        endpoint: Endpoint::new(seat.up, seat.bell, seat.meters),
    };
    let mut driver = match D::start(setup).await {
        Ok(driver) => driver,
        Err(error) => return (seat.started)(Err(error)),
    };
    (seat.started)(Ok(()));
    loop {
        tokio::select! {
            // What changes how messages are taken comes before them.
            biased;
            Ok(()) = seat.phase.changed() => {
                if *seat.phase.borrow_and_update() == Phase::Draining {
                    driver.drain().await;
                }
            }
            Ok(()) = seat.settings.changed() => {
                let changed = settings_of::<D>(&seat.settings.borrow_and_update());
                if let Some(settings) = changed {
                    driver.configure(&settings).await;
                }
            }
            message = seat.down.recv() => {
                let Some(message) = message else { break };
                match message.downcast::<DownOf<D>>() {
                    Ok(message) => driver.told(*message).await,
                    Err(_) => tracing::error!(adaptor = %seat.entity, "a message is of another type"),
                }
            }
        }
    }
    let adaptor = &seat.entity;
    if tokio::time::timeout(STOP_TIME, driver.stop())
        .await
        .is_err()
    {
        tracing::warn!(%adaptor, "the driver has not come to its end in time, and is cut off");
    }
}

fn settings_of<D: Driver>(any: &Arc<dyn Any + Send + Sync>) -> Option<Arc<SettingsOf<D>>> {
    Arc::clone(any).downcast().ok()
}
