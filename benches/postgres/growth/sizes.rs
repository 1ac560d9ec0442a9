//! The sizes of the tables and their indexes.

use sqlx::PgConnection;

use crate::Result;

/// The tables without their indexes, then the indexes, in bytes an event.
pub(super) async fn of(db: &mut PgConnection) -> Result<Vec<(String, f64)>> {
    let rows: Vec<(String, f64)> = sqlx::query_as(
        "select c.relname::text,
                pg_relation_size(c.oid)::float8 / (select count(*) from bench_growth.events)
         from pg_class c
         left join pg_index i on i.indexrelid = c.oid
         where c.oid in ('bench_growth.events'::regclass, 'bench_growth.streams'::regclass)
            or i.indrelid in ('bench_growth.events'::regclass, 'bench_growth.streams'::regclass)
         order by i.indrelid is not null, c.relname",
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}
