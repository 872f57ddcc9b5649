//! What reading the nodes of one package needs, and what all kinds of nodes ask of it: names, configuration, descriptions.

use std::sync::Arc;

use crate::diagnostics::{Diagnostics, SourceText, Span};
use crate::files::{self, ProjectFiles};
use crate::jinja::{Invocation, Phase, Scope, Templates};
use crate::parse::docs::{self, DocBlock};
use crate::parse::facts::Column;
use crate::parse::project::Package;
use crate::project::{ColumnProperties, Config, ConfigTree, ProjectFile};

/// What reading the nodes of one package needs.
pub(super) struct Context<'a> {
    pub(super) files: &'a dyn ProjectFiles,
    pub(super) package: &'a Package,
    pub(super) root: &'a ProjectFile,
    pub(super) invocation: &'a Arc<Invocation>,
    pub(super) docs: &'a [DocBlock],
    pub(super) templates: &'a mut Templates,
}

impl Context<'_> {
    /// Package configuration, then the root project's, for a node of this name.
    pub(super) fn config_for(&self, section: &str, fqn: &[String]) -> Config {
        let of =
            |file: &ProjectFile| file.configs.get(section).map(|it: &ConfigTree| it.for_node(fqn)).unwrap_or_default();
        let mut config = of(&self.package.file);
        if !self.package.root.is_empty() {
            config.overlay(of(self.root));
        }
        config
    }

    pub(super) fn package_name(&self) -> &str {
        &self.package.file.name.value
    }

    /// Package, folders below the resource folder, name.
    pub(super) fn fqn(&self, path: &str, folders: &[String], name: &str) -> Vec<String> {
        let mut fqn = vec![self.package_name().to_owned()];
        let below = folders.iter().find_map(|folder| {
            let folder = files::join(&self.package.root, folder);
            path.strip_prefix(folder.as_str()).map(|rest| rest.trim_start_matches('/'))
        });
        let below = below.unwrap_or(path);
        if let Some((folders, _)) = below.rsplit_once('/') {
            fqn.extend(folders.split('/').map(str::to_owned));
        }
        fqn.push(name.to_owned());
        fqn
    }

    /// For tests of a properties file: package, folders below the first one, name; as dbt has it.
    pub(super) fn fqn_of_test(&self, file: &str, name: &str) -> Vec<String> {
        let own = file.strip_prefix(self.package.root.as_str()).unwrap_or(file).trim_start_matches('/');
        let folders = own.rsplit_once('/').map(|(folders, _)| folders).unwrap_or_default();
        let below = folders.split('/').skip(1).map(str::to_owned);
        std::iter::once(self.package_name().to_owned()).chain(below).chain([name.to_owned()]).collect()
    }

    /// A description with its `{{ doc() }}` put in.
    pub(super) fn describe(&self, text: &str, span: &Span, found: &mut Diagnostics) -> String {
        if !text.contains("{{") {
            return text.trim().to_owned();
        }
        let scope = Arc::new(Scope::new(self.invocation, Phase::Parse));
        // A text of its own under the file's path, so that what goes wrong is shown at the description's owner.
        let source = SourceText::new(format!("{} (description)", span.source.path), text);
        match self.templates.render_text(&source, &scope) {
            Ok(text) => text.trim().to_owned(),
            Err(mut problem) => {
                problem.place = Some(span.clone());
                problem.related.clear();
                found.push(problem);
                text.to_owned()
            }
        }
    }

    /// Ids of the documentation blocks that a description uses.
    pub(super) fn doc_blocks(&self, description: &str) -> Vec<String> {
        docs::used(description, self.package_name(), self.docs)
    }

    pub(super) fn columns<'c>(
        &self,
        columns: impl IntoIterator<Item = &'c ColumnProperties>,
        found: &mut Diagnostics,
    ) -> Vec<Column> {
        let column = |it: &ColumnProperties| Column {
            name: it.name.value.clone(),
            description: self.describe(&it.description, &it.span, found),
            data_type: it.data_type.as_ref().map(|it| (it.value.clone(), it.span.clone())),
            tags: it.tags.clone(),
            meta: it.meta.clone(),
            constraints: it.constraints.clone(),
            quote: it.quote,
            granularity: it.granularity.clone(),
            doc_blocks: self.doc_blocks(&it.description),
            span: it.span.clone(),
        };
        columns.into_iter().map(column).collect()
    }
}
