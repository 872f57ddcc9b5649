"""Puts the binary named by ARROWMILL_BIN where the suite's helpers expect dbt. Imported before the suite's modules."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import dbt.tests.util as util
import results as artifacts
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt_common.clients import agate_helper
from dbt_common.exceptions import CompilationError, DbtDatabaseError, DbtRuntimeError
from dbt.cli.exceptions import DbtUsageException
from dbt.exceptions import ParsingError
from warehouse import StatementFailed

BINARY = os.environ.get("ARROWMILL_BIN")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
WITHOUT_RESULTS = {"debug", "deps", "clean", "init"}
current = None  # the Warehouse of the test class that runs


class ArrowmillFailed(CompilationError, ParsingError, DbtUsageException, DbtDatabaseError):
    """A command ended without results. Which of dbt's exceptions it would be is not said, so it is all of them."""

    def __init__(self, text):
        DbtRuntimeError.__init__(self, text)
        self.args = (text,)

    def __str__(self):
        return self.msg


def invoke(args, expect_pass, callbacks=None):
    """Runs a command; gives its result and what it printed. Callbacks hear the events of the log."""
    args = [str(it) for it in (args or ["run"])]
    target = Path(value_of(args, "--target-path") or os.environ.get("DBT_TARGET_PATH") or "target")
    target = Path(value_of(args, "--project-dir") or ".") / target
    before = stamp(target / "run_results.json")
    current.remember()
    with tempfile.TemporaryDirectory() as folder:
        logging = ["--log-path", folder, "--log-format-file", "json"] if callbacks else []
        done = subprocess.run([BINARY, *args, *logging], capture_output=True, text=True, timeout=300)
        for event in events(Path(folder) / "dbt.log"):
            for callback in callbacks:
                callback(event)
    current.seen = None
    printed = COLOURS.sub("", done.stdout + done.stderr)
    print(f"\narrowmill {' '.join(args)} -> {done.returncode}\n{printed}")
    verbs = [it for it in args if not it.startswith("-")]
    result = outcome(verbs, target, before, done, printed)
    if expect_pass is not None:
        assert (done.returncode == 0) == expect_pass, "exit state did not match expected"
    return result, printed


def events(path):
    """The events of a log file, as dbt's callbacks get them."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [artifacts.loose(json.loads(it)) for it in lines]


def outcome(verbs, target, before, done, printed):
    if WITHOUT_RESULTS & set(verbs):
        if done.returncode == 2:
            raise ArrowmillFailed(printed)
        return done.returncode == 0
    if "docs" in verbs and done.returncode == 0:
        return artifacts.read_catalog(target)
    if ("list" in verbs or "ls" in verbs) and done.returncode == 0:
        return [it for it in done.stdout.splitlines() if it.strip()]
    if "parse" in verbs and done.returncode == 0:
        return artifacts.read_manifest(target)
    if stamp(target / "run_results.json") != before:
        return artifacts.read_results(target)
    if done.returncode != 0:
        raise ArrowmillFailed(printed)
    return artifacts.Results([])


def stamp(path):
    return path.stat().st_mtime_ns if path.exists() else None


def value_of(args, flag):
    return next((args[at + 1] for at, it in enumerate(args[:-1]) if it == flag), None)


def run_dbt(args=None, expect_pass=True, callbacks=None):
    return invoke(args, expect_pass, callbacks)[0]


def run_dbt_and_capture(args=None, expect_pass=True):
    return invoke(args, expect_pass)


def get_manifest(project_root):
    return artifacts.read_manifest(Path(str(project_root)) / "target")


def run(sql):
    try:
        return current.run(sql)
    except StatementFailed as problem:
        raise DbtDatabaseError(str(problem)) from problem


def execute(self, sql, auto_begin=False, fetch=False, limit=None):
    cursor = run(sql)
    table = agate_helper.empty_table()
    if fetch and cursor is not None and cursor.description:
        names = [it[0] for it in cursor.description]
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
        table = agate_helper.table_from_data_flat([dict(zip(names, it)) for it in rows], names)
    return AdapterResponse(_message="OK"), table


def run_sql_for_tests(self, sql, fetch, connection):
    cursor = run(sql)
    if fetch == "one":
        return cursor.fetchone()
    return cursor.fetchall() if fetch == "all" else None


def replace():
    """Replaces what the suite's modules will import by name."""
    util.run_dbt, util.run_dbt_and_capture, util.get_manifest = run_dbt, run_dbt_and_capture, get_manifest
    DuckDBAdapter.execute, DuckDBAdapter.run_sql_for_tests = execute, run_sql_for_tests
    DuckDBAdapter.add_query = lambda self, sql, *_, **__: (None, run(sql))
