"""Asks other engines what Arrowmill should have written. Needs the package `duckdb` and nothing else.

    compare.py sql PROJECT EVENTS    DuckDB runs the compiled SQL of a project that Arrowmill has run; every relation
                                     must have the same columns and rows, every test the same number of failures
    compare.py dbt PROJECT EVENTS FOLDER
                                     FOLDER is where dbt has run the same project; tests and tables must agree
    compare.py read PROJECT FILE...  independent readers open the files, and find the columns that the project describes
    compare.py seeds PROJECT FOLDER  FOLDER is where dbt has loaded the same seeds; columns, types and rows must be equal
    compare.py damage RAW            makes a data set that breaks the project's promises

EVENTS are the lines of `arrowmill --log-format json --log-level debug`. Prints what differs and exits with 1, or prints what was compared
and exits with 0.
"""

import glob
import json
import os
import re
import sys

try:
    import duckdb
except ImportError:
    sys.exit(
        "the Python package `duckdb` is not there: pip install --requirement .ci/python-requirements.txt, "
        "and set ARROWMILL_TEST_PYTHON to that Python"
    )

# Names that DataFusion knows and DuckDB does not. Keys are plain words in the reference project.
MACROS = ["create macro json_as_text(j, k) as json_extract_string(j, '$.' || k)"]

# Two engines may choose different widths for the same thing, but never different kinds of it.
FAMILIES = {
    "integer": ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"],
    "decimal": ["DECIMAL"],
    "float": ["FLOAT", "DOUBLE"],
    "text": ["VARCHAR"],
    "timestamp": ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"],
}


def main(arguments):
    command, *rest = arguments or [""]
    commands = {"sql": compare_sql, "dbt": compare_dbt, "read": read, "seeds": compare_seeds, "damage": damage}
    if command not in commands:
        sys.exit(__doc__)
    differences, compared = commands[command](*rest)
    if differences:
        sys.exit("\n".join(differences))
    print(compared)


# ---- what Arrowmill says of its run ----


def finished_nodes(path):
    """The nodes in the order in which they ended, which is an order in which they can be run."""
    nodes = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["info"]["name"] == "NodeFinished":
                info, result = event["data"]["node_info"], event["data"]["run_result"]
                place = info["node_relation"]
                relation = ".".join(f'"{place[it]}"' for it in ("database", "schema", "alias"))
                node = {**info, "name": info["node_name"], "relation": relation}
                nodes.append({"node": node, "status": info["node_status"], "failures": result["num_failures"]})
    if not nodes:
        sys.exit(f"{path}: no node has finished")
    return nodes


def of_type(nodes, resource_type):
    return [it for it in nodes if it["node"]["resource_type"] == resource_type]


def failures_of(event):
    return event["failures"] if event["status"] in ("fail", "warn") else 0


def compiled_sql(project):
    """From the name of a model or of a test's file to its SQL."""
    paths = glob.glob(f"{project}/out/target/compiled/**/*.sql", recursive=True)
    return {os.path.basename(path)[: -len(".sql")]: open(path, encoding="utf-8").read() for path in paths}


# ---- the same SQL in DuckDB ----


def connect():
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute("attach ':memory:' as warehouse")
    connection.execute("use warehouse")
    for macro in MACROS:
        connection.execute(macro)
    return connection


def add_sources(connection, raw):
    connection.execute("create schema warehouse.raw")
    for path in sorted(glob.glob(f"{raw}/*")):
        name, _, ending = os.path.basename(path).partition(".")
        if ending in ("parquet", "csv"):
            connection.execute(f"create view warehouse.raw.{name} as select * from '{path}'")


def compare_sql(project, events):
    nodes = finished_nodes(events)
    sql = compiled_sql(project)
    connection = connect()
    add_sources(connection, os.environ.get("CLICKSTREAM_RAW") or f"{project}/data/raw")
    differences, rows, compared = [], 0, 0
    for event in of_type(nodes, "model"):
        node = event["node"]
        relation = node["relation"]
        connection.execute(f"create schema if not exists {relation.rpartition('.')[0]}")
        # As tables: what is read many times need not be computed many times.
        connection.execute(f"create table {relation} as {sql[node['name']]}")
        if node["materialized"] == "table":
            file = data_file(project, relation)
            found, count = differing(connection, node["name"], relation, f"read_parquet('{file}')")
            differences += found
            rows += count
            compared += 1
    tests = of_type(nodes, "test")
    failing = 0
    for event in tests:
        name = event["node"]["name"]
        expected = connection.execute(f"select count(*) from ({sql_of_test(sql, event)}) as failing").fetchone()[0]
        failing += expected > 0
        if expected != failures_of(event):
            differences.append(f"test {name}: Arrowmill has {failures_of(event)} failing rows, DuckDB {expected}")
    return differences, f"{compared} tables, {rows} rows and {len(tests)} tests are the same, {failing} of these failing"


def data_file(project, relation):
    _, schema, name = relation.replace('"', "").split(".")
    return f"{project}/data/warehouse/{schema}/{name}.parquet"


def sql_of_test(sql, event):
    node = event["node"]
    # A generic test's file has the short name that dbt gives to what is too long for a relation.
    return sql[node["name"]] if node["name"] in sql else sql[node["relation"].replace('"', "").split(".")[-1]]


def columns_of(connection, table):
    described = connection.execute(f"describe select * from {table}").fetchall()
    return {name: kind for name, kind, *_ in described}


def family(kind):
    if kind.endswith("[]"):
        return family(kind[: -len("[]")]) + "[]"
    plain = kind.partition("(")[0]
    return next((name for name, kinds in FAMILIES.items() if plain in kinds), plain)


def differing(connection, name, expected, actual):
    """What differs between two tables, and how many rows were compared."""
    expected_columns, actual_columns = columns_of(connection, expected), columns_of(connection, actual)
    if list(expected_columns) != list(actual_columns):
        return [f"{name}: columns are {list(actual_columns)}, should be {list(expected_columns)}"], 0
    differences = [
        f"{name}.{column}: {actual_columns[column]}, should be {kind}"
        for column, kind in expected_columns.items()
        if family(kind) != family(actual_columns[column])
    ]
    columns = ", ".join(f'"{column}"' for column in expected_columns)
    for this, that, word in [(actual, expected, "too many"), (expected, actual, "missing")]:
        query = f"select {columns} from {this} except all select {columns} from {that}"
        count = connection.execute(f"select count(*) from ({query})").fetchone()[0]
        if count:
            sample = connection.execute(f"select * from ({query}) order by all limit 3").fetchall()
            differences.append(f"{name}: {count} rows {word}, such as\n  " + "\n  ".join(map(str, sample)))
    return differences, connection.execute(f"select count(*) from {actual}").fetchone()[0]


# ---- the same project under dbt ----


def compare_dbt(project, events, folder):
    ours = {it["node"]["unique_id"]: it["status"] for it in finished_nodes(events)}
    models = of_type(finished_nodes(events), "model")
    with open(f"{folder}/out/target/run_results.json", encoding="utf-8") as file:
        results = json.load(file)["results"]
    # An exposure is nothing to run; dbt lists it all the same.
    theirs = {it["unique_id"]: it["status"] for it in results if it["status"] != "no-op"}
    differences = [f"only Arrowmill has {it}" for it in sorted(ours.keys() - theirs.keys())]
    differences += [f"only dbt has {it}" for it in sorted(theirs.keys() - ours.keys())]
    differences += [
        f"{it}: Arrowmill says {ours[it]}, dbt {theirs[it]}"
        for it in sorted(ours.keys() & theirs.keys())
        if ours[it] != theirs[it]
    ]
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"attach '{folder}/data/clickstream.duckdb' as dbt (read_only)")
    rows, compared = 0, 0
    for event in models:
        node = event["node"]
        if node["materialized"] != "table":
            continue
        _, schema, name = node["relation"].replace('"', "").split(".")
        file = f"read_parquet('{data_file(project, node['relation'])}')"
        found, count = differing(connection, name, f"dbt.{schema}.{name}", file)
        differences += found
        rows += count
        compared += 1
    statuses = ", ".join(f"{list(theirs.values()).count(it)} {it}" for it in sorted(set(theirs.values())))
    return differences, f"{compared} tables, {rows} rows and all results ({statuses}) are the same"


def compare_seeds(project, folder):
    connection = duckdb.connect()
    connection.execute(f"attach '{folder}/data/seeds.duckdb' as dbt (read_only)")
    differences, rows, compared = [], 0, 0
    for path in sorted(glob.glob(f"{project}/seeds/*.csv")):
        name = os.path.basename(path)[: -len(".csv")]
        theirs, ours = f"dbt.main.{name}", f"read_parquet('{project}/data/warehouse/main/{name}.parquet')"
        found, count = differing(connection, name, theirs, ours)
        # A seed's types are promised to be dbt's, not only of the same kind.
        if not found and columns_of(connection, theirs) != columns_of(connection, ours):
            found = [f"{name}: {columns_of(connection, ours)}, should be {columns_of(connection, theirs)}"]
        differences += found
        rows += count
        compared += 1
    return differences, f"{compared} seeds and {rows} rows are the same"


# ---- other readers ----


def described_columns(project, model):
    """The columns in a model's properties file, by the look of its lines: no YAML parser is needed for that."""
    [path] = glob.glob(f"{project}/models/**/{model}.yml", recursive=True)
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^      - name: (\w+)$", file.read(), re.MULTILINE)


def read(project, *files):
    differences, opens = [], []
    for file in files:
        name = os.path.basename(file)[: -len(".parquet")]
        described = described_columns(project, name)
        for reader, columns, count in opened(f"{project}/{file}"):
            if columns != described:
                differences.append(f"{file}: {reader} finds the columns {columns}, described are {described}")
            if count == 0:
                differences.append(f"{file}: {reader} finds no rows")
            opens.append(f"{file}: {reader} reads {count} rows of {len(columns)} columns")
    return differences, "\n".join(opens)


def opened(path):
    rows = duckdb.connect().execute(f"select * from '{path}'")
    yield f"duckdb {duckdb.__version__}", [it[0] for it in rows.description], len(rows.fetchall())
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return
    table = pyarrow.parquet.read_table(path)
    table.validate(full=True)
    yield f"pyarrow {pyarrow.__version__}", table.column_names, table.num_rows


# ---- data that breaks promises ----


def damage(raw):
    """Sells at negative prices, before launch, without a visitor, twice; users of nobody's plan."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    events = f"{raw}/events.parquet"
    connection.execute(f"create table events as from '{events}'")
    connection.execute("insert into events from events order by event_id limit 37")
    connection.execute("update events set client_id = null where event_id like '00%'")
    connection.execute("update events set event_name = 'page_veiwed' where event_id like '01%'")
    connection.execute(
        """update events set event_data = regexp_replace(event_data, '"revenue": ?', '"revenue":-')
           where event_name = 'checkout_completed' and event_id like '0%'"""
    )
    connection.execute("update events set user_id = 'nobody' where user_id is not null and event_id like '02%'")
    connection.execute(f"copy events to '{events}' (format parquet)")
    users = f"{raw}/users.csv"
    connection.execute(f"create table users as from '{users}'")
    connection.execute("update users set plan = 'gold' where user_id like '%7'")
    connection.execute("insert into users from users order by user_id limit 11")
    connection.execute(f"copy users to '{users}' (format csv, header)")
    return [], f"damaged {events} and {users}"


if __name__ == "__main__":
    main(sys.argv[1:])
