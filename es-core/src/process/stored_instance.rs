//! The contents of an instance's snapshots: the user's state as in its own snapshots, and the timers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::timing::Pending;
use crate::codec::{Payload, read_json, write_json};
use crate::model::{Aggregate, Snapshots};
use crate::record::PayloadError;

/// Makes the fingerprint differ from that of the state alone. Another format of [`StoredInstance`] gets
/// another number.
pub(super) const FORM: &str = "process instance 1";

#[derive(Serialize, Deserialize)]
pub(super) struct StoredInstance {
    pub(super) finished: bool,
    pub(super) timers: BTreeMap<String, Pending>,
    /// JSON.
    pub(super) process: String,
}

/// The state of a process as JSON.
pub(super) fn state<P: Aggregate>(process: &P) -> Result<String, PayloadError> {
    let mut state = Payload::new();
    own::<P>()?.encode(process, &mut state)?;
    String::from_utf8(state.into_vec()).map_err(|_| PayloadError::another_value())
}

impl StoredInstance {
    pub(super) fn write(&self, out: &mut Payload) -> Result<(), PayloadError> {
        write_json(self, out).map_err(|error| PayloadError::from(&error))
    }

    pub(super) fn read(json: &[u8]) -> Result<Self, PayloadError> {
        read_json(json).map_err(|error| PayloadError::from(&error))
    }

    /// The state of the process.
    pub(super) fn process<P: Aggregate>(&self) -> Result<P, PayloadError> {
        own::<P>()?.decode(self.process.as_bytes())
    }
}

fn own<P: Aggregate>() -> Result<Snapshots<P>, PayloadError> {
    P::snapshots().ok_or_else(PayloadError::another_value)
}
