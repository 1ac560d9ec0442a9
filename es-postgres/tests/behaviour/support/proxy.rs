//! Stands between a store and its server: counts round trips, and cuts or silences connections at a chosen
//! moment.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) struct Proxy {
    folder: PathBuf,
    url: String,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

struct State {
    round_trips: AtomicU64,
    /// Where this is 1, the next bytes from the server are thrown away, and the connection with them.
    cut_at_answer: AtomicU64,
    /// Where this is 1, the next bytes from the server are thrown away, and nothing follows.
    silent_at_answer: AtomicU64,
    /// New connections are accepted, and nothing passes on them.
    swallow: AtomicBool,
    /// Raised to silence all connections.
    silences: watch::Sender<u64>,
    /// No new connection is let through.
    refuse: AtomicBool,
    /// Raised to cut all connections.
    cuts: watch::Sender<u64>,
    /// The version that the server tells is taken for this one.
    version: Option<&'static str>,
}

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

impl Proxy {
    /// A proxy before the server of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        Self::telling(url, None).await
    }

    /// A proxy that makes the server say that it is of this version, as `13.4`.
    pub(crate) async fn of_version(url: &str, version: &'static str) -> Self {
        Self::telling(url, Some(version)).await
    }

    async fn telling(url: &str, version: Option<&'static str>) -> Self {
        let server = PgConnectOptions::from_str(url).expect("a url");
        let folder = std::env::temp_dir().join(format!("es-proxy-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&folder).expect("a folder");
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).expect("a socket");
        let state = Arc::new(State {
            round_trips: AtomicU64::new(0),
            cut_at_answer: AtomicU64::new(0),
            silent_at_answer: AtomicU64::new(0),
            swallow: AtomicBool::new(false),
            silences: watch::Sender::new(0),
            refuse: AtomicBool::new(false),
            cuts: watch::Sender::new(0),
            version,
        });
        let password = url
            .split_once('@')
            .map_or("", |(before, _)| before.split_once("://").map_or("", |(_, user)| user));
        let database = server.get_database().unwrap_or_default();
        let proxied = format!("postgres://{password}@localhost:5432/{database}?host={}", folder.display());
        let for_clients = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if for_clients.refuse.load(Ordering::SeqCst) {
                    continue;
                }
                tokio::spawn(forward(client, dial(&server).await, Arc::clone(&for_clients)));
            }
        });
        Self { folder, url: proxied, state, listening }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many requests were answered so far.
    pub(crate) fn round_trips(&self) -> u64 {
        self.state.round_trips.load(Ordering::SeqCst)
    }

    /// The next answer never arrives; its connection is cut.
    pub(crate) fn cut_at_next_answer(&self) {
        self.cut_at_answer(1);
    }

    /// The answer of this number from now never arrives; its connection is cut.
    pub(crate) fn cut_at_answer(&self, number: u64) {
        self.state.cut_at_answer.store(number, Ordering::SeqCst);
    }

    /// Cuts all connections now.
    pub(crate) fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Nothing passes any more on the connections that are open now, and neither end is told.
    pub(crate) fn silence(&self) {
        self.state.silences.send_modify(|silences| *silences += 1);
    }

    /// The answer of this number from now never arrives, and nothing passes on its connection from then on.
    pub(crate) fn silence_at_answer(&self, number: u64) {
        self.state.silent_at_answer.store(number, Ordering::SeqCst);
    }

    /// Whether nothing passes on connections that are opened from now on.
    pub(crate) fn swallow(&self, swallow: bool) {
        self.state.swallow.store(swallow, Ordering::SeqCst);
    }

    /// Lets no new connection through.
    pub(crate) fn refuse(&self) {
        self.state.refuse.store(true, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        std::fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }
}

async fn dial(server: &PgConnectOptions) -> Box<dyn Socket> {
    let name = format!(".s.PGSQL.{}", server.get_port());
    if let Some(folder) = server.get_socket() {
        return Box::new(UnixStream::connect(folder.join(name)).await.expect("the server"));
    }
    if server.get_host().starts_with('/') {
        return Box::new(
            UnixStream::connect(Path::new(server.get_host()).join(name)).await.expect("the server"),
        );
    }
    Box::new(TcpStream::connect((server.get_host(), server.get_port())).await.expect("the server"))
}

async fn forward(mut client: UnixStream, mut server: Box<dyn Socket>, state: Arc<State>) {
    let (mut cuts, mut silences) = (state.cuts.subscribe(), state.silences.subscribe());
    if state.swallow.load(Ordering::SeqCst) {
        let _cut = cuts.changed().await;
        return;
    }
    let (mut from_client, mut from_server) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut requests = Requests::default();
    loop {
        tokio::select! {
            biased;
            _ = cuts.changed() => return,
            _ = silences.changed() => {
                let _cut = cuts.changed().await;
                return;
            }
            read = server.read(&mut from_server) => {
                let Ok(count @ 1..) = read else { return };
                let left = |left: u64| left.checked_sub(1);
                if state.cut_at_answer.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) == Ok(1) {
                    return;
                }
                if state.silent_at_answer.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) == Ok(1) {
                    let _cut = cuts.changed().await;
                    return;
                }
                let told = state.version.and_then(|version| with_version(&from_server[..count], version));
                if client.write_all(told.as_deref().unwrap_or(&from_server[..count])).await.is_err() {
                    return;
                }
            }
            read = client.read(&mut from_client) => {
                let Ok(count @ 1..) = read else { return };
                state.round_trips.fetch_add(requests.ended_by(&from_client[..count]), Ordering::SeqCst);
                if server.write_all(&from_client[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The messages with another `server_version`, if they tell one: S, the length of the rest, a name and a
/// value, each with a NUL behind it.
fn with_version(messages: &[u8], version: &str) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"server_version\0";
    let name = messages.windows(NAME.len()).position(|bytes| bytes == NAME)?;
    let value = name + NAME.len();
    let end = value + messages[value..].iter().position(|byte| *byte == 0)?;
    let length = u32::try_from(4 + NAME.len() + version.len() + 1).ok()?;
    let mut told = messages[..name - 4].to_vec();
    told.extend_from_slice(&length.to_be_bytes());
    told.extend_from_slice(NAME);
    told.extend_from_slice(version.as_bytes());
    told.extend_from_slice(&messages[end..]);
    Some(told)
}

/// The stream of a client's messages, taken apart as far as it takes to count those that ask for an answer:
/// Sync and Query.
#[derive(Default)]
struct Requests {
    buffer: Vec<u8>,
    started: bool,
}

impl Requests {
    fn ended_by(&mut self, bytes: &[u8]) -> u64 {
        const SSL_REQUEST: u32 = 80_877_103;
        self.buffer.extend_from_slice(bytes);
        let mut count = 0;
        loop {
            let header = usize::from(self.started);
            let Some(length) = self.buffer.get(header..header + 4) else { return count };
            let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize + header;
            if self.buffer.len() < length {
                return count;
            }
            let message: Vec<u8> = self.buffer.drain(..length).collect();
            if self.started {
                count += u64::from(matches!(message[0], b'S' | b'Q'));
            } else {
                self.started = message[4..8] != SSL_REQUEST.to_be_bytes();
            }
        }
    }
}
