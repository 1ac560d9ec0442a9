//! What an aggregate is named by in a call.

use std::borrow::Cow;

use super::key::StreamKey;

/// What names an aggregate whose ids are `Id`, in a call: `&id`, or a `&str` if the ids are `String`s.
///
/// ```
/// # use es_core::{Aggregate, Apply, MemoryStore, Repository, event};
/// # #[event(name = "account.opened")] pub struct Opened;
/// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Opened))]
/// # pub struct Account;
/// # impl Apply<Opened> for Account { fn apply(&mut self, _: Opened) {} }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let accounts = Repository::<Account, _>::new(MemoryStore::new());
/// let id = String::from("A-17");
/// assert_eq!(accounts.load(&id).await?.revision, accounts.load("A-17").await?.revision);
/// # Ok(()) }
/// ```
///
/// Ids of other types are only named by a reference to one, so that an account is not named by the id of a
/// customer. It cannot be implemented for other types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name an aggregate whose ids are `{Id}`",
    label = "not a `&{Id}`",
    note = "write `&id`, where `id` is a `{Id}`; text names an aggregate only if its ids are `String`s"
)]
pub trait IdRef<Id>: Copy + Send + sealed::Sealed<Id> {
    /// The text of the id, as [`StreamKey::to_key`] returns it.
    fn as_key(&self) -> Cow<'_, str>;
}

impl<Id: StreamKey> IdRef<Id> for &Id {
    fn as_key(&self) -> Cow<'_, str> {
        (*self).to_key()
    }
}

impl IdRef<String> for &str {
    fn as_key(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

mod sealed {
    use super::super::key::StreamKey;

    pub trait Sealed<Id> {}

    impl<Id: StreamKey> Sealed<Id> for &Id {}
    impl Sealed<String> for &str {}
}
