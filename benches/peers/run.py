#!/usr/bin/env python3
"""Measures es-postgres, SQL by hand and the peers side by side, and writes tables and plots. See README.md."""

import sys

from runner.phases import PHASES, run
from runner.settings import parse

if __name__ == "__main__":
    settings = parse(sys.argv[1:], list(PHASES))
    sys.exit(run(settings))
