//! The import of a real file by the `loans` program, into a file and into PostgreSQL.

use es_postgres::testing::Cluster;

use crate::loans::{Loans, fresh_database};
use crate::report::Table;
use crate::{Result, Settings};

const CASE: &str = "import, 64 applications at a time, against PostgreSQL";
const CONCURRENCY: u16 = 64;
const TIMES: usize = 3;

pub(crate) async fn run(settings: &Settings, loans: &Loans, table: &mut Table) -> Result<()> {
    if !settings.wants(CASE) {
        return Ok(());
    }
    let mut records = 0;
    for line in loans.lines()? {
        line?;
        records += 1;
    }
    let records = f64::from(records);
    let server = Cluster::persistent(settings.file("postgres")).start().await?;
    let mut pairs = Vec::new();
    for time in 0..TIMES {
        let database = fresh_database(server.url()).await?;
        let in_database = loans.import(&database, CONCURRENCY)?;
        let file = settings.file(&format!("loans-{time}.db"));
        let in_file = loans.import(&file.to_string_lossy(), CONCURRENCY)?;
        pairs.push((records / in_database.seconds, records / in_file.seconds));
    }
    table.rates(CASE, "records/s", &pairs, 1.0);
    Ok(())
}
