//! A projector, whichever projection it runs and wherever it keeps the model.

use std::fmt;

use async_trait::async_trait;
use es_core::projection::{Projection, ProjectionStatus, Projector, ProjectorError, Target};
use es_core::store::ReadAll;

/// What is asked of the projector of any read model.
#[async_trait]
pub(super) trait Running: fmt::Debug + Send + Sync {
    /// The name of the read model.
    fn name(&self) -> &'static str;

    /// Projects all events, and then each that comes.
    async fn run(&self) -> Result<(), ProjectorError>;

    /// Projects all events that are there.
    async fn catch_up(&self) -> Result<(), ProjectorError>;

    /// How far it has come.
    async fn status(&self) -> Result<ProjectionStatus, ProjectorError>;
}

#[async_trait]
impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Running for Projector<P, S, T> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    async fn run(&self) -> Result<(), ProjectorError> {
        self.run().await
    }

    async fn catch_up(&self) -> Result<(), ProjectorError> {
        self.catch_up().await
    }

    async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        self.status().await
    }
}
