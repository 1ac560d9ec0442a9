//! `status`: a table of the read models.

use std::time::Duration;

use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::read_models::{ReadModels, Standing};
use crate::table::{Table, grouped};

pub(super) async fn status(read_models: &ReadModels) -> Result<(), Failure> {
    let mut table = Table::new([
        "read model",
        ">position",
        ">head",
        ">lag",
        ">lag (s)",
        ">events",
        ">events/s",
        ">dead letters",
        "owner",
        "last error",
    ]);
    for standing in read_models.standings().await? {
        table.row(row(&standing));
    }
    print(&table)
}

fn row(standing: &Standing) -> [String; 10] {
    let name = standing.name.to_owned();
    let Some(status) = &standing.status else {
        let none = || String::from("-");
        let hint = String::from("never run; `loans project` runs it");
        return [name, none(), none(), none(), none(), none(), none(), none(), none(), hint];
    };
    let projected = status.partitions.iter().map(|partition| partition.projected).sum();
    let per_second = status.partitions.iter().map(|partition| partition.per_second).sum::<f64>();
    let owner = status.partitions.iter().find_map(|partition| partition.owner.clone());
    [
        name,
        grouped(status.position().get()),
        grouped(status.head.get()),
        grouped(status.lag_events()),
        seconds(status.lag()),
        grouped(projected),
        format!("{per_second:.0}"),
        grouped(status.dead_letters),
        owner.unwrap_or_else(|| String::from("-")),
        status.error().unwrap_or("-").to_owned(),
    ]
}

fn seconds(lag: Duration) -> String {
    let tenths = lag.as_millis() / 100;
    format!("{}.{}", grouped(u64::try_from(tenths / 10).unwrap_or(u64::MAX)), tenths % 10)
}
