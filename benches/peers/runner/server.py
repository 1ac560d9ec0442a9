"""A temporary PostgreSQL server with full durability, and SQL on it."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

CONFIGURATION = """
listen_addresses = '127.0.0.1'
fsync = on
synchronous_commit = on
shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 30min
max_connections = 200
log_line_prefix = '%m [%p] %a '
"""

SETTINGS = [
    "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers", "max_wal_size",
    "checkpoint_timeout", "max_connections",
]


def binaries():
    """The folder of `initdb`: PG_BIN, the newest installed one, or that of pg_config."""
    chosen = os.environ.get("PG_BIN")
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    found = [chosen] if chosen else installed[::-1]
    if not found and shutil.which("pg_config"):
        found = [subprocess.check_output(["pg_config", "--bindir"], text=True).strip()]
    for folder in found:
        if (Path(folder) / "initdb").exists():
            return Path(folder)
    raise SystemExit("no PostgreSQL server found: install one, or set PG_BIN to the folder of initdb")


class Server:
    """One cluster. Its folder is recorded in a file, so that a later run finds and stops it."""

    def __init__(self, note, port):
        self.note, self.port, self.bin = note, port, binaries()
        self.folder = Path(note.read_text()) if note.exists() else None

    def start(self):
        """Starts the server, or finds it with its databases. Returns whether it is a new one."""
        if self.folder and (self.data / "PG_VERSION").exists():
            if self._control("status").returncode != 0:
                self._control("start", "-w", "-l", str(self.log), check=True)
            return False
        base = Path(self._as_user(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
        self.folder = base
        self.note.parent.mkdir(exist_ok=True)
        self.note.write_text(str(base))
        self._as_user([self.bin / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                       "--locale=C.UTF-8"], stdout=subprocess.DEVNULL, check=True)
        added = CONFIGURATION + f"port = {self.port}\nunix_socket_directories = '{base}'\n"
        self._as_user(["tee", "-a", self.data / "postgresql.conf"], input=added, text=True,
                      stdout=subprocess.DEVNULL, check=True)
        self._control("start", "-w", "-l", str(self.log), check=True)
        return True

    def stop(self):
        """Stops the server and removes its folder."""
        if self.folder and self.folder.exists():
            self._control("stop", "-w", "-m", "fast")
            shutil.rmtree(self.folder)
        self.folder = None
        self.note.unlink(missing_ok=True)

    @property
    def data(self):
        return self.folder / "data"

    @property
    def log(self):
        return self.folder / "server.log"

    def url(self, database):
        """Over TCP, as most programs connect."""
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, statements, database="postgres"):
        """Runs statements, and returns the rows as lists of strings."""
        command = [self.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d",
                   self.url(database)]
        # A warning about a missing database is expected.
        quiet = {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
        # Each statement separately: VACUUM and CREATE DATABASE cannot run with others.
        for statement in statements:
            command += ["-c", statement]
        done = subprocess.run(command, capture_output=True, text=True, env=quiet)
        if done.returncode != 0:
            raise RuntimeError(f"{database}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def new_database(self, name, template="template1"):
        self.sql([f'drop database if exists "{name}" with (force)', f'create database "{name}" template "{template}"'])

    def settings(self):
        names = ", ".join(f"'{name}'" for name in SETTINGS)
        found = self.sql([f"select name, current_setting(name) from pg_settings where name in ({names}) order by 1"])
        return dict(found)

    def _control(self, *arguments, check=False):
        command = [self.bin / "pg_ctl", "-D", self.data, *arguments]
        return self._as_user(command, stdout=subprocess.DEVNULL, check=check)

    def _as_user(self, command, **options):
        """The user of the server, as PostgreSQL does not run as root: `postgres`, or PG_OSUSER."""
        command = [str(part) for part in command]
        if os.geteuid() == 0:
            user = os.environ.get("PG_OSUSER", "postgres")
            pwd.getpwnam(user)
            command = ["runuser", "-u", user, "--", *command]
        return subprocess.run(command, cwd=tempfile.gettempdir(), **options)
