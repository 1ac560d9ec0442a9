"""The targets of es-postgres: each row is a ratio of figures of one run."""

import statistics
from dataclasses import dataclass

from .settings import FLOOR, OURS, PEERS


@dataclass
class Target:
    what: str
    against: str
    case: str
    figure: str
    wanted: float
    # Our workload, and the floor's.
    workload: str
    floor: str | None = None
    # The peers' workloads; the best of all counts.
    peers: tuple = ()
    # Another workload of ours.
    ours: str | None = None
    aim: float | None = None

    @property
    def less_is_better(self):
        """A latency is compared the other way round, except if the row has the allowed multiple."""
        return self.figure == "ms"

    @property
    def at_most(self):
        return self.figure in ("p99_ms", "bytes") or self.limit

    @property
    def limit(self):
        """Whether the figure itself is limited, and compared with nothing."""
        return not (self.floor or self.peers or self.ours)

    def text(self):
        text = f"{'≤' if self.at_most else '≥'} {self.wanted:g}" if self.limit else (
            f"{'≤' if self.at_most else '≥'} {self.wanted:.2f}")
        return f"{text}, aim {self.aim:.0f}" if self.aim else text


def floor(what, against, case, figure, wanted, floor=None, **more):
    return Target(what, against, case, figure, wanted, case, floor or case, **more)


def peers(what, against, case, figure, wanted, *workloads):
    return Target(what, against, case, figure, wanted, case, peers=workloads or (case,))


def ours(what, case, figure, wanted, other):
    return Target(what, "one process, as many callers", case, figure, wanted, case, ours=other)


def limit(what, case, figure, wanted):
    return Target(what, "–", case, figure, wanted, case)


TARGETS = [
    floor("W1 append 1 event, 1 client", "raw one-statement INSERT", "w1", "events_s", 0.85),
    floor("append 1 event, 64 callers, 16 connections", "raw INSERTs on 16 held connections", "w2_64", "events_s",
          2.5, aim=4),
    floor("append 1 event, 256 callers, 16 connections", "raw INSERTs on 16 held connections", "w2_256", "events_s",
          2.5, aim=4),
    floor("W2 p99, 16 clients on distinct streams", "the same raw INSERTs", "w2", "p99_ms", 1.3),
    floor("W3 append 10 events in a call, 1 client", "raw unnest INSERT", "w3_10_1", "events_s", 0.95),
    floor("W3 append 100 events in a call, 1 client", "raw unnest INSERT", "w3_100_1", "events_s", 0.85),
    floor("W3 append 100 events in a call, 16 clients", "raw unnest INSERT", "w3_100_16", "events_s", 0.85),
    floor("W4 load 10,000 events", "raw fetch + decode", "w4_10000", "ms", 0.9),
    floor("W5 load 10,000 events with a snapshot", "raw one-query snapshot + tail", "w5", "ms", 0.9),
    Target("W6 command on a warm stream of 100 events, 1 client", "W1 raw INSERT", "w6_1", "commands_s", 0.8,
           "w6_1", "w1"),
    peers("W6 the same, 16 clients", "best peer", "w6_16", "commands_s", 6),
    floor("W7 catch-up of all events, decoded to types", "raw read in the same pages", "w7", "events_s", 1.0,
          floor="es-pages"),
    peers("W7 the same", "best peer", "w7", "events_s", 1.0, "w7"),
    peers("W8 hot stream, 16 clients, committed commands", "best peer, its own lock included", "w8", "commands_s", 5,
          "w8", "w8_lock"),
    ours("W8 in two processes, 8 clients each", "w8_2", "commands_s", 0.8, "w8"),
    ours("W11 loads and commands on 50,000 streams, 2 × 16 clients", "w11_2_16", "operations_s", 0.8, "w11_1_32"),
    ours("W11 the same, 2 × 64 clients", "w11_2_64", "operations_s", 0.8, "w11_1_128"),
    limit("W11 the same, p99 of commands", "w11_2_64", "command_p99_ms", 400),
    limit("W11 the same, conflicts that callers saw, %", "w11_2_64", "conflicts_percent", 0.2),
    peers("W9 bytes per event, optional columns null", "smallest peer", "w9", "bytes", 1.1),
    Target("W9 bytes per event, all columns set", "smallest peer", "w9", "bytes", 0, "w9", peers=("w9",)),
]

# The rate of the floor has a different name if it runs a different workload.
FIGURES_OF_FLOOR = {("w6_1", "commands_s"): "events_s"}


@dataclass
class Measured:
    target: Target
    theirs: float | None
    who: str
    ours: float | None
    ratio: float | None
    spread: tuple | None

    @property
    def met(self):
        if self.ratio is None or not self.target.wanted:
            return None
        wanted = self.target.wanted
        return self.ratio <= wanted if self.target.at_most else self.ratio >= wanted


def measure(records):
    return [measured(records, target) for target in TARGETS]


def measured(records, target):
    if target.limit:
        value = records.median(target.workload, target.figure, OURS)
        return Measured(target, None, "", value, value, None)
    if target.ours:
        return against_ours(records, target)
    return against_peers(records, target) if target.peers else against_floor(records, target)


def against_floor(records, target):
    """The median of the ratios of pairs that ran one after the other; disturbed ones count only if there are no others."""
    figure = FIGURES_OF_FLOOR.get((target.case, target.figure), target.figure)
    theirs = {(record.repetition, record.turn): record
              for record in records.all_of(target.case, target.floor, FLOOR) if figure in record.figures}
    found, quiet = [], []
    for ours in records.all_of(target.case, target.workload, OURS):
        floor = theirs.get((ours.repetition, ours.turn))
        if not floor or target.figure not in ours.figures:
            continue
        pair = floor.figures[figure], ours.figures[target.figure]
        found.append(pair)
        if not floor.noisy and not ours.noisy:
            quiet.append(pair)
    return result(target, "floor", quiet or found)


def against_ours(records, target):
    """The median of the ratios of each repetition."""
    found = []
    for repetition in sorted({record.repetition for record in records.all}):
        theirs, here = (records.median(workload, target.figure, OURS, repetition=repetition)
                        for workload in (target.ours, target.workload))
        if theirs and here:
            found.append((theirs, here))
    return result(target, "ours", found)


def against_peers(records, target):
    """The median of the ratios of each repetition, against the best peer in it."""
    least = target.figure == "bytes"
    column = "es-full" if target.what.endswith("all columns set") else OURS
    found, best = [], []
    for repetition in sorted({record.repetition for record in records.all}):
        theirs = [(value, peer) for peer in PEERS for workload in target.peers
                  for value in records.of(workload, target.figure, peer, repetition=repetition)]
        ours = records.of(target.workload, target.figure, column, repetition=repetition)
        if theirs and ours:
            value, peer = min(theirs) if least else max(theirs)
            found.append((value, statistics.median(ours)))
            best.append(peer)
    return result(target, statistics.mode(best) if best else "", found)


def result(target, who, found):
    if not found:
        return Measured(target, None, who, None, None, None)
    ratios = [theirs / ours if target.less_is_better else ours / theirs for theirs, ours in found]
    return Measured(
        target,
        statistics.median(theirs for theirs, _ in found),
        who,
        statistics.median(ours for _, ours in found),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
    )
