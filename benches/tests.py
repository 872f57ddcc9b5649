"""Measures `arrowmill test` beside `dbt test` with DuckDB on the reference project, on good data and on damaged data.

    arrowmill generate --events 250000 --days 90 --out /somewhere/raw
    python benches/tests.py /somewhere/raw --arrowmill target/release/arrowmill --python oracle/bin/python

Each contestant runs the project once, which is not measured; then all take turns in asking the tests, another one first in
each round. With `--damaged` the raw data are copied and broken as `tests/oracle/compare.py damage` does it, so that tests
of each kind fail. dbt comes twice, as in `peers.py`: with all of its parsing, and with what it has kept of it. Writes
results.json and results.md to `--out`, and says at the end whether all verdicts and numbers of failures are equal.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import peers

LINE = "{round} {who:<26} {wall:7.2f} s {cpu:7.2f} CPU s {peak_mib:7.0f} MiB"


def main():
    options = parse_arguments()
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-tests-")).resolve()
    raw = options.raw.resolve()
    if options.damaged:
        raw = damaged(raw, work / "raw", options)
    environment = {**os.environ, "CLICKSTREAM_RAW": str(raw), "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    for name in ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_TARGET", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    contestants = peers.make_contestants(options, work, environment)
    for contestant in contestants:
        peers.quietly(contestant.commands["run"], contestant.folder, environment)
        print(f"{contestant.name} has made its tables", flush=True)
    codes = (0, 1) if options.damaged else (0,)
    samples = []
    for number in range(options.repeats):
        turn = number % len(contestants)
        for contestant in contestants[turn:] + contestants[:turn]:
            contestant.forget(tables=False)
            samples.append({"round": number + 1, **peers.measure(contestant, "test", environment, work, codes)})
            print(LINE.format(**samples[-1]), flush=True)
    agreement = compare_verdicts(contestants)
    result = {
        "machine": peers.machine(options, environment),
        "data": peers.data(options),
        "damaged": options.damaged,
        "agreement": agreement,
        "samples": samples,
    }
    write_results(result, options.out)
    if not options.work:
        shutil.rmtree(work)
    if agreement.startswith("different"):
        sys.exit(1)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path, help="folder that `arrowmill generate` has made")
    binary = str(peers.ROOT / "target/release/arrowmill")
    parser.add_argument("--arrowmill", default=binary, help="the binary to measure [target/release/arrowmill]")
    python = os.environ.get("ARROWMILL_TEST_PYTHON", sys.executable)
    parser.add_argument("--python", default=python, help="has duckdb and dbt [$ARROWMILL_TEST_PYTHON]")
    parser.add_argument("--repeats", type=int, default=5, help="how many rounds [5]")
    parser.add_argument("--only", default="", help="only contestants whose names begin so; comma between")
    parser.add_argument("--damaged", action="store_true", help="break the data first, so that tests fail")
    parser.add_argument("--memory-limit", help="what Arrowmill and DuckDB may hold, as 4GiB [each its own default]")
    parser.add_argument("--work", help="folder to work in, kept afterwards [a temporary one]")
    parser.add_argument("--out", type=Path, default=Path.cwd(), help="folder for results.json and results.md [this one]")
    options = parser.parse_args()
    options.arrowmill = str(Path(options.arrowmill).resolve())
    return options


def damaged(raw, copy, options):
    peers.remove(copy)
    shutil.copytree(raw, copy)
    script = peers.ROOT / "tests/oracle/compare.py"
    subprocess.run([options.python, str(script), "damage", str(copy)], check=True, stdout=subprocess.DEVNULL)
    return copy


def compare_verdicts(contestants):
    """Status and failures of every test, by all who write them."""
    given = {}
    for contestant in contestants:
        path = contestant.folder / "out/target/run_results.json"
        if path.exists() and contestant.name != "duckdb script":
            results = json.loads(path.read_text(encoding="utf-8"))["results"]
            given[contestant.name] = {it["unique_id"]: (it["status"], it["failures"]) for it in results}
    if len(given) < 2:
        return "not compared"
    (_, expected), *others = given.items()
    keys = sorted(expected.keys() | {key for _, it in others for key in it})
    different = [key for key in keys if any(expected.get(key) != it.get(key) for _, it in others)]
    if different:
        return f"different: {', '.join(different)}"
    failing = sum(status in ("fail", "warn") for status, _ in expected.values())
    return f"all {len(expected)} verdicts and numbers of failures agree, {failing} of them failing or warning"


def write_results(result, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    text = markdown(result)
    (folder / "results.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nwritten to {folder / 'results.json'} and {folder / 'results.md'}")


def markdown(result):
    samples, about = result["samples"], result["machine"]
    rounds = max(it["round"] for it in samples)
    size = sum(result["data"].values()) / 1e6
    damaged_words = ", damaged" if result["damaged"] else ""
    lines = [
        f"{about['arrowmill']}; {about['peers']}. {about['system']}, {about['processors']} processors, "
        f"{about['threads']} threads. {size:.0f} MB of raw data{damaged_words}, medians of {rounds} rounds, least to most "
        f"in brackets. Tests: {result['agreement']}.",
        "",
        "| `test` | wall, s | CPU, s | peak memory, MiB | wall, of Arrowmill's | CPU, of Arrowmill's |",
        "|---|---|---|---|---|---|",
    ]
    ours = [it for it in samples if it["who"] == "arrowmill"]
    for who in dict.fromkeys(it["who"] for it in sorted(samples, key=lambda it: it["who"])):
        theirs = [it for it in samples if it["who"] == who]

        def middle(key, of=theirs):
            return statistics.median(it[key] for it in of)

        def spread(key):
            values = [it[key] for it in theirs]
            return f"{middle(key):.2f} ({min(values):.2f}–{max(values):.2f})"

        ratios = [f"{middle(key) / middle(key, ours):.2f}" if ours else "" for key in ("wall", "cpu")]
        peak = f"{max(it['peak_mib'] for it in theirs):.0f}"
        lines.append(f"| {who} | {spread('wall')} | {spread('cpu')} | {peak} | {ratios[0]} | {ratios[1]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
