"""The workloads, the paths, and the command line."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROJECT = HERE.parent.parent

OURS = "es"
# Ours at an earlier commit, with `--before`.
BEFORE = "es-before"
FLOOR = "floor"
PEERS = ["cqrs-es", "disintegrate", "es-entity", "esrs", "evento"]
COLUMNS = [FLOOR, OURS, *PEERS]

# The same programs with different settings; the column's name, the program, and its environment.
VARIANTS = {
    "floor-pool": (FLOOR, {"FLOOR_POOL": "1"}),
    "es-cold": (OURS, {"ES_CACHE": "0"}),
    "es-full": (OURS, {"ES_METADATA": "full"}),
    "floor-naive": (FLOOR, {}),
    "floor-safe": (FLOOR, {"FLOOR_SAFE": "1"}),
}


@dataclass
class Case:
    """One workload. The floor and ours run `pairs` times in turn, then all others once."""

    workload: str
    # The floor's workload, if it differs from ours.
    floor: str | None = None
    # The floor runs in our database.
    floor_in_ours: bool = False
    variants: tuple = ()
    # Only these columns, or all.
    columns: tuple | None = None
    # Whether the peers run it as well.
    peers: bool = True
    # Whether the targets need pairs.
    paired: bool = True
    # A workload that fills a store; each run begins with a copy of it.
    fill: str | None = None


CASES = [
    Case("w1", variants=("floor-pool",)),
    Case("w2", variants=("floor-pool",)),
    Case("w2_64"),
    Case("w2_256"),
    Case("w1c", paired=False),
    Case("w2c", paired=False),
    Case("w3_1_1", peers=False),
    Case("w3_1_16", peers=False),
    Case("w3_2_1", peers=False),
    Case("w3_2_16", peers=False),
    Case("w3_5_1", peers=False),
    Case("w3_5_16", peers=False),
    Case("w3_10_1"),
    Case("w3_10_16"),
    Case("w3_20_1", peers=False),
    Case("w3_20_16", peers=False),
    Case("w3_50_1", peers=False),
    Case("w3_50_16", peers=False),
    Case("w3_100_1"),
    Case("w3_100_16"),
    Case("w4_10", paired=False),
    Case("w4_1000", paired=False),
    Case("w4_10000"),
    Case("w5"),
    Case("w6_1", floor="w1", variants=("es-cold", "floor-pool")),
    Case("w6_16", variants=("es-cold",)),
    Case("w8"),
    Case("w8_2", paired=False, peers=False),
    Case("w8_lock", columns=("esrs",), paired=False),
    Case("w11_1_32", paired=False, peers=False, fill="w11_seed"),
    Case("w11_2_16", paired=False, peers=False, fill="w11_seed"),
    Case("w11_1_128", paired=False, peers=False, fill="w11_seed"),
    Case("w11_2_64", paired=False, peers=False, fill="w11_seed"),
]

CATCH_UP = Case("w7", floor="es-pages", floor_in_ours=True)

# Columns with a subscription, for W10.
SUBSCRIBERS = ["floor-naive", "floor-safe", OURS, "disintegrate", "evento"]


@dataclass
class Settings:
    phases: list
    resume: bool
    quick: bool
    repetitions: int
    pairs: int
    seconds: float
    events: int
    patience: int
    columns: list
    cases: list
    before: str | None
    port: int
    target: Path

    @property
    def raw(self):
        return HERE / "raw" / "quick" if self.quick else HERE / "raw"

    @property
    def results(self):
        return self.raw / "RESULTS.md" if self.quick else HERE / "RESULTS.md"

    @property
    def images(self):
        return self.raw / "images" if self.quick else PROJECT / "docs" / "images"


def parse(arguments, phases):
    """The command line; each option can be given in the environment as well, as PHASES, REPETITIONS and so on."""
    parser = argparse.ArgumentParser(description=__doc__)

    def option(name, default, **more):
        value = os.environ.get(name.upper().replace("-", "_"), default)
        parser.add_argument(f"--{name}", default=value, **more)

    option("phases", " ".join(phases), help="which phases to run (default: all)")
    parser.add_argument("--resume", action="store_true", help="keep what was measured, and measure the rest")
    parser.add_argument("--quick", action="store_true", help="a smoke run: all of it, too short to mean anything")
    option("repetitions", None, type=int, help="how often everything is run (default: 3)")
    option("pairs", None, type=int, help="how often the floor and ours take turns in each (default: 3)")
    option("seconds", None, type=float, help="how long a timed run takes (default: 1.0)")
    option("events", None, type=int, help="how many events are seeded, a multiple of 800 (default: 200,000)")
    option("patience", None, type=int, help="seconds in all to wait while a compiler runs (default: 180)")
    option("columns", " ".join(COLUMNS), help="which columns (default: all)")
    option("cases", "", help="which cases of the phase `workloads` (default: all)")
    option("before", None, help="a commit: its `es` runs in turn with ours, and a table compares the two")
    option("port", 54329, type=int, help="port of the server on 127.0.0.1 (default: 54329)")
    given = parser.parse_args(arguments)

    def default(value, usual, quick):
        return value if value is not None else (quick if given.quick else usual)

    chosen = given.phases.split()
    unknown = [phase for phase in chosen if phase not in phases]
    if unknown:
        parser.error(f"no phase {unknown[0]}; there are {', '.join(phases)}")
    cases = given.cases.split()
    return Settings(
        phases=chosen,
        resume=given.resume,
        quick=given.quick,
        repetitions=default(given.repetitions, 3, 1),
        pairs=default(given.pairs, 3, 1),
        seconds=default(given.seconds, 1.0, 0.3),
        events=default(given.events, 200_000, 20_000),
        patience=default(given.patience, 180, 0),
        columns=given.columns.split(),
        cases=[case for case in CASES if not cases or case.workload in cases],
        before=given.before,
        port=given.port,
        target=Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")),
    )
