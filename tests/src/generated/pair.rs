//! Two programs, of which the second is the first with one change, and what must hold between them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use es_core::lock::Mode;
use es_core::shape::Schema;
use serde::{Deserialize, Serialize};

use super::{Json, Payload, Random, Reading, Side, Writer};

/// How many random values each version of an event gets.
const VALUES: usize = 12;
/// More stored payloads than this say nothing new.
const MOST: usize = 400;

/// A program, and its changes.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Which of the batch.
    pub case: u32,
    /// The program whose events are stored.
    pub before: Side,
    /// The same with one change each, by number.
    pub after: &'static [(u32, Side)],
}

/// What came out for a program (`change` is `None`) or for one change of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Which of the batch.
    pub case: u32,
    /// Which change.
    pub change: Option<u32>,
    /// What it was.
    pub verdict: Verdict,
    /// The findings of the lock, or what is wrong.
    pub text: String,
}

/// The kinds of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// The lock refuses to publish the program.
    Refused,
    /// The program is published, and its shapes fit what serde writes and reads.
    Published,
    /// A shape does not fit what serde writes or reads.
    Unfit,
    /// A value is another one when it is read back.
    NotItself,
    /// The change is noticed.
    Red,
    /// The change is not noticed, and every stored event means what it meant.
    Green,
    /// The change is not noticed, and a stored event means something else.
    Misread,
}

impl Verdict {
    /// Whether this must never be.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Unfit | Self::NotItself | Self::Misread)
    }
}

impl Pair {
    /// Publishes the program in an empty folder, and compares each change with it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or removed.
    pub fn run(&self, folder: &Path, seed: u64) -> std::io::Result<Vec<Outcome>> {
        let Self { case, before, after } = *self;
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let mut outcomes = Vec::new();
        let mut add = |change, verdict, text| outcomes.push(Outcome { case, change, verdict, text });
        if let Err(error) = before.lock(folder, Mode::Update) {
            add(None, Verdict::Refused, error.to_string());
        } else {
            match stored(&before, &mut Random::new(seed)) {
                Err((verdict, text)) => add(None, verdict, text),
                Ok(stored) => {
                    add(None, Verdict::Published, format!("{} stored events", stored.len()));
                    for (change, after) in after {
                        let (verdict, text) = match after.lock(folder, Mode::Check) {
                            Err(error) => (Verdict::Red, error.to_string()),
                            Ok(()) => compared(&stored, &before, after),
                        };
                        add(Some(*change), verdict, text);
                    }
                }
            }
        }
        fs::remove_dir_all(folder)?;
        Ok(outcomes)
    }
}

/// Events that a store may hold, with what they mean to the program.
fn stored(before: &Side, random: &mut Random) -> Result<Vec<(Payload, Reading)>, (Verdict, String)> {
    let (mut stored, mut known) = (Vec::new(), BTreeSet::new());
    for writer in before.writers() {
        let Some(schema) = before.schema(writer) else { continue };
        let mut payloads = Vec::new();
        for _ in 0..VALUES {
            // A value that cannot be written, or not be read again, is refused at the append.
            let Ok((payload, meaning)) = writer.write(random) else { continue };
            let Ok(reading) = before.read(&payload) else { continue };
            is_itself(writer, &payload, &meaning, &reading)?;
            is_written(&schema, &payload)?;
            payloads.push(payload);
        }
        let of = |json: String| writer.payload(json);
        payloads.extend(schema.samples().iter().map(|sample| of(sample.to_string())));
        // Values that are nearly those: what the program reads of them may be stored as well.
        let near: Vec<Payload> = payloads
            .iter()
            .filter_map(|payload| Json::read(payload.json.as_bytes()).ok())
            .flat_map(|json| json.changes())
            .map(|json| of(json.to_string()))
            .collect();
        payloads.extend(near);
        payloads.retain(|payload| known.insert(payload.to_string()));
        payloads.truncate(MOST);
        for payload in payloads {
            let reading = before.read(&payload);
            is_read(&schema, &payload, reading.as_ref())?;
            stored.extend(reading.ok().map(|reading| (payload, reading)));
        }
    }
    Ok(stored)
}

/// Whether a value is read as what it was written for. What is not read at all is refused at the append.
fn is_itself(
    writer: &Writer,
    payload: &Payload,
    meaning: &str,
    reading: &Reading,
) -> Result<(), (Verdict, String)> {
    if writer.is_todays() && reading.means != meaning {
        let text = format!("{payload}\nwas written for {meaning}\nand is read as   {}", reading.means);
        return Err((Verdict::NotItself, text));
    }
    Ok(())
}

/// What serde writes fits the shape.
fn is_written(schema: &Schema, payload: &Payload) -> Result<(), (Verdict, String)> {
    let Ok(value) = serde_json::from_str(&payload.json) else { return Ok(()) };
    match schema.check(&value) {
        Ok(()) => Ok(()),
        Err(misfit) => Err((Verdict::Unfit, format!("{payload}\nis written and does not fit: {misfit}"))),
    }
}

/// The shape says of every value whether serde reads it.
fn is_read(
    schema: &Schema,
    payload: &Payload,
    reading: Result<&Reading, &String>,
) -> Result<(), (Verdict, String)> {
    let (Ok(value), Ok(json)) = (serde_json::from_str(&payload.json), Json::read(payload.json.as_bytes()))
    else {
        return Ok(());
    };
    // A shape is asked about values, in which no key stands twice.
    if json.has_double_keys() {
        return Ok(());
    }
    match (schema.check_read(&value), reading) {
        (Ok(()), Ok(_)) | (Err(_), Err(_)) => Ok(()),
        // A newtype of an option looks like a transparent one, which may be absent.
        (Ok(()), Err(problem)) if problem.contains("missing field") => Ok(()),
        (Ok(()), Err(problem)) => {
            Err((Verdict::Unfit, format!("{payload}\nfits what is read, and is not read: {problem}")))
        }
        (Err(misfit), Ok(_)) => {
            Err((Verdict::Unfit, format!("{payload}\nis read and does not fit: {misfit}")))
        }
    }
}

fn compared(stored: &[(Payload, Reading)], before: &Side, after: &Side) -> (Verdict, String) {
    let (old, new) = (before.streams(), after.streams());
    if old != new {
        return (Verdict::Misread, format!("streams of {old} are read as {new}"));
    }
    for (payload, reading) in stored {
        let problem = match after.read(payload) {
            Err(problem) => format!("is not read any more: {problem}"),
            Ok(now) if now.means != reading.means => {
                format!("meant     {}\nand means {}", reading.means, now.means)
            }
            Ok(now) if now.written != reading.written => {
                format!(
                    "was written again as {}\nand is as            {}",
                    reading.written.join(" "),
                    now.written.join(" ")
                )
            }
            Ok(_) => continue,
        };
        return (Verdict::Misread, format!("{payload}\n{problem}"));
    }
    (Verdict::Green, format!("{} stored events", stored.len()))
}

/// Runs pairs one after the other, and prints each outcome as a line of JSON.
///
/// # Errors
///
/// When a folder cannot be made, or nothing be printed.
pub fn report(pairs: &[Pair], folder: &Path, seed: u64) -> std::io::Result<()> {
    for pair in pairs {
        for outcome in pair.run(&folder.join(pair.case.to_string()), seed.wrapping_add(pair.case.into()))? {
            println!("{}", serde_json::to_string(&outcome)?);
        }
    }
    Ok(())
}
