//! The ids of names in stored rows: which ones a program knows, and how it reads the others.

use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use es_core::StoreError;
use es_core::shape::Fingerprint;
use es_core::store::Registration;
use foldhash::HashMap;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::connect::columns::{ONLY, names, register_events};
use crate::connect::failure::{CallError, Failure, unexpected};
use crate::connect::statements::Statements;
use crate::latch::{hold, hold_to_read, hold_to_write};

/// A name and a version of an event.
pub(crate) type TypeName = (Arc<str>, u32);

/// The names that were read last. Each statement that uses them checks whether the database still gives them
/// the same ids.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: RwLock<Arc<Known>>,
    /// The program's registrations and renames, applied to every database that its store connects to.
    declarations: Mutex<Vec<Declaration>>,
}

/// The names of one category: the current one, and former ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rename {
    pub(crate) name: String,
    pub(crate) was: Vec<String>,
}

/// The events of an aggregate that this program writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered(Vec<Registration>);

impl From<&[Registration]> for Registered {
    fn from(events: &[Registration]) -> Self {
        Self(events.to_vec())
    }
}

/// A registration or rename. It is applied to every database that a store connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declaration {
    Rename(Rename),
    Events(Registered),
}

impl Declaration {
    pub(crate) fn names_event(&self, name: &str, version: u32) -> bool {
        match self {
            Self::Rename(_) => false,
            Self::Events(Registered(events)) => {
                events.iter().any(|event| event.name == name && event.version == version)
            }
        }
    }
}

/// The names of a database at one moment.
#[derive(Debug, Default, Clone)]
pub(crate) struct Known {
    /// The token of the last registration at that moment. While the database has it, all of these names are
    /// valid.
    token: Option<Uuid>,
    /// Where the row of that registration is: its `ctid`.
    registration: Option<Box<str>>,
    categories: HashMap<Box<str>, i32>,
    /// The first name of each category.
    category_names: HashMap<i32, Box<str>>,
    type_ids: HashMap<Box<str>, Vec<(u32, i32)>>,
    /// The type with id `n` is at index `n - 1`.
    types: Vec<TypeName>,
    /// In the same order.
    fingerprints: Vec<Option<Fingerprint>>,
}

impl Known {
    pub(crate) const fn token(&self) -> Option<Uuid> {
        self.token
    }

    pub(crate) fn registration(&self) -> Option<&str> {
        self.registration.as_deref()
    }

    pub(crate) fn category(&self, name: &str) -> Option<i32> {
        self.categories.get(name).copied()
    }

    pub(crate) fn category_name(&self, id: i32) -> Option<&str> {
        self.category_names.get(&id).map(AsRef::as_ref)
    }

    /// The highest known category id.
    pub(crate) fn last_category(&self) -> i32 {
        // The ids are contiguous.
        i32::try_from(self.category_names.len()).unwrap_or(i32::MAX)
    }

    pub(crate) fn type_id(&self, name: &str, version: u32) -> Option<i32> {
        let versions = self.type_ids.get(name)?;
        versions.iter().find(|(known, _)| *known == version).map(|(_, id)| *id)
    }

    pub(crate) fn event_type(&self, id: i32) -> Option<&TypeName> {
        self.types.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// The id of the last known event type.
    pub(crate) fn last_type(&self) -> i32 {
        i32::try_from(self.types.len()).unwrap_or(i32::MAX)
    }

    /// Whether the database has this already; if so, it keeps it.
    pub(crate) fn has(&self, declaration: &Declaration) -> bool {
        match declaration {
            Declaration::Rename(rename) => {
                let id = self.category(&rename.name);
                id.is_some() && rename.was.iter().all(|was| self.category(was) == id)
            }
            Declaration::Events(Registered(events)) => events.iter().all(|event| {
                let id = self.type_id(event.name, event.version);
                let at = id.and_then(|id| usize::try_from(id).ok()?.checked_sub(1));
                match at.and_then(|at| self.fingerprints.get(at)) {
                    Some(known) => event.fingerprint.is_none() || *known == event.fingerprint,
                    None => event.former,
                }
            }),
        }
    }
}

impl Names {
    pub(crate) fn known(&self) -> Arc<Known> {
        Arc::clone(&hold_to_read(&self.known))
    }

    /// Stores what a connection has read as current. If another one has read more in the meantime, or a later
    /// history, the next statement that lacks a name reads again.
    pub(crate) fn learn(&self, found: Known) -> Arc<Known> {
        let found = Arc::new(found);
        *hold_to_write(&self.known) = Arc::clone(&found);
        found
    }

    /// Reads all names again.
    pub(crate) async fn refresh(
        &self,
        connection: &mut PgConnection,
        statements: &Statements,
    ) -> Result<Arc<Known>, Failure> {
        Ok(self.learn(read(connection, statements).await?))
    }

    /// Applies the program's registrations and renames to a database, and reads its names.
    pub(crate) async fn agree(
        &self,
        connection: &mut PgConnection,
        statements: &Statements,
    ) -> Result<Arc<Known>, CallError> {
        let mut found = read(connection, statements).await?;
        let declarations = self.declarations().clone();
        for declaration in declarations {
            if !found.has(&declaration) {
                found = apply(connection, statements, &declaration).await?;
            }
        }
        Ok(self.learn(found))
    }

    /// Whether this program has registered an event, under its current name or a former one.
    pub(crate) fn has_registered(&self, name: &str, version: u32) -> bool {
        self.declarations().iter().any(|declaration| declaration.names_event(name, version))
    }

    /// Records it, so that it is applied on later connections, too.
    pub(crate) fn remember(&self, declaration: Declaration) {
        let mut all = self.declarations();
        if !all.contains(&declaration) {
            all.push(declaration);
        }
    }

    fn declarations(&self) -> MutexGuard<'_, Vec<Declaration>> {
        hold(&self.declarations)
    }
}

/// The error of a category id that is not in `categories`.
pub(crate) fn no_category(id: i32) -> StoreError {
    unexpected(format!("category {id} is not in categories"))
}

/// Reads all names.
pub(crate) async fn read(connection: &mut PgConnection, statements: &Statements) -> Result<Known, Failure> {
    let mut known = Known::default();
    for row in statements.names.ask().fetch_all(connection).await? {
        let (kind, id): (&str, i32) = (row.try_get(names::KIND)?, row.try_get(names::ID)?);
        let (name, version): (&str, i32) = (row.try_get(names::NAME)?, row.try_get(names::VERSION)?);
        if kind == "token" {
            known.token = name.parse().ok();
            known.registration = row.try_get(names::ADDRESS)?;
        } else if kind == "category" {
            known.categories.insert(name.into(), id);
            if version == 0 {
                known.category_names.insert(id, name.into());
            }
        } else {
            let version = version.unsigned_abs();
            known.type_ids.entry(name.into()).or_default().push((version, id));
            known.types.push((name.into(), version));
            let fingerprint: Option<i64> = row.try_get(names::FINGERPRINT)?;
            known.fingerprints.push(fingerprint.map(Fingerprint::from_i64));
            if known.last_type() != id {
                return Err(Failure::Client(format!(
                    "event type {id} ({name}) is not the next one in event_types"
                )));
            }
        }
    }
    Ok(known)
}

/// Assigns ids to new names, and reads all names again.
pub(crate) async fn register(
    connection: &mut PgConnection,
    statements: &Statements,
    categories: &[&str],
    types: &[(&str, u32)],
) -> Result<Known, Failure> {
    let names: Vec<&str> = types.iter().map(|(name, _)| *name).collect();
    let versions: Vec<i32> = types.iter().map(|(_, version)| version.cast_signed()).collect();
    statements
        .register_names
        .call()
        .bind(categories)
        .bind(names)
        .bind(versions)
        .execute(&mut *connection)
        .await?;
    read(connection, statements).await
}

/// Applies a registration or rename to the database, and reads all names again; or returns why it was
/// refused.
pub(crate) async fn apply(
    connection: &mut PgConnection,
    statements: &Statements,
    declaration: &Declaration,
) -> Result<Known, CallError> {
    let refused = match declaration {
        Declaration::Rename(names) => rename(connection, statements, names).await?,
        Declaration::Events(events) => register_events(connection, statements, events).await?,
    };
    match refused {
        Some(error) => Err(CallError::Refused(error)),
        None => Ok(read(connection, statements).await?),
    }
}

async fn rename(
    connection: &mut PgConnection,
    statements: &Statements,
    rename: &Rename,
) -> Result<Option<StoreError>, Failure> {
    let call = statements.rename_category.call().bind(&rename.name).bind(&rename.was);
    let split: Option<Vec<String>> = call.fetch_one(&mut *connection).await?.try_get(ONLY)?;
    match split {
        // Which categories they belong to, in any order.
        Some(_) => Ok(Some(split_category(&read(connection, statements).await?, rename))),
        None => Ok(None),
    }
}

/// The error of names that belong to two categories.
fn split_category(known: &Known, Rename { name, was }: &Rename) -> StoreError {
    let mut names = was.iter().chain([name]).filter_map(|name| Some((name, known.category(name)?)));
    let (other, id) = names.next().unwrap_or((name, 0));
    let (name, _) = names.find(|(_, another)| *another != id).unwrap_or((name, 0));
    StoreError::SplitCategory { name: name.clone(), other: other.clone() }
}

async fn register_events(
    connection: &mut PgConnection,
    statements: &Statements,
    Registered(events): &Registered,
) -> Result<Option<StoreError>, Failure> {
    let names: Vec<&str> = events.iter().map(|event| event.name).collect();
    let versions: Vec<i32> = events.iter().map(|event| event.version.cast_signed()).collect();
    let fingerprints: Vec<Option<i64>> =
        events.iter().map(|event| event.fingerprint.map(Fingerprint::to_i64)).collect();
    let former: Vec<bool> = events.iter().map(|event| event.former).collect();
    let call = statements.register_events.call().bind(names).bind(versions).bind(fingerprints).bind(former);
    let Some(conflict) = call.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(StoreError::SchemaConflict {
        name: conflict.try_get(register_events::NAME)?,
        version: conflict.try_get::<i32, _>(register_events::VERSION)?.cast_unsigned(),
        registered: Fingerprint::from_i64(conflict.try_get(register_events::REGISTERED)?),
        found: Fingerprint::from_i64(conflict.try_get(register_events::FOUND)?),
    }))
}
