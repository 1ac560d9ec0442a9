//! What the programs print.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use es_postgres::testing::TestDatabase;

/// What a program prints, once it has ended well.
fn printed(program: &str) -> String {
    let output = Command::new(program).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_projection_keeps_the_balances() {
    assert_eq!(printed(env!("CARGO_BIN_EXE_projection")), "A-17: 380\nB-4: 70\n");
}

#[tokio::test]
async fn an_inline_projection_shows_each_event_at_once() {
    let database = TestDatabase::new().await.expect("a test database");
    let mut program = Command::new(env!("CARGO_BIN_EXE_inline_projection"));
    let output = program.env("DATABASE_URL", database.url()).output().expect("the program runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "after 500: 500\nafter 70: 570\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_subscription_goes_on_behind_its_checkpoint() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_subscription")),
        "from the beginning:\n\
         \x20 A-17 1 account.deposited {\"cents\":500}\n\
         \x20 B-4 1 account.deposited {\"cents\":70}\n\
         from the checkpoint:\n\
         \x20 A-17 2 account.withdrawn {\"cents\":120}\n"
    );
}

#[test]
fn a_command_with_an_id_is_executed_once() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_idempotent_command")),
        "first: revision 1, repeated: false\n\
         second: revision 1, repeated: true\n\
         Account { cents: 500 }\n"
    );
}

#[test]
fn events_are_undone_with_the_rows_of_their_transaction() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_in_transaction")),
        "1: invoice 7 paid now: true, 500 cents\n\
         2: invoice 7 paid now: false, 500 cents\n\
         3: invoice 8 paid now: true, 1000 cents\n"
    );
}

#[test]
fn a_retired_event_stands_for_two() {
    assert_eq!(printed(env!("CARGO_BIN_EXE_retired_event")), "Order { item: \"lamp\", to: \"Bonn\" }\n");
}

#[test]
fn a_load_begins_at_the_snapshot() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_snapshot")),
        "Meter { total: 31375 } at revision 250\n50 events were folded\n"
    );
}

#[test]
fn states_of_before_are_there() {
    assert_eq!(
        printed(env!("CARGO_BIN_EXE_time_travel")),
        "1  2026-03-02  account.deposited {\"cents\":500}\n\
         2  2026-03-30  account.deposited {\"cents\":70}\n\
         3  2026-04-01  account.deposited {\"cents\":5}\n\
         at revision 1: Account { cents: 500 }\n\
         at the end of March: Account { cents: 570 }\n\
         now: Account { cents: 575 }\n"
    );
}

/// Sends one request, and returns the status and the body.
fn ask(address: &str, request: &str, header: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{request} HTTP/1.1\r\nhost: bank\r\nconnection: close\r\n{header}\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head[9..12].to_owned(), body.to_owned())
}

#[test]
fn the_service_answers_with_codes_keeps_correlation_ids_and_ends_in_order() {
    let mut service = Command::new(env!("CARGO_BIN_EXE_axum_service"))
        .arg("0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(service.stdout.take().expect("its output")).lines();
    let first = lines.next().expect("a line").expect("text");
    let address = first.strip_prefix("listening on ").expect("an address");

    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let ask = |request: &str, header: &str| {
        let (status, body) = ask(address, request, header);
        format!("{status} {body}")
    };
    let header = format!("x-correlation-id: {id}\r\n");
    assert_eq!(ask("POST /accounts/A-17/deposit/500", &header), "200 revision 1\n");
    assert_eq!(ask("POST /accounts/A-17/withdraw/900", ""), "422 only 500 cents available");
    assert!(
        ask("POST /accounts/A-17/deposit/1", "x-correlation-id: 7\r\n").starts_with("400 x-correlation-id")
    );
    assert_eq!(ask("GET /accounts/A-17", ""), "200 500 cents\n");
    assert_eq!(ask("GET /accounts/A-17/history", ""), format!("200 1 account.deposited {id}\n"));

    let asked = Command::new("kill").args(["-INT", &service.id().to_string()]).status();
    assert!(asked.expect("kill runs").success());
    assert_eq!(lines.next().expect("a line").expect("text"), "closed");
    assert!(service.wait().expect("its end").success());
}
