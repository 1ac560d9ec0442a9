//! What is stored of an event: its envelope, its place, and why reading or writing it can fail.

mod decode;
mod encode;
mod envelope;
mod event_type;
mod handled;
mod metadata;
mod new;
mod payload_error;
mod place;
mod raw;
mod recorded;
mod stored_time;

pub use self::decode::{DecodeError, DecodeProblem};
pub(crate) use self::decode::{failed_step, misfit, unreachable_version};
pub use self::encode::{BoxError, EncodeError};
pub use self::envelope::Envelope;
pub use self::event_type::EventType;
pub(crate) use self::handled::Handled;
pub use self::metadata::{Metadata, TRACEPARENT};
pub use self::new::NewEvent;
pub use self::payload_error::PayloadError;
pub use self::place::EventPlace;
pub use self::raw::RawEvent;
pub use self::recorded::Recorded;
pub use self::stored_time::{stored_now, stored_time};
