//! Unique values with one owner at a time, reserved and released together with other events.

use es_core::repository::{Transacted, Transaction, TransactionError, TransactionOptions};
use es_core::store::StreamRange;
use es_core::unique::{Reservation, ReservationEvent, Reserved, Unique, UniqueError};
use es_core::uuid::Uuid;
use es_core::{EventStore, Recorded, Repository, StoreError};

use crate::transactions::domain::{Bank, Failed, Move, Store, TooLittle, id};

pub(crate) const ANN: &str = "ann@example.org";
pub(crate) const BEN: &str = "ben@example.org";

/// One program: its bank, and the addresses of account owners.
pub(crate) struct Program<S> {
    pub(crate) bank: Bank<S>,
    pub(crate) emails: Unique<String, S>,
}

impl<S: EventStore + Clone + 'static> Program<S> {
    pub(crate) fn new(store: &S) -> Self {
        Self { bank: Bank::new(store), emails: Unique::new(store.clone(), "email") }
    }

    /// Deposits one cent for the owner of the address, and reserves it.
    pub(crate) async fn open(&self, key: &str, email: &str) -> Result<Transacted<()>, Failed> {
        let Self { bank, emails } = self;
        let open = async |tx: Transaction<_>| {
            emails.reserve(&tx, email, &id(key)).await?;
            tx.execute(&bank.accounts, &id(key), Move(1)).await?;
            Ok(())
        };
        bank.accounts.transaction(TransactionOptions::new(), open).await
    }

    pub(crate) async fn release(&self, key: &str, email: &str) -> Result<Transacted<()>, Failed> {
        let release = async |tx: Transaction<_>| Ok(self.emails.release(&tx, email, &id(key)).await?);
        self.bank.accounts.transaction(TransactionOptions::new(), release).await
    }

    pub(crate) async fn change(&self, key: &str, from: &str, to: &str) -> Result<Transacted<()>, Failed> {
        let change = async |tx: Transaction<_>| Ok(self.emails.change(&tx, &id(key), from, to).await?);
        self.bank.accounts.transaction(TransactionOptions::new(), change).await
    }

    pub(crate) async fn owner(&self, email: &str) -> Option<String> {
        self.emails.owner(email).await.expect("the store answers")
    }
}

pub(crate) fn taken(email: &str, owner: &str) -> UniqueError {
    let error = UniqueError::Taken { kind: "email".into(), value: email.into(), owner: owner.into() };
    assert_eq!(error.to_string(), format!("this `email` is taken: {owner:?} has it"));
    error
}

pub(crate) fn not_owned(email: &str, by: &str, owner: Option<&str>) -> UniqueError {
    let owner = owner.map(String::from);
    UniqueError::NotOwned { kind: "email".into(), value: email.into(), by: by.into(), owner }
}

fn refused(done: Result<Transacted<()>, TransactionError>) -> UniqueError {
    let error = done.expect_err("it is refused");
    error.rejection::<UniqueError>().unwrap_or_else(|| panic!("{error}")).clone()
}

pub(crate) async fn a_value_has_one_owner(store: impl Store) {
    let program = Program::new(&store);
    let done = program.open("a", ANN).await.expect("it is free");
    assert_eq!(done.streams.len(), 2);
    let again = program.open("a", ANN).await.expect("it is its own");
    assert_eq!(again.streams.len(), 1, "it is reserved already");
    assert_eq!(refused(program.open("b", ANN).await), taken(ANN, "a"));
    assert_eq!((program.bank.revision("a").await, program.bank.revision("b").await), (2, 0));
    program.open("b", BEN).await.expect("another value");
    assert_eq!((program.owner(ANN).await, program.owner(BEN).await), (Some(id("a")), Some(id("b"))));
    assert_eq!(program.owner("nobody@example.org").await, None);
    // Another kind has its own values, even with an equal value.
    for kind in ["phone", "email/", ""] {
        let other = Program { emails: Unique::new(store.clone(), kind), bank: Bank::new(&store) };
        other.open("b", ANN).await.expect("it is free");
    }
    // Two values in one transaction are independent.
    let both = async |tx: Transaction<_>| {
        program.emails.reserve(&tx, "c@example.org", &id("c")).await?;
        program.emails.reserve(&tx, "c@example.org", &id("d")).await?;
        Ok(())
    };
    let both = program.bank.accounts.transaction(TransactionOptions::new(), both).await;
    assert_eq!(refused(both), taken("c@example.org", "c"));
    assert_eq!(program.owner("c@example.org").await, None);
}

pub(crate) async fn only_its_owner_releases_a_value(store: impl Store) {
    let program = Program::new(&store);
    program.open("a", ANN).await.expect("it is free");
    let error = refused(program.release("b", ANN).await);
    assert_eq!(error, not_owned(ANN, "b", Some("a")));
    assert_eq!(error.to_string(), r#""b" cannot release this `email`: "a" has it"#);
    program.release("a", ANN).await.expect("it is its own");
    assert_eq!(program.owner(ANN).await, None);
    let error = refused(program.release("a", ANN).await);
    assert_eq!(error, not_owned(ANN, "a", None));
    assert_eq!(error.to_string(), r#""a" cannot release this `email`: nobody has it"#);
    // Other programs, which have no cached state, see the same.
    Program::new(&store).open("b", ANN).await.expect("it is free again");
    assert_eq!(refused(program.open("a", ANN).await), taken(ANN, "b"));
}

pub(crate) async fn a_change_is_one_append(store: impl Store) {
    let program = Program::new(&store);
    program.open("a", ANN).await.expect("it is free");
    let done = program.change("a", ANN, "ann@example.com").await.expect("both are its own");
    assert_eq!(done.streams.len(), 2);
    assert_eq!((program.owner(ANN).await, program.owner("ann@example.com").await), (None, Some(id("a"))));
    // A rejected change changes nothing.
    program.open("b", BEN).await.expect("it is free");
    assert_eq!(refused(program.change("a", "ann@example.com", BEN).await), taken(BEN, "b"));
    assert_eq!(refused(program.change("a", BEN, ANN).await), not_owned(BEN, "a", Some("b")));
    assert_eq!(program.owner("ann@example.com").await, Some(id("a")));
    assert_eq!((program.owner(ANN).await, program.owner(BEN).await), (None, Some(id("b"))));
    // A change to the same value does nothing, but still requires the owner.
    assert_eq!(program.change("b", BEN, BEN).await.expect("its own").streams, []);
    assert_eq!(refused(program.change("a", BEN, BEN).await), not_owned(BEN, "a", Some("b")));
    assert_eq!(refused(program.change("a", ANN, ANN).await), not_owned(ANN, "a", None));
}

pub(crate) async fn what_is_not_written_reserves_nothing(store: impl Store) {
    let program = Program::new(&store);
    let spend = async |tx: Transaction<_>| {
        program.emails.reserve(&tx, ANN, &id("a")).await?;
        tx.execute(&program.bank.accounts, &id("a"), Move(-1)).await?;
        Ok(())
    };
    let error = program.bank.accounts.transaction(TransactionOptions::new(), spend).await;
    assert_eq!(error.expect_err("too little").rejection(), Some(&TooLittle(0)));
    assert_eq!(program.owner(ANN).await, None);
    program.open("b", ANN).await.expect("it is free");
}

/// Repeating a transaction that reserved a value returns the same again, even after another owner has
/// reserved it.
pub(crate) async fn a_repetition_reserves_nothing_again(store: impl Store) {
    let command = Uuid::now_v7();
    let send = async || {
        let Program { bank, emails } = Program::new(&store);
        let reserve = async |tx: Transaction<_>| Ok(emails.reserve(&tx, ANN, &id("a")).await?);
        bank.accounts.transaction(TransactionOptions::new().command_id(command), reserve).await
    };
    assert!(!send().await.expect("it is free").repeated);
    let program = Program::new(&store);
    program.release("a", ANN).await.expect("its own");
    program.open("b", ANN).await.expect("it is free");
    assert!(send().await.expect("the first outcome").repeated);
    assert_eq!(program.owner(ANN).await, Some(id("b")));
}

/// The stored text has another length and other characters than the value.
pub(crate) async fn any_text_is_a_value_and_is_never_stored_itself(store: impl Store) {
    let bank = Bank::new(&store);
    let plain = || Unique::<String, _>::new(store.clone(), "name");
    let other = Unique::<String, _>::new(store.clone(), "name").with_secret("of another store");
    let secret = || Unique::<String, _>::new(store.clone(), "name").with_secret("of this store only");
    let (long, longer) = ("x".repeat(300), "x".repeat(301));
    for (emails, by) in [(plain(), "plain"), (secret(), "secret")] {
        for (nth, value) in ["", "a/b", "line\nbreak", "\0", &long, &longer].into_iter().enumerate() {
            let program = Program { emails: emails.clone(), bank: bank.clone() };
            let key = format!("{by} {nth}");
            program.open(&key, value).await.expect("it is free");
            assert_eq!(program.owner(value).await, Some(key));
            let stream = emails.stream_id(value).expect("a stream");
            assert_eq!((stream.category(), stream.key().len()), ("unique", "name/".len() + 64));
        }
    }
    // With another secret, all values are free.
    assert_ne!(secret().stream_id("").ok(), plain().stream_id("").ok());
    assert_ne!(secret().stream_id("").ok(), other.stream_id("").ok());
    assert_eq!(other.owner("").await.expect("the store answers"), None);
    assert!(!format!("{other:?}").contains("another"), "{other:?}");

    let unfit = Unique::<String, _>::new(store.clone(), "line\nbreak").owner("value").await;
    assert!(matches!(unfit, Err(StoreError::InvalidStreamId(_))), "{unfit:?}");
    Unique::<String, _>::new(store.clone(), "x".repeat(190)).owner("value").await.expect("it fits");
    let unfit = Unique::<String, _>::new(store, "x".repeat(191)).owner("value").await;
    assert!(matches!(unfit, Err(StoreError::InvalidStreamId(_))), "{unfit:?}");
}

/// Ids of owners are typed, and a reservation can be read like any aggregate.
pub(crate) async fn former_owners_of_a_value_can_be_read(store: impl Store) {
    let bank = Bank::new(&store);
    let orders = Unique::<u64, _>::new(store.clone(), "order");
    for owner in [7, 8] {
        let reserve = async |tx: Transaction<_>| Ok(orders.reserve(&tx, "4711", &owner).await?);
        bank.accounts.transaction(TransactionOptions::new(), reserve).await.expect("it is free");
        if owner == 7 {
            let release = async |tx: Transaction<_>| Ok(orders.release(&tx, "4711", &7).await?);
            bank.accounts.transaction(TransactionOptions::new(), release).await.expect("its own");
        }
    }
    assert_eq!(orders.owner("4711").await.expect("the store answers"), Some(8));
    let named = Unique::<String, _>::new(store.clone(), "name");
    let reserve = async |tx: Transaction<_>| Ok(named.reserve(&tx, "x", &id("seven")).await?);
    bank.accounts.transaction(TransactionOptions::new(), reserve).await.expect("it is free");
    let error = Unique::<u64, _>::new(store.clone(), "name").owner("x").await.expect_err("no number");
    assert!(matches!(&error, StoreError::InvalidKey(_)), "{error}");

    let mut owners = Vec::new();
    let take = |recorded: Recorded<ReservationEvent>| {
        owners.push(match recorded.event {
            ReservationEvent::Reserved(Reserved { owner, .. }) => Some(owner),
            ReservationEvent::Released(_) => None,
        });
        Ok(())
    };
    let stream = orders.stream_id("4711").expect("a stream");
    let reservations = Repository::<Reservation, _>::new(store);
    reservations.history(&stream.key().to_owned(), StreamRange::ALL, take).await.expect("a history");
    assert_eq!(owners, [Some(id("7")), None, Some(id("8"))]);
}
