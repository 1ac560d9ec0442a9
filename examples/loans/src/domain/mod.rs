//! What the bank knows: the application, its steps, the rules between them, and the events that remain.

mod application;
mod decisions;
mod desk;
mod events;
mod history;
mod money;
mod offer;
mod offers;
mod rejection;
mod stage;
mod step;
mod work_item;

pub use self::application::{Application, ApplicationEvent, ApplicationId};
pub use self::desk::Desk;
pub use self::events::*;
pub use self::money::{Cents, Currency, Euros};
pub use self::offer::Offer;
pub use self::offers::Offers;
pub use self::rejection::{Reason, Rejection};
pub use self::stage::{Bookings, Outcome, Stage};
pub use self::step::Step;
pub use self::work_item::{Priority, UnknownWorkItem, WorkItem};
