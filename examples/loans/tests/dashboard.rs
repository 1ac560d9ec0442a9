//! The dashboard as people see it: what Chromium makes of the page.

#[path = "dashboard/browser.rs"]
mod browser;
mod common;
#[path = "dashboard/proxy.rs"]
mod proxy;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use browser::{Browser, text_of};
use common::place::{Kind, Place, on_both_stores};
use common::{file, long_history, sample};
use loans::domain::Application;
use proxy::Proxy;

const TODAY: &str = env!("CARGO_BIN_EXE_loans");

on_both_stores! {
    the_figures_of_an_imported_history_are_on_the_page,
    chromium_paints_the_page,
    the_page_is_refreshed_while_events_come_in,
    the_last_figures_stay_on_the_page_when_the_store_is_gone,
    without_read_models_the_page_says_how_to_get_them,
    names_from_the_log_are_text_and_no_markup,
}

/// The program, which is killed with this value.
struct Dashboard {
    program: Child,
    url: String,
}

impl Dashboard {
    fn start(place: &Place) -> Self {
        let mut command = place.command(TODAY, &["dashboard", "--port", "0"]);
        let mut program = command.stderr(Stdio::inherit()).spawn().expect("it starts");
        let mut line = String::new();
        let mut out = BufReader::new(program.stdout.take().expect("it was asked for"));
        out.read_line(&mut line).expect("it prints text");
        let url = line.strip_suffix(" shows the read models; Ctrl-C ends\n").expect("where it is").to_owned();
        Self { program, url }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _gone = self.program.kill();
        let _gone = self.program.wait();
    }
}

/// Lets Chromium work off the threads of the test.
async fn seen(url: &str) -> String {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || Browser::new().page(&url)).await.expect("Chromium ends")
}

async fn the_figures_of_an_imported_history_are_on_the_page(kind: Kind) {
    let place = Place::new(kind).await;
    let lines = long_history(90);
    place.import::<Application>(&file("long.jsonl", lines.join("\n"))).await;
    place.catch_up().await;
    let dashboard = Dashboard::start(&place);
    let page = seen(&dashboard.url).await;

    for (tile, value) in [("submitted", "1,080"), ("decided", "900"), ("open", "180"), ("approved", "30.0 %")]
    {
        assert!(text_of(&page, tile).ends_with(value), "{tile}: {}", text_of(&page, tile));
    }
    for (part, texts) in [
        ("outcomes", ["approved", "still open", "360", "33.3 %"]),
        ("hours", ["4–24 h", "Nine of ten within", "cancelled", "900"]),
        ("work", ["Call about offers", "Waiting", "In progress", "Handle leads"]),
        ("load", ["bram-0", "6 others", "not named", "Aug 2014"]),
        ("standing", ["decision times", "up to date", "15,840", "Dead letters"]),
    ] {
        let text = text_of(&page, part);
        for expected in texts {
            assert!(text.contains(expected), "{part} has no {expected:?}: {text}");
        }
    }
    assert_eq!(page.matches("<svg ").count(), 4);
    // A plot is more than its frame, and Chromium has found nothing in it that is no number.
    for shape in
        ["<rect class=\"s0\"", "<polyline class=\"mark\"", "<polygon class=\"s5\"", "<rect class=\"cell\""]
    {
        assert!(page.contains(shape), "no {shape}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf,"), "a plot without numbers");
    for outside in ["http://", "https://", " src=", "url("] {
        assert!(!page.contains(outside), "the page asks for something from outside: {outside}");
    }
}

async fn chromium_paints_the_page(kind: Kind) {
    let place = Place::new(kind).await;
    place.import::<Application>(&sample()).await;
    place.catch_up().await;
    let dashboard = Dashboard::start(&place);
    let url = dashboard.url.clone();
    let picture = tokio::task::spawn_blocking(move || Browser::new().picture(&url, 1288, 1700)).await;
    let picture = picture.expect("Chromium ends");
    assert!(picture.starts_with(b"\x89PNG\r\n"), "no picture");
    // An empty page of this size has a few kilobytes.
    assert!(picture.len() > 40_000, "only {} bytes: nothing is painted", picture.len());
}

/// The browser asks for the figures again, and the rest of the log is imported between its question and the
/// answer.
async fn the_page_is_refreshed_while_events_come_in(kind: Kind) {
    let place = Place::new(kind).await;
    let lines = long_history(2);
    place.import::<Application>(&file("half.jsonl", lines[..lines.len() / 2].join("\n"))).await;
    place.catch_up().await;
    let dashboard = Dashboard::start(&place);
    let proxy = Proxy::start(dashboard.address(), "GET /figures ").await;
    let url = format!("http://{}/", proxy.address());

    let browser = tokio::task::spawn_blocking(move || Browser::new().after_seconds(5).page(&url));
    let answer = proxy.asked().await;
    assert!(!answer.passed().contains(">24</strong>"), "all applications are there from the beginning");
    place.import::<Application>(&file("whole.jsonl", lines.join("\n"))).await;
    place.catch_up().await;
    answer.pass();
    let page = browser.await.expect("Chromium ends");
    assert!(text_of(&page, "submitted").ends_with("24"), "{}", text_of(&page, "submitted"));
    assert!(page.contains("<main data-refreshed=\""), "the page has not refreshed itself");
}

/// The same, and in between the store goes away.
async fn the_last_figures_stay_on_the_page_when_the_store_is_gone(kind: Kind) {
    let place = Place::new(kind).await;
    place.import::<Application>(&sample()).await;
    place.catch_up().await;
    let dashboard = Dashboard::start(&place);
    let proxy = Proxy::start(dashboard.address(), "GET /figures ").await;
    let url = format!("http://{}/", proxy.address());

    let browser = tokio::task::spawn_blocking(move || Browser::new().after_seconds(3).page(&url));
    let answer = proxy.asked().await;
    place.away().await;
    answer.pass();
    let page = browser.await.expect("Chromium ends");
    assert!(page.contains("The database does not answer; these are the last known figures."), "{page}");
    assert!(text_of(&page, "submitted").ends_with("12"), "{}", text_of(&page, "submitted"));
}

async fn without_read_models_the_page_says_how_to_get_them(kind: Kind) {
    let place = Place::new(kind).await;
    let dashboard = Dashboard::start(&place);
    let page = seen(&dashboard.url).await;
    assert!(
        page.contains("there are no read models of this store yet; run `loans project`, which makes them"),
        "{page}"
    );

    let port = dashboard.address().rsplit_once(':').expect("a port").1;
    let output = place.command(TODAY, &["dashboard", "--port", port]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("it prints text");
    let beginning = format!("error: cannot listen on 127.0.0.1:{port}: ");
    assert!(said.starts_with(&beginning) && said.ends_with("; choose another port with --port\n"), "{said}");
}

async fn names_from_the_log_are_text_and_no_markup(kind: Kind) {
    let place = Place::new(kind).await;
    let name = "<img src=x onerror=alert(1)>";
    let lines: Vec<_> =
        common::sample_lines().iter().map(|line| line.replace("\"bram\"", &format!("{name:?}"))).collect();
    place.import::<Application>(&file("names.jsonl", lines.join("\n"))).await;
    place.catch_up().await;
    let dashboard = Dashboard::start(&place);
    let page = seen(&dashboard.url).await;
    assert!(
        text_of(&page, "load").contains("&lt;img src=x onerror=alert(1)&gt;"),
        "{}",
        text_of(&page, "load")
    );
    assert!(!page.contains("<img"), "a name became markup");
}
