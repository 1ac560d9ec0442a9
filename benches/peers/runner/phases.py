"""The phases, in their order. Each can be run separately on the results of the earlier ones."""

import json
import platform
import re
import subprocess
import time
from datetime import date

from . import lost, report
from .programs import Programs, build, database_of, forget_before
from .records import Record, Records
from .server import Server
from .settings import BEFORE, CATCH_UP, COLUMNS, FLOOR, HERE, OURS


class Bench:
    """The context of all phases."""

    def __init__(self, settings):
        self.settings = settings
        settings.raw.mkdir(parents=True, exist_ok=True)
        self.records = Records(settings.raw / "results.jsonl")
        self.server = Server(HERE / "raw" / "server", settings.port)
        self.programs = Programs(self.server, settings, self.records)

    def others(self, case):
        """All columns except the floor and ours."""
        if not case.peers:
            return []
        chosen = case.columns or [column for column in COLUMNS if column not in (FLOOR, OURS)]
        return [column for column in chosen if column in self.settings.columns]


def run(settings):
    bench = Bench(settings)
    if set(settings.phases) - {"report", "stop"}:
        new = bench.server.start()
        filled = {"catch_up", "workloads", "round_trips"} & set(settings.phases)
        if new and filled and "seed" not in settings.phases:
            raise SystemExit(f"the server is new, so {filled.pop()} finds no database: run the phase `seed` first")
    for name in settings.phases:
        if not settings.resume:
            bench.records.forget(name)
        started = time.monotonic()
        print(f"{name} …", flush=True)
        PHASES[name](bench)
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    return 0


def phase_build(bench):
    build(bench.server, bench.settings)


def phase_seed(bench):
    """Fills a database for each column, and measures its size (W9)."""
    if not bench.settings.resume:
        (bench.settings.raw / "errors.log").write_text("")
        (bench.settings.raw / "machine.json").write_text(json.dumps(machine(bench), indent=1))
    for column in [*COLUMNS, BEFORE, "es-full"]:
        if not bench.programs.chosen(column) or bench.records.has(("seed", "w9", column, 0, 0)):
            continue
        database = database_of(column)
        # Results of an interrupted seed are discarded.
        bench.records.forget("seed", column)
        bench.programs.set_up(column, database)
        bench.programs.run("seed", "seed", "seed", column, database=database, limit=600)
        bench.server.sql(["vacuum analyze"], database)
        bench.records.add(Record("seed", "w9", "w9", column, figures=size(bench, database)))
    bench.server.sql(["checkpoint"])


def size(bench, database):
    """Bytes an event: every table outside the system's schemas, with its indexes."""
    [[total, heap]] = bench.server.sql([
        "select sum(pg_total_relation_size(c.oid)), sum(pg_relation_size(c.oid)) from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"], database)
    events = bench.settings.events
    return {"bytes": int(total) / events, "heap": int(heap) / events}


def phase_catch_up(bench):
    """W7, before any database has grown."""
    for repetition in range(bench.settings.repetitions):
        pairs(bench, "catch_up", CATCH_UP, repetition)
        bench.programs.run("catch_up", "w7", "w7", FLOOR, repetition, turn=-1)
        for column in bench.others(CATCH_UP):
            # Its pages read from the beginning each time: tens of seconds a run.
            if column != "evento" or repetition == 0:
                bench.programs.run("catch_up", "w7", "w7", column, repetition)
        for column in (FLOOR, BEFORE, OURS, "esrs"):
            bench.programs.run("catch_up", "w7stream", "w7stream", column, repetition)


def phase_workloads(bench):
    for repetition in range(bench.settings.repetitions):
        print(f"  repetition {repetition + 1}, {time.strftime('%T')}", flush=True)
        for case in bench.settings.cases:
            if case.columns is None:
                pairs(bench, "workloads", case, repetition)
            if case.floor:
                bench.programs.run("workloads", case.workload, case.workload, FLOOR, repetition, turn=-1)
            for column in [*bench.others(case), *case.variants]:
                bench.programs.run("workloads", case.workload, case.workload, column, repetition)


def pairs(bench, phase, case, repetition):
    """The floor and ours in turn, so that disturbances affect both. With `--before`, the earlier commit runs before ours
    in one turn, and after it in the next."""
    for turn in range(bench.settings.pairs if case.paired else 1):
        database = database_of(OURS) if case.floor_in_ours else None
        bench.programs.run(phase, case.workload, case.floor or case.workload, FLOOR, repetition, turn, database,
                           fill=case.fill)
        for column in (BEFORE, OURS) if (repetition + turn) % 2 == 0 else (OURS, BEFORE):
            bench.programs.run(phase, case.workload, case.workload, column, repetition, turn, fill=case.fill)


def phase_round_trips(bench):
    """Round trips, counted on the wire. The statements of each column are read from the server's log."""
    # NOTIFY on a separate connection would be counted, although no caller waits for it.
    quiet = {"ES_NOTIFY": "0"}
    for column in [*COLUMNS, "floor-pool", "es-cold"]:
        bench.programs.run("round_trips", "rt", "rt", column, environment=quiet)
    statements = subprocess.run(["python3", HERE / "statements.py", bench.server.log], capture_output=True, text=True)
    (bench.settings.raw / "statements.txt").write_text(statements.stdout)


def phase_lost(bench):
    lost.run(bench)


def phase_pgbench(bench):
    """The rate of single INSERTs without any Rust, to validate the floor."""
    database = "bench_pgbench"
    script = bench.settings.raw / "insert.sql"
    script.write_text("insert into events (stream_id, version, event_type, payload, metadata) values "
                      "(gen_random_uuid(), 1, 'Deposited', '{\"Deposited\":{\"amount\":123456,\"note\":"
                      "\"000000123456 salary for the month, paid by the employer in full\"}}', '{}');\n")
    bench.programs.set_up(FLOOR, database)
    seconds = 1 if bench.settings.quick else 3
    for repetition in range(bench.settings.repetitions):
        for clients in (1, 16, 64):
            record = Record("pgbench", f"pgbench_{clients}", f"pgbench_{clients}", FLOOR, repetition)
            if bench.records.has(record.key()):
                continue
            command = [bench.server.bin / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T",
                       str(seconds), "-f", script, bench.server.url(database)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
            record.figures = {"events_s": float(rate[1])}
            bench.records.add(record)


def phase_report(bench):
    report.write(bench)


def phase_stop(bench):
    bench.server.stop()
    forget_before()


def machine(bench):
    """The environment of the figures, for a report that is written later."""
    cpu = re.search(r"^model name\s*: (.*)$", open("/proc/cpuinfo").read(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", open("/proc/meminfo").read(), re.MULTILINE)

    def output(*command):
        return subprocess.check_output(command, text=True, cwd=HERE).strip()

    locked = re.findall(r'^name = "(.*)"\nversion = "(.*)"', (HERE / "Cargo.lock").read_text(), re.MULTILINE)
    shown = {"cqrs-es", "postgres-es", "disintegrate", "disintegrate-postgres", "esrs", "evento", "es-entity", "sqlx",
             "tokio"}
    return {
        "date": date.today().isoformat(),
        "commit": output("git", "rev-parse", "--short", "HEAD"),
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": output("nproc"),
        "memory": f"{int(memory[1]) // 1024 // 1024} GiB" if memory else "?",
        "kernel": platform.release(),
        "server": bench.server.sql(["select version()"])[0][0],
        "settings": bench.server.settings(),
        "rustc": output("rustc", "--version"),
        "versions": [f"{name} {version}" for name, version in locked if name in shown],
        "runs": {name: getattr(bench.settings, name) for name in ("repetitions", "pairs", "seconds", "events")},
    }


PHASES = {
    "build": phase_build,
    "seed": phase_seed,
    "catch_up": phase_catch_up,
    "workloads": phase_workloads,
    "round_trips": phase_round_trips,
    "lost": phase_lost,
    "pgbench": phase_pgbench,
    "report": phase_report,
    # Removes the databases; after an interrupted run they are kept, for `--resume`.
    "stop": phase_stop,
}
