#!/usr/bin/env python3
"""From the server's log (its path is the argument): the statements of each column in the phase `round_trips`."""

import re
import sys
from collections import Counter

ENTRY = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+\] (\S*) ?(\w+):  (.*)$", re.DOTALL)
STATEMENT = re.compile(r"(?:execute \S+|statement): (.*)", re.DOTALL)
LONGEST = 400


def entries(log):
    """The program's name and the text of each entry, which may span several lines."""
    name, lines = None, []
    for line in log:
        found = ENTRY.match(line.rstrip("\n"))
        if not found:
            lines.append(line.strip())
            continue
        if name:
            yield name, " ".join(lines)
        logged = found[1].startswith("rt_") and found[2] == "LOG"
        name, lines = (found[1].removeprefix("rt_") if logged else None), [found[3]]
    if name:
        yield name, " ".join(lines)


def plain(statement):
    """Removes what differs between calls."""
    text = re.sub(r"\s+", " ", statement).strip()
    text = re.sub(r"'[0-9a-f-]{36}'", "'<uuid>'", text)
    text = re.sub(r"(>=?) \d+", r"\1 <n>", text)
    return text if len(text) < LONGEST else text[:LONGEST] + " …"


def main(path):
    found = Counter()
    with open(path, errors="replace") as log:
        for name, text in entries(log):
            statement = STATEMENT.match(text)
            if statement:
                found[name, plain(statement[1])] += 1
    for name in dict.fromkeys(name for name, _ in found):
        print(f"\n{name}")
        for (other, statement), times in found.items():
            if other == name:
                print(f"{times:6d}  {statement}")


if __name__ == "__main__":
    main(sys.argv[1])
