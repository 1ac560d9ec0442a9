//! The notifier alone: repeated, early and unreadable messages, and how the program stops.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use es_core::messaging::{Consumer, MemoryBroker, Message, MessageSink};
use es_core::projection::OnFailure;
use es_core::uuid::Uuid;
use es_core::{MemoryStore, StreamId};
use es_nats::async_nats::{self, jetstream};
use es_nats::testing::NatsServer;
use es_nats::{NatsSink, SinkOptions};
use notifier::{Figure, Notices, Notifier};

/// A folder that is deleted when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("notifier-{}", Uuid::now_v7().simple());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("the test folder takes folders");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("notifier.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn message(application: &str, name: &'static str, payload: &str) -> Message {
    let stream = StreamId::new("loan", application).expect("a stream id");
    Message::new(Uuid::now_v7(), stream, name, 1, payload.as_bytes().to_vec())
}

fn submitted(application: &str, cents: u64) -> Message {
    let payload = format!("{{\"cents\":{cents},\"currency\":\"EUR\"}}");
    message(application, "loans.application.submitted", &payload)
}

fn approved(application: &str) -> Message {
    message(application, "loans.application.decided", "{\"decision\":\"approved\"}")
}

fn figure(outcome: &str, applications: i64, cents: i64) -> Figure {
    Figure { outcome: outcome.to_owned(), applications, cents }
}

/// Consumes these messages from a broker in memory; returns the figures and the reasons of dead letters.
async fn consumed(messages: &[Message]) -> (Vec<Figure>, Vec<String>) {
    let (folder, broker) = (Folder::new(), MemoryBroker::new());
    for message in messages {
        broker.send(message).await.expect("it is sent").await.expect("it is stored");
    }
    let notices = Arc::new(Notices::open(&folder.file()).await.expect("a file"));
    let notifier = Notifier { notices: Arc::clone(&notices) };
    let consumer = Consumer::new(broker.source("notifier"), notifier, MemoryStore::new());
    let consumer = consumer.on_failure(OnFailure::Park);
    let settled = async {
        while broker.unsettled("notifier") > 0 {
            tokio::task::yield_now().await;
        }
    };
    consumer.run_until(settled).await.expect("it consumes");
    let letters = consumer.dead_letters().await.expect("letters");
    let reasons = letters.into_iter().map(|letter| letter.reason).collect();
    (notices.figures().await.expect("figures"), reasons)
}

#[tokio::test]
async fn a_repeated_message_counts_once() {
    let [first, second, decided] = [submitted("L-1", 500), submitted("L-2", 70), approved("L-1")];
    let repeated = [first.clone(), first, second.clone(), decided.clone(), second, decided];
    let (figures, letters) = consumed(&repeated).await;
    assert_eq!(figures, [figure("approved", 1, 500), figure("open", 1, 70)]);
    assert!(letters.is_empty(), "{letters:?}");
}

#[tokio::test]
async fn a_decision_without_a_submission_is_parked_and_so_is_an_amount_that_the_file_cannot_store() {
    let messages = [approved("L-1"), submitted("L-2", u64::MAX), submitted("L-3", 70)];
    let (figures, letters) = consumed(&messages).await;
    assert_eq!(figures, [figure("open", 1, 70)]);
    assert_eq!(letters.len(), 2, "{letters:?}");
    let says = |text: &str| letters.iter().any(|reason| reason.contains(text));
    assert!(says("L-1 is decided, and was never submitted") && says("out of range"), "{letters:?}");
}

/// A broker with the stream of the loans.
async fn broker() -> (NatsServer, async_nats::Client, NatsSink) {
    let server = NatsServer::start().await.expect("a broker");
    let client = async_nats::connect(server.url()).await.expect("it answers");
    let sink = NatsSink::create(client.clone(), SinkOptions::new("loans")).await.expect("a stream");
    (server, client, sink)
}

async fn send(sink: &NatsSink, message: &Message) {
    sink.send(message).await.expect("it is sent").await.expect("it is stored");
}

/// Waits until the state of the notifier's consumer in the broker is this one.
async fn until(client: &async_nats::Client, is_so: fn(&jetstream::consumer::Info) -> bool) {
    let context = jetstream::new(client.clone());
    let waited = async {
        loop {
            if let Ok(stream) = context.get_stream("loans").await
                && let Ok(info) = stream.consumer_info("notifier").await
                && is_so(&info)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.expect("the notifier consumes");
}

fn is_settled(info: &jetstream::consumer::Info) -> bool {
    info.num_pending == 0 && info.num_ack_pending == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_message_is_parked_and_the_next_one_is_consumed() {
    let ((server, client, sink), folder) = (broker().await, Folder::new());
    let context = jetstream::new(client.clone());
    let sent = context.publish("es.loan.hello", "hello".into()).await.expect("it is sent");
    sent.await.expect("it is stored");
    for message in [submitted("L-1", 70), approved("L-1")] {
        send(&sink, &message).await;
    }
    let stop = until(&client, is_settled);
    let figures = notifier::run(&server.url(), &folder.file(), stop).await.expect("it runs");
    assert_eq!(figures, [figure("approved", 1, 70)]);
}

/// The program, until it ends by itself or is interrupted once it has settled all messages.
async fn program(nats: &str, client: Option<&async_nats::Client>) -> (Option<i32>, String, String) {
    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_notifier"));
    command.args(["--nats", nats, "--file"]).arg(folder.file());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    if let Some(client) = client {
        until(client, is_settled).await;
        let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(interrupt.expect("kill is installed").success());
    }
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("no panic");
    let ended = ended.expect("it has ended");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_program_with_its_figures_and_its_dead_letters() {
    let (server, client, sink) = broker().await;
    send(&sink, &submitted("L-1", 70_000)).await;
    send(&sink, &approved("L-2")).await;
    let (code, stdout, stderr) = program(&server.url(), Some(&client)).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stdout.split_whitespace().collect::<Vec<_>>(), ["open", "1", "700.00", "EUR"]);
    assert!(stderr.contains("dead letter 1: application L-2 is decided"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_or_its_stream_the_program_says_so() {
    let (code, _, stderr) = program("nats://127.0.0.1:1", None).await;
    assert!(code == Some(2) && stderr.starts_with("error: "), "{code:?} {stderr}");
    let server = NatsServer::start().await.expect("a broker");
    let (code, _, stderr) = program(&server.url(), None).await;
    assert!(code == Some(2) && stderr.contains("there is no stream `loans`"), "{code:?} {stderr}");
}
