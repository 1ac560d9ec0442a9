//! Connecting to the first suitable server, with the settings of a session.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, Row, raw_sql};

use crate::connect::address;
use crate::connect::error::ConnectError;
use crate::connect::error::TriedHost;
use crate::connect::failure::Failure;
use crate::connect::hosts::{Host, Hosts};
use crate::connect::session_attrs::{Access, Fit, Role, Wanted};
use crate::connect::settings::{Settings, milliseconds};

/// The settings of the store's own sessions; behind a pooler there are none, as sessions are shared there.
///
/// The store's statements are written for its indexes. Each is planned once per connection, independently of
/// the tables' contents and of its parameters, and without a sequential scan because a table happens to be
/// empty. Where a scan is the only plan, its estimated cost is high; that must not trigger JIT compilation.
const SESSION: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
    ("jit", "off"),
];

/// The number of keepalive probes that a client may leave unanswered.
const PROBES: u32 = 3;

/// How a connection is opened.
struct Dial<'a> {
    hosts: &'a Hosts,
    wanted: Wanted,
    program: Option<&'a str>,
    /// The settings of the session. Without settings it may be shared.
    told: Vec<(&'static str, String)>,
}

impl Dial<'_> {
    fn is_shared(&self) -> bool {
        self.told.is_empty()
    }

    fn options(&self, host: &Host) -> PgConnectOptions {
        let mut options = host.options.clone();
        if !self.is_shared() {
            options = options.options(self.told.iter().map(|(name, value)| (*name, &**value)));
        }
        match self.program {
            Some(program) => options.application_name(program),
            None => options,
        }
    }
}

impl Settings {
    /// An unchecked connection to the server, with this `lock_timeout`.
    pub(crate) async fn dial(&self, lock_timeout: Duration) -> Result<PgConnection, ConnectError> {
        let mut told = Vec::new();
        if !self.pooler {
            told.extend(SESSION.map(|(name, value)| (name, value.to_owned())));
            told.push(("lock_timeout", milliseconds(lock_timeout).to_string()));
            told.extend(self.own());
        }
        let hosts = &self.server;
        let dial = Dial { hosts, wanted: hosts.wanted(self.access()), program: None, told };
        Ok(self.first(&dial).await?.0)
    }

    /// A connection that does not go through a pooler, by `direct_url` if it is set, and how to open another
    /// one to the same server.
    pub(crate) async fn dial_direct(
        &self,
        program: &str,
        more: &[(&'static str, &str)],
    ) -> Result<(PgConnection, PgConnectOptions), ConnectError> {
        let hosts = self.direct.as_ref().unwrap_or(&self.server);
        let mut told = Vec::new();
        if self.is_direct() {
            told.extend(self.own());
            told.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        }
        let dial = Dial { hosts, wanted: hosts.wanted(Access::Write), program: Some(program), told };
        self.first(&dial).await
    }

    /// Whether the server can be reached without a pooler.
    pub(crate) const fn is_direct(&self) -> bool {
        !self.pooler || self.direct.is_some()
    }

    /// The settings that distinguish a session of this store from a shared one, and those by which the server
    /// notices that the client's machine is gone, and releases its locks.
    fn own(&self) -> Vec<(&'static str, String)> {
        let mut own = vec![("es.session", self.token.clone())];
        if !self.gone_after.is_zero() {
            let seconds = |share: u32| (self.gone_after.as_secs() / u64::from(share)).clamp(1, 32_767);
            own.push(("tcp_keepalives_idle", seconds(2).to_string()));
            own.push(("tcp_keepalives_interval", seconds(2 * PROBES).to_string()));
            own.push(("tcp_keepalives_count", PROBES.to_string()));
            own.push(("tcp_user_timeout", milliseconds(self.gone_after).to_string()));
        }
        own
    }

    /// Tries one server after the other, within [`Settings::patience`] in total.
    async fn first(&self, dial: &Dial<'_>) -> Result<(PgConnection, PgConnectOptions), ConnectError> {
        let Dial { hosts, wanted, .. } = dial;
        let deadline = Instant::now() + self.patience;
        let all = hosts.in_order(*wanted);
        let (mut tried, mut second_best) = (Vec::new(), None);
        for (at, (number, host)) in all.iter().enumerate() {
            let left = u32::try_from(all.len() - at).unwrap_or(u32::MAX);
            let share = deadline.saturating_duration_since(Instant::now()) / left;
            let options = dial.options(host);
            match self.one(dial, host, &options, share).await {
                Ok((found, Fit::Best)) => {
                    hosts.found(*number);
                    return Ok(found);
                }
                Ok((found, Fit::SecondBest)) => {
                    second_best.get_or_insert(found);
                }
                Err(error) => {
                    tracing::debug!(address = host.address, %error, "no connection");
                    tried.push(TriedHost { address: host.address.clone(), error });
                }
            }
        }
        if let Some(found) = second_best {
            return Ok(found);
        }
        Err(match tried.pop() {
            Some(TriedHost { error, .. }) if !hosts.are_several() => error,
            last => {
                tried.extend(last);
                ConnectError::NoHost { wanted: wanted.name(), tried }
            }
        })
    }

    async fn one(
        &self,
        dial: &Dial<'_>,
        host: &Host,
        options: &PgConnectOptions,
        longest: Duration,
    ) -> Result<((PgConnection, PgConnectOptions), Fit), ConnectError> {
        let connected = address::connect(options, &host.reached, longest).await.ok_or_else(|| {
            let source = format!("no answer within {longest:?}").into();
            ConnectError::NoServer { address: host.address.clone(), source }
        })?;
        let mut found = connected.map_err(|error| Failure::from(error).opening(&self.connecting_to(host)))?;
        if dial.is_shared() && !dial.hosts.are_several() && dial.wanted == Wanted::ReadWrite {
            // The checks of every connection cover this.
            return Ok((found, Fit::Best));
        }
        let fit = self.look(&mut found.0, host, dial).await?;
        Ok((found, fit))
    }

    /// Whether a session is not shared with other programs, and suitable.
    async fn look(
        &self,
        connection: &mut PgConnection,
        host: &Host,
        dial: &Dial<'_>,
    ) -> Result<Fit, ConnectError> {
        // As a simple query: it leaves no prepared statement behind, and runs on one server process.
        let asked = raw_sql(
            "SELECT current_setting('es.session', true) AS token, pg_is_in_recovery() AS standby,
                    current_setting('transaction_read_only')::boolean AS read_only",
        );
        let row = self.answered(asked.fetch_one(connection)).await;
        let read = row.and_then(|row| {
            let role = Role { standby: row.try_get("standby")?, read_only: row.try_get("read_only")? };
            Ok((row.try_get::<Option<String>, _>("token")?, role))
        });
        let (token, role) = read.map_err(|error| Failure::from(error).opening(&self.opening_at(host)))?;
        if !dial.is_shared() && token.as_ref() != Some(&self.token) {
            return Err(ConnectError::Pooler);
        }
        dial.wanted.takes(role)
    }
}
