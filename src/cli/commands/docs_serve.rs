//! `docs serve`: the documentation page over HTTP.

use std::io::ErrorKind;

use tokio::net::TcpListener;

use crate::cli::prepare;
use crate::cli::{Exit, Settings, Stop};
use crate::files::{ProjectFiles, join};
use crate::serve;

pub(super) fn run(settings: &Settings, host: &str, port: u16, browser: bool) -> Result<Exit, Stop> {
    let loaded = prepare::load(settings)?;
    let folder = &loaded.project.file.target_path;
    if !settings.files.exists(&join(folder, "index.html")) {
        return Err(Stop::Outside(format!(
            "there is no documentation page in {folder}: make it with `arrowmill docs generate`"
        )));
    }
    prepare::runtime()?.block_on(async {
        let listener = TcpListener::bind((host, port)).await.map_err(|error| {
            Stop::Outside(match error.kind() {
                ErrorKind::AddrInUse => {
                    format!("port {port} of {host} is taken: choose another one with `--port`, or `--port 0`")
                }
                _ => format!("cannot listen at {host}:{port}: {error}"),
            })
        })?;
        let address = listener.local_addr().map_err(|error| Stop::Outside(error.to_string()))?;
        settings.console.say(&format!("serving {folder} at http://{address}/\nCtrl-C ends it"));
        if browser {
            // Where there is no browser, the address has been told.
            let _ = open::that_detached(format!("http://{address}/"));
        }
        let stop = async {
            // Where signals can't be listened to, the system's own handling ends the process.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let served = serve::folder(&settings.folder.join(folder), listener, stop).await;
        served.map_err(|error| Stop::Outside(format!("cannot serve at {address}: {error}")))
    })?;
    Ok(Exit::Success)
}
