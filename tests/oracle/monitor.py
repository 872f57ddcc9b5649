"""Statistics of monitors, computed a second time: by DuckDB, and by Python from nothing but the rows.

    python monitor.py ARROWMILL FOLDER

Makes a project of random rows in FOLDER, has them measured, and compares every number of monitor.json with one that is
computed here, from the definitions in docs/monitor.md.
"""

import csv
import datetime as dt
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys

import duckdb

NOW = dt.datetime(2026, 3, 31, 9, 30)
DAY = dt.timedelta(days=1)
END = dt.datetime(2026, 3, 31)

MONITORS = """
monitors:
  - name: nulls
    null_rate: {relation: ref('events'), columns: [user_id, price], time: happened_at}
  - name: nulls_of_a_week
    null_rate:
      relation: ref('events')
      columns: [user_id]
      time: happened_at
      window: {count: 7, period: day}
      reference: {from: 2026-03-01, to: 2026-03-11}
  - name: shapes
    distribution: {relation: ref('events'), columns: [country, price, amount], time: happened_at}
  - name: shapes_by_divergence
    distribution: {relation: ref('events'), columns: [country, word], time: happened_at, method: jensen_shannon, where: price > 3}
  - name: many_words
    distribution: {relation: ref('events'), columns: [word], time: happened_at, method: psi, categories: 20}
  - name: per_day
    volume: {relation: ref('events'), time: happened_at, z_score: 3}
  - name: per_hour
    volume: {relation: ref('events'), time: happened_at, per: hour, weeks: 3, where: country = 'de'}
  - name: loads
    error_rate: {relation: ref('loads'), read: read_rows, invalid: bad_rows, run: load, time: loaded_at}
  - name: whole
    distribution: {relation: ref('snapshot'), columns: [country, price]}
"""

SOURCES = """
sources:
  - name: raw
    meta: {external_location: "data/{name}.parquet"}
    tables: [{name: events}, {name: loads}]
"""


def make(folder, seed):
    """Rows of thirty days; those of the last day are of another kind."""
    chance = random.Random(seed)
    rows = []
    start = END - 30 * DAY
    while start < END:
        is_last = start >= END - DAY
        for _ in range(chance.randrange(150, 450)):
            at = start + dt.timedelta(seconds=chance.randrange(86_400), microseconds=chance.randrange(1_000_000))
            user = None if chance.random() < (0.3 if is_last else 0.1) else chance.randrange(500)
            weights = [5, 3, 4 if is_last else 1]
            country = chance.choices(["de", "fr", None], weights)[0]
            price = None if chance.random() < 0.02 else round(chance.gauss(12 if is_last else 10, 4), 1)
            word = "w%d" % int(chance.expovariate(0.1))
            rows.append((at, user, country, price, chance.randrange(100) ** 2, word))
        start += DAY
    loads = [("a", NOW - 2 * DAY, 1000, 3), ("b", NOW - DAY, 800, 50), ("b", NOW - DAY, 200, 8)]
    connection = duckdb.connect()
    connection.execute(
        "create table events (happened_at timestamp, user_id bigint, country varchar, price double, amount bigint, word varchar)"
    )
    (folder / "data").mkdir(parents=True)
    with open(folder / "events.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    connection.execute(f"copy events from '{folder}/events.csv' (header false)")
    connection.execute("create table loads (load varchar, loaded_at timestamp, read_rows bigint, bad_rows bigint)")
    connection.executemany("insert into loads values (?, ?, ?, ?)", loads)
    (folder / "models").mkdir()
    for table in ["events", "loads"]:
        connection.execute(f"copy {table} to '{folder}/data/{table}.parquet'")
        (folder / f"models/{table}.sql").write_text("select * from {{ source('raw', '%s') }}" % table)
    # The day of `var('day')` alone: what is measured without a column of time.
    snapshot = "select * from {{ source('raw', 'events') }} where cast(happened_at as date) = cast('{{ var('day') }}' as date)"
    (folder / "models/snapshot.sql").write_text(snapshot)
    (folder / "models/monitors.yml").write_text(SOURCES + MONITORS)
    (folder / "dbt_project.yml").write_text("name: watched\nprofile: watched\nvars: {day: '2026-03-30'}\n")
    # What monitors ask must mean the same in all dialects.
    dialect = ["datafusion", "duckdb", "postgres"][seed % 3]
    target = f"{{type: datafusion, warehouse: data/warehouse, dialect: {dialect}}}"
    (folder / "profiles.yml").write_text(f"watched: {{target: dev, outputs: {{dev: {target}}}}}\n")
    return connection


def run(arrowmill, folder, *arguments):
    done = subprocess.run([arrowmill, "monitor", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode == 2:
        sys.exit(done.stdout + done.stderr)
    report = json.loads((folder / "target/monitor.json").read_text())
    return {(it["name"], check["subject"]): check for it in report["results"] for check in it["checks"]}


# ---- the same, from the definitions ----


def column(connection, name, start, end, where="true"):
    query = f"select {name} from events where happened_at >= ? and happened_at < ? and ({where})"
    return [row[0] for row in connection.execute(query, [start, end]).fetchall()]


def counts(values, kept=None):
    found = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found


def together(now, before, categories=50):
    """The categories with the most rows in both, all others as one."""
    all_of = {name: now.get(name, 0) + before.get(name, 0) for name in {*now, *before}}
    # The name decides between equals; null comes last, as in SQL.
    order = sorted(all_of, key=lambda name: (-all_of[name], name is None, name or ""))
    kept = order[:categories]
    pairs = [(now.get(name, 0), before.get(name, 0)) for name in kept]
    rest = [(sum(now.get(it, 0) for it in order[categories:]), sum(before.get(it, 0) for it in order[categories:]))]
    return pairs + [it for it in rest if sum(it) > 0]


def psi(pairs):
    n, m = (sum(pair[side] + 0.5 for pair in pairs) for side in (0, 1))
    return sum(((a + 0.5) / n - (b + 0.5) / m) * math.log(((a + 0.5) / n) / ((b + 0.5) / m)) for a, b in pairs)


def divergence(pairs):
    n, m = (sum(pair[side] for pair in pairs) for side in (0, 1))
    entropy = lambda shares: -sum(p * math.log2(p) for p in shares if p > 0)
    now, before = [a / n for a, _ in pairs], [b / m for _, b in pairs]
    return entropy([(p + q) / 2 for p, q in zip(now, before)]) - (entropy(now) + entropy(before)) / 2


def distance(now, before):
    now, before = (sorted(it for it in values if it is not None) for values in (now, before))
    greatest, i, j = 0.0, 0, 0
    for value in sorted({*now, *before}):
        while i < len(now) and now[i] <= value:
            i += 1
        while j < len(before) and before[j] <= value:
            j += 1
        greatest = max(greatest, abs(i / len(now) - j / len(before)))
    return greatest


def share_of_nulls(values):
    return sum(it is None for it in values) / len(values)


def check(found, key, value, tolerance=1e-9, **bounds):
    ours = found[key]
    if ours["value"] is None or abs(ours["value"] - value) > tolerance * max(1.0, abs(value)):
        sys.exit(f"{key}: {ours['value']} here, {value} there\n{ours}")
    for name, bound in bounds.items():
        if abs(ours[name] - bound) > 1e-9 * max(1.0, abs(bound)):
            sys.exit(f"{key}: {name} {ours[name]} here, {bound} there\n{ours}")


def compare(connection, found):
    day, month = (END - DAY, END), (END - 29 * DAY, END - DAY)
    of = lambda name, where="true": (column(connection, name, *day, where), column(connection, name, *month, where))
    for name in ["user_id", "price"]:
        now, before = of(name)
        check(found, ("nulls", f"{name} of events"), share_of_nulls(now), high=share_of_nulls(before) + 0.05)
    week = column(connection, "user_id", END - 7 * DAY, END)
    fixed = column(connection, "user_id", dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 11))
    key = ("nulls_of_a_week", "user_id of events")
    check(found, key, share_of_nulls(week), high=share_of_nulls(fixed) + 0.05)
    pairs = together(*map(counts, of("country")))
    check(found, ("shapes", "country of events"), psi(pairs))
    for name in ["price", "amount"]:
        now, before = of(name)
        n, m = (sum(it is not None for it in values) for values in (now, before))
        by_chance = math.sqrt(-math.log(0.0005) / 2) * math.sqrt((n + m) / (n * m))
        check(found, ("shapes", f"{name} of events"), distance(now, before))
        if abs(found[("shapes", f"{name} of events")]["high"] - max(0.1, by_chance)) > 1e-4:
            sys.exit(f"{name}: chance is {by_chance}")
    for name in ["country", "word"]:
        pairs = together(*map(counts, of(name, "price > 3")))
        check(found, ("shapes_by_divergence", f"{name} of events"), divergence(pairs), 1e-7)
    check(found, ("many_words", "word of events"), psi(together(*map(counts, of("word")), 20)))

    days = [len(column(connection, "happened_at", END - (1 + 7 * week) * DAY, END - 7 * week * DAY)) for week in range(5)]
    middle = statistics.median(days[1:])
    deviation = max(1.4826 * statistics.median(abs(it - middle) for it in days[1:]), math.sqrt(middle))
    bounds = {"low": middle - 3 * deviation, "high": middle + 3 * deviation}
    check(found, ("per_day", "events"), days[0], **bounds)
    eight = dt.datetime(2026, 3, 31, 8)
    hour = lambda week: (eight - 7 * week * DAY, eight + dt.timedelta(hours=1) - 7 * week * DAY)
    hours = [len(column(connection, "happened_at", *hour(week), "country = 'de'")) for week in range(4)]
    middle = statistics.median(hours[1:])
    check(found, ("per_hour", "events"), hours[0], low=middle / 2, high=middle * 2)
    check(found, ("loads", "loads"), 58 / 1000)


def compare_with_history(connection, arrowmill, folder):
    """Without a column of time: three days are measured, and the fourth is compared with them."""
    days = [END - n * DAY for n in (5, 4, 3)]
    for at in [*days, END - DAY]:
        arguments = ["--as-of", str(at + DAY), "--vars", json.dumps({"day": at.strftime("%Y-%m-%d")})]
        found = run(arrowmill, folder, *arguments, "--select", "whole")
    of = lambda name: (
        column(connection, name, END - DAY, END),
        sum((column(connection, name, at, at + DAY) for at in days), []),
    )
    check(found, ("whole", "country of snapshot"), psi(together(*map(counts, of("country")))))
    # A hundred points are kept of each distribution function.
    check(found, ("whole", "price of snapshot"), distance(*of("price")), 0.02)


def main():
    arrowmill, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for seed in range(5):
        own = folder / str(seed)
        connection = make(own, seed)
        compare(connection, run(arrowmill, own, "--as-of", str(NOW), "--exclude", "whole"))
        compare_with_history(connection, arrowmill, own)
    print("the same numbers")


if __name__ == "__main__":
    main()
