"""Runs the programs of this workspace in turn, records their output, and writes tables and plots."""
