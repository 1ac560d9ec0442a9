//! The steps of a sequence: calls, with numbers for the stream, the event and the id.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// One call, for each store.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Append(Part),
    Submit(Part),
    AppendAll(Vec<Part>),
    Remember {
        stream: Stream,
        revision: Guess,
        head: Head,
        command: Command,
        rejected: bool,
    },
    Load {
        stream: Stream,
        after: u64,
        up_to: Option<u64>,
        fingerprint: Option<usize>,
        command: Option<usize>,
    },
    ReadStream {
        stream: Stream,
        from: u64,
        to: Option<u64>,
        backward: bool,
    },
    ReadAll {
        after: After,
        categories: Vec<usize>,
        names: Vec<usize>,
        limit: usize,
        bytes: Option<usize>,
    },
    Head,
    List {
        category: usize,
        prefix: usize,
        after: Option<usize>,
        limit: usize,
    },
    FindEvent(usize),
    FindCorrelation(usize),
    Close {
        stream: Stream,
        expected: Guess,
    },
    Rename {
        category: usize,
        was: Vec<usize>,
    },
    Register(Vec<Registered>),
    SaveSnapshot {
        stream: Stream,
        revision: Guess,
        head: Head,
        fingerprint: usize,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) category: usize,
    pub(crate) key: usize,
}

/// An append to one stream.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) stream: Stream,
    pub(crate) expected: Guess,
    pub(crate) head: Head,
    pub(crate) events: Vec<Fact>,
    pub(crate) command: Option<Command>,
}

/// The revision of the stream, or one near it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guess(pub(crate) i64);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Head {
    Unsaid,
    Right,
    Wrong,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) name: usize,
    pub(crate) version: u32,
    pub(crate) payload: usize,
    pub(crate) metadata: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub(crate) id: usize,
    pub(crate) name: usize,
    pub(crate) body_hash: Option<i64>,
}

/// Where a page begins: at the start, after an event, or after one that does not exist.
#[derive(Debug, Clone, Copy)]
pub(crate) enum After {
    Start,
    Event(usize),
    /// An event of another id at the position of this one.
    Other(usize),
    /// Far after the last event.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Registered {
    pub(crate) name: usize,
    pub(crate) version: u32,
    pub(crate) fingerprint: Option<usize>,
    pub(crate) former: bool,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => part().prop_map(Step::Append),
        4 => part().prop_map(Step::Submit),
        6 => vec(part(), 0..4).prop_map(Step::AppendAll),
        4 => (stream(), guess(), head(), command(), any::<bool>()).prop_map(
            |(stream, revision, head, command, rejected)| {
                Step::Remember { stream, revision, head, command, rejected }
            }
        ),
        4 => (stream(), 0..6_u64, option::of(0..8_u64), option::of(0..2_usize), option::of(0..4_usize)).prop_map(
            |(stream, after, up_to, fingerprint, command)| Step::Load { stream, after, up_to, fingerprint, command }
        ),
        2 => (stream(), 0..6_u64, option::of(0..8_u64), any::<bool>())
            .prop_map(|(stream, from, to, backward)| Step::ReadStream { stream, from, to, backward }),
        5 => (after(), vec(0..4_usize, 0..3), vec(0..4_usize, 0..3), 0..6_usize, option::of(0..60_usize)).prop_map(
            |(after, categories, names, limit, bytes)| Step::ReadAll { after, categories, names, limit, bytes }
        ),
        1 => Just(Step::Head),
        2 => (0..4_usize, 0..5_usize, option::of(0..6_usize), 0..4_usize)
            .prop_map(|(category, prefix, after, limit)| Step::List { category, prefix, after, limit }),
        1 => (0..30_usize).prop_map(Step::FindEvent),
        1 => (0..3_usize).prop_map(Step::FindCorrelation),
        1 => (stream(), guess()).prop_map(|(stream, expected)| Step::Close { stream, expected }),
        1 => (0..4_usize, vec(0..4_usize, 0..3)).prop_map(|(category, was)| Step::Rename { category, was }),
        3 => vec(registered(), 0..3).prop_map(Step::Register),
        3 => (stream(), guess(), head(), 0..2_usize).prop_map(|(stream, revision, head, fingerprint)| {
            Step::SaveSnapshot { stream, revision, head, fingerprint }
        }),
    ]
}

fn stream() -> impl Strategy<Value = Stream> {
    (0..3_usize, 0..4_usize).prop_map(|(category, key)| Stream { category, key })
}

fn part() -> impl Strategy<Value = Part> {
    (stream(), guess(), head(), vec(fact(), 0..4), option::of(command())).prop_map(
        |(stream, expected, head, events, command)| Part { stream, expected, head, events, command },
    )
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![6 => Just(Guess(0)), 1 => (-2..3_i64).prop_map(Guess)]
}

fn head() -> impl Strategy<Value = Head> {
    prop_oneof![4 => Just(Head::Unsaid), 3 => Just(Head::Right), 1 => Just(Head::Wrong)]
}

fn fact() -> impl Strategy<Value = Fact> {
    let version = prop_oneof![20 => 1..3_u32, 1 => Just(0)];
    let payload = prop_oneof![10 => 0..4_usize, 1 => 4..6_usize];
    let name = prop_oneof![20 => 0..3_usize, 1 => Just(3)];
    (name, version, payload, 0..5_usize).prop_map(|(name, version, payload, metadata)| Fact {
        name,
        version,
        payload,
        metadata,
    })
}

fn command() -> impl Strategy<Value = Command> {
    (0..4_usize, prop_oneof![9 => Just(0_usize), 1 => 1..3_usize], option::of(0..2_i64))
        .prop_map(|(id, name, body_hash)| Command { id, name, body_hash })
}

fn after() -> impl Strategy<Value = After> {
    prop_oneof![
        3 => Just(After::Start),
        6 => (0..30_usize).prop_map(After::Event),
        1 => (0..30_usize).prop_map(After::Other),
        1 => Just(After::Nothing),
    ]
}

fn registered() -> impl Strategy<Value = Registered> {
    let former = (0..3_usize, 1..3_u32).prop_map(|(name, version)| Registered {
        name,
        version,
        fingerprint: None,
        former: true,
    });
    let written = (0..3_usize, 1..3_u32, option::of(0..2_usize))
        .prop_map(|(name, version, fingerprint)| Registered { name, version, fingerprint, former: false });
    prop_oneof![1 => former, 3 => written]
}
