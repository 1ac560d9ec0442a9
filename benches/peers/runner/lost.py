"""W10: does a running subscription receive every committed event?"""

from .programs import database_of, program_of
from .settings import SUBSCRIBERS

# The delays that a trigger on the events adds to the writers' transactions.
MODES = {
    "plain": None,
    "sleep": "perform pg_sleep(random() * 0.02);",
    "stall": "if random() < 0.02 then perform pg_sleep(1.5 + random()); end if;",
}

TABLES = {"floor": "events", "es": "es.events", "disintegrate": "event", "evento": "event"}


def run(bench):
    seconds = 1 if bench.settings.quick else 4
    for mode in ["sleep"] if bench.settings.quick else MODES:
        for column in SUBSCRIBERS:
            probe(bench, column, mode, MODES[mode], seconds)


def probe(bench, column, mode, body, seconds):
    program, workload = program_of(column), f"w10_{mode}"
    if not bench.programs.chosen(column) or bench.records.has(("lost", workload, column, 0, 0)):
        return
    database = "lost_" + database_of(program)
    bench.programs.set_up(column, database)
    if program == "floor":
        bench.server.sql(["alter table events add tx xid8 not null default pg_current_xact_id()",
                          "create index on events (tx, position)"], database)
    if body:
        bench.server.sql([
            f"create function wait_a_while() returns trigger language plpgsql as "
            f"$$ begin {body} return null; end $$",
            f"create trigger z_wait after insert on {TABLES[program]} for each statement "
            f"execute function wait_a_while()"], database)
    bench.programs.run("lost", workload, workload, column, database=database,
                       environment={"BENCH_SECS": str(seconds)})
