//! The `loans` program, run on a real file as a user would run it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use sqlx::{Connection, PgConnection};

use crate::Result;

/// The program, and the file that it imports.
pub(crate) struct Loans {
    pub(crate) program: PathBuf,
    pub(crate) file: PathBuf,
}

/// A run that has succeeded.
pub(crate) struct Ran {
    pub(crate) seconds: f64,
    #[allow(dead_code, reason = "not every bench reports it")]
    pub(crate) peak_megabytes: f64,
}

impl Loans {
    /// Imports the file.
    pub(crate) fn import(&self, store: &str, concurrency: u16) -> Result<Ran> {
        self.run(&["import", &self.file.to_string_lossy(), "--concurrency", &concurrency.to_string()], store)
    }

    /// Runs the program on a store, and reads the kernel's accounting of the finished child, like
    /// `/usr/bin/time`.
    pub(crate) fn run(&self, arguments: &[&str], store: &str) -> Result<Ran> {
        let start = Instant::now();
        let mut child = Command::new(&self.program).args(arguments).args(["--store", store]).spawn()?;
        let mut peak: u64 = 0;
        let status = loop {
            if let Ok(text) = std::fs::read_to_string(format!("/proc/{}/status", child.id()))
                && let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:"))
            {
                let kilobytes = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
                peak = peak.max(kilobytes.unwrap_or(0));
            }
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        if !status.success() {
            return Err(format!("{} {arguments:?} ended with {status}", self.program.display()).into());
        }
        #[allow(clippy::cast_precision_loss, reason = "kilobytes are far below 2^52")]
        Ok(Ran { seconds: start.elapsed().as_secs_f64(), peak_megabytes: peak as f64 / 1024.0 })
    }

    /// The records of the file.
    pub(crate) fn lines(&self) -> Result<Box<dyn Iterator<Item = std::io::Result<String>> + Send>> {
        let mut magic = [0; 2];
        File::open(&self.file)?.read_exact(&mut magic)?;
        let file = File::open(&self.file)?;
        Ok(match magic {
            [0x1f, 0x8b] => Box::new(BufReader::new(MultiGzDecoder::new(file)).lines()),
            _ => Box::new(BufReader::new(file).lines()),
        })
    }
}

/// Creates an empty database on the server of this URL; returns its own URL.
pub(crate) async fn fresh_database(url: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in ["drop database if exists bench_loans with (force)", "create database bench_loans"] {
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    let current: String = sqlx::query_scalar("select current_database()").fetch_one(&mut connection).await?;
    // The database name is the last segment of the path; parameters may follow.
    let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
    let base = base.strip_suffix(&current).unwrap_or(base);
    let base = base.trim_end_matches('/');
    Ok(format!("{base}/bench_loans?{parameters}"))
}
