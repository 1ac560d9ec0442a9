//! One line of a log, checked by itself: what it says, or why it says nothing.

use std::borrow::Cow;

use es_core::StreamId;
use es_core::time::OffsetDateTime;
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;

use super::problem::excerpt;
use super::{Step, What};
use crate::domain::{ApplicationId, Euros, WorkItem};

/// The longest name of an actor, in bytes.
const LONGEST_RESOURCE: usize = 255;

/// One record: a step that somebody took with an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The application.
    pub case: ApplicationId,
    /// The place in the application's history: 0, 1, 2 …
    pub seq: u64,
    /// When, in microseconds, as stores keep it.
    pub time: OffsetDateTime,
    /// Who, if the log says so.
    pub actor: Option<Box<str>>,
    /// What.
    pub step: Step,
}

/// The record as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    case: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    activity: Cow<'a, str>,
    #[serde(borrow)]
    lifecycle: Cow<'a, str>,
    #[serde(borrow, default)]
    resource: Option<Cow<'a, str>>,
    #[serde(default)]
    amount: Option<i64>,
}

/// As much of a bad record as tells whose it is.
#[derive(Deserialize)]
struct OnlyCase {
    case: String,
}

impl Record {
    /// Reads one line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, What> {
        let text = str::from_utf8(line).map_err(|_| What::NoText)?;
        // serde reads a struct from an array, too; a record has names.
        if !text.trim_start().starts_with('{') {
            return Err(What::NoObject);
        }
        let written: Written<'_> = serde_json::from_str(text).map_err(|error| What::malformed(&error))?;
        StreamId::new("loan", &*written.case).map_err(What::Case)?;
        let step = written.step()?;
        let time = OffsetDateTime::parse(&written.time, &Rfc3339)
            .map_err(|_| What::Time { found: excerpt(&written.time, 60) })?;
        let actor = written.resource.map(|resource| resource.into_owned().into_boxed_str());
        if let Some(actor) = &actor
            && (actor.is_empty() || actor.len() > LONGEST_RESOURCE || actor.contains(char::is_control))
        {
            return Err(What::Resource);
        }
        let case = ApplicationId(written.case.into_owned());
        Ok(Self { case, seq: written.seq, time: microseconds(time), actor, step })
    }

    /// The application that a bad line speaks of, if that much can be read.
    #[must_use]
    pub fn case_of(line: &[u8]) -> Option<ApplicationId> {
        let OnlyCase { case } = serde_json::from_slice(line).ok()?;
        StreamId::new("loan", &*case).ok().map(|_| ApplicationId(case))
    }
}

impl Written<'_> {
    fn step(&self) -> Result<Step, What> {
        let activity = &*self.activity;
        let step = match activity {
            "A_SUBMITTED" => Step::Submit { amount: self.submitted_amount()? },
            "A_PARTLYSUBMITTED" => Step::PartlySubmit,
            "A_PREACCEPTED" => Step::PreAccept,
            "A_ACCEPTED" => Step::Accept,
            "A_FINALIZED" => Step::Finalise,
            "A_APPROVED" => Step::Approve,
            "A_REGISTERED" => Step::Register,
            "A_ACTIVATED" => Step::Activate,
            "A_DECLINED" => Step::Decline,
            "A_CANCELLED" => Step::Cancel,
            "O_SELECTED" => Step::SelectOffer,
            "O_CREATED" => Step::CreateOffer,
            "O_SENT" => Step::SendOffer,
            "O_SENT_BACK" => Step::TakeBackOffer,
            "O_ACCEPTED" => Step::AcceptOffer,
            "O_DECLINED" => Step::DeclineOffer,
            "O_CANCELLED" => Step::CancelOffer,
            _ => self.work()?,
        };
        if !activity.starts_with("W_") && self.lifecycle != "COMPLETE" {
            return Err(self.lifecycle("COMPLETE"));
        }
        if self.amount.is_some() && !matches!(step, Step::Submit { .. }) {
            return Err(What::UnexpectedAmount { activity: activity.into() });
        }
        Ok(step)
    }

    fn work(&self) -> Result<Step, What> {
        let item = self.activity.strip_prefix("W_").and_then(|name| WorkItem::from_dutch(name).ok());
        let item = item.ok_or_else(|| What::Activity { found: excerpt(&self.activity, 60) })?;
        match &*self.lifecycle {
            "SCHEDULE" => Ok(Step::ScheduleWork(item)),
            "START" => Ok(Step::StartWork(item)),
            "COMPLETE" => Ok(Step::CompleteWork(item)),
            _ => Err(self.lifecycle("SCHEDULE, START or COMPLETE")),
        }
    }

    fn submitted_amount(&self) -> Result<Euros, What> {
        let amount = self.amount.ok_or(What::NoAmount)?;
        u32::try_from(amount).map(Euros).map_err(|_| What::Amount { found: amount })
    }

    fn lifecycle(&self, expected: &'static str) -> What {
        let (found, activity) = (excerpt(&self.lifecycle, 60), excerpt(&self.activity, 60));
        What::Lifecycle { found, activity, expected }
    }
}

fn microseconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(time.microsecond() * 1_000).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: &str) -> String {
        Record::parse(line.as_bytes()).map_or_else(|what| what.to_string(), |record| format!("{record:?}"))
    }

    fn submitted(rest: &str) -> String {
        format!(
            r#"{{"case":"7","seq":0,"time":"2011-10-01T00:38:44.546+02:00","activity":"A_SUBMITTED",{rest}}}"#
        )
    }

    #[test]
    fn a_good_record_is_read_with_its_time_and_its_actor() {
        let line = submitted(r#""lifecycle":"COMPLETE","resource":"112","amount":20000"#);
        let record = Record::parse(line.as_bytes()).expect("it is good");
        assert_eq!(record.step, Step::Submit { amount: Euros(20_000) });
        assert_eq!(record.actor.as_deref(), Some("112"));
        assert_eq!(record.time, time::macros::datetime!(2011-10-01 00:38:44.546 +2));
        assert_eq!(Record::case_of(line.as_bytes()), Some(record.case));
    }

    #[test]
    fn an_error_shows_no_more_of_a_long_line_than_a_reader_wants() {
        let long = "x".repeat(10_000);
        let line = submitted(r#""lifecycle":"COMPLETE","amount":5"#);
        for (from, to) in
            [("A_SUBMITTED", &long), ("2011-10-01", &long), ("COMPLETE", &long), ("\"case\"", &long)]
        {
            let text = problem(&line.replace(from, to));
            assert!(text.len() < 250, "{text}");
        }
        let line = line.replace("\"7\"", &format!("{long:?}"));
        assert_eq!(Record::case_of(line.as_bytes()), None);
        let text = problem(&line);
        assert_eq!(
            text,
            "the case cannot name an application: the key of a stream has 10000 bytes; 255 are allowed"
        );
    }

    #[test]
    fn each_thing_that_a_line_can_get_wrong_is_named() {
        let cases = [
            ("{\"case\":", "it is not a record: EOF while parsing a value at column 8"),
            ("{\"case\":7}", "it is not a record: invalid type: integer `7`, expected a string at column 9"),
            ("{\"case\":\"7\"}", "it is not a record: missing field `seq` at column 12"),
            (r#"["7",0,"2011-10-01T00:38:44Z","A_ACCEPTED","COMPLETE",null,null]"#, "it is no JSON object"),
            ("{\"seq\":0}", "it is not a record: missing field `case` at column 9"),
        ];
        for (line, expected) in cases {
            assert_eq!(problem(line), expected);
        }
        let cases = [
            (r#""lifecycle":"COMPLETE""#, "A_SUBMITTED has no amount"),
            (r#""lifecycle":"COMPLETE","amount":-5"#, "the amount -5 is not between 0 and 4294967295 euros"),
            (
                r#""lifecycle":"START","amount":5"#,
                "the lifecycle \"START\" does not fit A_SUBMITTED; it takes COMPLETE",
            ),
            (
                r#""lifecycle":"COMPLETE","amount":5,"resource":"""#,
                "the resource is empty, over 255 bytes, or holds a control character",
            ),
            (
                r#""lifecycle":"COMPLETE","amount":5,"by":"x""#,
                "it is not a record: unknown field `by`, expected one of `case`, `seq`, `time`, `activity`, `lifecycle`, \
                 `resource`, `amount` at column 122",
            ),
        ];
        for (rest, expected) in cases {
            assert_eq!(problem(&submitted(rest)), expected);
        }
        let other = |activity: &str, lifecycle: &str, time: &str, rest: &str| {
            problem(&format!(
                r#"{{"case":"7","seq":1,"time":"{time}","activity":"{activity}","lifecycle":"{lifecycle}"{rest}}}"#
            ))
        };
        let time = "2011-10-01T00:38:44Z";
        assert_eq!(other("A_FOO", "COMPLETE", time, ""), "the activity \"A_FOO\" is unknown");
        assert_eq!(
            other("W_Koffie zetten", "START", time, ""),
            "the activity \"W_Koffie zetten\" is unknown"
        );
        assert_eq!(
            other("W_Valideren aanvraag", "SUSPEND", time, ""),
            "the lifecycle \"SUSPEND\" does not fit W_Valideren aanvraag; it takes SCHEDULE, START or COMPLETE"
        );
        assert_eq!(
            other("A_ACCEPTED", "COMPLETE", time, r#","amount":5"#),
            "A_ACCEPTED takes no amount; only A_SUBMITTED does"
        );
        assert_eq!(
            other("A_ACCEPTED", "COMPLETE", "2011-10-01 00:38", ""),
            "the time \"2011-10-01 00:38\" is none by RFC 3339"
        );
        assert_eq!(
            problem(r#"{"case":"","seq":1,"time":"","activity":"","lifecycle":""}"#),
            "the case cannot name an application: the key of a stream is empty; it takes 1 to 255 bytes"
        );
    }
}
