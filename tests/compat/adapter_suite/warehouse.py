"""A target's warehouse as the suite sees it: a database that answers SQL.

Queries are answered by DuckDB, over the Parquet files and the recorded queries of views: so another engine reads what
Arrowmill wrote. Statements that change something are run by Arrowmill itself (`run-operation`), in a small project of
their own, because the project under test may be broken on purpose.
"""

import json
import re
import subprocess

import duckdb

RUNNER_MACRO = "{% macro run_statement(sql) %}{% do run_query(sql) %}{% endmacro %}\n"
QUERY = re.compile(r"(?is)^\s*(select|with|from|values|show|describe|explain|pragma|\()")
TRANSACTION = re.compile(r"(?is)^\s*(begin|commit|rollback|start\s+transaction)\b")
SCHEMA = re.compile(r'(?is)^\s*(create|drop)\s+schema\s+(?:if\s+(?:not\s+)?exists\s+)?([\w".]+)')
COMMENT = re.compile(r"(?s)^\s*(--[^\n]*\n|/\*.*?\*/)")


class StatementFailed(Exception):
    """Arrowmill refused a statement; the text is what it printed."""


class Warehouse:
    def __init__(self, binary, root, database, profiles_dir, runner_dir):
        self.binary, self.root, self.database = binary, root, database
        self.profiles_dir, self.runner_dir = profiles_dir, runner_dir
        self.schemas = set()
        self.filled = set()
        self.seen = None
        self.connection = None

    def run(self, sql):
        """Runs one or more statements; gives DuckDB's cursor for a query, None otherwise."""
        text = sql
        while match := COMMENT.match(text):
            text = text[match.end() :]
        if not text.strip() or TRANSACTION.match(text):
            return None
        if QUERY.match(text):
            return self.mirror().execute(sql)
        if (match := SCHEMA.match(text)) and text.count(";") <= 1:
            return self.change_schema(match[1].lower(), match[2].split(".")[-1].strip('"'), sql)
        return self.change(sql)

    def change_schema(self, verb, schema, sql):
        self.seen = None
        if verb == "create":
            self.schemas.add(schema)
        else:
            self.schemas.discard(schema)
            self.change(sql)

    def change(self, sql):
        macros = self.runner_dir / "macros"
        if not macros.exists():
            macros.mkdir(parents=True)
            (macros / "run_statement.sql").write_text(RUNNER_MACRO)
            (self.runner_dir / "dbt_project.yml").write_text("name: runner\nprofile: test\n")
        command = [self.binary, "run-operation", "run_statement", "--args", json.dumps({"sql": sql})]
        command += ["--project-dir", str(self.runner_dir), "--profiles-dir", str(self.profiles_dir)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise StatementFailed(done.stderr + done.stdout)

    def remember(self):
        """Schemas are folders, and gone with their last relation; one that never had any is only empty."""
        filled = {path.parent.name for path in self.root.glob("_arrowmill/relations/*/*.json")}
        self.schemas -= self.filled - filled
        self.filled = filled

    def mirror(self):
        """A DuckDB whose relations are those of the warehouse now."""
        found = self.files()
        if self.connection is None or found != self.seen:
            self.remember()
            self.connection = duckdb.connect(":memory:")
            self.connection.execute(f'attach \':memory:\' as "{self.database}"; use "{self.database}"')
            for schema in sorted(self.schemas):
                self.connection.execute(f'create schema if not exists "{schema}"')
            self.load()
            self.seen = found
        return self.connection

    def files(self):
        paths = [*self.root.glob("_arrowmill/relations/*/*.json"), *self.root.glob("*/*.parquet")]
        return sorted((str(it), it.stat().st_mtime_ns, it.stat().st_size) for it in paths)

    def load(self):
        views = []
        for path in sorted(self.root.glob("_arrowmill/relations/*/*.json")):
            record = json.loads(path.read_text())
            schema, name = path.parent.name, path.stem
            self.connection.execute(f'create schema if not exists "{schema}"')
            if record["kind"] == "view":
                views.append((f'"{schema}"."{name}"', record["sql"]))
            else:
                file = self.root / schema / f"{name}.parquet"
                self.connection.execute(f"create table \"{schema}\".\"{name}\" as from read_parquet('{file}')")
        # A view may read views that come later in the alphabet.
        for _ in range(len(views)):
            views = [it for it in views if not self.create_view(*it)]
        for name, sql in views:
            self.connection.execute(f"create view {name} as {sql}")

    def create_view(self, name, sql):
        try:
            self.connection.execute(f"create view {name} as {sql}")
        except duckdb.Error:
            return False
        return True
