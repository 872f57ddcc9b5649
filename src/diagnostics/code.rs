//! The stable names of all findings. Each has its section in `docs/diagnostics.md`; a test holds the two together.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What kind of finding a [`super::Diagnostic`] is. Names never change once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// All codes, sorted as declared.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The stable name, as printed in brackets and used in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }
        }
    };
}

codes! {
    /// A column name fits several relations of the query.
    AmbiguousColumn = "ambiguous-column",
    /// A file holds bytes that are not UTF-8.
    BadEncoding = "bad-encoding",
    /// Jinja that cannot be parsed or run.
    BadJinja = "bad-jinja",
    /// `--select` or `--exclude` text that cannot be understood.
    BadSelector = "bad-selector",
    /// SQL that cannot be parsed.
    BadSql = "bad-sql",
    /// YAML that cannot be parsed.
    BadYaml = "bad-yaml",
    /// A column that is compared with itself.
    ComparedWithItself = "compared-with-itself",
    /// A comparison with `null`.
    ComparedWithNull = "compared-with-null",
    /// Models that need each other.
    Cycle = "cycle",
    /// A reference to a node that is switched off.
    DisabledRef = "disabled-ref",
    /// Columns that nothing reads.
    DeadColumn = "dead-column",
    /// Two things of one name where only one can be.
    DuplicateName = "duplicate-name",
    /// An empty SQL model.
    EmptyModel = "empty-model",
    /// An environment variable that is needed and not set.
    MissingEnvVar = "missing-env-var",
    /// A file or folder that the project names and that is not there.
    MissingFile = "missing-file",
    /// A required key that is not there.
    MissingKey = "missing-key",
    /// A variable that is needed and not set.
    MissingVar = "missing-var",
    /// A condition that no row can meet.
    NeverTrue = "never-true",
    /// A `*` that passes on whatever columns a file has.
    OpenStar = "open-star",
    /// A profile or target that does not fit the project.
    Profile = "profile",
    /// A union whose sides have the same columns in different orders.
    SwappedColumns = "swapped-columns",
    /// A join whose condition says nothing of what is joined.
    UnrelatedJoin = "unrelated-join",
    /// Something of dbt's that Arrowmill cannot do yet.
    Unsupported = "unsupported",
    /// A column that none of the relations has.
    UnknownColumn = "unknown-column",
    /// A function that neither the engine nor Arrowmill's library has.
    UnknownFunction = "unknown-function",
    /// A key that is not known at its place.
    UnknownKey = "unknown-key",
    /// A macro that no package defines.
    UnknownMacro = "unknown-macro",
    /// A materialisation that does not exist.
    UnknownMaterialization = "unknown-materialization",
    /// A description or test of a model that does not exist.
    UnknownNode = "unknown-node",
    /// A `ref` to a model that does not exist.
    UnknownRef = "unknown-ref",
    /// A relation named in SQL that the project does not know.
    UnknownRelation = "unknown-relation",
    /// A `source` that no file declares.
    UnknownSource = "unknown-source",
    /// A rule for rows of raw files that does not exist.
    UnknownRule = "unknown-rule",
    /// A kind of test that does not exist.
    UnknownTest = "unknown-test",
    /// A reference to a model that its group or package keeps to itself.
    RefNotAllowed = "ref-not-allowed",
    /// A file that could not be read.
    UnreadableFile = "unreadable-file",
    /// A data file whose content does not fit its format or its declaration.
    UnreadableSource = "unreadable-source",
    /// Configuration of the project file that is about nothing in the project.
    UnusedConfig = "unused-config",
    /// A test that is to move rows, and does not say which.
    NotRowLevel = "not-row-level",
    /// A selection that fits nothing.
    NothingSelected = "nothing-selected",
    /// A function in a table's query that gives another value each time.
    VolatileFunction = "volatile-function",
    /// A value of the wrong type or outside what is allowed.
    WrongValue = "wrong-value",
    /// An expression whose types do not fit.
    WrongType = "wrong-type",
    /// A column that carries what its model may not.
    ForbiddenColumn = "forbidden-column",
    /// A relation whose columns are not those that its contract promises.
    BrokenContract = "broken-contract",
    /// A query that the planner refuses for another reason.
    InvalidQuery = "invalid-query",
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
