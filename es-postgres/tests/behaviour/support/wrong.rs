//! Inconsistencies of a store.

use sqlx::{AssertSqlSafe, PgConnection};

/// One line for each inconsistency in a store.
const WRONG: &str = r"
    SELECT string_agg(w.what, ', ') FROM (
        SELECT 'stream ' || s.id || ' is not whole' FROM es.streams s LEFT JOIN es.events e ON e.stream = s.id
        GROUP BY s.id
        HAVING count(e.stream) <> s.revision OR min(e.revision) <> 1 OR max(e.revision) <> s.revision
            OR s.head_event_id IS DISTINCT FROM (SELECT l.event_id FROM es.events l WHERE l.stream = s.id AND l.revision = s.revision)
        UNION ALL SELECT 'an event of no stream' FROM es.events e WHERE e.stream NOT IN (SELECT id FROM es.streams)
        UNION ALL SELECT 'an event of no type' FROM es.events e WHERE e.type NOT IN (SELECT id FROM es.event_types)
        UNION ALL SELECT 'a time that nobody can read' FROM es.events e
        WHERE e.occurred_at NOT BETWEEN '4714-11-24 00:00:00+00 BC' AND '9999-12-31 23:59:59.999999+00'
        UNION ALL SELECT 'a stream of no category' FROM es.streams s WHERE s.category NOT IN (SELECT id FROM es.categories)
        UNION ALL SELECT 'a key that is none' FROM es.streams s
        WHERE octet_length(s.key) NOT BETWEEN 1 AND 255 OR s.key ~ '[\u0001-\u001f\u007f-\u009f]'
        UNION ALL SELECT 'a category that is none' FROM es.categories c
        WHERE octet_length(c.name) NOT BETWEEN 1 AND 255 OR c.name ~ '[\u0001-\u001f\u007f-\u009f]'
        UNION ALL SELECT 'an event type that is none' FROM es.event_types t WHERE t.name = '' OR t.version < 1
        UNION ALL SELECT 'a command without its events' FROM es.commands c LEFT JOIN es.streams s ON s.id = c.stream
        WHERE (c.first_revision >= 1 AND c.event_count >= 1 AND c.first_revision + c.event_count - 1 <= s.revision) IS NOT TRUE
        UNION ALL SELECT 'a decision on no category' FROM es.decisions d WHERE d.category NOT IN (SELECT id FROM es.categories)
        UNION ALL SELECT 'a snapshot beyond its stream' FROM es.snapshots n LEFT JOIN es.streams s ON s.id = n.stream
        WHERE (n.revision <= s.revision) IS NOT TRUE
    ) AS w (what)";

/// The inconsistencies, if there are any.
pub(crate) async fn wrong(connection: &mut PgConnection) -> Option<String> {
    sqlx::query_scalar(AssertSqlSafe(WRONG)).fetch_one(connection).await.expect("an answer")
}
