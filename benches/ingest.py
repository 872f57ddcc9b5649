"""Measures `arrowmill ingest` beside DuckDB's `read_csv(store_rejects)`, and beside Polars with Pydantic.

    arrowmill generate --events 1000000 --format csv --out /somewhere/raw
    python benches/ingest.py /somewhere/raw/events.csv --arrowmill target/release/arrowmill --python peers/bin/python

The file is copied with a share of its rows broken (`--dirty`), in seven ways, the same ones for the same seed. Then each
contestant takes it in, in turns, another one first in each round, every time from nothing; each is a process of its own,
measured from its start to its end: wall time, CPU time (user + system) and peak resident memory.

| contestant | does |
|---|---|
| arrowmill | types, `not_null`, `uuid`, `accepted_values`, `pattern`, `json`; keys; appends to a Delta table; quarantine and audit |
| duckdb | `read_csv` with types, `store_rejects` and `ignore_errors` into a table: types and numbers of fields, nothing else |
| duckdb with rules | the same, then every rule as SQL, duplicates by a window, good rows to Parquet, bad ones to CSV |
| polars + pydantic | Polars reads texts in batches, a Pydantic model looks at each row; good rows to Parquet, bad ones to CSV |

Arrowmill and 'duckdb with rules' look for the same things, and must agree on how many rows are good. Polars is told to pass
over fields that are too many, because it would give up otherwise, and so takes a few rows more.
`--python` is one that has duckdb, polars and pydantic; this script needs none of them. `--leave-out` takes names.
"""

import argparse
import csv
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ["arrowmill", "duckdb", "duckdb with rules", "polars + pydantic"]
EVENTS = [
    "page_viewed",
    "product_viewed",
    "product_added_to_cart",
    "checkout_started",
    "checkout_completed",
    "email_filled_on_popup",
    "signed_up",
]
LINE = "{round} {who:<18} {wall:8.2f} s {cpu:8.2f} CPU s {peak_mib:7.0f} MiB  {rows_a_second:>10,.0f} rows/s  {good:,} good"

SOURCES = """\
sources:
  - name: raw
    tables:
      - name: events
        meta:
          ingest:
            location: "{location}"
            key: event_id
            max_error_rate: 0.5
            quarantine: quarantine
        columns:
          - {{name: event_id, data_type: varchar, meta: {{rules: [uuid]}}}}
          - {{name: client_id, data_type: varchar, meta: {{rules: [not_null, {{pattern: "^c_[0-9a-f]{{12}}$"}}]}}}}
          - {{name: user_id, data_type: varchar}}
          - {{name: event_name, data_type: varchar, meta: {{rules: [not_null, {{accepted_values: [{events}]}}]}}}}
          - {{name: event_timestamp, data_type: timestamp, meta: {{rules: [not_null]}}}}
          - {{name: page_url, data_type: varchar, meta: {{rules: [not_null, {{pattern: "^https://"}}]}}}}
          - {{name: referrer, data_type: varchar}}
          - {{name: user_agent, data_type: varchar}}
          - {{name: event_data, data_type: varchar, meta: {{rules: [json]}}}}
"""

DUCKDB = """
import sys, duckdb
path, out, rules, events = sys.argv[1], sys.argv[2], sys.argv[3] == "rules", sys.argv[4].split(",")
db = duckdb.connect(out + "/events.duckdb")
columns = {name: "varchar" for name in ("event_id client_id user_id event_name event_timestamp page_url referrer "
                                        "user_agent event_data").split()}
columns["event_timestamp"] = "timestamp"
db.execute(f"create table events as select * from read_csv('{path}', columns = {columns}, header = true, auto_detect = false, "
           "delim = ',', quote = '\\"', escape = '\\"', store_rejects = true, rejects_limit = 0, strict_mode = true)")
if rules:
    names = ", ".join(f"'{it}'" for it in events)
    db.execute(f'''create table looked_at as select *,
        case when event_id is null then 'event_id missing;' else '' end
        || case when try_cast(event_id as uuid) is null or length(event_id) <> 36 then 'event_id;' else '' end
        || case when client_id is null or not regexp_matches(client_id, '^c_[0-9a-f]{{12}}$') then 'client_id;' else '' end
        || case when event_name is null or event_name not in ({names}) then 'event_name;' else '' end
        || case when event_timestamp is null then 'event_timestamp;' else '' end
        || case when page_url is null or not regexp_matches(page_url, '^https://') then 'page_url;' else '' end
        || case when event_data is not null and not json_valid(event_data) then 'event_data;' else '' end as reasons
        from events''')
    db.execute(f"copy (select * from looked_at where reasons <> '') to '{out}/bad.csv' (header)")
    db.execute(f"copy (select csv_line, error_message from reject_errors) to '{out}/rejects.csv' (header)")
    db.execute(f"copy (select * exclude (reasons) from looked_at where reasons = '' "
               f"qualify row_number() over (partition by event_id) = 1) to '{out}/good.parquet'")
    print(db.execute(f"select count(*) from '{out}/good.parquet'").fetchone()[0])
else:
    print(db.execute("select count(*) from events").fetchone()[0])
"""

PYDANTIC = """
import csv, json, sys
from datetime import datetime
from typing import Annotated, Literal, Optional
from uuid import UUID
import polars as pl
from pydantic import AfterValidator, BaseModel, StringConstraints, TypeAdapter, ValidationError
path, out, events = sys.argv[1], sys.argv[2], tuple(sys.argv[4].split(","))
def is_json(text):
    json.loads(text)
    return text
class Event(BaseModel):
    event_id: UUID
    client_id: Annotated[str, StringConstraints(pattern=r"^c_[0-9a-f]{12}$")]
    user_id: Optional[str]
    event_name: Literal[events]
    event_timestamp: datetime
    page_url: Annotated[str, StringConstraints(pattern=r"^https://")]
    referrer: Optional[str]
    user_agent: Optional[str]
    event_data: Optional[Annotated[str, AfterValidator(is_json)]]
check = TypeAdapter(Event).validate_python
names = list(Event.model_fields)
seen, good, parts = set(), 0, 0
bad = csv.writer(open(out + "/bad.csv", "w"))
frames = pl.scan_csv(path, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy").collect_batches(chunk_size=100_000)
for frame in frames:
    kept = []
    for row in frame.iter_rows(named=True):
        try:
            check(row)
        except ValidationError as error:
            bad.writerow([json.dumps(row), "; ".join(f"{it['loc'][0]}: {it['msg']}" for it in error.errors())])
            continue
        if row["event_id"] not in seen:
            seen.add(row["event_id"])
            kept.append(row)
    good += len(kept)
    pl.DataFrame(kept, schema={it: pl.String for it in names}).write_parquet(f"{out}/good-{parts}.parquet")
    parts += 1
print(good)
"""


def main():
    options = parse_arguments()
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-ingest-")).resolve()
    dirty = work / "events.csv"
    rows, broken = make_dirty(options.events, dirty, options.dirty, options.seed)
    print(f"{rows:,} rows, {broken:,} of them broken, {dirty.stat().st_size / 2**20:,.0f} MiB", flush=True)
    names = [it for it in NAMES if it not in options.leave_out]
    samples = []
    for number in range(options.repeats):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            sample = measure(name, command_of(name, options, dirty, work), work)
            sample = {"round": number + 1, "rows_a_second": rows / sample["wall"], **sample}
            samples.append(sample)
            print(LINE.format(**sample), flush=True)
    result = {"rows": rows, "broken": broken, "bytes": dirty.stat().st_size, "cores": os.cpu_count(), "samples": samples}
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "ingest.json").write_text(json.dumps(result, indent=2) + "\n")
    print(table(result, names))
    same = {it["good"] for it in samples if it["who"] in ("arrowmill", "duckdb with rules")}
    if len(same) > 1:
        sys.exit(f"different numbers of good rows: {sorted(same)}")
    if not options.work:
        shutil.rmtree(work)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", type=Path, help="events.csv of `arrowmill generate --format csv`")
    parser.add_argument("--arrowmill", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--dirty", type=float, default=0.06, help="share of broken rows")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--leave-out", nargs="*", default=[], choices=NAMES)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--work", type=Path)
    return parser.parse_args()


def make_dirty(clean, dirty, share, seed):
    """Copies the file with a share of its rows broken. Lines are taken as they are: no value has a line break."""
    chance = random.Random(seed)
    rows = broken = 0
    with open(clean, "rb") as source, open(dirty, "wb") as target:
        target.write(next(source))
        for line in source:
            rows += 1
            if chance.random() < share:
                broken += 1
                line = break_row(line, chance.randrange(7))
            target.write(line)
    return rows, broken


def break_row(line, way):
    if way == 0:
        return b"not-a-uuid" + line[36:]
    if way == 1:
        return line.rstrip(b"\n") + b",one more\n"
    if way == 6:
        # Cut off before the first quote: Polars gives up on a file with one that is never closed.
        return b",".join(line.split(b",")[:4]) + b"\n"
    fields = next(csv.reader([line.decode()]))
    if way == 2:
        fields[1] = ""
    elif way == 3:
        fields[3] = "page_veiwed"
    elif way == 4:
        fields[4] = "2026-02-30 00:00:00"
    elif way == 5:
        fields[8] = '{"broken": '
    quoted = ['"' + it.replace('"', '""') + '"' if any(sign in it for sign in ',"\n') else it for it in fields]
    return ",".join(quoted).encode() + b"\n"


def command_of(name, options, dirty, work):
    folder = work / "contestant"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if name == "arrowmill":
        (folder / "models").mkdir()
        (folder / "dbt_project.yml").write_text("name: ingest\n")
        (folder / "models" / "sources.yml").write_text(SOURCES.format(location=dirty, events=", ".join(EVENTS)))
        return [options.arrowmill.resolve(), "ingest", "--log-format", "json"]
    python = options.python.absolute()
    if name == "polars + pydantic":
        return [python, "-c", PYDANTIC, dirty, folder, "rules", ",".join(EVENTS)]
    return [python, "-c", DUCKDB, dirty, folder, "rules" if name.endswith("rules") else "no", ",".join(EVENTS)]


def measure(name, command, work):
    said = work / "said"
    with open(said, "wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen([str(it) for it in command], cwd=work / "contestant", stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text(errors="replace")
    if process.returncode != 0:
        sys.exit(f"{name} ended with {process.returncode}:\n{text[-3000:]}")
    return {
        "who": name,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "good": good_rows(name, text),
    }


def good_rows(name, text):
    if name != "arrowmill":
        return int(text.split()[-1])
    found = [int(it.split('"rows_valid"', 1)[1].lstrip(': \\"').split(",")[0].split("}")[0]) for it in text.splitlines() if '"rows_valid"' in it]
    return found[-1] if found else 0


def table(result, names):
    lines = ["", "| | wall s | CPU s | peak MiB | rows/s | good rows |", "|---|---|---|---|---|---|"]
    for name in names:
        of = [it for it in result["samples"] if it["who"] == name]
        median = {key: statistics.median(it[key] for it in of) for key in ("wall", "cpu", "peak_mib", "rows_a_second")}
        good = ", ".join(f"{it:,}" for it in sorted({it["good"] for it in of}))
        lines.append(
            f"| {name} | {median['wall']:.2f} | {median['cpu']:.2f} | {median['peak_mib']:.0f} | "
            f"{median['rows_a_second']:,.0f} | {good} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
