"""The measurements: a file of JSON lines, one for each line that a program printed."""

import json
import statistics
from dataclasses import asdict, dataclass, field


@dataclass
class Record:
    phase: str
    # The case, the workload that ran, and its column.
    case: str
    workload: str
    column: str
    repetition: int = 0
    turn: int = 0
    # Whether something else was compiled at the same time.
    noisy: bool = False
    figures: dict = field(default_factory=dict)

    def key(self):
        return (self.phase, self.case, self.column, self.repetition, self.turn)


class Records:
    def __init__(self, path):
        self.path = path
        self.all = []
        if path.exists():
            self.all = [Record(**json.loads(line)) for line in path.read_text().splitlines()]

    def forget(self, phase, column=None):
        self.all = [record for record in self.all if record.phase != phase or column not in (None, record.column)]
        lines = [json.dumps(asdict(record)) + "\n" for record in self.all]
        self.path.write_text("".join(lines))

    def add(self, record):
        self.all.append(record)
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(record)) + "\n")

    def has(self, key):
        return any(record.key() == key for record in self.all)

    def all_of(self, case, workload, column):
        return [record for record in self.all
                if (record.case, record.workload, record.column) == (case, workload, column)]

    def of(self, workload, figure, column, **more):
        """The values of one figure. Disturbed runs count only if there are no others."""
        found = [
            record for record in self.all
            if record.workload == workload and record.column == column and figure in record.figures
            and all(getattr(record, name) == value for name, value in more.items())
        ]
        quiet = [record for record in found if not record.noisy]
        return [record.figures[figure] for record in quiet or found]

    def median(self, workload, figure, column, **more):
        values = self.of(workload, figure, column, **more)
        return statistics.median(values) if values else None
