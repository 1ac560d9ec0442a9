//! One connection through a proxy.

use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

use super::messages::{Requests, with_version};
use super::shared::{Fault, Network, Shared};

const BUFFER: usize = 64 << 10;

pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

type Reader = ReadHalf<Box<dyn Socket>>;
type Writer = WriteHalf<Box<dyn Socket>>;

/// Why a connection has stopped.
#[derive(PartialEq, Eq)]
enum End {
    /// One side has closed it, so the other one is closed as well.
    Gone,
    /// Neither side is told.
    Silent,
}

/// Forwards bytes until one side closes the connection or it is cut.
pub(super) async fn carry(client: Box<dyn Socket>, shared: Arc<Shared>) {
    let mut network = shared.network.subscribe();
    let begun = network.borrow_and_update().clone();
    let Ok(server) = dial(&begun.server).await else { return };
    // Dropped in the opposite order: when the server ends its session, the client has lost its socket.
    let (mut server_reads, mut server_writes) = tokio::io::split(server);
    let (mut client_reads, mut client_writes) = tokio::io::split(client);
    let carried = async {
        let mut silences = network.clone();
        let end = tokio::select! {
            biased;
            _ = silences.wait_for(|network| network.silences != begun.silences) => End::Silent,
            end = answers(&mut server_reads, &mut client_writes, network.clone(), &shared) => end,
            end = questions(&mut client_reads, &mut server_writes, network.clone(), &shared) => end,
        };
        if end == End::Silent {
            pending::<()>().await;
        }
    };
    let mut cuts = network.clone();
    tokio::select! {
        biased;
        _ = cuts.wait_for(|network| network.cuts != begun.cuts) => {}
        () = carried => {}
    }
}

async fn dial(server: &PgConnectOptions) -> io::Result<Box<dyn Socket>> {
    let (host, port) = (server.get_host(), server.get_port());
    let folder = server.get_socket().map(|folder| &**folder);
    if let Some(folder) = folder.or_else(|| host.starts_with('/').then_some(Path::new(host))) {
        return Ok(Box::new(UnixStream::connect(socket(folder, port)).await?));
    }
    let server = TcpStream::connect((host, port)).await?;
    server.set_nodelay(true)?;
    Ok(Box::new(server))
}

async fn questions(
    from: &mut Reader,
    to: &mut Writer,
    mut network: watch::Receiver<Network>,
    shared: &Shared,
) -> End {
    let (mut buffer, mut requests) = (vec![0; BUFFER], Requests::default());
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let piece = &buffer[..length];
        shared.round_trips.fetch_add(requests.ended_by(piece), Ordering::SeqCst);
        let is_lost = |fault| matches!(fault, Fault::BlackHole | Fault::SwallowQuestions);
        if passes(&mut network, is_lost).await && to.write_all(piece).await.is_err() {
            break;
        }
    }
    End::Gone
}

async fn answers(
    from: &mut Reader,
    to: &mut Writer,
    mut network: watch::Receiver<Network>,
    shared: &Shared,
) -> End {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let piece = &buffer[..length];
        if reaches_zero(&shared.cut_at_answer) {
            break;
        }
        if reaches_zero(&shared.silent_at_answer) {
            return End::Silent;
        }
        let told = shared.version.as_deref().and_then(|version| with_version(piece, version));
        let is_lost = |fault| matches!(fault, Fault::BlackHole | Fault::SwallowAnswers);
        let piece = told.as_deref().unwrap_or(piece);
        if passes(&mut network, is_lost).await && to.write_all(piece).await.is_err() {
            break;
        }
    }
    End::Gone
}

/// Counts down, and returns whether it reached zero.
fn reaches_zero(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
}

/// Delays a piece as the fault demands, and returns whether it arrives.
async fn passes(network: &mut watch::Receiver<Network>, is_lost: impl Fn(Fault) -> bool) -> bool {
    let fault = match network.wait_for(|network| network.fault != Fault::Hold).await {
        Ok(network) => network.fault,
        Err(_) => return false,
    };
    if let Fault::Delay(late) = fault {
        tokio::time::sleep(late).await;
    }
    !is_lost(fault)
}

/// The path of a server's socket in a folder.
fn socket(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}
