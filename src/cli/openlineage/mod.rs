//! Where OpenLineage events go. Configured as OpenLineage's own clients are: `OPENLINEAGE__TRANSPORT__…`, or a file
//! `openlineage.yml`. A transport that can't be used is told once, and never fails a run.
//! <https://openlineage.io/docs/client/python/configuration>

mod http;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use crate::artifacts::{CatalogEntry, OpenLineage, OpenLineageListener, OpenLineageNames};
use crate::cli::Settings;
use crate::cli::artifacts::compiled_code;
use crate::cli::openlineage::http::{Http, Poster};
use crate::cli::prepare::{Loaded, Planned};
use crate::cli::webhook::authorities;
use crate::diagnostics::{Diagnostics, SourceText};
use crate::files::{Disk, ProjectFiles};
use crate::plan::column_lineage;
use crate::project::{Json, YamlFile};

/// Where events go.
enum Transport {
    /// Lines of one file.
    Append(String),
    /// Files of their own, whose names begin like this.
    Files(String),
    /// A server.
    Http(Box<Http>),
}

/// Who listens to a run for OpenLineage, if anybody wants it.
pub(super) async fn listener(
    settings: &Settings,
    loaded: &Loaded,
    planned: &Planned,
    catalog: impl Future<Output = Vec<CatalogEntry>>,
    command: &str,
) -> Option<Arc<OpenLineageListener>> {
    let transport = match transport(settings) {
        Ok(transport) => transport?,
        Err(problem) => {
            settings.console.say(&format!("OpenLineage: {problem}; no events are written"));
            return None;
        }
    };
    let columns = column_lineage(&planned.plan, &loaded.graph, &loaded.project.invocation.target);
    let names = names(settings, command);
    let events = OpenLineage::new(&loaded.project.invocation, &loaded.graph, columns, catalog.await, names);
    let events = events.with_sql(compiled_code(&planned.plan));
    Some(Arc::new(OpenLineageListener::new(events, settings.begun, sender(settings, transport))))
}

/// Names that the environment gives, as OpenLineage's integration with dbt reads them.
pub(super) fn names(settings: &Settings, command: &str) -> OpenLineageNames {
    let variable = |name: &str| settings.request.environment.get(name).filter(|it| !it.is_empty()).cloned();
    let parent = variable("OPENLINEAGE_PARENT_ID").and_then(|it| {
        // The name of a job may have slashes of its own.
        let (namespace, rest) = it.split_once('/')?;
        let (job, run) = rest.rsplit_once('/')?;
        Some((namespace.to_owned(), job.to_owned(), run.to_owned()))
    });
    OpenLineageNames {
        namespace: variable("OPENLINEAGE_NAMESPACE").unwrap_or_else(|| "dbt".to_owned()),
        job: variable("OPENLINEAGE_DBT_JOB_NAME"),
        parent,
        command: command.to_owned(),
    }
}

fn transport(settings: &Settings) -> Result<Option<Transport>, String> {
    let environment = &settings.request.environment;
    let is_on = |name: &str| environment.get(name).is_some_and(|it| it.trim().eq_ignore_ascii_case("true"));
    if is_on("OPENLINEAGE_DISABLED") {
        return Ok(None);
    }
    let mut options = configured(settings)?;
    let prefix = "OPENLINEAGE__TRANSPORT__";
    for (name, value) in environment {
        let option = name.strip_prefix(prefix).map(str::to_lowercase);
        match option.as_deref().map(|it| it.split_once("__").unwrap_or((it, ""))) {
            Some((option, "")) => drop(options.insert(option.to_owned(), Json::from(value.as_str()))),
            Some((option, part)) => {
                let whole = options.entry(option).or_insert_with(|| Json::Object(serde_json::Map::new()));
                whole.as_object_mut().map(|it| it.insert(part.to_owned(), Json::from(value.as_str())));
            }
            None => {}
        }
    }
    if !options.contains_key("type") {
        options.extend(simple(environment));
    }
    let text = |name: &str| options.get(name).and_then(Json::as_str);
    match text("type") {
        Some("file") => {
            let path = text("log_file_path").ok_or("the transport `file` has no `log_file_path`")?;
            let path = path.strip_prefix("file://").unwrap_or(path).to_owned();
            let append = options.get("append").is_some_and(|it| {
                it.as_bool().unwrap_or_else(|| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("true")))
            });
            Ok(Some(if append { Transport::Append(path) } else { Transport::Files(path) }))
        }
        Some("noop") => Ok(None),
        Some("http" | "async_http") => Ok(Some(Transport::Http(Box::new(Http::read(&options)?)))),
        Some(other) => Err(format!("the transport `{other}` is not available; use `file` or `http`")),
        None => Ok(None),
    }
}

/// The transport that `OPENLINEAGE_URL` and its kin mean.
fn simple(environment: &BTreeMap<String, String>) -> serde_json::Map<String, Json> {
    let variable = |name: &str| environment.get(name).filter(|it| !it.is_empty());
    let Some(url) = variable("OPENLINEAGE_URL") else { return serde_json::Map::new() };
    let mut options = serde_json::Map::new();
    options.insert("type".to_owned(), "http".into());
    options.insert("url".to_owned(), url.as_str().into());
    options.extend(variable("OPENLINEAGE_ENDPOINT").map(|it| ("endpoint".to_owned(), it.as_str().into())));
    let auth = |key: &String| ("auth".to_owned(), serde_json::json!({"type": "api_key", "apiKey": key}));
    options.extend(variable("OPENLINEAGE_API_KEY").map(auth));
    options
}

/// `transport:` of the configuration file that the variable names, of one in the current folder or of one at home.
fn configured(settings: &Settings) -> Result<serde_json::Map<String, Json>, String> {
    let variable = |name: &str| settings.request.environment.get(name).filter(|it| !it.is_empty()).cloned();
    let here = Disk::new(&settings.current_folder);
    let paths = [
        variable("OPENLINEAGE_CONFIG"),
        Some("openlineage.yml".to_owned()),
        variable("HOME").map(|it| format!("{it}/.openlineage/openlineage.yml")),
    ];
    let Some(path) = paths.into_iter().flatten().find(|it| here.exists(it)) else {
        return Ok(serde_json::Map::new());
    };
    let text = here.read(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let text = String::from_utf8(text).map_err(|_| format!("{path} is not UTF-8"))?;
    let mut found = Diagnostics::new();
    let file = YamlFile::parse(&SourceText::new(path.as_str(), text), &mut found);
    let Some(file) = file else { return Err(format!("{path} is no YAML")) };
    match file.root().get("transport").map(|it| it.json()) {
        Some(Json::Object(options)) => Ok(options),
        _ => Ok(serde_json::Map::new()),
    }
}

/// What writes events. An event that can't be written is no reason to stop the work that it is about.
fn sender(settings: &Settings, transport: Transport) -> Box<dyn Fn(&Json) + Send + Sync> {
    let folder = Disk::new(&settings.current_folder);
    match transport {
        Transport::Append(path) => match folder.append(&path) {
            Ok(file) => {
                let file = Mutex::new(file);
                Box::new(move |event| {
                    let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    let _ = file.write_all(format!("{event}\n").as_bytes());
                })
            }
            Err(error) => {
                settings.console.say(&format!("OpenLineage: cannot write {path}: {error}; no events are written"));
                Box::new(|_| {})
            }
        },
        Transport::Http(http) => {
            let authorities = match authorities(settings) {
                Ok(authorities) => authorities,
                Err(problem) => {
                    settings.console.say(&format!("OpenLineage: {problem}; no events are written"));
                    return Box::new(|_| {});
                }
            };
            let poster = Poster::start(*http, authorities, settings.console.clone());
            Box::new(move |event| poster.post(event))
        }
        Transport::Files(path) => Box::new(move |event| {
            let time = event["eventTime"].as_str().unwrap_or_default();
            let time: String = time.chars().filter(|it| it.is_ascii_digit() || *it == 'T' || *it == '.').collect();
            let run = event["run"]["runId"].as_str().unwrap_or_default();
            let kind = event["eventType"].as_str().unwrap_or_default();
            let _ = folder.write(&format!("{path}-{time}-{run}-{kind}.json"), event.to_string().as_bytes());
        }),
    }
}
