"""Runs the programs of this workspace in turn, keeps what they print, and makes tables and plots of it."""
