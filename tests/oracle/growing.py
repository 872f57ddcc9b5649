"""Five loads of a project with incremental models and snapshots, by dbt-duckdb and by Arrowmill: late, changed, deleted
and doubled rows, and a new column. After each load every table must have the same columns and rows.

    growing.py ARROWMILL PROJECT FOLDER

Arrowmill does it twice, with tables that are one file, and with Delta tables, whose log is read here by its protocol.
Before each load, runs of Arrowmill are killed at random moments: they must lose nothing and double nothing. FOLDER is
empty and becomes the place of all. Prints what differs and exits with 1, or prints what was compared.
"""

import datetime
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import time

import duckdb

LOADS = range(1, 6)
KILLS = 4


def main(arrowmill, project, folder):
    files, delta, theirs = (os.path.join(folder, it) for it in ("files", "delta", "theirs"))
    for place in (files, delta, theirs):
        shutil.copytree(project, place)
    with open(os.path.join(delta, "dbt_project.yml"), "w") as file:
        file.write("name: growing\nversion: '1.0'\nprofile: growing\n"
                   "models: {+materialized: table, +table_format: delta}\nsnapshots: {+table_format: delta}\n")
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    problems, compared = [], 0
    for load in LOADS:
        arguments = ["build", "--vars", f"load: {load}"]
        run_dbt(theirs, arguments)
        for ours, tables_of in ((files, tables_of_files), (delta, tables_of_logs)):
            for _ in range(KILLS):
                process = subprocess.Popen([arrowmill, *arguments, "--quiet"], cwd=ours, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0.01, 0.6))
                process.kill()
                process.wait()
            done = subprocess.run([arrowmill, *arguments, "--quiet"], cwd=ours, capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                sys.exit(f"load {load}: arrowmill {' '.join(arguments)} failed in {ours} (seed {seed}):\n"
                         f"{done.stdout}{done.stderr}")
            found, tables = compare(tables_of(ours), theirs)
            problems += [f"load {load}, {os.path.basename(ours)} (seed {seed}): {it}" for it in found]
            compared += tables
    if problems:
        sys.exit("\n".join(problems))
    print(f"{compared} tables over {len(LOADS)} loads, with {KILLS} killed runs before each")


def run_dbt(place, arguments):
    # In a process of its own: dbt keeps its database open.
    dbt = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"
    command = [sys.executable, "-c", dbt, "--quiet", *arguments, "--profiles-dir", "."]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"dbt {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def tables_of_files(place):
    """The file of each table."""
    found = glob.glob(place + "/**/main/*.parquet", recursive=True)
    return {os.path.basename(it)[: -len(".parquet")]: [it] for it in found}


def tables_of_logs(place):
    """The files that each Delta table consists of, and those of the tables that are no Delta tables."""
    tables = tables_of_files(place)
    for log in glob.glob(place + "/**/main/*/_delta_log", recursive=True):
        folder, files = os.path.dirname(log), set()
        for commit in sorted(glob.glob(log + "/*.json")):
            with open(commit) as lines:
                for action in map(json.loads, lines):
                    if "remove" in action:
                        files.remove(os.path.join(folder, action["remove"]["path"]))
                    if "add" in action:
                        files.add(os.path.join(folder, action["add"]["path"]))
        tables[os.path.basename(folder)] = sorted(files)
    return tables


def compare(files, theirs):
    problems = []
    with duckdb.connect(os.path.join(theirs, "growing.duckdb"), read_only=True) as database:
        tables = [it for (it,) in database.execute("select table_name from duckdb_tables() where not temporary").fetchall()]
        for table in sorted(tables):
            expected = database.execute(f'select * from "{table}"')
            wanted = (names(expected), rows(expected))
            if table not in files:
                problems.append(f"{table} is missing")
                continue
            given = duckdb.execute("select * from read_parquet($1)", [files[table]])
            got = (names(given), rows(given))
            if wanted[0] != got[0]:
                problems.append(f"{table}: columns are {got[0]}, with dbt {wanted[0]}")
            elif wanted[1] != got[1]:
                problems.append(f"{table}: rows differ")
                problems += [f"    only with dbt: {it}" for it in minus(wanted[1], got[1])]
                problems += [f"    only here:     {it}" for it in minus(got[1], wanted[1])]
    return problems, len(tables)


def names(result):
    return [it[0] for it in result.description]


def rows(result):
    return sorted(repr(tuple(map(plain, row))) for row in result.fetchall())


def minus(some, others):
    others = list(others)
    return [it for it in some if it not in others or others.remove(it)]


def plain(value):
    """Values without what says when a run was: its time, and hashes of that."""
    if isinstance(value, datetime.datetime) and (value - datetime.datetime.now(value.tzinfo)) < datetime.timedelta(days=2):
        recent = datetime.datetime.now(value.tzinfo) - value < datetime.timedelta(days=2)
        return "now" if recent and value.microsecond else value
    if isinstance(value, str) and len(value) == 32:
        return "hash"
    return value


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
