//! A host name that resolves to several addresses, one of which may not answer.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::net::lookup_host;
use tokio::time::{sleep, timeout};

use crate::latch::hold;

/// The share of a host's deadline that is spent on its name, or on its last known address, before each
/// address is tried.
const NAME_SHARE: u32 = 4;

/// The address at which a host's server was found when connecting by name failed.
#[derive(Debug, Default)]
pub(crate) struct Reached(Mutex<Option<IpAddr>>);

impl Reached {
    fn get(&self) -> Option<IpAddr> {
        *hold(&self.0)
    }

    fn set(&self, address: Option<IpAddr>) {
        *hold(&self.0) = address;
    }
}

/// Connects by the name of the host. The driver tries its addresses in order, continues if one refuses, and
/// waits for a silent one as long as the system does. So if that takes long, each address is tried
/// separately, with its share of the remaining time, while the driver still waits. Also returns how to
/// connect to the same address again. Returns `None` if no answer came in time.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    reached: &Reached,
    longest: Duration,
) -> Option<Result<(PgConnection, PgConnectOptions), sqlx::Error>> {
    connect_among(addresses(options), options, reached, longest).await
}

async fn connect_among(
    addresses: impl Future<Output = Vec<IpAddr>>,
    options: &PgConnectOptions,
    reached: &Reached,
    longest: Duration,
) -> Option<Result<(PgConnection, PgConnectOptions), sqlx::Error>> {
    let deadline = Instant::now() + longest;
    if let Some(address) = reached.get() {
        let known = at(options, address);
        if let Ok(Ok(connection)) = timeout(longest / NAME_SHARE, PgConnection::connect_with(&known)).await {
            return Some(Ok((connection, known)));
        }
        reached.set(None);
    }
    let by_name = pin!(PgConnection::connect_with(options));
    let by_name = match select(by_name, pin!(sleep(left(deadline) / NAME_SHARE))).await {
        Either::Left((connected, _)) => return Some(connected.map(|it| (it, options.clone()))),
        Either::Right(((), by_name)) => by_name,
    };
    let one_by_one = pin!(async { each(&addresses.await, options, reached, deadline).await });
    let connected = async {
        match select(by_name, one_by_one).await {
            Either::Left((Ok(connection), _)) => Ok((connection, options.clone())),
            Either::Left((Err(error), others)) => others.await.ok_or(error),
            Either::Right((Some(found), _)) => Ok(found),
            Either::Right((None, by_name)) => by_name.await.map(|it| (it, options.clone())),
        }
    };
    timeout(left(deadline), connected).await.ok()
}

/// Tries each address of a host.
async fn each(
    addresses: &[IpAddr],
    options: &PgConnectOptions,
    reached: &Reached,
    deadline: Instant,
) -> Option<(PgConnection, PgConnectOptions)> {
    for (tried, address) in addresses.iter().enumerate() {
        let share = left(deadline) / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let options = at(options, *address);
        if let Ok(Ok(connection)) = timeout(share, PgConnection::connect_with(&options)).await {
            reached.set(Some(*address));
            return Some((connection, options));
        }
        tracing::debug!(host = options.get_host(), "no connection to this address");
    }
    None
}

/// The addresses of a host, if there are several.
async fn addresses(options: &PgConnectOptions) -> Vec<IpAddr> {
    if options.get_socket().is_some() {
        return Vec::new();
    }
    let found = lookup_host((options.get_host(), options.get_port())).await;
    let mut found: Vec<IpAddr> =
        found.into_iter().flatten().map(|address: SocketAddr| address.ip()).collect();
    found.dedup();
    if found.len() > 1 { found } else { Vec::new() }
}

fn at(options: &PgConnectOptions, address: IpAddr) -> PgConnectOptions {
    options.clone().host(&address.to_string())
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::str::FromStr;

    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::testing::{Proxy, TestDatabase};

    /// The server is at the second address; the first one accepts connections, and stays silent.
    #[tokio::test]
    async fn a_silent_address_is_skipped_and_the_working_one_is_remembered() {
        let database = TestDatabase::new().await.expect("a test database");
        let proxy = Proxy::over_tcp(database.url()).await.expect("a proxy");
        let server = proxy.address().expect("a port");
        let (first, second) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2));
        let silent = TcpListener::bind((first, 0)).await.expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let listener = TcpListener::bind((second, port)).await.expect("the same port");
        let carrying = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut server = TcpStream::connect(server).await.expect("the proxy");
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        });
        // As a name that resolves to both.
        let options = PgConnectOptions::from_str(proxy.url()).expect("a URL");
        let (options, reached) = (options.host("127.0.0.1").port(port), Reached::default());
        let both = || async { vec![IpAddr::V4(first), IpAddr::V4(second)] };
        let longest = Duration::from_secs(8);
        let began = Instant::now();
        let connected = connect_among(both(), &options, &reached, longest).await;
        let (_, again) = connected.expect("in time").expect("connected");
        assert_eq!(again.get_host(), "127.0.0.2");
        let took = began.elapsed();
        assert!(took < longest, "{took:?}: a quarter by name, half of the rest at the first address");

        let began = Instant::now();
        let connected = connect_among(both(), &options, &reached, longest).await;
        assert_eq!(connected.expect("in time").expect("connected").1.get_host(), "127.0.0.2");
        assert!(began.elapsed() < longest / NAME_SHARE, "the address is known by now: {:?}", began.elapsed());

        // Once nothing listens at the address any more, the name is used again.
        carrying.abort();
        let _gone = carrying.await;
        let none = connect_among(async { Vec::new() }, &options, &reached, Duration::from_millis(400)).await;
        assert!(none.is_none(), "no answer in time");
        assert_eq!(reached.get(), None);
    }
}
