//! Values that only one may have: an e-mail address, the number of an order.
//!
//! [`Unique`] reserves and releases them in the append of a [transaction](crate::Repository::transaction).
//! Each value is a stream of its own, a [`Reservation`], whose events say who has it; its revision decides
//! which of two who want it is first, as for every other stream.

mod error;
mod events;
mod key;
mod reservation;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

pub use self::error::UniqueError;
pub use self::events::{Released, Reserved};
pub use self::reservation::{Reservation, ReservationEvent};

use self::key::Secret;
use self::reservation::{Release, Reserve};
use crate::error::{ExecuteError, StoreError};
use crate::model::Aggregate;
use crate::repository::{Repository, Transaction};
use crate::store::EventStore;
use crate::stream::{InvalidStreamId, StreamId, StreamKey};

/// Values of one kind, each of which has one owner at a time. `O` is the owner's id.
///
/// Reserved and released in a [transaction](Repository::transaction), together with the events that go with
/// it. All who reserve values of a kind use the same name, the same [secret](Self::with_secret), and write a
/// value in the same way: `Ann@Example.org` and `ann@example.org` are two.
///
/// The store keeps a hash of the value, never the value, as names of streams are stored forever.
/// `docs/transactions.md` says more about personal data.
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
/// # #[event(name = "customer.signed-up")] pub struct SignedUp {}
/// # #[derive(Aggregate, Default)] #[aggregate(name = "customer", id = u64, events(SignedUp))]
/// # pub struct Customer { signed_up: bool }
/// # impl Apply<SignedUp> for Customer { fn apply(&mut self, _: SignedUp) { self.signed_up = true; } }
/// # pub struct SignUp;
/// # impl Handle<SignUp> for Customer {
/// #     type Error = std::convert::Infallible;
/// #     fn handle(&self, _: &SignUp) -> Result<Events<Self>, Self::Error> { emit(SignedUp {}) }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use es_core::repository::TransactionOptions;
/// use es_core::unique::{Unique, UniqueError};
///
/// let store = MemoryStore::new();
/// let customers = Repository::<Customer, _>::new(store.clone());
/// let emails = Unique::<u64, _>::new(store, "email");
/// let sign_up = async |id: u64| {
///     let done = customers.transaction(TransactionOptions::new(), async |tx| {
///         emails.reserve(&tx, "ann@example.org", &id).await?;
///         tx.execute(&customers, &id, SignUp).await?;
///         Ok(())
///     });
///     done.await
/// };
/// sign_up(1).await?;
/// let error = sign_up(2).await.unwrap_err();
/// assert!(matches!(error.rejection(), Some(UniqueError::Taken { owner, .. }) if owner == "1"));
/// assert_eq!(emails.owner("ann@example.org").await?, Some(1));
/// # Ok(()) }
/// ```
pub struct Unique<O, S> {
    kind: Cow<'static, str>,
    secret: Option<Secret>,
    reservations: Repository<Reservation, S>,
    owner: PhantomData<fn() -> O>,
}

impl<O: StreamKey, S: EventStore + 'static> Unique<O, S> {
    /// The values of one kind, in the store of the transactions that reserve them.
    ///
    /// The name of the kind is part of what is stored: at most 190 bytes without control characters, and
    /// never changed. Another one is refused as [`StoreError::InvalidStreamId`] by the first call that needs
    /// it.
    #[must_use]
    pub fn new(store: S, kind: impl Into<Cow<'static, str>>) -> Self {
        let reservations = Repository::new(store);
        Self { kind: kind.into(), secret: None, reservations, owner: PhantomData }
    }

    /// The same values, hashed with a secret, so that nobody who reads the store finds out by trying whether
    /// a value is in it. At least 16 random bytes, kept outside of the store.
    ///
    /// Said from the first value on, and never changed: under another secret all values are free.
    ///
    /// ```
    /// use es_core::MemoryStore;
    /// use es_core::unique::Unique;
    ///
    /// # let secret = [7; 32];
    /// let emails = Unique::<u64, _>::new(MemoryStore::new(), "email").with_secret(secret);
    /// # drop(emails);
    /// ```
    #[must_use]
    pub fn with_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = Some(Secret::new(secret.as_ref()));
        self
    }

    /// Reserves a value. Nothing is written if the owner has it already; that it is so holds when the
    /// transaction is written.
    ///
    /// # Errors
    ///
    /// [`UniqueError::Taken`], which says who has it; those of [`Transaction::execute`].
    pub async fn reserve(
        &self,
        tx: &Transaction<S>,
        value: &str,
        owner: &O,
    ) -> Result<(), ExecuteError<UniqueError>> {
        let reserve = Reserve { kind: &self.kind, value, owner: &owner.to_key() };
        tx.execute(&self.reservations, &self.key(value), reserve).await.map(drop)
    }

    /// Releases a value, which anybody can reserve then.
    ///
    /// # Errors
    ///
    /// [`UniqueError::NotOwned`] if the owner does not have it; those of [`Transaction::execute`].
    pub async fn release(
        &self,
        tx: &Transaction<S>,
        value: &str,
        owner: &O,
    ) -> Result<(), ExecuteError<UniqueError>> {
        let release = Release { kind: &self.kind, value, owner: &owner.to_key() };
        tx.execute(&self.reservations, &self.key(value), release).await.map(drop)
    }

    /// Releases a value and reserves another one. Nothing is written if both are the same.
    ///
    /// # Errors
    ///
    /// As [`release`](Self::release) of `from` and [`reserve`](Self::reserve) of `to`.
    pub async fn change(
        &self,
        tx: &Transaction<S>,
        owner: &O,
        from: &str,
        to: &str,
    ) -> Result<(), ExecuteError<UniqueError>> {
        if from != to {
            self.release(tx, from, owner).await?;
            return self.reserve(tx, to, owner).await;
        }
        let release = Release { kind: &self.kind, value: from, owner: &owner.to_key() };
        let reservation = tx.load(&self.reservations, &self.key(from)).await?;
        reservation.check(&release).map_err(ExecuteError::Rejected)
    }

    /// Who has a value now. A transaction that is to rest on it calls [`reserve`](Self::reserve), which
    /// changes nothing for the owner.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidKey`] if the owner is not an `O`; others of the store.
    pub async fn owner(&self, value: &str) -> Result<Option<O>, StoreError> {
        let owner = self.reservations.load(&self.key(value)).await?.state.owner;
        Ok(owner.as_deref().map(O::from_key).transpose()?)
    }

    /// The stream of a value, in the category `unique`. Its key is the kind, `/`, and the SHA-256 of the
    /// value; with a secret, their HMAC-SHA-256.
    ///
    /// ```
    /// use es_core::MemoryStore;
    /// use es_core::unique::Unique;
    ///
    /// let orders = Unique::<u64, _>::new(MemoryStore::new(), "order");
    /// // As `printf 4711 | sha256sum` says.
    /// let hash = "de650d61f5bd166a91f8ccec3158297db18b9d50eaedca238cd29dc3a214a916";
    /// assert_eq!(orders.stream_id("4711")?.to_string(), format!("unique/order/{hash}"));
    /// # Ok::<(), es_core::stream::InvalidStreamId>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidStreamId`] if the name of the kind cannot be part of a key.
    pub fn stream_id(&self, value: &str) -> Result<StreamId, InvalidStreamId> {
        StreamId::new(Reservation::NAME, self.key(value))
    }

    fn key(&self, value: &str) -> String {
        key::of(&self.kind, value, self.secret.as_ref())
    }
}

impl<O, S> Clone for Unique<O, S> {
    fn clone(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            secret: self.secret.clone(),
            reservations: self.reservations.clone(),
            owner: PhantomData,
        }
    }
}

/// Without the secret.
impl<O, S> fmt::Debug for Unique<O, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unique").field("kind", &self.kind).finish_non_exhaustive()
    }
}
