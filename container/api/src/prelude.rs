//! Everything that a service's source file usually needs: `use strowger::prelude::*;`.

pub use crate::activity::{
    Aci, Activity, Handle, NullActivity, ProfileTableActivity, ServiceActivity,
};
pub use crate::address::{Address, AddressPlan};
pub use crate::alarm::{Alarm, Severity};
pub use crate::attribute::Attribute;
pub use crate::child::Child;
pub use crate::context::Cx;
pub use crate::error::{Error, OpError, Result};
pub use crate::event::{ActivityEnd, Event, EventContext, FireOptions, ServiceStarted};
pub use crate::id::{ActivityId, EntityId, TimerId};
pub use crate::initial::Selector;
pub use crate::param::{Conf, Ra};
pub use crate::profile::{
    Field, Held, Invalid, Profile, ProfileAdded, ProfileRemoved, ProfileUpdated, Query, Table,
};
pub use crate::sbb::{RolledBack, Sbb};
pub use crate::service::ServiceDef;
pub use crate::state::{Migrate, State};
pub use crate::time::{hours, millis, minutes, secs};
pub use crate::timer::{PreserveMissed, Timer, TimerOptions, TimerTag};
pub use crate::tracer::{Level, Tracer};
pub use crate::usage::{Counter, Sample, Usage, UsageSet};
pub use std::time::Duration;
pub use strowger_macros::{Event, Profile, State, Usage, on, sbb};
