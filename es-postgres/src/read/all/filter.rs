//! The statement of a page, depending on the reader's filter.

use es_core::store::{AllQuery, Filter};
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use crate::connect::names::Known;
use crate::connect::pool::Pool;
use crate::read::all::streams::KnownStream;

/// The number of positions that one statement searches for events that match a filter; at least the limit of
/// the page.
const SEARCHED_POSITIONS: usize = 100_000;

/// Whether the filter excludes anything.
pub(super) fn is_filtered(filter: &Filter) -> bool {
    *filter != Filter::new()
}

/// The statement of a page.
pub(super) fn statement(
    query: &AllQuery<'_>,
    pool: &Pool,
    known: &Known,
    safe: u64,
) -> Query<'static, Postgres, PgArguments> {
    let AllQuery { filter, limit, .. } = *query;
    let filtered = is_filtered(filter);
    let statement = if filtered { &pool.statements.read_some } else { &pool.statements.read_all };
    let call = statement
        .call()
        .bind(query.after.position().get().cast_signed())
        .bind(safe.cast_signed())
        .bind(bigint(limit));
    if !filtered {
        return call.bind(known.token());
    }
    let call = call.bind(category_names(filter)).bind(event_names(filter));
    call.bind(bigint(limit.max(SEARCHED_POSITIONS))).bind(known.token())
}

/// The name that a filter uses for the category of a stream, if it is not the first name.
pub(super) fn asked_name<'f>(filter: &'f Filter, known: &Known, stream: &KnownStream) -> Option<&'f str> {
    let first = stream.id.category();
    let asked = filter.categories.iter().find(|category| {
        category.has(first) || category.names().any(|name| known.category(name) == Some(stream.category))
    })?;
    (asked.name != first).then_some(&*asked.name)
}

fn category_names(filter: &Filter) -> Option<Vec<&str>> {
    let categories = &filter.categories;
    let names = categories.iter().flat_map(es_core::store::CategoryNames::names);
    (!categories.is_empty()).then(|| stored(names))
}

fn event_names(filter: &Filter) -> Option<Vec<&str>> {
    (!filter.events.is_empty()).then(|| stored(filter.events.iter().map(AsRef::as_ref)))
}

/// Nothing is stored under a name with a NUL character, which the database rejects in parameters.
fn stored<'f>(names: impl Iterator<Item = &'f str>) -> Vec<&'f str> {
    names.filter(|name| !name.contains('\0')).collect()
}

fn bigint(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
