"""The tables, as Markdown."""

import statistics

from .settings import BEFORE, FLOOR, OURS, PEERS
from .targets import against_floor, floor, measure

# The curve of W3.
EVENTS_A_COMMIT = (1, 2, 5, 10, 20, 50, 100)

# Name, workload, figure, unit.
ROWS = [
    ("W1 append, 1 client", "w1", "events_s", "ev/s"),
    ("W1 p50", "w1", "p50_ms", "ms"),
    ("W1 p99", "w1", "p99_ms", "ms"),
    ("W2 append, 16 clients", "w2", "events_s", "ev/s"),
    ("W2 p50", "w2", "p50_ms", "ms"),
    ("W2 p99", "w2", "p99_ms", "ms"),
    ("append, 64 callers", "w2_64", "events_s", "ev/s"),
    ("64 callers, p99", "w2_64", "p99_ms", "ms"),
    ("append, 256 callers", "w2_256", "events_s", "ev/s"),
    ("256 callers, p99", "w2_256", "p99_ms", "ms"),
    ("W1c command, new streams, 1", "w1c", "commands_s", "cmd/s"),
    ("W1c p50", "w1c", "p50_ms", "ms"),
    ("W2c command, new streams, 16", "w2c", "commands_s", "cmd/s"),
    ("W2c p99", "w2c", "p99_ms", "ms"),
    ("W2c false conflicts", "w2c", "false_conflicts", "n"),
    *((f"W3 {events} ev/commit, {clients}", f"w3_{events}_{clients}", "events_s", "ev/s")
      for events in EVENTS_A_COMMIT for clients in (1, 16)),
    ("W4 load 10", "w4_10", "ms", "ms"),
    ("W4 load 1,000", "w4_1000", "ms", "ms"),
    ("W4 load 10,000", "w4_10000", "ms", "ms"),
    ("W5 load 10,050 with snapshot", "w5", "ms", "ms"),
    ("W6 command on 100 events, 1", "w6_1", "commands_s", "cmd/s"),
    ("W6 p50", "w6_1", "p50_ms", "ms"),
    ("W6 command on 100 events, 16", "w6_16", "commands_s", "cmd/s"),
    ("W6-16 p99", "w6_16", "p99_ms", "ms"),
    ("W6-16 false conflicts", "w6_16", "false_conflicts", "n"),
    ("W7 catch-up", "w7", "events_s", "ev/s"),
    ("W7 one query, or a subscription", "w7stream", "events_s", "ev/s"),
    ("W8 hot stream, 16", "w8", "commands_s", "cmd/s"),
    ("W8 conflicts", "w8", "conflicts", "n"),
    ("W8 longest wait", "w8", "worst_ms", "ms"),
    ("W8 in two processes", "w8_2", "commands_s", "cmd/s"),
    ("W8 in two processes, longest wait", "w8_2", "worst_ms", "ms"),
    ("W8 with the library's lock", "w8_lock", "commands_s", "cmd/s"),
    *((f"W11 {name}, {processes} × {clients}", f"w11_{processes}_{clients}", figure, unit)
      for processes, clients in ((1, 32), (2, 16), (1, 128), (2, 64))
      for name, figure, unit in (("operations", "operations_s", "op/s"), ("commands p99", "command_p99_ms", "ms"),
                                 ("loads p99", "load_p99_ms", "ms"), ("longest wait", "worst_ms", "ms"),
                                 ("conflicts", "conflicts_percent", "%"))),
    ("seed: 8 clients × 10 ev", "seed", "events_s", "ev/s"),
    ("W9 bytes/event, with indexes", "w9", "bytes", "B"),
    ("W9 bytes/event, heap only", "w9", "heap", "B"),
]

COLUMNS = [OURS, "es-cold", "es-full", FLOOR, "floor-pool", *PEERS]


def number(value):
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, body):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body]) + "\n"


def targets(records):
    """The main table of results."""
    body = []
    for found in measure(records):
        target, unit = found.target, unit_of(found.target.figure)
        theirs = "–" if target.limit else f"{number(found.theirs)} {unit}"
        if target.peers and found.who:
            theirs += f" ({found.who})"
        ratio = "–" if found.ratio is None or target.limit else f"{found.ratio:.2f}"
        if found.spread and found.spread[0] != found.spread[1]:
            ratio += f" ({found.spread[0]:.2f}–{found.spread[1]:.2f})"
        met = {True: "yes", False: "**no**", None: "–"}[found.met]
        wanted = target.text() if target.wanted else "to be stated"
        body.append([target.what, target.against, theirs, f"{number(found.ours)} {unit}", ratio, wanted, met])
    body.append(nothing_lost(records))
    return table(["workload", "against", "theirs", "ours", "ratio", "target", "met"], body)


def nothing_lost(records):
    """The last row is not a ratio."""
    probes = ("w10_plain", "w10_sleep", "w10_stall")
    totals = {}
    for column in (OURS, *PEERS):
        missed = [value for probe in probes for value in records.of(probe, "missed", column)]
        if missed:
            totals[column] = sum(missed)
    ours = totals.pop(OURS, None)
    theirs = ", ".join(f"{missed:,.0f} ({column})" for column, missed in totals.items()) or "–"
    met = "–" if ours is None else "yes" if ours == 0 else "**no**"
    shown = "–" if ours is None else f"{ours:,.0f}"
    return ["W10 events that a running subscription missed", "peers with a subscription", theirs, shown, "–", "0", met]


def unit_of(figure):
    return {"events_s": "ev/s", "commands_s": "cmd/s", "operations_s": "op/s", "ms": "ms", "p99_ms": "ms",
            "command_p99_ms": "ms", "conflicts_percent": "%", "bytes": "B"}[figure]


def curve(records):
    """W3: events in each commit, ours and the floor's, and the median of their ratios."""
    body = []
    for events in EVENTS_A_COMMIT:
        row = [str(events)]
        for clients in (1, 16):
            workload = f"w3_{events}_{clients}"
            target = floor("", "", workload, "events_s", 0)
            found = against_floor(records, target)
            ratio = "–" if found.ratio is None else f"{found.ratio:.2f}"
            row += [number(found.theirs), number(found.ours), ratio]
        body.append(row)
    return table(["events", "floor, 1 client", "ours", "ratio", "floor, 16 clients", "ours", "ratio"], body)


def present(records):
    shown = {workload for _, workload, _, _ in ROWS} - {"seed", "w9"}
    return [column for column in COLUMNS
            if any(record.column == column and record.workload in shown | {"w9"} for record in records.all)]


def workloads(records):
    columns = present(records)
    body = []
    for name, workload, figure, unit in ROWS:
        values = [records.median(workload, figure, column) for column in columns]
        if any(value is not None for value in values):
            body.append([name, unit, *map(number, values)])
    return table(["workload", "unit", *columns], body)


def ratios(records):
    """1 is the floor, 0.5 half its speed; for bytes, times the floor's."""
    columns = [column for column in present(records) if column != FLOOR]
    body = []
    for name, workload, figure, unit in ROWS:
        floor = records.median(workload, figure, FLOOR)
        values = [records.median(workload, figure, column) for column in columns]
        if unit in ("n", "%") or not floor or not any(values):
            continue
        found = [value and (floor / value if unit == "ms" else value / floor) for value in values]
        body.append([name, *(f"{ratio:.2f}" if ratio else "–" for ratio in found)])
    return table(["workload", *columns], body)


def against_before(records):
    """Ours against the earlier commit's: the median of the ratios of runs in the same turn; above 1 is better."""
    body = []
    for name, workload, figure, unit in ROWS:
        if unit in ("n", "%"):
            continue
        then = {(record.case, record.repetition, record.turn): record.figures[figure]
                for record in records.all if record.workload == workload and record.column == BEFORE
                and figure in record.figures}
        found = [(then[key], record.figures[figure]) for record in records.all
                 if record.workload == workload and record.column == OURS and figure in record.figures
                 and then.get(key := (record.case, record.repetition, record.turn)) and record.figures[figure]]
        if not found:
            continue
        ratios = sorted(old / new if unit in ("ms", "B") else new / old for old, new in found)
        quarter = len(ratios) // 4
        old, new = (statistics.median(values) for values in zip(*found))
        body.append([name, unit, number(old), number(new), f"{statistics.median(ratios):.3f}",
                     f"{ratios[quarter]:.2f}–{ratios[-1 - quarter]:.2f}", str(len(ratios))])
    return table(["workload", "unit", "before", "now", "ratio", "middle half", "pairs"], body)


def spread(records):
    columns = present(records)
    body = []
    for name, workload, figure, unit in ROWS:
        values = [records.of(workload, figure, column) for column in columns]
        if unit not in ("n", "%") and any(len(found) > 1 for found in values):
            body.append([name, *(f"{number(min(found))}–{number(max(found))}" if found else "–" for found in values)])
    return table(["workload", *columns], body)


def round_trips(records):
    columns = [column for column in COLUMNS if records.of("rt", "append1", column)]
    calls = ["append1", "append10", "load", "command1", "command10"]
    return table(["a call", *columns],
                 [[call, *(number(records.median("rt", call, column)) for column in columns)] for call in calls])


def lost(records):
    body = []
    for mode in ("w10_plain", "w10_sleep", "w10_stall"):
        for column in dict.fromkeys(record.column for record in records.all if record.workload == mode):
            committed, missed, duplicates = (records.of(mode, figure, column)
                                             for figure in ("committed", "missed", "duplicates"))
            if committed:
                body.append([mode, column, str(len(committed)), f"{sum(committed):,.0f}", f"{sum(missed):,.0f}",
                             f"{sum(duplicates):,.0f}"])
    return table(["probe", "column", "runs", "committed", "missed", "duplicates"], body)


def pgbench(records):
    body = []
    for clients in (1, 16, 64):
        values = records.of(f"pgbench_{clients}", "events_s", FLOOR)
        if values:
            body.append([str(clients), number(statistics.median(values))])
    return table(["clients", "commits/s"], body)
