//! HTTP for what is read in a browser: the files of one folder, read only.

use std::future::Future;
use std::io;
use std::path::Path;

use axum::Router;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

/// Serves the files below a folder, `index.html` where a folder is asked for, until `stop` is there.
///
/// # Errors
/// Nothing more can be taken from the listener.
pub async fn folder(
    path: &Path,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let site = Router::new().fallback_service(ServeDir::new(path));
    axum::serve(listener, site).with_graceful_shutdown(stop).await
}
