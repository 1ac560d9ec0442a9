//! The names of categories and events.

use std::collections::HashMap;

use es_core::StoreError;
use es_core::shape::Fingerprint;
use es_core::store::{StoredCategory, StoredEventType, StoredNames};
use sqlx::SqliteConnection;

use crate::error::Failure;
use crate::read::row::get;
use crate::sql;

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<StoredNames, Failure> {
    let mut categories: Vec<(i64, String, Vec<String>)> = Vec::new();
    let mut events = Vec::new();
    for row in &sqlx::query(sql::EXPORT_NAMES).fetch_all(connection).await? {
        let (kind, id, name): (i64, i64, String) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        match categories.last_mut() {
            _ if kind == 1 => {
                let print = get::<Option<i64>>(row, 4)?.map(Fingerprint::from_i64);
                events.push(StoredEventType::new(name, get(row, 3)?, print));
            }
            Some((last, _, aliases)) if *last == id => aliases.push(name),
            _ => categories.push((id, name, Vec::new())),
        }
    }
    let categories = categories.into_iter().map(|(_, name, aliases)| StoredCategory::new(name, aliases));
    Ok(StoredNames::new(categories.collect(), events))
}

/// Compares all names first, so that a rejected import changes nothing.
pub(super) async fn write(connection: &mut SqliteConnection, names: &StoredNames) -> Result<(), StoreError> {
    let there = read(connection).await?;
    let mut known = HashMap::new();
    for (at, category) in there.categories.iter().enumerate() {
        known.extend(all(category).map(|name| (name, at)));
    }
    for category in &names.categories {
        let mut found = all(category).filter_map(|name| Some((name, *known.get(name)?)));
        if let Some((other, at)) = found.next()
            && let Some((name, _)) = found.find(|(_, of)| *of != at)
        {
            return Err(StoreError::SplitCategory { name: name.to_owned(), other: other.to_owned() });
        }
    }
    let prints: HashMap<(&str, u32), Option<Fingerprint>> =
        there.events.iter().map(|event| ((&*event.name, event.version), event.fingerprint)).collect();
    for event in &names.events {
        let registered = prints.get(&(&*event.name, event.version)).copied().flatten();
        if let (Some(registered), Some(found)) = (registered, event.fingerprint)
            && registered != found
        {
            let (name, version) = (event.name.clone(), event.version);
            return Err(StoreError::SchemaConflict { name, version, registered, found });
        }
    }
    Ok(add(connection, names).await?)
}

async fn add(connection: &mut SqliteConnection, names: &StoredNames) -> Result<(), Failure> {
    for category in &names.categories {
        let mut id: Option<i64> = None;
        for name in all(category) {
            let found = sqlx::query_scalar(sql::FIND_CATEGORY).bind(name);
            id = id.or(found.fetch_optional(&mut *connection).await?);
        }
        let id = match id {
            Some(id) => id,
            None => {
                let made = sqlx::query_scalar(sql::INSERT_CATEGORY).bind(&category.name);
                made.fetch_one(&mut *connection).await?
            }
        };
        for name in all(category) {
            sqlx::query(sql::IMPORT_CATEGORY_NAME).bind(name).bind(id).execute(&mut *connection).await?;
        }
    }
    for event in &names.events {
        sqlx::query(sql::IMPORT_EVENT_TYPE)
            .bind(&event.name)
            .bind(event.version)
            .bind(event.fingerprint.map(Fingerprint::to_i64))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The names of a category, starting with the first.
fn all(category: &StoredCategory) -> impl Iterator<Item = &str> {
    std::iter::once(&*category.name).chain(category.aliases.iter().map(String::as_str))
}
