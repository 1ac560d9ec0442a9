//! Finding events by their ids: event id or correlation id.

use std::sync::Arc;

use es_core::record::RawEvent;
use es_core::store::{Find, Sink};
use es_core::{Position, StoreError, StreamId};

use crate::connect::columns::{event, found};
use crate::connect::names;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::{self, Read, ReadError};
use crate::read::new_names::NewNames;
use crate::read::row::{self, Columns, required};

pub(crate) async fn find(pool: &Arc<Pool>, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
    again::read(pool, Finding { what, sink, has_delivered: false }).await
}

struct Finding<'s> {
    what: Find,
    sink: Sink<'s>,
    has_delivered: bool,
}

impl Read for Finding<'_> {
    type Done = ();

    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<(), ReadError> {
        let Self { what, sink, has_delivered } = self;
        let mut watched = |event: RawEvent<'_>| {
            *has_delivered = true;
            sink(event)
        };
        read(session, pool, *what, &mut watched).await
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }
}

async fn read(session: &mut Session, pool: &Pool, what: Find, sink: Sink<'_>) -> Result<(), ReadError> {
    let (statement, id) = match what {
        Find::Event(id) => (&pool.statements.find_event, id),
        Find::Correlation(id) => (&pool.statements.find_correlation, id),
        other => {
            let source = format!("{other:?} is not known to this store").into();
            return Err(StoreError::Backend { source, retryable: false }.into());
        }
    };
    pool.begin(&mut session.connection).await?;
    let known = pool.names.known();
    let mut news = NewNames::default();
    let call =
        statement.call().bind(id).bind(known.last_type()).bind(known.last_category()).bind(known.token());
    {
        let mut rows = call.fetch(&mut session.connection);
        while let Some(row) = pool.settings.next_row(&mut rows).await? {
            let columns = Columns(&row);
            if columns.is_null(found::CATEGORY)? {
                let position = Position::new(columns.bigint(event::POSITION)?);
                return Err(row::damaged(position, "its stream is not in streams").into());
            }
            let category = columns.integer(found::CATEGORY)?;
            let named = columns.text(found::CATEGORY_NAME)?;
            news.look(columns)?;
            let name = match named {
                Some(name) => {
                    news.found();
                    name
                }
                None => known.category_name(category).ok_or_else(|| names::no_category(category))?,
            };
            let key = required(found::KEY, columns.text(found::KEY)?)?;
            let stream = StreamId::new(name, key).map_err(StoreError::from)?;
            sink(row::event(&stream, row::event_type(&known, columns)?, columns)?)?;
        }
    }
    news.learn(pool, &mut session.connection).await?;
    pool.commit(&mut session.connection).await?;
    Ok(())
}
