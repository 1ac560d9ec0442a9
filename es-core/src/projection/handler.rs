//! Calls of a projection's own code.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::Projection;
use super::effects::Done;
use crate::record::BoxError;

/// Applies events to a model, for authors of runners. A panic in the projection is an error like any other.
///
/// # Errors
///
/// The projection's error.
pub async fn project<P: Projection>(
    projection: &P,
    events: &[P::Event],
    model: &mut P::Model,
) -> Result<(), BoxError> {
    awaited(projection.project_all(events, model)).await?.map_err(Into::into)
}

/// Runs the effects of events. A panic is an error of the first of them like any other: how many of them have
/// taken effect is unknown.
pub(super) async fn run_effects<P: Projection>(projection: &P, events: &[P::Event]) -> Done {
    awaited(projection.run_effects(events)).await.unwrap_or_else(|panic| Done::up_to(0, panic))
}

/// Creates an empty model, for authors of targets. A panic in the projection is an error like any other.
///
/// # Errors
///
/// The projection's error.
pub async fn set_up<P: Projection>(projection: &P, model: &mut P::Model) -> Result<(), BoxError> {
    awaited(projection.set_up(model)).await?.map_err(Into::into)
}

/// The result of user code, unless it panics.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, BoxError> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| panicked(&*panic))
}

/// The result of asynchronous user code, unless it panics.
pub(crate) async fn awaited<F: Future>(code: F) -> Result<F::Output, BoxError> {
    let mut code = pin!(code);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| code.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(panic) => Poll::Ready(Err(panicked(&*panic))),
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> BoxError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message")).into()
}
