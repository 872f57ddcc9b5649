"""Classes of the suite that an adapter has to complete: names of types, what the catalog holds, a target's fields."""

from codecs import BOM_UTF8
from pathlib import Path

import pytest
from dbt.tests.adapter.basic import expected_catalog as catalogs
from dbt.tests.adapter.basic.test_docs_generate import BaseDocsGenerate, BaseDocsGenReferences
from dbt.tests.adapter.constraints import test_constraints as constraints
from dbt.tests.adapter.dbt_show import fixtures
from dbt.tests.adapter.dbt_show.test_dbt_show import BaseShowLimit
from dbt.tests.adapter.hooks import test_model_hooks as model_hooks
from dbt.tests.adapter.hooks.test_run_hooks import BasePrePostRunHooks
from dbt.tests.adapter.simple_seed import seeds
from dbt.tests.adapter.simple_seed.test_seed import BaseSimpleSeedWithBOM
from dbt.tests.adapter.simple_seed.test_seed_type_override import BaseSimpleSeedColumnOverride
from dbt.tests.adapter.store_test_failures_tests.test_store_test_failures import BaseStoreTestFailures
from dbt.tests.adapter.unit_testing.test_types import BaseUnitTestingTypes
from dbt.tests.adapter.utils.test_timestamps import BaseCurrentTimestamps
from dbt.tests.util import run_dbt, run_dbt_and_capture

CATALOG = {
    "role": None,
    "id_type": "INTEGER",
    "text_type": "VARCHAR",
    "time_type": "TIMESTAMP",
    "view_type": "VIEW",
    "table_type": "BASE TABLE",
    "model_stats": catalogs.no_stats(),
}


class TestDocsGenerate(BaseDocsGenerate):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project):
        return catalogs.base_expected_catalog(project, **CATALOG)


class TestDocsGenReferences(BaseDocsGenReferences):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project):
        return catalogs.expected_references_catalog(project, **CATALOG, bigint_type="BIGINT")


class TypesOfConstraints:
    @pytest.fixture
    def string_type(self):
        return "VARCHAR"

    @pytest.fixture
    def int_type(self):
        return "INTEGER"

    @pytest.fixture
    def data_types(self, schema_int_type, int_type, string_type):
        # the value in SQL, the type in YAML, the type in the message
        return [
            ["1", schema_int_type, "BIGINT"],
            ["'1'", string_type, string_type],
            ["true", "bool", "BOOL"],
            ["'2013-11-03 00:00:00'::timestamp", "timestamp", "TIMESTAMP"],
            ["'2013-11-03 00:00:00-07'::timestamptz", "timestamptz", "TIMESTAMP WITH TIME ZONE"],
            ["['a', 'b', 'c']", "varchar[]", "VARCHAR[]"],
            ["[1, 2, 3]", "integer[]", "BIGINT[]"],
            ["'1'::numeric", "numeric", "DECIMAL"],
        ]

    @pytest.fixture(scope="class")
    def expected_error_messages(self):
        return ["NOT NULL constraint failed"]


class TestTableConstraintsColumns(TypesOfConstraints, constraints.BaseTableConstraintsColumnsEqual):
    pass


class TestViewConstraintsColumns(TypesOfConstraints, constraints.BaseViewConstraintsColumnsEqual):
    pass


class TestIncrementalConstraintsColumns(TypesOfConstraints, constraints.BaseIncrementalConstraintsColumnsEqual):
    pass


class TestConstraintsRollback(TypesOfConstraints, constraints.BaseConstraintsRollback):
    pass


class TestIncrementalConstraintsRollback(TypesOfConstraints, constraints.BaseIncrementalConstraintsRollback):
    pass


class HooksOfTarget:
    """The suite's own check is of a PostgreSQL's user and host; a DuckDB target has neither."""

    def check_hooks(self, state, project, host, count=None):
        rows = [self.get_ctx_vars(state, project)] if count is None else self.get_ctx_vars(state, count, project)
        for row in rows:
            assert row["test_state"] == state
            assert row["target_name"] == "default"
            assert row["target_schema"] == project.test_schema
            assert row["target_threads"] == 4
            assert row["target_type"] == "duckdb"
            assert row["run_started_at"] and row["invocation_id"]
            assert row["thread_id"].startswith("Thread-") or (count is None and row["thread_id"] == "MainThread")


class HooksOfModel(HooksOfTarget):
    def check_hooks(self, state, project, host, count=1):
        super().check_hooks(state, project, host, count)


class TestRunHooks(HooksOfTarget, BasePrePostRunHooks):
    pass


class TestModelHooks(HooksOfModel, model_hooks.BasePrePostModelHooks):
    pass


class TestModelHooksUnderscores(HooksOfModel, model_hooks.TestPrePostModelHooksUnderscores):
    pass


class TestHookRefs(HooksOfModel, model_hooks.BaseHookRefs):
    pass


class TestModelHooksInConfig(HooksOfModel, model_hooks.BasePrePostModelHooksInConfig):
    pass


class TestModelHooksInConfigWithCount(HooksOfModel, model_hooks.BasePrePostModelHooksInConfigWithCount):
    pass


class TestModelHooksInConfigKwargs(HooksOfModel, model_hooks.BasePrePostModelHooksInConfigKwargs):
    pass


class TestSeedWithBOM(BaseSimpleSeedWithBOM):
    @pytest.fixture(scope="class", autouse=True)
    def setUp(self, project):
        project.run_sql(seeds.seeds__expected_sql)
        text = BOM_UTF8.decode() + seeds.seed__actual_csv
        (Path(project.project_root) / "seeds" / "seed_bom.csv").write_text(text, encoding="utf-8")


class TestSeedColumnOverride(BaseSimpleSeedColumnOverride):
    @staticmethod
    def seed_enabled_types():
        return {"seed_id": "VARCHAR", "birthday": "DATE"}

    @staticmethod
    def seed_tricky_types():
        return {it: "VARCHAR" for it in ("seed_id_str", "looks_like_a_bool", "looks_like_a_date")}

    @pytest.fixture(scope="class")
    def models(self):
        # The suite's macro compares names of types as texts: these are what a DuckDB column says of itself.
        text = BaseSimpleSeedColumnOverride.models.__wrapped__(self)["schema.yml"]
        names = {"text": "character varying(256)", "timestamp without time zone": "TIMESTAMP"}
        names |= {it: it.upper() for it in ("date", "integer", "bigint", "boolean")}
        for name, own in names.items():
            text = text.replace(f"type: {name}\n", f"type: {own}\n")
        return {"schema.yml": text}


class TestShowLimit(BaseShowLimit):
    """The suite's own test reads the limit out of the text of a query, which is nowhere written."""

    @pytest.mark.parametrize("args,expected", [([], 5), (["--limit", 3], 3), (["--limit", -1], 7)])
    def test_limit(self, project, args, expected):
        run_dbt(["build"])
        query = fixtures.models__second_ephemeral_model
        _, printed = run_dbt_and_capture(["show", "--inline", query, "--output", "json", *args])
        assert printed.count("col_hundo") == expected


class TestStoreFailures(BaseStoreTestFailures):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        types = {name: {"+column_types": {"n_records": "bigint"}} for name in (
            "expected_unique_problematic_model_id", "expected_accepted_values")}
        return {"seeds": {"quote_columns": False, "test": types}, "data_tests": {"+schema": "dbt_test__aud"}}


class TestUnitTestingTypes(BaseUnitTestingTypes):
    @pytest.fixture
    def data_types(self):
        # the value in SQL, the value in YAML
        return [
            ["1", "1"],
            ["2.0", "2.0"],
            ["'12345'", "12345"],
            ["'string'", "string"],
            ["true", "true"],
            ["date '2020-01-02'", "2020-01-02"],
            ["timestamp '2013-11-03 00:00:00-0'", "2013-11-03 00:00:00-0"],
            ["'2013-11-03 00:00:00-0'::timestamptz", "2013-11-03 00:00:00-0"],
            ["['a', 'b', 'c']", "['a', 'b', 'c']"],
            ["[1, 2, 3]", "[1, 2, 3]"],
        ]


class TestCurrentTimestamps(BaseCurrentTimestamps):
    @pytest.fixture(scope="class")
    def expected_sql(self):
        return None

    @pytest.fixture(scope="class")
    def expected_schema(self):
        return {
            "current_timestamp": "TIMESTAMP WITH TIME ZONE",
            "current_timestamp_in_utc_backcompat": "TIMESTAMP",
            "current_timestamp_backcompat": "TIMESTAMP",
        }
