#!/usr/bin/env python3
"""The cost of other table layouts: the tables of es-postgres and variants of them, filled alike. See README.md."""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(PROJECT / "benches" / "peers"))

from runner.server import Server  # noqa: E402 (found by the path above)
from variants import APPEND, FILL, LOAD, PAGE, VARIANTS  # noqa: E402 (as above)

CLIENTS = 16


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000], help="sizes to measure at, one after the other")
    parser.add_argument("--rounds", type=int, default=3, help="how often the variants take turns")
    parser.add_argument("--seconds", type=int, default=3, help="how long a timed run takes")
    parser.add_argument("--variants", default="", help="only those whose name holds one of these, with ; between them")
    parser.add_argument("--port", type=int, default=54330)
    options = parser.parse_args()
    words = [word for word in options.variants.split(";") if word]
    chosen = [variant for variant in VARIANTS
              if variant is VARIANTS[0] or not words or any(word in variant.name for word in words)]
    note = PROJECT / "target" / "bench-storage"
    server = Server(note, options.port)
    server.start()
    # Autovacuum would disturb the measurements; its work on the events is measured separately.
    server.sql(["alter system set autovacuum = off", "select pg_reload_conf()"])
    try:
        for events in options.events:
            measure(server, chosen, events, options)
    finally:
        server.stop()


def measure(server, variants, events, options):
    print(f"\n## {events:,} events in {events // 100:,} streams\n", flush=True)
    found = {variant.name: fill(server, variant, events) for variant in variants}
    for round in range(options.rounds):
        # A different variant begins each time, as the first one finds the buffers of the others.
        first = round % len(variants)
        for variant in variants[first:] + variants[:first]:
            timed(server, variant, events, options.seconds, found[variant.name])
    report(variants, found)
    for variant in variants:
        server.sql([f'drop database "{database(variant)}"'])


def database(variant):
    return "storage_" + "_".join(variant.name.lower().replace(",", "").split())


def fill(server, variant, events):
    """Creates the tables and fills them; returns the bytes of an event in each, and the work of vacuum."""
    name = database(variant)
    server.new_database(name)
    migrate(server, name)
    filling = [part.replace("{events}", str(events)).replace("{streams}", str(events // 100)) for part in variant.fill or FILL]
    server.sql([*variant.changes, *filling], name)
    # The first vacuum is what autovacuum does; the second one is what is left until rows must be frozen.
    figures = {"vacuum": log_of(server, name, [f"set vacuum_freeze_min_age = {variant.freeze_min_age}", "vacuum es.events"]),
               "freeze": log_of(server, name, ["vacuum (freeze) es.events"])}
    server.sql(["analyze", "checkpoint"], name)
    sizes = server.sql([
        "select c.relname, pg_table_size(c.oid)::float8 from pg_class c where c.relnamespace = 'es'::regnamespace "
        "and c.relkind = 'r' and c.relname in ('events', 'streams') union all "
        "select c.relname, pg_relation_size(c.oid)::float8 from pg_index i join pg_class c on c.oid = i.indexrelid "
        "where i.indrelid in ('es.events'::regclass, 'es.streams'::regclass)"], name)
    figures["bytes"] = {table: float(size) / events for table, size in sizes if float(size) > 100 * 8192 or table == "streams"}
    return {**figures, "append": [], "load": [], "page": [], "wal": []}


def migrate(server, name):
    files = sorted((PROJECT / "es-postgres" / "migrations").glob("*.sql"))
    text = "".join(file.read_text().replace(":schema", '"es"') for file in files)
    command = [server.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", server.url(name)]
    subprocess.run(command, input=f"create schema es; {text}", text=True, check=True, stdout=subprocess.DEVNULL)


def log_of(server, name, statements):
    """The megabytes of WAL that they write."""
    [[before]] = server.sql(["checkpoint", "select pg_current_wal_insert_lsn()"], name)
    [[written]] = server.sql([*statements, f"select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')"], name)
    return float(written) / 1e6


def timed(server, variant, events, seconds, figures):
    name = database(variant)
    [[before]] = server.sql(["checkpoint", "select pg_current_wal_insert_lsn()"], name)
    rate, count = pgbench(server, name, variant.append or APPEND, events, seconds, CLIENTS)
    [[written]] = server.sql([f"select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')"], name)
    figures["append"].append(rate)
    figures["wal"].append(float(written) / count)
    figures["load"].append(pgbench(server, name, variant.load or LOAD, events, seconds, 1)[0])
    figures["page"].append(pgbench(server, name, variant.page or PAGE, events, seconds, 1)[0])


def pgbench(server, name, script, events, seconds, clients):
    """Transactions a second, and their number."""
    file = Path(server.folder) / "script.sql"
    file.write_text(f"\\set streams {events // 100}\n\\set events {events}\n{script}\n")
    command = [server.bin / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", file,
               server.url(name)]
    printed = subprocess.run(command, capture_output=True, text=True)
    if printed.returncode != 0:
        raise SystemExit(f"{name}: {printed.stderr}")
    value = {line.split("=" if "=" in line else ":")[0].strip(): line for line in printed.stdout.splitlines()}
    rate = float(value["tps"].split("=")[1].split()[0])
    return rate, int(value["number of transactions actually processed"].split(":")[1].split("/")[0])


def report(variants, found):
    print("| tables | appends/s | ratio | loads/s | ratio | pages/s | ratio | log, bytes an append | bytes an event | of which | "
          "log of the first vacuum, of the freeze, MB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    base = found[variants[0].name]
    for variant in variants:
        figures = found[variant.name]
        cells = [variant.name]
        for what in ("append", "load", "page"):
            ratios = [ours / theirs for ours, theirs in zip(figures[what], base[what])]
            cells += [f"{statistics.median(figures[what]):,.0f}", f"{statistics.median(ratios):.2f}"]
        parts = ", ".join(f"{table} {size:.1f}" for table, size in figures["bytes"].items())
        cells += [f"{statistics.median(figures['wal']):.0f}", f"{sum(figures['bytes'].values()):.1f}", parts,
                  f"{figures['vacuum']:.1f}, {figures['freeze']:.1f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
