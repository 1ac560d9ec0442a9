//! A step with all its values: the same for each store.

use es_core::record::NewEvent;
use es_core::shape::Fingerprint;
use es_core::store::{Append, CommandRecord, Filter, Find, Registration, StreamRange};
use es_core::uuid::Uuid;
use es_core::{Revision, StreamId};

use crate::given::{self, CATEGORIES, NAMES};
use crate::step::{After, Guess, Head, Part, Step, Stream};

pub(crate) enum Call {
    Append(Prepared),
    Submit(Prepared),
    AppendAll(Vec<Prepared>),
    Remember {
        at: At,
        command: CommandRecord<'static>,
        rejected: bool,
    },
    Load {
        stream: StreamId,
        after: u64,
        up_to: Option<u64>,
        fingerprint: Option<Fingerprint>,
        command: Option<Uuid>,
    },
    ReadStream {
        stream: StreamId,
        range: StreamRange,
    },
    ReadAll {
        after: After,
        filter: Filter,
        limit: usize,
        bytes: usize,
    },
    Head,
    List {
        category: &'static str,
        prefix: &'static str,
        after: Option<&'static str>,
        limit: usize,
    },
    Find(Find),
    Close(At),
    Rename {
        name: &'static str,
        was: Vec<&'static str>,
    },
    Register(Vec<Registration>),
    SaveSnapshot {
        at: At,
        fingerprint: Fingerprint,
    },
}

/// A stream, and its revision according to the caller.
pub(crate) struct At {
    pub(crate) stream: StreamId,
    pub(crate) revision: Revision,
    pub(crate) head: Option<Uuid>,
}

pub(crate) struct Prepared {
    pub(crate) at: At,
    pub(crate) events: Vec<NewEvent>,
    command: Option<CommandRecord<'static>>,
}

impl Prepared {
    pub(crate) fn append(&self) -> Append<'_> {
        let At { stream, revision, head } = &self.at;
        Append::new(stream, *revision, &self.events).last_event_id(*head).command(self.command)
    }
}

/// The heads of the streams, and how many events were created.
pub(crate) trait Standing {
    fn head(&self, stream: &StreamId) -> (Revision, Option<Uuid>);
}

/// Gives numbers to events.
#[derive(Debug, Default)]
pub(crate) struct Maker {
    events: u128,
}

impl Maker {
    /// The call of a step, given the current heads.
    pub(crate) fn call(&mut self, step: &Step, standing: &dyn Standing) -> Call {
        let at = |stream: Stream, guess: Guess, head: Head| at(stream, guess, head, standing);
        match step.clone() {
            Step::Append(part) => Call::Append(self.prepared(&part, standing)),
            Step::Submit(part) => Call::Submit(self.prepared(&part, standing)),
            Step::AppendAll(parts) => {
                Call::AppendAll(parts.iter().map(|part| self.prepared(part, standing)).collect())
            }
            Step::Remember { stream, revision, head, command, rejected } => {
                Call::Remember { at: at(stream, revision, head), command: given::command(command), rejected }
            }
            Step::Load { stream, after, up_to, fingerprint, command } => Call::Load {
                stream: given::stream(stream),
                after,
                up_to,
                fingerprint: fingerprint.map(given::fingerprint),
                command: command.map(given::command_id),
            },
            Step::ReadStream { stream, from, to, backward } => {
                let range =
                    StreamRange::from(Revision::new(from)).to(to.map_or(Revision::MAX, Revision::new));
                let range = if backward { range.backward() } else { range };
                Call::ReadStream { stream: given::stream(stream), range }
            }
            Step::ReadAll { after, categories, names, limit, bytes } => {
                let filter = categories.iter().fold(Filter::new(), |all, of| all.category(CATEGORIES[*of]));
                let filter = names.iter().fold(filter, |all, of| all.event_name(NAMES[*of]));
                Call::ReadAll { after, filter, limit, bytes: bytes.unwrap_or(usize::MAX) }
            }
            Step::Head => Call::Head,
            Step::List { category, prefix, after, limit } => Call::List {
                category: CATEGORIES[category],
                prefix: given::prefix(prefix),
                after: after.map(given::key),
                limit,
            },
            Step::FindEvent(nth) => Call::Find(Find::Event(given::event_id(nth as u128))),
            Step::FindCorrelation(number) => Call::Find(Find::Correlation(given::correlation(number))),
            Step::Close { stream, expected } => Call::Close(at(stream, expected, Head::Unsaid)),
            Step::Rename { category, was } => Call::Rename {
                name: CATEGORIES[category],
                was: was.iter().map(|was| CATEGORIES[*was]).collect(),
            },
            Step::Register(events) => Call::Register(events.into_iter().map(given::registration).collect()),
            Step::SaveSnapshot { stream, revision, head, fingerprint } => Call::SaveSnapshot {
                at: at(stream, revision, head),
                fingerprint: given::fingerprint(fingerprint),
            },
        }
    }

    fn prepared(&mut self, part: &Part, standing: &dyn Standing) -> Prepared {
        let first = self.events;
        self.events += part.events.len() as u128;
        Prepared {
            at: at(part.stream, part.expected, part.head, standing),
            events: part.events.iter().zip(first..).map(|(fact, nth)| given::event(*fact, nth)).collect(),
            command: part.command.map(given::command),
        }
    }
}

fn at(stream: Stream, Guess(off): Guess, head: Head, standing: &dyn Standing) -> At {
    let stream = given::stream(stream);
    let (revision, last) = standing.head(&stream);
    let revision = Revision::new(revision.get().saturating_add_signed(off));
    let head = match head {
        Head::Unsaid => None,
        Head::Right => last,
        Head::Wrong => Some(given::event_id(u128::from(u32::MAX))),
    };
    At { stream, revision, head }
}
