"""Measures `parse`, `ls` and `compile` of a large project beside dbt-core's: nothing of a database, all of a framework.

    python benches/thousand_models.py --arrowmill target/release/arrowmill --python oracle/bin/python

Makes a project of 1,000 models in three layers, with 50 sources, 40 macros in 10 files, 2,000 generic tests and a
description of every model and column, and lets both tools do each command in turns, another one first each round. Every
command is a process of its own, measured from its start to its end: wall time, CPU time (user + system) and peak
resident memory. Cold is without the target folder, so that dbt parses everything; warm is with what dbt has kept of
parsing the same project (`partial_parse.msgpack`). Arrowmill keeps nothing, so warm is cold there, but for the folder.

Prints a table with the median of each, and how many times faster Arrowmill is; `--out` keeps all samples as JSON.
`--python` is one that has dbt-core and dbt-duckdb; this script needs none of them. `--make FOLDER` makes the project
and measures nothing.
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

ROOT = Path(__file__).resolve().parent.parent
SOURCES = 50
COMMANDS = ["parse", "ls", "compile"]
DBT = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"


def main():
    options = parse_arguments()
    if options.make:
        make_project(Path(options.make), options.models)
        return
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-thousand-")).resolve()
    ours, theirs = work / "arrowmill", work / "dbt"
    for folder in (ours, theirs):
        shutil.rmtree(folder, ignore_errors=True)
        make_project(folder, options.models)
    contestants = [
        ("arrowmill", ours, [str(Path(options.arrowmill).resolve())]),
        ("dbt-core", theirs, [options.python, "-c", DBT]),
    ]
    samples = []
    for number in range(options.repeats):
        turn = number % len(contestants)
        for who, folder, start in contestants[turn:] + contestants[:turn]:
            for command in options.commands.split(","):
                for state in ("cold", "warm"):
                    if state == "cold":
                        shutil.rmtree(folder / "target", ignore_errors=True)
                    sample = {"round": number + 1, "who": who, "command": command, "state": state}
                    sample |= measure(start + [command], folder)
                    samples.append(sample)
                    print("{round} {who:<10} {command:<8} {state} {wall:8.2f} s {cpu:8.2f} CPU s {peak_mib:6.0f} MiB".format(**sample), flush=True)
    print("\n" + table(samples))
    if options.out:
        options.out.write_text(json.dumps(samples, indent=1) + "\n", encoding="utf-8")
    if not options.work:
        shutil.rmtree(work)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    binary = str(ROOT / "target/release/arrowmill")
    parser.add_argument("--arrowmill", default=binary, help="the binary to measure [target/release/arrowmill]")
    python = os.environ.get("ARROWMILL_TEST_PYTHON", sys.executable)
    parser.add_argument("--python", default=python, help="has dbt and dbt-duckdb [$ARROWMILL_TEST_PYTHON]")
    parser.add_argument("--models", type=int, default=1000, help="how many models [1000]")
    parser.add_argument("--repeats", type=int, default=3, help="how many rounds [3]")
    parser.add_argument("--commands", default=",".join(COMMANDS), help="of parse, ls, compile; comma between")
    parser.add_argument("--work", help="folder to work in, kept afterwards [a temporary one]")
    parser.add_argument("--out", type=Path, help="file for all samples")
    parser.add_argument("--make", help="only make the project, in this folder")
    return parser.parse_args()


def measure(command, folder):
    environment = {**os.environ, "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    # The last one would have Python compile dbt anew each time, where nobody has done so before.
    for name in ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_TARGET", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    log = folder / "log.txt"
    with open(log, "wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command + ["--profiles-dir", "."], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n" + log.read_text(encoding="utf-8")[-4000:])
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def table(samples):
    keys = list(dict.fromkeys((it["command"], it["state"]) for it in samples))
    lines = ["| command | | arrowmill: wall, s | CPU, s | peak, MiB | dbt-core: wall, s | CPU, s | peak, MiB | faster |"]
    lines.append("|---" * 9 + "|")
    for command, state in keys:
        cells, walls = [], []
        for who in ("arrowmill", "dbt-core"):
            mine = [it for it in samples if (it["who"], it["command"], it["state"]) == (who, command, state)]
            medians = {key: statistics.median(it[key] for it in mine) for key in ("wall", "cpu", "peak_mib")}
            walls.append(medians["wall"])
            cells.append(f"{medians['wall']:.2f} | {medians['cpu']:.2f} | {medians['peak_mib']:.0f}")
        lines.append(f"| `{command}` | {state} | {cells[0]} | {cells[1]} | {walls[1] / walls[0]:.0f} times |")
    return "\n".join(lines)


# ---- the project ----


def make_project(folder, models):
    """The same bytes for the same number: no chance, no clock."""

    def write(path, text):
        full = folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")

    write("dbt_project.yml", PROJECT)
    write("profiles.yml", PROFILES)
    for group in range(10):
        macros = [MACRO.replace("NUMBER", str(group * 4 + it)) for it in range(4)]
        write(f"macros/group_{group}.sql", "\n".join(macros))
    tables = []
    for number in range(SOURCES):
        rows = "\n".join(f"{row},{row % 7},{row}.5,2026-01-0{row + 1}" for row in range(5))
        write(f"data/raw_{number}.csv", f"id,customer_id,amount,ordered_at\n{rows}\n")
        tables.append(f"      - name: raw_{number}\n        description: What system {number} delivers.\n")
    write("models/staging/_sources.yml", SOURCE_FILE + "".join(tables))
    staging, between = models * 3 // 10, models * 4 // 10
    described = {}
    for number in range(models):
        if number < staging:
            layer, name, text = "staging", f"stg_{number}", staging_model(number)
        elif number < staging + between:
            layer, name, text = "intermediate", f"int_{number}", intermediate_model(number, staging)
        else:
            layer, name, text = "marts", f"fct_{number}", mart_model(number, staging, between)
        write(f"models/{layer}/part_{number // 50}/{name}.sql", text)
        described.setdefault((layer, number // 20), []).append(name)
    for (layer, part), names in described.items():
        entries = "".join(DESCRIBED.replace("NAME", name) for name in names)
        write(f"models/{layer}/_models_{part}.yml", "version: 2\nmodels:\n" + entries)


def name_of(number, staging):
    return f"stg_{number}" if number < staging else f"int_{number}"


def staging_model(number):
    return f"""\
{{{{ config(materialized='view', tags=['staging', 'part_{number % 9}']) }}}}

with source as (
    select * from {{{{ source('raw', 'raw_{number % SOURCES}') }}}}
)

select
    {{{{ whole_{number % 40}('id') }}}} as id,
    {{{{ whole_{(number + 7) % 40}('customer_id') }}}} as customer_id,
    {{{{ rounded_{number % 40}('amount', 2) }}}} as amount,
    cast(ordered_at as date) as ordered_on
from source
where id >= {{{{ var('first_id', 0) }}}}
"""


def intermediate_model(number, staging):
    parents = [name_of((number * 7 + 13 * it) % (number - 1), staging) for it in range(1, 3)]
    left, right = parents
    return f"""\
{{%- set measures = ['amount', 'amount * 2', 'amount - 1'] -%}}

select
    a.id,
    a.customer_id,
    a.ordered_on,
    {{% for measure in measures %}}
    {{{{ rounded_{number % 40}('a.' ~ measure, 2) }}}} as measure_{{{{ loop.index }}}},
    {{% endfor %}}
    a.amount + coalesce(b.amount, 0) as amount
from {{{{ ref('{left}') }}}} as a
left join {{{{ ref('{right}') }}}} as b on a.id = b.id
{{% if target.name == 'production' %}}
where a.ordered_on > current_date - 30
{{% endif %}}
"""


def mart_model(number, staging, between):
    parents = [staging + (number * 11 + 17 * it) % between for it in range(3)]
    first, second, third = (name_of(it, staging) for it in parents)
    return f"""\
{{{{ config(materialized='table') }}}}

with joined as (
    select a.id, a.customer_id, a.ordered_on, a.amount, b.measure_1, c.measure_2
    from {{{{ ref('{first}') }}}} as a
    left join {{{{ ref('{second}') }}}} as b on a.id = b.id
    left join {{{{ ref('{third}') }}}} as c on a.id = c.id
)

select
    id,
    min(customer_id) as customer_id,
    max(ordered_on) as ordered_on,
    {{{{ rounded_{number % 40}('sum(amount)', 1) }}}} as amount,
    sum(measure_1) as measure_1,
    sum(measure_2) as measure_2
from joined
group by id
"""


PROJECT = """\
name: thousand
version: "1.0"
profile: thousand
flags: {send_anonymous_usage_stats: false}
vars: {first_id: 0}
models:
  thousand:
    +materialized: view
    marts:
      +schema: marts
"""

PROFILES = """\
thousand:
  target: dev
  outputs:
    dev: {type: duckdb, path: data/thousand.duckdb, threads: 2}
"""

MACRO = """\
{% macro whole_NUMBER(column) -%}
    cast({{ column }} as {{ adapter.dispatch('kind_NUMBER')() }})
{%- endmacro %}

{% macro default__kind_NUMBER() %}bigint{% endmacro %}

{% macro kind_NUMBER() %}{{ return(adapter.dispatch('kind_NUMBER')()) }}{% endmacro %}

{% macro rounded_NUMBER(expression, digits) -%}
    {%- if digits > 0 -%}
        round({{ expression }}, {{ digits }})
    {%- else -%}
        {{ whole_NUMBER(expression) }}
    {%- endif -%}
{%- endmacro %}
"""

SOURCE_FILE = """\
version: 2
sources:
  - name: raw
    description: As delivered.
    meta: {external_location: "data/{name}.csv"}
    tables:
"""

DESCRIBED = """\
  - name: NAME
    description: >
      One row per order of NAME, with what it is worth and who has ordered it; a sentence or two, as people write
      them about their models.
    columns:
      - name: id
        description: The key.
        data_tests: [not_null, unique]
      - name: customer_id
        description: Who has ordered.
      - name: amount
        description: What it is worth, in the currency of the customer.
"""


if __name__ == "__main__":
    main()
