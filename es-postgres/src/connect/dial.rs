//! Connecting: to the first of the servers that will do, with what a session is told as it begins.

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

/// What a session of the store's own is told as it begins; behind a pooler nothing is told, as sessions are
/// shared there.
///
/// The statements of the store are made for its indexes. Each is planned once on a connection, whatever the
/// tables hold at that moment: not again for each value of its parameters, and for no scan of a table that
/// happens to be empty. Where there is no way without a scan, the server believes that it is dear; it must
/// not compile the statement for that.
const SESSION: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
    ("jit", "off"),
];

/// How often a silent client is asked before its connection is given up.
const PROBES: u32 = 3;

/// What a connection is to be.
struct Dial<'a> {
    hosts: &'a Hosts,
    wanted: Wanted,
    program: Option<&'a str>,
    /// Settings of the session. Without any, it may be shared.
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
    /// A connection to the server, unchecked, whose statements wait for a lock for so long.
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

    /// A connection that leads to no pooler, if there is a URL of one, and how to make another to the same
    /// server.
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

    /// Whether there is a way to the server itself.
    pub(crate) const fn is_direct(&self) -> bool {
        !self.pooler || self.direct.is_some()
    }

    /// What tells a session of this store's own from one that is shared; and how the server finds out that
    /// this program's machine is gone, with the locks that it holds.
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

    /// Tries one server after the other, within [`Settings::patience`] in all.
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
            // What is checked of every connection says the same.
            return Ok((found, Fit::Best));
        }
        let fit = self.look(&mut found.0, host, dial).await?;
        Ok((found, fit))
    }

    /// Whether a session is not shared with others, and will do.
    async fn look(
        &self,
        connection: &mut PgConnection,
        host: &Host,
        dial: &Dial<'_>,
    ) -> Result<Fit, ConnectError> {
        // As a simple query, which leaves no prepared statement to others and is whole on one server process.
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
