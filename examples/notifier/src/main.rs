//! Consumes the public events of the loans until Ctrl-C, then prints the applications by outcome.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(version, about = "Consumes the public events of the loans until Ctrl-C")]
struct Args {
    /// The NATS server to which `loans publish` publishes
    #[arg(long, value_name = "URL", env = "NATS_URL", default_value = "nats://localhost:4222")]
    nats: String,
    /// The file for the notices
    #[arg(long, value_name = "FILE", default_value = "notifier.db")]
    file: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match notifier::run(&args.nats, &args.file, ctrl_c).await {
        Ok(figures) => {
            for figure in figures {
                println!("{figure}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
