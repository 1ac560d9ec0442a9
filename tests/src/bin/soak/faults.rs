//! Random faults of programs, network and servers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use es_postgres::testing::Fault;
use es_tests::processes::signal;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::{sleep, timeout};

use crate::Program;
use crate::domain::ACCOUNTS;
use crate::servers::{Failover, Servers, connect};

/// The faults of one soak.
pub(crate) struct Faults {
    servers: Servers,
    random: fastrand::Rng,
    failovers: Vec<Failover>,
    counts: Counts,
}

/// How often each fault struck.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<&'static str, u32>);

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in all", self.0.values().sum::<u32>())?;
        self.0.iter().try_for_each(|(fault, count)| write!(f, ", {fault} {count}"))
    }
}

impl Faults {
    pub(crate) fn new(servers: Servers, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { servers, random, failovers: Vec::new(), counts: Counts::default() }
    }

    /// Waits for a while without faults, then injects one.
    pub(crate) async fn inject_next(&mut self, programs: &mut [Program]) {
        sleep(self.up_to(3_000)).await;
        let fault = match self.random.u32(..100) {
            0..14 => self.cut(),
            14..22 => self.delay().await,
            22..30 => self.network("held", Fault::Hold).await,
            30..40 => self.network("answers swallowed", Fault::SwallowAnswers).await,
            40..43 => self.network("black hole", Fault::BlackHole).await,
            43..45 => self.network("questions swallowed", Fault::SwallowQuestions).await,
            45..50 => self.network("refused", Fault::Refuse).await,
            50..58 => self.kill_program(programs),
            58..66 => self.stop_program(programs).await,
            66..74 => self.end_backends().await,
            74..77 => self.kill_backend().await,
            77..80 => self.crash().await,
            80..84 => self.freeze().await,
            84..89 => self.lock().await,
            89..93 => self.take_connections().await,
            _ => self.fail_over().await,
        };
        *self.counts.0.entry(fault).or_default() += 1;
    }

    /// Ends all faults.
    pub(crate) fn end(self, programs: &mut [Program]) -> (Servers, Vec<Failover>, Counts) {
        programs.iter().for_each(|program| signal("CONT", program.process()));
        (self.servers, self.failovers, self.counts)
    }

    fn up_to(&mut self, millis: u64) -> Duration {
        Duration::from_millis(self.random.u64(..millis))
    }

    fn cut(&self) -> &'static str {
        self.servers.proxy.cut();
        "cut"
    }

    async fn delay(&mut self) -> &'static str {
        let late = Duration::from_millis(self.random.u64(1..80));
        self.network("delayed", Fault::Delay(late)).await
    }

    async fn network(&mut self, name: &'static str, fault: Fault) -> &'static str {
        self.servers.proxy.set(fault);
        sleep(self.up_to(3_000)).await;
        self.servers.proxy.set(Fault::None);
        if matches!(fault, Fault::SwallowAnswers | Fault::SwallowQuestions | Fault::BlackHole) {
            // A connection that has lost bytes is unusable; eventually the network reports that.
            sleep(self.up_to(3_000)).await;
            self.servers.proxy.cut();
        }
        name
    }

    fn kill_program(&mut self, programs: &mut [Program]) -> &'static str {
        let number = self.random.usize(..programs.len());
        programs[number].kill();
        "program killed"
    }

    async fn stop_program(&mut self, programs: &mut [Program]) -> &'static str {
        let process = programs[self.random.usize(..programs.len())].process();
        signal("STOP", process);
        sleep(self.up_to(4_000)).await;
        signal("CONT", process);
        "program stopped"
    }

    async fn end_backends(&mut self) -> &'static str {
        let mut admin = connect(self.servers.direct()).await;
        let some = self.random.u32(1..100);
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() * 100 < {some}"
        );
        let _may_be_gone = admin.execute(AssertSqlSafe(end)).await;
        "backends ended"
    }

    /// The server treats a killed backend as possible corruption, and restarts itself.
    async fn kill_backend(&mut self) -> &'static str {
        let processes = self.servers.processes();
        if let [_, others @ ..] = &processes[..]
            && !others.is_empty()
        {
            signal("KILL", others[self.random.usize(..others.len())]);
        }
        let mut admin = connect(self.servers.direct()).await;
        let _up_again = admin.ping().await;
        "backend killed"
    }

    async fn crash(&mut self) -> &'static str {
        self.servers.crash().await;
        "server crashed"
    }

    async fn freeze(&mut self) -> &'static str {
        let processes = self.servers.processes();
        processes.iter().for_each(|process| signal("STOP", *process));
        sleep(self.up_to(4_000)).await;
        processes.iter().for_each(|process| signal("CONT", *process));
        "server frozen"
    }

    /// Another session locks the streams that are used most.
    async fn lock(&mut self) -> &'static str {
        let mut other = connect(self.servers.direct()).await;
        let held = self.up_to(3_000);
        let accounts = self.random.u32(1..ACCOUNTS);
        let hold = async {
            let mut tx = other.begin().await?;
            let lock = format!("SELECT 1 FROM es.streams WHERE key IN ('1', '2', '{accounts}') FOR UPDATE");
            tx.execute(AssertSqlSafe(lock)).await?;
            sleep(held).await;
            tx.rollback().await
        };
        let _it_may_wait = timeout(Duration::from_secs(5), hold).await;
        "streams locked"
    }

    async fn take_connections(&mut self) -> &'static str {
        let mut taken = Vec::new();
        while let Ok(Ok(connection)) =
            timeout(Duration::from_secs(1), PgConnection::connect(self.servers.direct())).await
        {
            taken.push(connection);
        }
        sleep(self.up_to(2_000)).await;
        drop(taken);
        "connections taken"
    }

    async fn fail_over(&mut self) -> &'static str {
        let writes_for = self.up_to(1_500);
        let failover = self.servers.fail_over(writes_for).await;
        self.failovers.push(failover);
        "failover"
    }
}
