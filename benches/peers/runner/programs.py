"""Building the programs, and running one of them."""

import json
import os
import subprocess
import time
from pathlib import Path

from .records import Record
from .settings import BEFORE, HERE, OURS, PROJECT, VARIANTS

TREE_BEFORE = HERE / "raw" / "before"
COMPILERS = {"rustc", "cc1", "cc1plus", "ld", "lld", "mold", "clang"}


def build(server, settings):
    """Builds all programs. One of the peers checks its SQL against a database while it is compiled."""
    server.new_database("build_es_entity")
    schema = (HERE / "peer-es-entity" / "schema.sql").read_text()
    server.sql([schema], "build_es_entity")
    write_schema_of_disintegrate()
    environment = {**os.environ, "DATABASE_URL": server.url("build_es_entity")}
    packages = [part for column in settings.columns for part in ("-p", package(column))]
    # Without `--locked`: the crates of the project, which are not in this workspace, may need something new.
    subprocess.run(["cargo", "build", "--release", *packages], cwd=HERE, env=environment, check=True)
    if settings.before:
        build_before(settings)


def build_before(settings):
    """Builds `es` of the earlier commit, with the driver and the lock file that it had, in a work tree of its own."""
    if not TREE_BEFORE.exists():
        subprocess.run(["git", "worktree", "add", "--detach", TREE_BEFORE, settings.before], cwd=PROJECT, check=True)
    subprocess.run(["git", "checkout", "--detach", settings.before], cwd=TREE_BEFORE, check=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target_before(settings))}
    subprocess.run(["cargo", "build", "--release", "-p", OURS], cwd=TREE_BEFORE / HERE.relative_to(PROJECT),
                   env=environment, check=True)


def forget_before():
    if TREE_BEFORE.exists():
        subprocess.run(["git", "worktree", "remove", "--force", TREE_BEFORE], cwd=PROJECT, check=True)


def target_before(settings):
    return settings.target / "before"


def package(column):
    if column == BEFORE:
        return OURS
    return column if (HERE / column).exists() else f"peer-{column}"


def write_schema_of_disintegrate():
    """The crate's own SQL, with a literal in hexadecimal, which PostgreSQL 15 cannot read, written in decimal; and what
    its migrator adds for the events of the bench."""
    command = ["cargo", "metadata", "--format-version", "1"]
    metadata = json.loads(subprocess.check_output(command, cwd=HERE, stderr=subprocess.DEVNULL))
    crate = next(found for found in metadata["packages"] if found["name"] == "disintegrate-postgres")
    folder = Path(crate["manifest_path"]).parent / "src" / "event_store" / "sql"
    names = ["seq_event_event_id", "table_event", "idx_event_type", "fn_event_store_current_epoch",
             "fn_event_store_begin_epoch"]
    statements = [(folder / f"{name}.sql").read_text().replace("0xFFFFFFFF", "4294967295") for name in names]
    statements.append("ALTER TABLE event ADD COLUMN IF NOT EXISTS account_id UUID")
    statements.append("CREATE INDEX IF NOT EXISTS idx_event_account_id ON event (account_id) "
                      "WHERE account_id IS NOT NULL")
    (HERE / "peer-disintegrate" / "schema.sql").write_text(";\n".join(statements) + ";\n")


class Programs:
    """Runs programs and records their output."""

    def __init__(self, server, settings, records):
        self.server, self.settings, self.records = server, settings, records
        self.patience = settings.patience
        self.errors = settings.raw / "errors.log"
        # The databases that were filled for others to be copied from.
        self.filled = set()

    def set_up(self, column, database):
        """Creates an empty database with the column's tables."""
        self.server.new_database(database)
        if self._call(column, "setup", database, {}, 60) is None:
            raise SystemExit(f"{column}: the tables could not be made in {database}; see {self.errors}")

    def run(self, phase, case, workload, column, repetition=0, turn=0, database=None, environment=None, limit=120,
            fill=None):
        """One run, unless it is recorded already. Its workload may print several lines, or none. With `fill`, it
        begins with a copy of the store that this workload fills."""
        record = Record(phase, case, workload, column, repetition, turn)
        if self.records.has(record.key()) or not self.chosen(column):
            return
        if fill:
            database = self._filled_copy(column, fill)
            if database is None:
                return
        self._wait()
        noisy = compiling()
        printed = self._call(column, workload, database or database_of(program_of(column)), environment, limit)
        if printed is None:
            return
        record.noisy = noisy or compiling()
        # A library that cannot do this prints nothing; that is recorded, too.
        for line in printed or [{"workload": workload, "figures": {}}]:
            self.records.add(Record(**{**vars(record), **line}))

    def _filled_copy(self, column, fill):
        filled = f"{database_of(program_of(column))}_{fill}"
        if filled not in self.filled:
            self.set_up(column, filled)
            if self._call(column, fill, filled, {}, 600) is None:
                # An earlier commit may not have this workload.
                if column == BEFORE:
                    return None
                raise SystemExit(f"{column}: {filled} could not be filled; see {self.errors}")
            self.server.sql(["vacuum analyze"], filled)
            self.filled.add(filled)
        self.server.new_database(f"{filled}_copy", template=filled)
        return f"{filled}_copy"

    def chosen(self, column):
        if column == BEFORE:
            return bool(self.settings.before) and OURS in self.settings.columns
        return program_of(column) in self.settings.columns

    def _call(self, column, workload, database, environment, limit):
        """The output of the program; nothing if it failed, which is recorded."""
        program, switched = VARIANTS.get(column, (column, {}))
        given = {"BENCH_SECS": str(self.settings.seconds), "BENCH_EVENTS": str(self.settings.events),
                 **switched, **(environment or {})}
        target = target_before(self.settings) if column == BEFORE else self.settings.target
        command = [target / "release" / package(program), self.server.url(database), workload]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit,
                                  env={**os.environ, **given})
        except subprocess.TimeoutExpired:
            return self._complain(f"{column} {workload}: nothing after {limit} s")
        for line in done.stderr.splitlines():
            self._complain(f"{column} {workload}: {line}")
        if done.returncode != 0:
            return self._complain(f"{column} {workload}: ended with {done.returncode}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _wait(self):
        while self.patience > 0 and compiling():
            time.sleep(1)
            self.patience -= 1

    def _complain(self, text):
        """Prints a problem, and records it for the report."""
        print(f"  {text}", flush=True)
        with self.errors.open("a") as file:
            file.write(text + "\n")


def program_of(column):
    return VARIANTS.get(column, (column, {}))[0]


def database_of(program):
    return "bench_" + program.replace("-", "_")


def compiling():
    """Whether another job is compiling, which would disturb a run."""
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() in COMPILERS:
                return True
        except OSError:
            continue
    return False
