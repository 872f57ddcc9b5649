"""Tests of every kind on good and on damaged data: Arrowmill answering tests of a relation together, each alone, and dbt
with DuckDB must come to the same verdicts and to the same numbers of failures.

    verdicts.py ARROWMILL PROJECT FOLDER [ROUNDS [EVERY [SEED]]]

Each of the ROUNDS [3] makes data at random, some columns damaged and some not, and tests at random, with configurations
at random. `build` may take what the plan proves, `test` what the files' footers say; with `--store-failures` each test is
asked by its own query. dbt takes part in one round of EVERY [1]. FOLDER is empty and becomes the place of all. Prints what
differs and exits with 1, or prints what was compared.
"""

import glob
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter

import duckdb

CODES = ["new", "paid", "sent", "lost", "", "Z"]
LONG = "a long text that is the same in its first sixty-four letters, to be cut off in footers: "
ITEMS = ["id", "code", "amount", "price", "day", "made_at", "flag", "ref_id", "note"]
COLUMNS = {
    **{it: ITEMS for it in ["as_table", "as_view", "as_ephemeral", "as_incremental", "as_sorted", "empty_table"]},
    "parents": ["id", "code"],
    "proved_table": ["id", "code", "size", "said", "number", "note"],
    "proved_view": ["id", "code", "size", "said", "number", "note"],
    "grouped": ["code", "flag", "n", "day", "notes"],
    "grouped_by_one": ["code", "n", "price"],
    "first_of_each": ["code", "id", "note", "flag"],
    "only_distinct": ["code"],
    "joined": ["code", "n", "other"],
}
NUMBERS = ["id", "amount", "price", "ref_id", "n", "number", "notes"]
TEXTS = ["code", "note", "size", "said", "other"]
SOURCES = """
sources:
  - name: raw
    schema: main
    meta: {external_location: "data/{name}.parquet"}
    tables:
      - name: items
      - name: parents
"""


def main(arrowmill, project, folder, rounds=3, every=1, seed=None):
    seed = random.randrange(2**32) if seed is None else int(seed)
    problems, compared, ways = [], Counter(), Counter()
    for number in range(int(rounds)):
        chance = random.Random(f"{seed}.{number}")
        place = os.path.join(folder, str(number))
        with_dbt = number % int(every) == 0
        found = one_round(arrowmill, project, place, chance, with_dbt, compared, ways)
        problems += [f"round {number} of seed {seed}: {it}" for it in found]
        if problems:
            sys.exit("\n".join(problems[:40]) + f"\nsee {place}")
        shutil.rmtree(place)
    print(f"{compared['tests']} tests in {rounds} rounds of seed {seed}, {compared['dbt']} of them beside dbt")
    print(", ".join(f"{count} {status}" for status, count in sorted(compared.items()) if status not in ("tests", "dbt")))
    print("\n".join(f"{count} {way}" for way, count in ways.most_common()))


def one_round(arrowmill, project, place, chance, with_dbt, compared, ways):
    shutil.copytree(project, place)
    os.makedirs(os.path.join(place, "data"))
    make_data(chance, os.path.join(place, "data"))
    with open(os.path.join(place, "models", "tests.yml"), "w", encoding="utf-8") as file:
        file.write(SOURCES + properties(chance))
    results = {}
    log = run_ours(arrowmill, place, ["build", "--full-refresh", "--publish", "always"])
    results["build"] = verdicts(place)
    log += run_ours(arrowmill, place, ["test"])
    results["test"] = verdicts(place)
    run_ours(arrowmill, place, ["test", "--store-failures"])
    results["alone"] = verdicts(place)
    if with_dbt:
        run_dbt(place, ["run"])
        run_dbt(place, ["test"])
        results["dbt"] = verdicts(place)
        compared["dbt"] += len(results["dbt"])
    expected = results["dbt" if with_dbt else "alone"]
    compared["tests"] += len(expected)
    compared.update(status for status, _ in expected.values())
    for line in log:
        if line["info"]["msg"].startswith("test `"):
            way = line["info"]["msg"].split(": ", 1)[1]
            ways["".join(it for at, it in enumerate(way.split("`")) if at % 2 == 0)[:60]] += 1
    problems = []
    for how, given in results.items():
        for name in sorted(expected.keys() | given.keys()):
            if expected.get(name) != given.get(name):
                problems.append(f"{name}: {how} says {given.get(name)}, should be {expected.get(name)}")
    return problems


# ---- data ----


def make_data(chance, folder):
    rows = chance.choice([0, 1, 2, 40, 40, 3000])
    damaged = {column for column in ITEMS if chance.random() < 0.4}
    items = [item(chance, number, damaged) for number in range(rows)]
    # DuckDB's row groups hold 2,048 rows at least: large files have several.
    connection = duckdb.connect()
    connection.execute(
        "create table items (id bigint, code varchar, amount double, price decimal(10, 2), day date, made_at timestamp, "
        "flag boolean, ref_id bigint, note varchar, sequence bigint)"
    )
    parents = [(number, chance.choice(CODES[:4])) for number in range(0, 12)]
    if "ref_id" in damaged:
        parents += [(None, "new"), (3, "paid")]
    connection.execute("create table parents (id bigint, code varchar)")
    for table, values in (("items", items), ("parents", parents)):
        if values:
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f"insert into {table} values ({marks})", values)
        path = os.path.join(folder, f"{table}.parquet")
        connection.execute(f"copy {table} to '{path}' (format parquet, row_group_size 2048)")
    connection.close()


def item(chance, number, damaged):
    def one(column, good, *bad):
        return chance.choice(bad) if column in damaged and chance.random() < 0.1 else good

    return (
        one("id", number, number // 2, None, -5),
        one("code", chance.choice(CODES[:3]), None, *CODES),
        one("amount", chance.choice([0.5, 1.0, 3.25, 12.0]), None, -1.0, float("nan"), float("inf"), 99.0),
        one("price", chance.choice(["0.10", "7.25"]), None, "-0.01", "99999.99"),
        one("day", f"2024-01-{1 + number % 28:02}", None, "1999-12-31"),
        one("made_at", f"2024-01-01 00:00:{number % 60:02}.{number:06}", None, "2024-01-01 00:00:00"),
        one("flag", number % 3 == 0, None, True),
        one("ref_id", number % 12, None, 99, -1),
        one("note", str(number % 3), None, LONG + "1", LONG + "2", "7"),
        # What makes the order of rows the same for all.
        number,
    )


# ---- tests ----


def properties(chance):
    lines, count = ["", "models:"], 0
    for model, columns in COLUMNS.items():
        lines += [f"  - name: {model}", "    data_tests:"]
        for _ in range(12):
            kind, arguments = a_test(chance, model, columns)
            count += 1
            config = a_config(chance)
            if kind == "worst_three":
                # dbt writes one limit behind the other.
                config.pop("limit", None)
            if kind == "small_when_read":
                # Which of two conditions is asked first, and may fail, is the engine's to choose.
                config.pop("where", None)
            described = {"name": f"t{count:04}_{kind}_{model}", "arguments": arguments, "config": config}
            lines.append(f"      - {kind}: {json.dumps({key: it for key, it in described.items() if it})}")
    return "\n".join(lines) + "\n"


def a_test(chance, model, columns):
    column = chance.choice(columns)
    numbers = [it for it in columns if it in NUMBERS] or None
    texts = [it for it in columns if it in TEXTS] or None
    values = {
        "code": ["new", "paid", "sent", *chance.choice([[], ["none"]])], "size": ["large", "small", "least"],
        "said": ["yes", "no"], "note": ["0", "1", "2", *chance.choice([[], ["7"]])],
        "other": ["new", "paid", "sent", "lost", "", "Z"],
    }
    kinds = {
        "not_null": {"column_name": column},
        "unique": {"column_name": column},
        "counted_once": {"column_name": column},
        "more_than_twice": {"column_name": column},
        "unique_together": {"columns": chance.sample(columns, min(2, len(columns)))},
        "at_most_rows": {"rows": chance.choice([0, 10, 5000])},
        "few_nulls": {"column_name": column, "share": chance.choice([0, 0.05, 0.5])},
        "not_constant": {"column_name": column},
        "rising": {"column_name": column},
    }
    if texts:
        text = chance.choice(texts)
        kinds["accepted_values"] = {"column_name": text, "values": values[text]}
        kinds["distinct_among"] = {"column_name": text, "values": ", ".join(f"'{it}'" for it in values[text])}
        kinds["neither"] = {"column_name": text}
        if text == "code":
            kinds["relationships"] = {"column_name": "code", "to": "ref('parents')", "field": "code"}
        if text == "note":
            kinds["small_when_read"] = {"column_name": "note"}
    if numbers:
        number = chance.choice(numbers)
        kinds["never_negative"] = {"column_name": number}
        kinds["accepted_range"] = {"column_name": number, "min_value": 0, "max_value": chance.choice([10, 5000])}
        kinds["expression_is_true"] = {"column_name": number, "expression": chance.choice([">= 0", "is not null", "< 50"])}
        kinds["worst_three"] = {"column_name": number}
    if "day" in columns:
        kinds["recent"] = {"column_name": "day", "since": f"date '{chance.choice(['2000-01-01', '2030-01-01'])}'"}
    if "id" in columns:
        kinds["first_ten_filled"] = {"column_name": column}
    if "ref_id" in columns:
        to = {"column_name": "ref_id", "to": "ref('parents')", "field": "id"}
        kinds.update({"relationships": to, "has_partner": to, "partner_by_two": to})
    kind = chance.choice(sorted(kinds))
    return kind, kinds[kind]


def a_config(chance):
    config = {}
    if chance.random() < 0.2:
        config["limit"] = chance.choice([1, 2, 10])
    if chance.random() < 0.2:
        config["severity"] = "warn"
    if chance.random() < 0.2:
        config["warn_if"] = chance.choice(["> 2", "= 0", ">= 1", "between 1 and 4"])
    if chance.random() < 0.2:
        config["error_if"] = chance.choice(["> 5", "!= 1", ">= 1", "= 0"])
    if chance.random() < 0.15:
        config["fail_calc"] = chance.choice(["count(*)", "count(*) + 1", "count(*) * 2", "coalesce(max(1), 0)"])
    if chance.random() < 0.2:
        config["where"] = chance.choice(["1 = 1", "code is not null", "code <> 'lost'", "code in ('new', 'Z')", "code = ''"])
    return config


# ---- running ----


def run_ours(arrowmill, place, arguments):
    command = [arrowmill, "--log-format", "json", "--log-level", "debug", *arguments]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "panic" in done.stderr:
        sys.exit(f"arrowmill {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr}\nsee {place}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_dbt(place, arguments):
    # In a process of its own: dbt keeps its database open.
    dbt = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"
    command = [sys.executable, "-c", dbt, "--quiet", *arguments, "--profiles-dir", "."]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"dbt {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}\nsee {place}")


def verdicts(place):
    """Status and failures by the test's name; the failures of an error are nobody's."""
    [path] = glob.glob(f"{place}/target/run_results.json")
    with open(path, encoding="utf-8") as file:
        results = json.load(file)["results"]
    tests = [it for it in results if it["unique_id"].startswith("test.")]
    os.remove(path)
    return {
        it["unique_id"].split(".")[2]: (it["status"], None if it["status"] == "error" else it["failures"]) for it in tests
    }


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 7:
        sys.exit(__doc__)
    main(*sys.argv[1:])
