"""Two tables that differ at random: `arrowmill diff` and DuckDB must count the same.

    differences.py ARROWMILL FOLDER [ROUNDS [SEED]]

Each of the ROUNDS [25] makes a table of every kind of column at random, and a copy with rows and values damaged, keys that
are null or there several times, columns that are gone, new or of another type. Both are compared by a key of one or two
columns, or as whole rows. FOLDER is empty and becomes the place of all. Prints what differs and exits with 1, or prints
what was compared.
"""

import datetime
import decimal
import json
import os
import random
import subprocess
import sys
from collections import Counter

import duckdb

TYPES = {
    "id": "bigint", "part": "varchar", "amount": "double", "rate": "float", "price": "decimal(10, 2)", "day": "date",
    "made_at": "timestamp", "flag": "boolean", "note": "varchar", "few": "integer", "list": "double[]",
    "pair": "struct(a bigint, b varchar)", "deep": "struct(x integer, ys varchar[])[]",
}
RETYPED = {
    "id": ["double", "decimal(20, 2)"], "rate": ["double"], "few": ["bigint", "double"], "day": ["timestamp"],
    "price": ["decimal(12, 3)", "double"], "flag": ["varchar"], "note": ["varchar[]"], "amount": ["varchar"],
}
# The values of these pairs of types can't be compared.
UNLIKE = {("flag", "varchar"), ("note", "varchar[]"), ("amount", "varchar")}
PROJECT = "name: compared\nmodels: {+materialized: table}\n"
SOURCES = """
sources:
  - name: raw
    meta: {external_location: "data/{name}.parquet"}
    tables: [{name: after}]
"""


def main(arrowmill, folder, rounds=25, seed=None):
    seed = random.randrange(2**32) if seed is None else int(seed)
    found, problems = Counter(), []
    os.makedirs(os.path.join(folder, "models"))
    os.makedirs(os.path.join(folder, "data"))
    for path, text in (
        ("dbt_project.yml", PROJECT),
        ("models/sources.yml", SOURCES),
        ("models/compared.sql", "select * from {{ source('raw', 'after') }}"),
    ):
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)
    for number in range(int(rounds)):
        problems += [f"round {number} of seed {seed}: {it}" for it in one_round(arrowmill, folder, seed, number, found)]
        if problems:
            sys.exit("\n".join(problems) + f"\nsee {folder}")
    empty = [what for what in ("added", "removed", "changed", "unchanged", "repeated_keys", "uncompared") if not found[what]]
    if empty and int(rounds) >= 25:
        sys.exit(f"{rounds} rounds of seed {seed} had none of these: {', '.join(empty)}")
    print(f"{rounds} rounds of seed {seed}: " + ", ".join(f"{count} {what}" for what, count in sorted(found.items())))


def one_round(arrowmill, folder, seed, number, found):
    chance = random.Random(f"{seed}.{number}")
    before, after = os.path.join(folder, "data/before.parquet"), os.path.join(folder, "data/after.parquet")
    make_tables(chance, before, after)
    run(arrowmill, folder, ["run", "--quiet"], [0])
    # What is in the warehouse is compared, with the types that it has there.
    after = os.path.join(folder, "data/warehouse/main/compared.parquet")
    problems = []
    for key in ([], ["id"], ["id", "part"], ["list", "amount"]):
        connection = duckdb.connect()
        for table, path in (("a", before), ("b", after)):
            connection.execute(f"create view {table} as from read_parquet('{path}')")
        types = [dict(connection.execute(f"select column_name, column_type from (describe {it})").fetchall()) for it in "ab"]
        common = [it for it in types[1] if it in types[0]]
        retyped = [it for it in common if types[0][it] != types[1][it]]
        compared = [it for it in common if comparable(types[0][it], types[1][it])]
        if not all(it in compared for it in key):
            continue
        arguments = ["diff", "compared", "--against", "data/before.parquet", "--output", "json", "--quiet"]
        if key:
            arguments += ["--key", ",".join(key)]
        given = json.loads(run(arrowmill, folder, arguments, [0, 1]))
        expected = expect(connection, key, compared)
        expected["columns"] = [
            sorted(it for it in types[1] if it not in types[0]), sorted(it for it in types[0] if it not in types[1]),
            sorted(retyped), sorted(it for it in retyped if it not in compared),
        ]
        columns = given["columns"]
        names = lambda entries: sorted(it["name"] for it in entries)
        actual = {
            **given["rows"],
            "in": {it["name"]: it["rows"] for it in given["changed_columns"]},
            "from": given["from"]["rows"],
            "to": given["to"]["rows"],
            "columns": [
                names(columns["added"]), names(columns["removed"]), names(columns["retyped"]),
                names(it for it in columns["retyped"] if not it["compared"]),
            ],
        }
        if actual != expected:
            problems.append(f"by {key}: {actual}, should be {expected}")
        found.update({it: given["rows"][it] for it in given["rows"]})
        found["uncompared"] += len(expected["columns"][3])
        found["comparisons"] += 1
    return problems


def comparable(one, other):
    if one == other:
        return True
    numbers = ("BIGINT", "INTEGER", "DOUBLE", "FLOAT", "DECIMAL", "HUGEINT", "SMALLINT", "TINYINT", "U")
    kind = lambda it: "n" if it.startswith(numbers) and "[" not in it else "t" if it in ("DATE", "TIMESTAMP") else it
    return kind(one) == kind(other)


def expect(connection, key, columns):
    quoted = [f'"{it}"' for it in columns]
    value = lambda sql: connection.execute(sql).fetchone()[0]
    listed = ", ".join(quoted)
    rows = {"from": value("select count(*) from a"), "to": value("select count(*) from b")}
    except_all = lambda one, other: value(f"select count(*) from (select {listed} from {one} except all select {listed} from {other})")
    if not key:
        removed, added = except_all("a", "b"), except_all("b", "a")
        unchanged = rows["from"] - removed
        return {**rows, "added": added, "removed": removed, "changed": 0, "unchanged": unchanged, "repeated_keys": 0, "in": {}}
    keys = ", ".join(f'"{it}"' for it in key)
    same = lambda one, other: " and ".join(f'{one}."{it}" is not distinct from {other}."{it}"' for it in key)
    connection.execute(
        f"""create temp table counted as select {keys}, sum(x) as x, sum(y) as y from (
            select {keys}, 1 as x, 0 as y from a union all select {keys}, 0, 1 from b) group by all"""
    )
    for table in "ab":
        connection.execute(
            f"create temp table {table}_once as select {table}.* from {table} join counted on {same(table, 'counted')} where x <= 1 and y <= 1"
        )
        connection.execute(
            f"create temp table {table}_often as select {table}.* from {table} join counted on {same(table, 'counted')} where x > 1 or y > 1"
        )
    rest = [it for it in columns if it not in key]
    differs = " or ".join(f'as_."{it}" is distinct from bs_."{it}"' for it in rest) or "false"
    pairs = f"from a_once as as_ join b_once as bs_ on {same('as_', 'bs_')}"
    paired = value(f"select count(*) {pairs}")
    changed = value(f"select count(*) {pairs} where {differs}")
    within = {it: value(f"select count(*) {pairs} where as_.\"{it}\" is distinct from bs_.\"{it}\"") for it in rest}
    removed, added = except_all("a_often", "b_often"), except_all("b_often", "a_often")
    return {
        **rows,
        "removed": value('select count(*) from a_once') - paired + removed,
        "added": value("select count(*) from b_once") - paired + added,
        "changed": changed,
        "unchanged": paired - changed + value("select count(*) from a_often") - removed,
        "repeated_keys": value("select count(*) from counted where x > 1 or y > 1"),
        "in": {name: count for name, count in within.items() if count},
    }


# ---- data ----


def make_tables(chance, before, after):
    rows = [row(chance, number) for number in range(chance.choice([0, 1, 30, 30, 400]))]
    damaged = []
    damage = chance.choice([0.0, 0.02, 0.3])
    for values in rows:
        if chance.random() < damage / 2:
            continue
        copies = 2 if chance.random() < damage / 4 else 1
        for _ in range(copies):
            new = dict(values)
            if chance.random() < damage:
                for column in chance.sample(list(TYPES), chance.randrange(1, 4)):
                    new[column] = value(chance, column)
            damaged.append(new)
    damaged += [row(chance, len(rows) + it) for it in range(int(len(rows) * damage / 3))]
    chance.shuffle(damaged)
    columns = {"a": dict(TYPES), "b": dict(TYPES)}
    casts = {}
    if chance.random() < 0.6:
        del columns[chance.choice("ab")][chance.choice(["note", "few", "deep"])]
        for column in chance.sample(list(RETYPED), 2):
            casts[column] = chance.choice(RETYPED[column])
    connection = duckdb.connect()
    for table, values, path in (("a", rows, before), ("b", damaged, after)):
        connection.execute(f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")
        if values:
            connection.executemany(f"insert into {table} values ({', '.join('?' * len(TYPES))})", [list(it.values()) for it in values])
        cast = lambda it: f"cast({it} as {casts[it]}) as {it}" if table == "b" and it in casts else it
        if casts.get("note"):
            cast_note = lambda it: "[note] as note" if table == "b" and it == "note" else cast(it)
        else:
            cast_note = cast
        listed = ", ".join(cast_note(it) for it in columns[table])
        connection.execute(f"copy (select {listed} from {table}) to '{path}' (format parquet)")


def row(chance, number):
    values = {column: value(chance, column) for column in TYPES}
    if chance.random() > 0.03:
        values["id"] = number
    return values


def value(chance, column):
    if chance.random() < 0.08:
        return None
    kind = TYPES[column]
    few = lambda *values: chance.choice(values)
    number = lambda: few(0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 1e300, chance.random())
    text = lambda: few("", "a", "b", "ä|ö", "null", "x" * 70, str(chance.randrange(50)))
    match kind:
        case "bigint":
            return few(0, -1, 2**53 - 1, chance.randrange(100))
        case "integer":
            return chance.randrange(-3, 3)
        case "double":
            return number()
        case "float":
            return few(0.0, -0.0, 1.5, float("nan"), 2.25)
        case "decimal(10, 2)":
            return decimal.Decimal(chance.randrange(-100, 100)) / 100
        case "date":
            return datetime.date(2026, 1, 1) + datetime.timedelta(days=chance.randrange(40))
        case "timestamp":
            return datetime.datetime(2026, 1, 1) + datetime.timedelta(microseconds=chance.randrange(3) * 7_000_001)
        case "boolean":
            return few(True, False)
        case "varchar":
            return text()
        case "double[]":
            return [few(None, number()) for _ in range(chance.randrange(3))]
        case "struct(a bigint, b varchar)":
            return {"a": few(None, 1, 2), "b": few(None, text())}
        case _:
            return [few(None, {"x": few(None, 1), "ys": [few(None, text()) for _ in range(2)]}) for _ in range(chance.randrange(3))]


def run(arrowmill, folder, arguments, codes):
    done = subprocess.run([arrowmill, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"arrowmill {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
