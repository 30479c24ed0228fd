//! The resource adaptor of records: what services write down of calls and messages, for billing and for statistics.
//!
//! This half is sans-IO: it keeps records durably from the commit that wrote them until its driver has said where they are
//! safe. Files and their rotation are the driver's (`strowger-records-driver`), which only the node runs.
//! Not here: what is in a record, which is the service's business, and what is done with the files.
//!
//! **Invariant:** a record whose delivery has committed is told to the driver, over any number of restarts, until the driver
//! has it in its files, and where that is wanted offered to services until one has taken it; one whose delivery was rolled back
//! never is.

mod api;
pub mod driver;
mod ra;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use api::{Command, Offer, Offered, Record, RecordError, Records};
pub use ra::{FileSettings, OfferSettings, RecordsProtocol, Settings, View, adaptor, rfc3339};
