//! `publish` against a broker of its own, from both stores: which public events there are, and that the next
//! run continues.

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Command;

use common::place::{Kind, Place, on_both_stores};
use common::{file, said, sample, sample_lines};
use es_core::messaging::Message;
use es_nats::async_nats::{self, jetstream};
use es_nats::testing::NatsServer;
use loans::domain::Application;
use loans::publishing::STREAM;

const TODAY: &str = env!("CARGO_BIN_EXE_loans");

on_both_stores! {
    submissions_and_decisions_are_published_once_and_nothing_else,
    a_publisher_follows_the_store_until_ctrl_c,
}

async fn output(mut command: Command) -> (i32, String, String) {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    said(output.expect("it is waited for").expect("the program starts"))
}

async fn publish(place: &Place, url: &str) -> (i32, String, String) {
    output(place.command(TODAY, &["publish", "--stop-when-caught-up", "--nats", url])).await
}

/// The messages of each application, in their order in the stream.
async fn published(server: &NatsServer) -> BTreeMap<String, Vec<Message>> {
    let client = async_nats::connect(server.url()).await.expect("it answers");
    let stream = jetstream::new(client).get_stream(STREAM).await.expect("the publisher made it");
    let mut all = BTreeMap::<String, Vec<_>>::new();
    for sequence in 1..=stream.cached_info().state.messages {
        let stored = stream.get_raw_message(sequence).await.expect("it is there");
        let message = es_nats::read_message(&stored.headers, &stored.payload).expect("it is a message");
        all.entry(message.stream.key().to_owned()).or_default().push(message);
    }
    all
}

fn payloads(messages: &[Message]) -> Vec<(&str, u32, &str)> {
    let text = |payload| std::str::from_utf8(payload).expect("JSON is text");
    messages.iter().map(|message| (&*message.name, message.version, text(&message.payload))).collect()
}

async fn submissions_and_decisions_are_published_once_and_nothing_else(kind: Kind) {
    let (place, server) = (Place::new(kind).await, NatsServer::start().await.expect("a broker"));
    let lines = sample_lines();
    place.import::<Application>(&file("half.jsonl", lines[..90].join("\n"))).await;
    let (code, out, err) = publish(&place, &server.url()).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let half: usize = published(&server).await.values().map(Vec::len).sum();
    assert!(out.contains(&format!("position 90, {half} public events in all")), "{out}");

    place.import::<Application>(&sample()).await;
    for _ in 0..2 {
        let (code, out, err) = publish(&place, &server.url()).await;
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let beginning = "published up to position 176, 22 public events in all, into the stream `loans` (";
        assert!(out.starts_with(beginning), "{out}");
    }
    let all = published(&server).await;
    let decided = all.values().filter(|messages| messages.len() == 2).count();
    assert_eq!((all.len(), decided, all.values().map(Vec::len).sum::<usize>()), (12, 10, 22));
    let approved = &all["900105"];
    let wanted = [
        ("loans.application.submitted", 1, r#"{"cents":3100000,"currency":"EUR"}"#),
        ("loans.application.decided", 1, r#"{"decision":"approved"}"#),
    ];
    assert_eq!(payloads(approved), wanted);
    assert!(approved[0].occurred_at < approved[1].occurred_at && approved[0].revision.get() == 1);
}

async fn a_publisher_follows_the_store_until_ctrl_c(kind: Kind) {
    let (place, server) = (Place::new(kind).await, NatsServer::start().await.expect("a broker"));
    let mut follow = place.command(TODAY, &["publish", "--nats", &server.url()]).spawn().expect("it starts");
    let mut err = BufReader::new(follow.stderr.take().expect("it was asked for")).lines();
    let line = err.next().expect("it says something").expect("text");
    assert_eq!(line, "caught up at position 0; following until Ctrl-C");
    place.import::<Application>(&sample()).await;
    let all = async {
        while published(&server).await.values().map(Vec::len).sum::<usize>() < 22 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("all is published");
    let sent = Command::new("kill").args(["-INT", &follow.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "no signal was sent");
    assert_eq!(follow.wait().expect("it ends").code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_does_not_answer_is_named_with_what_to_do() {
    let place = Place::new(Kind::File).await;
    let (code, out, err) = publish(&place, "nats://127.0.0.1:1").await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cannot reach NATS at nats://127.0.0.1:1: "), "{err}");
    assert!(
        err.trim_end().ends_with("start nats-server with --jetstream, or name another with --nats"),
        "{err}"
    );
}
