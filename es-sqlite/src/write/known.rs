//! The names in a file as its writer knows them, and the next numbers to assign.

use std::collections::HashMap;

use es_core::StoreError;
use es_core::shape::Fingerprint;
use es_core::store::Registration;
use sqlx::{Row as _, SqliteConnection};

use crate::error::Failure;
use crate::sql;

/// The number and fingerprint of an event type in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventType {
    pub(crate) id: i64,
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// What the writer caches of a file, as of a `data_version`, which changes whenever somebody else writes to
/// the file: if it has changed, the writer reads everything again, under its lock.
#[derive(Debug, Default)]
pub(crate) struct Known {
    as_of: Option<i64>,
    pub(crate) categories: HashMap<String, i64>,
    types: HashMap<String, HashMap<u32, EventType>>,
    commands: HashMap<String, i64>,
    /// The highest stream number.
    pub(crate) last_stream: i64,
    /// The highest position that was ever assigned.
    pub(crate) last_position: i64,
}

impl Known {
    /// Invalidates the cache, as after a transaction that was rolled back.
    pub(crate) fn forget(&mut self) {
        self.as_of = None;
    }

    /// The `data_version` that all of this is as of, unless it has to be read again.
    pub(crate) const fn version(&self) -> Option<i64> {
        self.as_of
    }

    /// Whether the cache is current; otherwise it must be read.
    pub(crate) fn is_as_of(&self, data_version: i64) -> bool {
        self.as_of == Some(data_version)
    }

    /// Reads everything, in a transaction in which `data_version` had this value.
    pub(crate) async fn read(
        &mut self,
        connection: &mut SqliteConnection,
        data_version: i64,
    ) -> Result<(), Failure> {
        let mut found = Self { as_of: Some(data_version), ..Self::default() };
        for row in sqlx::query(sql::KNOWN).fetch_all(connection).await? {
            let number: i64 = row.try_get(2)?;
            match row.try_get(0)? {
                0 => drop(found.categories.insert(row.try_get(1)?, number)),
                1 => {
                    let fingerprint = row.try_get::<Option<i64>, _>(4)?.map(Fingerprint::from_i64);
                    found.add_type(row.try_get(1)?, row.try_get(3)?, EventType { id: number, fingerprint });
                }
                2 => drop(found.commands.insert(row.try_get(1)?, number)),
                3 => found.last_stream = number,
                _ => found.last_position = number,
            }
        }
        *self = found;
        Ok(())
    }

    pub(crate) fn event_type(&self, name: &str, version: u32) -> Option<EventType> {
        self.types.get(name)?.get(&version).copied()
    }

    fn add_type(&mut self, name: String, version: u32, of: EventType) {
        self.types.entry(name).or_default().insert(version, of);
    }

    /// Whether all of these are registered already.
    ///
    /// # Errors
    ///
    /// [`StoreError::SchemaConflict`].
    pub(crate) fn has_all(&self, events: &[Registration]) -> Result<bool, StoreError> {
        let mut all = true;
        for &Registration { name, version, fingerprint, former, .. } in events {
            let known = self.event_type(name, version);
            let registered = known.and_then(|known| known.fingerprint);
            if let (Some(registered), Some(found)) = (registered, fingerprint)
                && registered != found
            {
                return Err(StoreError::SchemaConflict { name: name.into(), version, registered, found });
            }
            all &= if known.is_some() { registered.is_some() || fingerprint.is_none() } else { former };
        }
        Ok(all)
    }

    /// The one category that these names mean, and whether all of them mean it; `None` if none of them
    /// exists.
    ///
    /// # Errors
    ///
    /// [`StoreError::SplitCategory`].
    pub(crate) fn common_category<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Option<(i64, bool)>, StoreError> {
        let mut found: Option<(&str, i64)> = None;
        let mut all = true;
        for name in names {
            match (self.categories.get(name).copied(), found) {
                (Some(id), Some((other, of))) if id != of => {
                    return Err(StoreError::SplitCategory { name: name.to_owned(), other: other.to_owned() });
                }
                (Some(id), None) => found = Some((name, id)),
                (Some(_), Some(_)) => {}
                (None, _) => all = false,
            }
        }
        Ok(found.map(|(_, id)| (id, all)))
    }

    /// The number of a category, which is created if it does not exist.
    pub(crate) async fn category(
        &mut self,
        connection: &mut SqliteConnection,
        name: &str,
    ) -> Result<i64, Failure> {
        if let Some(id) = self.categories.get(name) {
            return Ok(*id);
        }
        let id: i64 = sqlx::query_scalar(sql::INSERT_CATEGORY).bind(name).fetch_one(&mut *connection).await?;
        self.name_category(connection, name, id).await?;
        Ok(id)
    }

    /// Adds a name to a category.
    pub(crate) async fn name_category(
        &mut self,
        connection: &mut SqliteConnection,
        name: &str,
        id: i64,
    ) -> Result<(), Failure> {
        sqlx::query(sql::INSERT_CATEGORY_NAME).bind(name).bind(id).execute(connection).await?;
        self.categories.insert(name.to_owned(), id);
        Ok(())
    }

    /// The number of an event type, which is created if it does not exist.
    pub(crate) async fn make_type(
        &mut self,
        connection: &mut SqliteConnection,
        name: &str,
        version: u32,
        fingerprint: Option<Fingerprint>,
    ) -> Result<i64, Failure> {
        if let Some(known) = self.event_type(name, version) {
            return Ok(known.id);
        }
        let id = sqlx::query_scalar(sql::INSERT_EVENT_TYPE)
            .bind(name)
            .bind(version)
            .bind(fingerprint.map(Fingerprint::to_i64))
            .fetch_one(connection)
            .await?;
        self.add_type(name.to_owned(), version, EventType { id, fingerprint });
        Ok(id)
    }

    /// Stores the fingerprint of a type that had none.
    pub(crate) async fn set_fingerprint(
        &mut self,
        connection: &mut SqliteConnection,
        (name, version, id): (&str, u32, i64),
        fingerprint: Fingerprint,
    ) -> Result<(), Failure> {
        sqlx::query(sql::SET_FINGERPRINT).bind(id).bind(fingerprint.to_i64()).execute(connection).await?;
        self.add_type(name.to_owned(), version, EventType { id, fingerprint: Some(fingerprint) });
        Ok(())
    }

    /// The number of a command's name, which is created if it does not exist.
    pub(crate) async fn command(
        &mut self,
        connection: &mut SqliteConnection,
        name: &str,
    ) -> Result<i64, Failure> {
        if let Some(id) = self.commands.get(name) {
            return Ok(*id);
        }
        let id = sqlx::query_scalar(sql::INSERT_COMMAND_NAME).bind(name).fetch_one(connection).await?;
        self.commands.insert(name.to_owned(), id);
        Ok(id)
    }
}
