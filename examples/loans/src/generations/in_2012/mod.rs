//! The program of 2012: the second version of the four events, which replaced the program of 2011 while that
//! ran on.
//!
//! It was built twice, and this is all that the two builds differ in: the first one, [`rollout`], still
//! writes what the program of 2011 can read. When that had gone, [`switched`] took its place.
//! `docs/rolling-deploys.md` tells the story.
//!
//! A real code base holds one of them at a time, as plain structs. Here both come from one macro, as they run
//! in one test.

mod application;
mod events;

/// The first build: `write_as = 1`.
pub mod rollout {
    super::events::events!(write_as = 1);
    super::application::application!();
}

/// The second build, with nothing but `write_as = 1` taken out.
pub mod switched {
    super::events::events!();
    super::application::application!();
}
