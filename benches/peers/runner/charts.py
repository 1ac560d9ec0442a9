"""The plots and their figures."""

from .settings import FLOOR, OURS, PEERS
from .svg import bars, document, lines, ranges

NAMES = {OURS: "es-postgres", FLOOR: "raw SQL", "es-full": "… all columns"}


def kind(column, place=None):
    if column in (OURS, "es-full"):
        return "ours"
    return FLOOR if column == FLOOR else ("other" if place is None else f"p{place}")


def all_of(records):
    """The name and SVG of each plot."""
    for name, chart in CHARTS.items():
        picture = chart(records)
        if picture:
            yield f"performance-{name}", picture


def rows(records, workload, *figures, columns=(OURS, FLOOR, *PEERS), best_of=()):
    found = []
    for column in columns:
        values = [records.median(workload, figure, column) for figure in figures]
        more = [records.median(other, figures[0], column) for other in best_of]
        if values[0] is not None:
            values[0] = max([values[0], *(value for value in more if value)]) if best_of else values[0]
            found.append((NAMES.get(column, column), kind(column), *values))
    return found


def appends(records):
    """Appended events a second by the number of callers."""
    marks = ["w1", "w2", "w2_64", "w2_256"]
    series = []
    for column in (OURS, FLOOR, *PEERS):
        values = [records.median(workload, "events_s", column) for workload in marks]
        if any(values):
            place = PEERS.index(column) if column in PEERS else None
            series.append((NAMES.get(column, column), kind(column, place), values))
    if not series:
        return None
    callers = ["1 caller", "16", "64", "256 callers"]
    return document(720, 400, "Appends a second", "One event a commit, each acknowledged after fsync; at most 16 "
                    "connections. Logarithmic.", [lines(20, 70, 680, 290, callers, series)])


def append_latency(records):
    return side_by_side(
        "Latency of an append", "From the median to the 99th percentile, one event a commit. Less is better.", ranges,
        [("1 client", rows(records, "w1", "p50_ms", "p99_ms")),
         ("16 clients, distinct streams", rows(records, "w2", "p50_ms", "p99_ms"))])


def command_latency(records):
    return side_by_side(
        "Latency of a command", "Load, decide, append, on streams of a hundred events; from the median to the 99th "
        "percentile.", ranges,
        [("1 client", rows(records, "w6_1", "p50_ms", "p99_ms")),
         ("16 clients", rows(records, "w6_16", "p50_ms", "p99_ms"))])


def commands(records):
    return side_by_side(
        "Commands a second", "Load, decide, append. More is better.", bars,
        [("streams of 100 events, 1 client", rows(records, "w6_1", "commands_s")),
         ("the same, 16 clients", rows(records, "w6_16", "commands_s")),
         ("one hot stream, 16 clients", rows(records, "w8", "commands_s", best_of=("w8_lock",)))])


def reads(records):
    loads = [(name, style, 1000 / ms) for name, style, ms in rows(records, "w5", "ms")]
    return side_by_side(
        "Reading", "More is better.", bars,
        [("load 10,000 events, events/s", rows(records, "w4_10000", "events_s")),
         ("the same from a snapshot, loads/s", loads),
         ("catch-up of the whole store, events/s", rows(records, "w7", "events_s"))])


def size(records):
    found = rows(records, "w9", "bytes", columns=(OURS, "es-full", FLOOR, *PEERS))
    return side_by_side("Bytes an event", "Tables and indexes, after the seed of events of a hundred bytes of JSON. Less is "
                        "better.", bars, [("", found)])


def side_by_side(title, subtitle, draw, panels):
    panels = [(caption, found) for caption, found in panels if found]
    if not panels:
        return None
    width = 590 if len(panels) == 1 else 330 if draw is ranges else 300
    body, height = [], 0
    for place, (caption, found) in enumerate(panels):
        drawn, needed = draw(20 + place * (width + 10), 76, width, caption, found)
        body.append(drawn)
        height = max(height, needed)
    return document(max(620, 30 + len(panels) * (width + 10)), 92 + height, title, subtitle, body)


CHARTS = {
    "appends": appends,
    "append-latency": append_latency,
    "commands": commands,
    "command-latency": command_latency,
    "reads": reads,
    "size": size,
}
