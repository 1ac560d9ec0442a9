//! Stands between the browser and the dashboard, and holds one question back until the test says so.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// Passes everything on, but holds back the first question that begins in a certain way.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: mpsc::Receiver<Held>,
    passed: Arc<Mutex<String>>,
}

/// A question that waits.
pub(crate) struct Held {
    go_on: oneshot::Sender<()>,
    passed: Arc<Mutex<String>>,
}

impl Proxy {
    pub(crate) async fn start(server: &str, holds: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (ask, asked) = mpsc::channel(1);
        let passed = Arc::new(Mutex::new(String::new()));
        let (server, seen) = (server.to_owned(), Arc::clone(&passed));
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the dashboard answers");
                tokio::spawn(pass(browser, server, holds, ask.clone(), Arc::clone(&seen)));
            }
        });
        Self { address, asked, passed }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the question.
    pub(crate) async fn asked(mut self) -> Held {
        let minute = std::time::Duration::from_secs(60);
        let held = tokio::time::timeout(minute, self.asked.recv()).await.expect("the browser asks");
        assert!(Arc::ptr_eq(&self.passed, &held.as_ref().expect("the proxy runs").passed));
        held.expect("the proxy runs")
    }
}

impl Held {
    /// All that the browser has got so far.
    pub(crate) fn passed(&self) -> String {
        self.passed.lock().expect("nobody panicked").clone()
    }

    pub(crate) fn pass(self) {
        self.go_on.send(()).expect("the proxy runs");
    }
}

/// One connection: questions one way, answers the other.
async fn pass(
    browser: TcpStream,
    server: TcpStream,
    holds: &'static str,
    ask: mpsc::Sender<Held>,
    passed: Arc<Mutex<String>>,
) {
    let (mut from_browser, mut to_browser) = browser.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let seen = Arc::clone(&passed);
    let answers = async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            seen.lock().expect("nobody panicked").push_str(&String::from_utf8_lossy(&bytes[..read]));
            if to_browser.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    let questions = async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_browser.read(&mut bytes).await {
            if bytes[..read].starts_with(holds.as_bytes()) {
                let (go_on, wait) = oneshot::channel();
                // Once the test has seen the first one, nobody waits for the others.
                if ask.send(Held { go_on, passed: Arc::clone(&passed) }).await.is_ok() {
                    let _released = wait.await;
                }
            }
            if to_server.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(answers, questions);
}
