//! The services run while a log is imported, and are killed one after the other.

use std::time::Instant;

use crate::log::{lines, parts, public_events};
use crate::programs::{Services, Victim};

/// The number of times that each of them is killed.
const KILLS: usize = 4;

fn seed() -> u64 {
    let seed = std::env::var("LOANS_SEED").ok().and_then(|seed| seed.parse().ok());
    seed.unwrap_or_else(|| fastrand::u64(..))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_equal_after_kills_of_both_services_and_of_the_broker() {
    let seed = seed();
    println!("LOANS_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut victims = [Victim::Publisher, Victim::Notifier, Victim::Broker].repeat(KILLS);
    random.shuffle(&mut victims);

    let lines = lines();
    let mut services = Services::start().await;
    let (start, mut imported) = (Instant::now(), 0);
    for (part, victim) in parts(&lines, victims.len()).iter().zip(victims) {
        // Each part of the log is imported while the services may still be behind with the previous ones.
        imported += public_events(part);
        let import = services.import(part);
        let passed = services.passed(victim).await;
        let point = random.u64(passed.min(imported)..=imported);
        services.until_passed(victim, point).await;
        services.kill(victim).await;
        println!(
            "{:>6.1} s: killed the {victim:?} after {point} of {imported}",
            start.elapsed().as_secs_f64()
        );
        import.await.expect("it is imported");
    }
    services.until_passed(Victim::Notifier, imported).await;
    services.settled().await;

    let (figures, recount) = (services.figures().await, services.recount().await);
    let ((notices, letters), messages) = (services.notices().await, services.messages().await);
    println!(
        "{:>6.1} s: {} events, {imported} of them public, {messages} messages, {notices} notices",
        start.elapsed().as_secs_f64(),
        lines.len()
    );
    for (figure, by_sql) in figures.iter().zip(&recount) {
        println!("{figure}    by SQL {by_sql}");
    }
    assert_eq!(figures, recount);
    assert_eq!((u64::try_from(notices).ok(), letters), (Some(imported), 0));
    assert!(messages >= imported, "{messages} messages of {imported} public events");
}
