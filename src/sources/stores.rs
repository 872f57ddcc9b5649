//! Object stores, found by their URLs and made when they are first asked for: `s3://`, `gs://`, `az://`, `https://`.
//! Credentials and endpoints are taken from the environment, by the names that the vendors' own tools use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::{ClientConfigKey, ClientOptions, ObjectStore, ObjectStoreScheme, RetryConfig};
use url::{Position, Url};

/// For how long a request is tried again.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a request is tried again.
const RETRIES: usize = 4;

/// The stores of a run.
#[derive(Debug)]
pub struct Stores {
    known: DefaultObjectStoreRegistry,
    /// Variables with credentials and endpoints, their names in small letters.
    options: BTreeMap<String, String>,
}

impl Stores {
    /// Stores that are reached with what this environment has.
    pub fn new(environment: &BTreeMap<String, String>) -> Stores {
        let is_of_stores = |name: &str| ["aws_", "azure_", "google_"].iter().any(|it| name.starts_with(it));
        let options = environment.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
        let options = options.filter(|(name, _)| is_of_stores(name)).collect();
        Stores { known: DefaultObjectStoreRegistry::new(), options }
    }

    fn make(&self, url: &Url) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
        let (scheme, _) = ObjectStoreScheme::parse(url).map_err(object_store::Error::from)?;
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let options = self.options.iter();
        Ok(match scheme {
            ObjectStoreScheme::AmazonS3 => {
                let builder = options.fold(AmazonS3Builder::new(), |builder, (name, value)| match name.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_url(url.as_str()).with_retry(retry).build()?)
            }
            ObjectStoreScheme::GoogleCloudStorage => {
                let builder =
                    options.fold(GoogleCloudStorageBuilder::new(), |builder, (name, value)| match name.parse() {
                        Ok(key) => builder.with_config(key, value),
                        Err(_) => builder,
                    });
                Arc::new(builder.with_url(url.as_str()).with_retry(retry).build()?)
            }
            ObjectStoreScheme::MicrosoftAzure => {
                let builder = options.fold(MicrosoftAzureBuilder::new(), |builder, (name, value)| match name.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_url(url.as_str()).with_retry(retry).build()?)
            }
            _ => {
                // A page of somebody's own network may well be served in the open.
                let open = ClientOptions::new().with_config(ClientConfigKey::AllowHttp, "true");
                let host = &url[..Position::BeforePath];
                Arc::new(HttpBuilder::new().with_url(host).with_client_options(open).with_retry(retry).build()?)
            }
        })
    }
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.known.register_store(url, store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let unknown = match self.known.get_store(url) {
            Ok(store) => return Ok(store),
            Err(unknown) => unknown,
        };
        if !["s3", "s3a", "gs", "az", "adl", "abfs", "abfss", "azure", "http", "https"].contains(&url.scheme()) {
            return Err(unknown);
        }
        let store = self.make(url).map_err(|error| DataFusionError::ObjectStore(Box::new(error)))?;
        self.known.register_store(url, Arc::clone(&store));
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_made_by_their_urls() {
        let environment = [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let stores = Stores::new(&environment);
        let get = |url: &str| stores.get_store(&Url::parse(url).unwrap()).map(|it| it.to_string());
        assert_eq!(get("s3://events/raw").unwrap(), "AmazonS3(events)");
        assert!(get("file:///data").unwrap().starts_with("LocalFileSystem"));
        assert!(get("https://example.org/a.csv").unwrap().starts_with("HttpStore"));
        assert!(get("ftp://example.org/a.csv").is_err());
    }
}
