//! Retrying dead letters.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use tracing::debug;

use crate::projection::{ProjectorError, Target};
use crate::reactor::{Effects, OnModel, ReactorRunner};
use crate::store::{EventStore, ReadAll};

/// The first and the longest wait between two attempts.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Retries dead letters until none is left.
pub(super) async fn retry_forever<E, S, T, M>(runner: &ReactorRunner<E, S, T, M>) -> Infallible
where
    E: Effects,
    S: ReadAll + EventStore + Clone + 'static,
    T: Target<OnModel<E, M>>,
    M: Send + 'static,
{
    let mut wait = WAITS.0;
    loop {
        tokio::time::sleep(wait).await;
        wait = match retry_once(runner).await {
            Ok(0) => WAITS.0,
            Ok(_) => (wait * 2).min(WAITS.1),
            Err(error) => {
                debug!(name = E::NAME, %error, "dead letters were not retried");
                (wait * 2).min(WAITS.1)
            }
        };
    }
}

/// Retries the dead letters of each stream once; returns how many are left.
pub(super) async fn retry_once<E, S, T, M>(
    runner: &ReactorRunner<E, S, T, M>,
) -> Result<usize, ProjectorError>
where
    E: Effects,
    S: ReadAll + EventStore + Clone + 'static,
    T: Target<OnModel<E, M>>,
    M: Send + 'static,
{
    let letters = match runner.dead_letters().await {
        Err(ProjectorError::NotSetUp { .. }) => return Ok(0),
        letters => letters?,
    };
    let streams: BTreeSet<_> = letters.into_iter().map(|letter| letter.stream).collect();
    let mut left = 0;
    for stream in streams {
        left += match runner.retry(&stream).await {
            Ok(retried) => retried.left,
            // The failure is transient.
            Err(ProjectorError::Failed(_)) => 1,
            Err(error) => return Err(error),
        };
    }
    Ok(left)
}
