//! LISTEN/NOTIFY between processes: NOTIFY after appends, LISTEN for readers. Notifications are best-effort,
//! and sent outside appends: a NOTIFY within an append would make all commits of the server wait for each
//! other.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::record::BoxError;
use es_core::store::{Bell, Listener};
use futures_util::FutureExt as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::connect::settings::Settings;
use crate::connect::silence::within;
use crate::latch::hold;

/// The debounce of NOTIFY: appends within this time become one notification. It doubles while each of them
/// brings more, as readers that find events read again anyway.
const FIRST_NOTIFY_DEBOUNCE: Duration = Duration::from_millis(10);
const LONGEST_NOTIFY_DEBOUNCE: Duration = Duration::from_millis(80);
/// The wait before the connection is opened again.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// Wakes readers in this process and in others.
pub(crate) struct Wake {
    bell: Bell,
    wanted: bool,
    shared: Arc<WakeState>,
    tasks: Mutex<Tasks>,
}

struct WakeState {
    settings: Arc<Settings>,
    channel: String,
    /// Distinguishes our own notifications from those of other processes.
    own: String,
    appended: Notify,
    bell: Bell,
}

#[derive(Default)]
struct Tasks {
    sending: Option<JoinHandle<()>>,
    listening: Option<JoinHandle<()>>,
    closed: bool,
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wake").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Wake {
    pub(crate) fn new(settings: &Arc<Settings>) -> Self {
        let bell = Bell::new();
        let shared = WakeState {
            settings: Arc::clone(settings),
            channel: format!("{}_events", settings.schema),
            own: Uuid::now_v7().simple().to_string(),
            appended: Notify::new(),
            bell: bell.clone(),
        };
        // LISTEN does not work behind a pooler, nor on a standby.
        let wanted = settings.notify && settings.is_direct() && !settings.read_only;
        Self { bell, wanted, shared: Arc::new(shared), tasks: Mutex::default() }
    }

    /// An append has ended, or will end with its transaction: readers in this process read at once, others
    /// soon.
    pub(crate) fn appended(&self) {
        self.bell.ring();
        if self.wanted {
            self.shared.appended.notify_one();
            self.spawn(|tasks| &mut tasks.sending, send);
        }
    }

    /// A listener for a reader in this process.
    pub(crate) fn listen(&self) -> Listener {
        // Before the task is started that rings the bell.
        let listener = self.bell.listen();
        if self.wanted {
            self.spawn(|tasks| &mut tasks.listening, listen);
        }
        listener
    }

    /// Ends the tasks, and wakes waiting readers.
    pub(crate) fn close(&self) {
        let mut tasks = hold(&self.tasks);
        tasks.closed = true;
        tasks.sending.take().iter().chain(&tasks.listening.take()).for_each(JoinHandle::abort);
        drop(tasks);
        self.bell.ring();
    }

    /// Starts a task unless it is running. The tasks of a runtime that was shut down have ended.
    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        which: fn(&mut Tasks) -> &mut Option<JoinHandle<()>>,
        task: fn(Arc<WakeState>) -> F,
    ) {
        let mut tasks = hold(&self.tasks);
        if tasks.closed || which(&mut tasks).as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            *which(&mut tasks) = Some(runtime.spawn(task(Arc::clone(&self.shared))));
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.close();
    }
}

async fn send(shared: Arc<WakeState>) {
    let mut connection = None;
    let mut debounce = FIRST_NOTIFY_DEBOUNCE;
    loop {
        match shared.appended.notified().now_or_never() {
            Some(()) => debounce = LONGEST_NOTIFY_DEBOUNCE.min(debounce * 2),
            None => {
                shared.appended.notified().await;
                debounce = FIRST_NOTIFY_DEBOUNCE;
            }
        }
        if let Err(error) = notify(&mut connection, &shared).await {
            tracing::debug!(%error, "readers in other processes were not notified");
            connection = None;
            tokio::time::sleep(RECONNECT_DELAY).await;
            // They still have to be notified.
            shared.appended.notify_one();
        }
        tokio::time::sleep(debounce).await;
    }
}

async fn notify(connection: &mut Option<PgConnection>, shared: &WakeState) -> Result<(), BoxError> {
    let connection = match connection {
        Some(connection) => connection,
        None => {
            // A notification need not survive a crash.
            let more = [("synchronous_commit", "off")];
            connection.insert(shared.settings.dial_direct("es notify", &more).await?.0)
        }
    };
    let told = sqlx::query("SELECT pg_notify($1, $2)").bind(&shared.channel).bind(&shared.own);
    shared.settings.answered(told.execute(connection)).await?;
    Ok(())
}

async fn listen(shared: Arc<WakeState>) {
    loop {
        if let Err(error) = listen_once(&shared).await {
            tracing::debug!(%error, "not listening to the server; readers poll");
        }
        // A notification may have been missed.
        shared.bell.ring();
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

async fn listen_once(shared: &WakeState) -> Result<(), BoxError> {
    let WakeState { settings, .. } = shared;
    // The driver listens only on a connection that it has opened itself.
    let (found, server) = settings.dial_direct("es listen", &[]).await?;
    let _gone = within(settings.answer_within, found.close()).await;
    let mut listener = within(settings.answer_within, async {
        let pool = PgPoolOptions::new().max_connections(1).connect_with(server).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(&shared.channel).await?;
        Ok::<_, sqlx::Error>(listener)
    })
    .await?;
    shared.bell.ring();
    // `None` if the connection was lost.
    loop {
        let Ok(heard) = timeout(settings.answer_within, listener.try_recv()).await else {
            // Either nothing was notified, or the connection is dead.
            within(settings.answer_within, sqlx::raw_sql("SELECT").execute(&mut listener)).await?;
            continue;
        };
        match heard? {
            Some(notification) if notification.payload() == shared.own => {}
            Some(_) => shared.bell.ring(),
            None => return Ok(()),
        }
    }
}
