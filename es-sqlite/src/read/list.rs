//! Lists streams.

use es_core::store::{ListQuery, StreamSummary};
use es_core::{Revision, StoreError, StreamId};
use sqlx::SqliteConnection;

use super::row::get;
use crate::error::Failure;
use crate::sql;

pub(crate) async fn list(
    connection: &mut SqliteConnection,
    query: ListQuery<'_>,
) -> Result<Vec<StreamSummary>, StoreError> {
    let ListQuery { category, prefix, after, limit, .. } = query;
    let rows = sqlx::query(sql::LIST)
        .bind(category)
        .bind(prefix)
        .bind(after_all(prefix))
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(Failure::from)?;
    let summary = |row| {
        let revision: i64 = get(row, 2)?;
        let stream = StreamId::new(category, get::<&str>(row, 0)?)?;
        Ok(StreamSummary::new(stream, Revision::new(revision.cast_unsigned())).closed(get(row, 1)?))
    };
    rows.iter().map(summary).collect()
}

/// The lowest text that is greater than all that begin with the prefix; `None` if there is none. Bytes of
/// UTF-8 sort like the characters.
fn after_all(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_after_a_prefix_increments_its_last_character() {
        assert_eq!(after_all("a1").as_deref(), Some("a2"));
        assert_eq!(after_all("\u{d7ff}").as_deref(), Some("\u{e000}"), "surrogates are not characters");
        assert_eq!(after_all("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_all("\u{10ffff}"), None);
        assert_eq!(after_all(""), None);
    }
}
