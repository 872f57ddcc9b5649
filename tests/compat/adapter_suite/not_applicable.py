"""What of the suite does not apply, and why.

A key is a module of `dbt.tests.adapter`, a class, or `Class.test`; the nearest to a test counts, and None means that it
does apply. What differs on purpose does apply, and fails."""

NOT_APPLICABLE = {
    "grants": "a folder of files has no users to grant to",
    "python_model": "models in Python are not run: one binary, no Python",
    "functions.test_js_udfs": "functions in JavaScript are not run",
    "materialized_view": "neither DuckDB nor a folder of files has materialised views",
    "catalog": "tests an adapter's class with a catalog integration",
    "catalog_integrations": "tests an adapter's class with a catalog integration",
    "BaseGetCatalogForSingleRelation": "calls a method of the adapter's Python class, which dbt-duckdb lacks too",
    "caching": "looks into the cache within dbt's own process",
    "query_comment": "a comment for a database's log of queries: there is no database",
    "functions": "compares the text of a `create function` statement: none is sent; dbt-duckdb 1.11 has no functions",
    # These want an error.
    "ErrorForUnsupportedType": None,
    "PythonUDFNotSupported": None,
    "PythonUDFRuntimeVersionRequired": None,
    "PythonUDFEntryPointRequired": None,
    "BaseConstraintsRuntimeDdlEnforcement": "compares the text of a `create table` statement: none is sent",
    "BaseConstraintQuotedColumn": "compares the text of a `create table` statement: none is sent",
    "BaseModelConstraintsRuntimeEnforcement": "compares the text of a `create table` statement: none is sent",
    "BaseContractSqlHeader": "PostgreSQL's `set session timezone`; dbt-duckdb fails too",
    "BaseEphemeralMulti": "compares the text of a `create view` statement, PostgreSQL's; dbt-duckdb fails too",
    "BaseEphemeralNested": "compares the text of a `create view` statement, PostgreSQL's; dbt-duckdb fails too",
    "BasePostgresColumnTypes": "PostgreSQL's types; dbt-duckdb fails too",
    "BaseTestEmptySeedFlag.test_seed_empty_creates_table_with_zero_rows": "`seed --empty` is not in dbt-core 1.11",
    "BaseTestEmptySeedFlag.test_seed_empty_preserves_column_types": "`seed --empty` is not in dbt-core 1.11",
    "BaseTestEmptySeedFlag.test_build_empty_with_seed": "wants seeds to be empty; in dbt-core 1.11 they are not",
    "BaseMicrobatch.test_run_with_event_time": "sets the clock within dbt's own process; dbt-duckdb fails too",
    "BaseSampleModeTest": "sets the clock within dbt's own process; dbt-duckdb fails too",
    "BaseSimpleCopyUppercase": "a target of type postgres",
    "BaseBasicSeedTests.test_simple_seed_full_refresh_flag": "wants `drop … cascade`; dbt-duckdb fails too",
    "BaseSeedConfigFullRefreshOn": "wants `drop … cascade`; dbt-duckdb fails too",
    "BaseSeedSpecificFormats": "a file of the suite's own repository is not in the package; dbt-duckdb fails too",
    "BaseCurrentTimestampNaive": "DuckDB's current_timestamp has a zone; the other class, Aware, is run",
    "BaseEscapeSingleQuotesBackslash": "DuckDB doubles quotes; the other class, Quote, is run",
    "BaseGetIntervalsBetween": "dates in PostgreSQL's words; dbt-duckdb fails too",
    "BaseTypeFloat": "DuckDB's float has 32 bits, a seed's column 64; dbt-duckdb fails too",
    "BaseAfterRunHooks": "leaves through an exception of the adapter; dbt-duckdb fails too",
    "BaseIncrementalBadStrategy": "an adapter has to complete it; dbt-duckdb fails too",
}


def reason_for(cls, test):
    """Why a test does not apply, or None."""
    for base in cls.__mro__:
        if not base.__module__.startswith("dbt.tests.adapter."):
            continue
        module = base.__module__.removeprefix("dbt.tests.adapter.")
        for key in (f"{base.__name__}.{test}", base.__name__, module, module.split(".")[0]):
            if key in NOT_APPLICABLE:
                return NOT_APPLICABLE[key]
    return None
