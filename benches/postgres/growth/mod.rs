//! Appends, loads, catch-up and indexes as the store grows: the same at 10⁵, 10⁶ and 10⁷ events.
//!
//! The floor runs on a table that does not grow, in turn with ours, so that changes of the machine are
//! distinguished from changes with the size of the store.

mod fill;
mod measure;
mod sizes;

use std::time::Instant;

use es_core::Repository;
use es_postgres::PostgresStore;
use sqlx::{Connection, PgConnection, raw_sql};

use self::fill::WINDOW;
use self::measure::Measures;
use crate::floor::Floor;
use crate::load::Account;
use crate::{Result, Settings};

const SCHEMA: &str = "bench_growth";

/// The figures at one size.
struct Step {
    events: u64,
    fill: f64,
    append: Pairs,
    load: Pairs,
    catch_up: f64,
    sizes: Vec<(String, f64)>,
}

/// The floor's figure and ours, in turn.
type Pairs = Vec<(f64, f64)>;

pub(crate) async fn run(settings: &Settings, floor: &Floor, most: u64) -> Result<()> {
    let mut db = PgConnection::connect(&settings.url).await?;
    raw_sql("drop schema if exists bench_growth cascade").execute(&mut db).await?;
    let store = PostgresStore::options(&settings.url).schema(SCHEMA).connections(16).migrate().await?;
    let mut measures = Measures::new(settings, floor, &store).await?;
    Repository::<Account, _>::new(store.clone()).register().await?;
    let mut steps = Vec::new();
    let mut filled = 0;
    for events in sizes_up_to(most) {
        let start = Instant::now();
        fill::run(&store, filled / WINDOW, events / WINDOW).await?;
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let fill = (events - filled) as f64 / start.elapsed().as_secs_f64();
        filled = events;
        // Maintenance that the server does by itself is done now, so that it does not happen while measuring.
        raw_sql("vacuum analyze bench_growth.events, bench_growth.streams").execute(&mut db).await?;
        raw_sql("checkpoint").execute(&mut db).await?;
        let sizes = sizes::of(&mut db).await?;
        let catch_up = measures.catch_up().await?;
        let load = measures.load(events).await?;
        let append = measures.append(events).await?;
        let step = Step { events, fill, append, load, catch_up, sizes };
        step.note();
        steps.push(step);
    }
    store.close().await;
    print(&steps);
    raw_sql("drop schema bench_growth cascade").execute(&mut db).await?;
    Ok(())
}

/// A hundred thousand, ten times as many, and so on; finally `most`, rounded to whole windows.
fn sizes_up_to(most: u64) -> Vec<u64> {
    let most = (most / WINDOW).max(1) * WINDOW;
    let mut sizes: Vec<u64> =
        std::iter::successors(Some(WINDOW), |size| Some(size * 10)).take_while(|&size| size < most).collect();
    sizes.push(most);
    sizes
}

impl Step {
    fn note(&self) {
        let (append, load) = (of(&self.append, ours), of(&self.load, ours));
        eprintln!(
            "{} events: {append:.0} appends/s, {load:.2} ms a load, {:.0} events/s read, filled at {:.0} events/s",
            self.events, self.catch_up, self.fill
        );
    }
}

fn floors(pair: &(f64, f64)) -> f64 {
    pair.0
}

fn ours(pair: &(f64, f64)) -> f64 {
    pair.1
}

fn ratio(pair: &(f64, f64)) -> f64 {
    pair.1 / pair.0
}

fn of(pairs: &Pairs, figure: fn(&(f64, f64)) -> f64) -> f64 {
    crate::report::median(pairs.iter().map(figure))
}

/// One column for each size; the last one is the difference between the largest and the smallest store.
fn print(steps: &[Step]) {
    let mut head = vec![String::from("growth")];
    head.extend(steps.iter().map(|step| format!("{} events", step.events)));
    head.push("last / first".into());
    println!("| {} |", head.join(" | "));
    println!("|{}", "---|".repeat(head.len()));
    let row = |name: &str, digits: usize, figure: &dyn Fn(&Step) -> f64| {
        let values: Vec<f64> = steps.iter().map(figure).collect();
        let change = values.last().zip(values.first()).map_or(1.0, |(last, first)| last / first);
        let cells: Vec<String> = values.iter().map(|value| format!("{value:.digits$}")).collect();
        println!("| {name} | {} | {change:.2} |", cells.join(" | "));
    };
    row("append 1 event, 16 connections, events/s", 0, &|step| of(&step.append, ours));
    row("the floor at the same time, events/s", 0, &|step| of(&step.append, floors));
    row("append, ours / floor", 2, &|step| of(&step.append, ratio));
    row("load 100 events of any stream, ms", 3, &|step| of(&step.load, ours));
    row("the floor at the same time, ms", 3, &|step| of(&step.load, floors));
    row("load, ours / floor", 2, &|step| of(&step.load, ratio));
    row("catch-up, events/s", 0, &|step| step.catch_up);
    row("fill, events/s", 0, &|step| step.fill);
    for (place, (name, _)) in steps.first().map(|step| &step.sizes[..]).unwrap_or_default().iter().enumerate()
    {
        row(&format!("{name}, bytes an event"), 1, &|step| step.sizes[place].1);
    }
}
