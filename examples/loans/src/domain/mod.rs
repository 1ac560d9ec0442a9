//! What the bank knows: the application, what can be done with it, and the events that remain.
//!
//! Read it in this order:
//!
//! 1. `events`: what can happen to an application;
//! 2. `application`: the state that the events add up to, with its [`Stage`], [`Offers`] and [`Desk`];
//! 3. `commands`: what somebody can do, one struct for each step, and why it may be rejected.
//!
//! `history` holds the earlier versions of four events, which are only read.

mod application;
mod commands;
mod desk;
mod events;
mod history;
mod money;
mod offer;
mod offers;
mod stage;
mod work_item;

pub use self::application::{Application, ApplicationEvent, ApplicationId};
pub use self::commands::*;
pub use self::desk::{Desk, WrongWork};
pub use self::events::*;
pub use self::money::{Cents, Currency, Euros};
pub use self::offer::Offer;
pub use self::offers::{Offers, WrongOffer};
pub use self::stage::{Bookings, Outcome, Stage, WrongStage};
pub use self::work_item::{Priority, UnknownWorkItem, WorkItem};
