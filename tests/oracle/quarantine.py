"""Rows that tests move out of a table: Arrowmill and DuckDB must keep the same rows, and move the same for the same reasons.

    quarantine.py ARROWMILL FOLDER [ROUNDS [SEED]]

Each of the ROUNDS [12] makes data at random, and tests at random that move rows. After each build the table, its quarantine
and the numbers of failures are held against DuckDB's queries; a second build must do nothing. Every third round an
incremental table gets a second load. FOLDER is empty and becomes the place of all. Prints what differs and exits with 1, or
prints what was compared.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter

import duckdb

CODES = ["new", "paid", "lost", "", "it's"]
KINDS = {
    # Test, and the condition of a failing row; `t` is the table.
    "not_null": ("{column}", "not_null", "{column} is null"),
    "accepted_values": ("code", "accepted_values: {{arguments: {{values: [new, paid]}}", "code not in ('new', 'paid')"),
    "unique": ("{column}", "unique", "{column} is not null and {column} in (select {column} from t group by 1 having count(*) > 1)"),
    "relationships": (
        "parent", "relationships: {{arguments: {{to: ref('parents'), field: id}}",
        "parent is not null and parent not in (select id from parents where id is not null)",
    ),
    "below": ("amount", "below: {{arguments: {{limit: 3}}", "amount >= 3"),
    "twice": (
        None, "twice",
        "(id is null or id < 100) and row(code, parent) in (select row(code, parent) from t where id is null or id < 100 group by 1 having count(*) > 1)",
    ),
}
MACROS = """
{% test below(model, column_name, limit) %}
select {{ column_name }} as found from {{ model }} where {{ column_name }} >= {{ limit }}
{% endtest %}
{% test twice(model) %}
select code, parent from {{ model }} where id is null or id < 100 group by code, parent having count(*) > 1
{% endtest %}
"""
SOURCES = """
sources:
  - name: raw
    meta: {external_location: "data/{name}.parquet"}
    tables: [{name: items}, {name: parent_rows}]
"""


def main(arrowmill, folder, rounds=12, seed=None):
    seed = random.randrange(2**32) if seed is None else int(seed)
    found = Counter()
    for number in range(int(rounds)):
        chance = random.Random(f"{seed}.{number}")
        place = os.path.join(folder, str(number))
        problems = one_round(arrowmill, place, chance, number % 3 == 2, found)
        if problems:
            sys.exit("\n".join(f"round {number} of seed {seed}: {it}" for it in problems) + f"\nsee {place}")
        shutil.rmtree(place)
    if not found["moved"] or not found["kept"]:
        sys.exit(f"{rounds} rounds of seed {seed} moved {found['moved']} rows and kept {found['kept']}")
    print(f"{rounds} rounds of seed {seed}: " + ", ".join(f"{count} {what}" for what, count in sorted(found.items())))


def one_round(arrowmill, place, chance, grows, found):
    for path in ("models", "data", "macros"):
        os.makedirs(os.path.join(place, path))
    names = chance.sample(list(KINDS), chance.randrange(1, len(KINDS) + 1))
    rules, tests, of_table = {}, {}, []
    for name in names:
        column, test, condition = KINDS[name]
        picked = chance.choice(["id", "code", "parent"]) if column == "{column}" else column
        where = chance.choice([None, None, "id > 2"]) if name not in ("unique", "twice") else None
        condition = condition.format(column=picked)
        if where:
            condition = f"({condition}) and ({where})"
        config = "config: {quarantine: true" + (f", where: '{where}'" if where else "") + "}"
        test = test.format()
        full = f"{test}, name: rule_{name}, {config}}}" if ":" in test else f"{test}: {{name: rule_{name}, {config}}}"
        rules[f"rule_{name}"] = condition
        (of_table if picked is None else tests.setdefault(picked, [])).append(full)
    kind = "incremental" if grows else "table"
    properties = "models:\n  - name: kept\n"
    if of_table:
        properties += "    data_tests:\n" + "".join(f"      - {it}\n" for it in of_table)
    if tests:
        properties += "    columns:\n"
        for column, listed in tests.items():
            properties += f"      - name: {column}\n        data_tests:\n" + "".join(f"          - {it}\n" for it in listed)
    model = f"{{{{ config(materialized='{kind}') }}}}\nselect * from {{{{ source('raw', 'items') }}}}"
    for path, text in (
        ("dbt_project.yml", "name: sorting\n"),
        ("models/sources.yml", SOURCES),
        ("models/properties.yml", properties),
        ("models/parents.sql", "{{ config(materialized='" + chance.choice(["table", "view"]) + "') }}\nselect * from {{ source('raw', 'parent_rows') }}"),
        ("models/kept.sql", model),
        ("macros/tests.sql", MACROS),
    ):
        with open(os.path.join(place, path), "w", encoding="utf-8") as file:
            file.write(text)
    connection = duckdb.connect()
    connection.execute("create table t (id bigint, code varchar, amount double, parent bigint)")
    expected_moved = Counter()
    problems = []
    for load in range(2 if grows else 1):
        make_data(chance, place)
        connection.execute(f"create or replace table parents as from '{place}/data/parent_rows.parquet'")
        connection.execute(f"insert into t from '{place}/data/items.parquet'")
        reasons = [f"case when {condition} then '{name}' end" for name, condition in sorted(rules.items())]
        connection.execute(f"create or replace temp table judged as select *, concat_ws(', ', {', '.join(reasons)}) as reason from t")
        counts = {name: connection.execute(f"select count(*) from t where {condition}").fetchone()[0] for name, condition in rules.items()}
        moved = rows(connection, "select * from judged where reason <> ''")
        # Of a table that grows, what was moved before for the same reason is there already.
        expected_moved = expected_moved + Counter({it: n for it, n in moved.items() if it not in expected_moved})
        connection.execute("create or replace table t as select * exclude (reason) from judged where reason = ''")
        expected_kept = rows(connection, "from t")
        results = build(arrowmill, place)
        kept = rows(connection, f"from '{place}/data/warehouse/main/kept.parquet'")
        quarantined = rows(connection, f"select id, code, amount, parent, quarantine_reason from '{place}/data/warehouse/main/kept__quarantine.parquet'")
        quarantined = Counter({(*it[:-1], ", ".join(sorted(it[-1].split(", ")))): n for it, n in quarantined.items()})
        told = {it["unique_id"].split(".")[2]: (it["status"], it["failures"]) for it in results if it["unique_id"].startswith("test.")}
        expected_told = {name: ("warn" if count else "pass", count) for name, count in counts.items()}
        for what, actual, expected in (("kept", kept, expected_kept), ("moved", quarantined, expected_moved), ("told", told, expected_told)):
            if actual != expected:
                problems.append(f"load {load} with {rules}: {what} {actual}, should be {expected}")
        found["moved"] += sum(moved.values())
        found["kept"] += sum(expected_kept.values())
        found["tests"] += len(rules)
        if not grows:
            again = [it["unique_id"] for it in build(arrowmill, place) if not (it["message"] or "").startswith("reused") and it["unique_id"] != "model.sorting.parents"]
            if again:
                problems.append(f"a second build has done {again}")
    return problems


def rows(connection, query):
    return Counter(connection.execute(query).fetchall())


def make_data(chance, place):
    connection = duckdb.connect()
    connection.execute("create table items (id bigint, code varchar, amount double, parent bigint)")
    few = lambda *values: chance.choice(values)
    for _ in range(few(0, 1, 20, 20, 300)):
        row = [few(None, chance.randrange(400), chance.randrange(400)), few(None, *CODES), few(None, 0.5, 2.0, 3.0, 200.0), few(None, 1, 2, 9)]
        connection.execute("insert into items values (?, ?, ?, ?)", row)
    connection.execute(f"copy items to '{place}/data/items.parquet'")
    connection.execute("create table parents (id bigint)")
    for value in few([], [1], [1, 2], [1, 1, 2, None]):
        connection.execute("insert into parents values (?)", [value])
    connection.execute(f"copy parents to '{place}/data/parent_rows.parquet'")


def build(arrowmill, place):
    done = subprocess.run([arrowmill, "build", "--quiet"], cwd=place, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"a build ended with {done.returncode}:\n{done.stdout}{done.stderr}\nsee {place}")
    with open(os.path.join(place, "target/run_results.json"), encoding="utf-8") as file:
        return json.load(file)["results"]


if __name__ == "__main__":
    main(*sys.argv[1:])
