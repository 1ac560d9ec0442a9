"""Writes RESULTS.md, the plots, and the figures in docs/performance.md."""

import json
import re
import textwrap
from collections import Counter

from . import charts, tables
from .settings import HERE, PROJECT

PAGE = PROJECT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by benches/peers/run.py -->", "<!-- end of figures -->"

CURVE = "Events per second by the number of events in a commit (W3), and the floor's unnest INSERT:"


def write(bench):
    settings, records = bench.settings, bench.records
    targets = tables.targets(records)
    settings.results.write_text(results(bench, targets))
    settings.images.mkdir(parents=True, exist_ok=True)
    for name, svg in charts.all_of(records):
        (settings.images / f"{name}.svg").write_text(svg)
    if not settings.quick:
        publish(f"{heading(bench)}\n\n{targets}\n{CURVE}\n\n{tables.curve(records)}")
    print(targets)
    print(f"written: {settings.results} and {settings.images}")


def publish(block):
    page = PAGE.read_text()
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: f"{BEGIN}\n{block}\n{END}", page))


def machine(bench):
    return json.loads((bench.settings.raw / "machine.json").read_text())


def heading(bench):
    found = machine(bench)
    text = (f"Measured on {found['date']} at commit {found['commit']}: {found['cores']} cores ({found['cpu']}), "
            f"{found['memory']}, {found['server'].split(' on ')[0]}; server and clients on the same machine.")
    return textwrap.fill(text, 110, break_on_hyphens=False)


def results(bench, targets):
    settings, records, found = bench.settings, bench.records, machine(bench)
    of = found["runs"]
    runs = (f"{of['repetitions']} repetitions, in each of which the floor and ours take {of['pairs']} turns and each peer "
            f"one; {of['seconds']} s a timed run; {of['events']:,} events seeded.")
    disturbed = [record for record in records.all if record.noisy]
    if disturbed:
        runs += (f" {len(disturbed)} of {len(records.all)} runs overlapped a compiler; they count only where there is "
                 "no other.")
    parts = [
        "# Measured results\n\nWritten by `run.py`; not to be edited.",
        f"{heading(bench)}\n\n{runs}\n\nKernel {found['kernel']}; {found['rustc']}; {', '.join(found['versions'])}; "
        + ", ".join(f"{name} = {value}" for name, value in found["settings"].items()) + ".",
        "## Targets\n\n" + targets,
        "## Medians\n\n" + tables.workloads(records),
        "## Ratio to the floor\n\n1 is the floor, 0.5 half its speed; for bytes, times the floor's. In W7 the floor "
        "reads its own table here.\n\n" + tables.ratios(records),
        "## Round trips, counted on the wire\n\n" + tables.round_trips(records),
        "## W10: events that a running subscription was not given\n\n" + tables.lost(records),
        "## pgbench: single INSERTs, prepared\n\n" + tables.pgbench(records),
        "## Lowest and highest\n\n" + tables.spread(records),
    ]
    if settings.before:
        parts.append(f"## Against {settings.before}\n\nThe programs of both commits took turns. The ratio is the median of "
                     "those of neighbouring runs; above 1, ours is better now.\n\n" + tables.against_before(records))
    errors = settings.raw / "errors.log"
    complaints = Counter(errors.read_text().splitlines()) if errors.exists() else {}
    if complaints:
        lines = "\n".join(f"    {times:4d}  {text}" for text, times in sorted(complaints.items())[:40])
        parts.append("## Errors and wrong results\n\n" + lines + "\n")
    parts.append((HERE / "NOTES.md").read_text())
    return "\n\n".join(part.rstrip() for part in parts) + "\n"
