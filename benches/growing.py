"""Measures what it takes to add a few rows to a large table: an incremental model by key, and one that only appends.

    python benches/growing.py --arrowmill target/release/arrowmill --python oracle/bin/python

The source is a Parquet file of 10 million events, made here by DuckDB, and a second one of 100,000: 99,000 new ones, and
1,000 that take the place of some of the last day's. Each contestant makes the table of the first file, which is not measured,
and then adds the second. Contestants: Arrowmill with tables that are one file, with Delta tables, and dbt with dbt-duckdb,
parsed before. Every run is a process of its own, measured from its start to its end: wall time, CPU time (user + system)
and peak resident memory. At the end all must have as many rows, and the same sum of a column.

`--python` is one that has dbt-duckdb. Prints a table; a contestant another one first each round.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DBT = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"
MODELS = {"by_key": "incremental_strategy='delete+insert', unique_key='event_id'", "appended": "incremental_strategy='append'"}


def main():
    options = parse_arguments()
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-growing-")).resolve()
    make_events(options, work)
    ours = [str(Path(options.arrowmill).resolve())]
    contestants = {"arrowmill, one file": ours, "arrowmill, Delta": ours, "dbt-duckdb": [options.python, "-c", DBT]}
    for name, command in contestants.items():
        make_project(work / name, work, name)
        measure([*command, "run", "--vars", "part: first"], work / name)
        shutil.copytree(work / name, work / f"{name}, first")
    samples = {}
    for turn in range(options.repeats):
        names = list(contestants)
        for name in names[turn % 3:] + names[:turn % 3]:
            shutil.rmtree(work / name)
            shutil.copytree(work / f"{name}, first", work / name, copy_function=shutil.copy2)
            for model in MODELS:
                command = [*contestants[name], "run", "--select", model, "--vars", "part: second"]
                samples.setdefault((name, model), []).append(measure(command, work / name))
    agree(options, work, contestants)
    for (name, model), several in samples.items():
        middle = {key: statistics.median(it[key] for it in several) for key in several[0]}
        print(f"| {name} | {model} | {middle['wall']:.2f} | {middle['cpu']:.2f} | {middle['peak_mib']:.0f} |")
    if not options.work:
        shutil.rmtree(work)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arrowmill", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", help="an empty folder, kept")
    return parser.parse_args()


def make_events(options, work):
    rows, new = options.rows, options.rows // 100
    columns = """id as event_id, 'u' || (hash(id) % 400000) as user_id, timestamp '2026-01-01' + to_seconds(id * 3) as at,
        ['view', 'add', 'buy', 'search'][1 + (hash(id + 1) % 4)::int] as kind, (hash(id + 2) % 100000)::double / 100 as amount, {v} as version"""
    copies = "".join(
        f"copy (select {columns.format(v=v)} from range({a}, {b}) r(id)) to '{work}/{name}.parquet';"
        for name, a, b, v in (("first", 0, rows, 1), ("second", rows - new // 100, rows + new - new // 100, 2))
    )
    subprocess.run([options.python, "-c", f'import duckdb; duckdb.execute("""{copies}""")'], check=True)


def make_project(folder, work, name):
    (folder / "models").mkdir(parents=True)
    form = "models: {+table_format: delta}\n" if name.endswith("Delta") else ""
    (folder / "dbt_project.yml").write_text(f"name: growing\nprofile: growing\n{form}", encoding="utf-8")
    target = "{type: duckdb, path: growing.duckdb, threads: 2}"
    (folder / "profiles.yml").write_text(f"growing: {{target: dev, outputs: {{dev: {target}}}}}\n", encoding="utf-8")
    tables = "".join(
        f"      - {{name: {it}, meta: {{external_location: '{work}/{it}.parquet'}}}}\n" for it in ("first", "second")
    )
    (folder / "models/sources.yml").write_text(f"sources:\n  - name: raw\n    tables:\n{tables}", encoding="utf-8")
    for model, how in MODELS.items():
        config = f"{{{{ config(materialized='incremental', {how}) }}}}"
        query = "{% if var('part') == 'first' %}select * from {{ source('raw', 'first') }}" \
                "{% else %}select * from {{ source('raw', 'second') }}{% endif %}"
        (folder / f"models/{model}.sql").write_text(f"{config}\n{query}\n", encoding="utf-8")


def measure(command, folder):
    environment = {**os.environ, "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with open(folder / "log.txt", "wb") as output:
        started = time.monotonic()
        process = subprocess.Popen([*command, "--profiles-dir", "."], cwd=folder, env=environment, stdout=output,
                                   stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n" + (folder / "log.txt").read_text()[-4000:])
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def agree(options, work, contestants):
    """All have the same rows, as far as their number and two sums tell."""
    found = {}
    for name in contestants:
        for model in MODELS:
            place = work / name
            record = next(place.glob(f"**/relations/main/{model}.json"), None)
            if record is None:
                source = f"(select * from it.main.{model})"
                attach = f"attach '{place}/growing.duckdb' as it (read_only);"
            else:
                told = json.loads(record.read_text(encoding="utf-8")).get("delta")
                folder = record.parents[3] / "main"
                files = [folder / model / it["name"] for it in told["files"]] if told else [folder / f"{model}.parquet"]
                source, attach = f"read_parquet({[str(it) for it in files]})", ""
            sql = f"select count(*), sum(version), sum(event_id) from {source}"
            code = f'import duckdb; duckdb.execute("""{attach}"""); print(duckdb.execute("""{sql}""").fetchone())'
            done = subprocess.run([options.python, "-c", code], capture_output=True, text=True, check=True)
            found.setdefault(model, set()).add(done.stdout.strip())
    for model, several in found.items():
        if len(several) != 1:
            sys.exit(f"{model}: contestants have different rows: {several}")


if __name__ == "__main__":
    main()
