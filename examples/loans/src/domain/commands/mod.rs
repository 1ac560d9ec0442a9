//! The commands: one struct for each step of the process. Each yields the one event which says that the step
//! was taken, or is rejected with what stands in its way.

mod booking;
mod ending;
mod offers;
mod progress;
mod work;

pub use self::booking::{Activate, Approve, BookingRejected, Register};
pub use self::ending::{Cancel, Decline, EndRejected};
pub use self::offers::{
    AcceptOffer, CancelOffer, CreateOffer, DeclineOffer, OfferRejected, SelectOffer, SendOffer, TakeBackOffer,
};
pub use self::progress::{Accept, Finalise, PartlySubmit, PreAccept, Submit};
pub use self::work::{CompleteWork, ScheduleWork, StartWork, WorkRejected};
