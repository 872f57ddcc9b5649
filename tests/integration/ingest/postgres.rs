//! A PostgreSQL server of the tests' own: the real one, in a folder that goes with it.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::certificates::Certificates;

/// The password of its user.
pub(super) const PASSWORD: &str = "open-sesame";

/// A server that runs as long as this lives.
pub(super) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    pub(super) port: u16,
}

impl Postgres {
    /// Makes one and starts it. It knows one user, who needs a password, and speaks TLS.
    pub(super) fn start() -> Result<Postgres, Failed> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("arrowmill-postgres-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Postgres { folder, programs, port };
        // The server refuses to be run by root, so that its folder must be another user's.
        fs::set_permissions(server.folder.path(), fs::Permissions::from_mode(0o755))?;
        let home = server.path("home");
        fs::create_dir(&home)?;
        Certificates::of("localhost")?.write(&server.path("authority.pem"), &home.join("server.pem"))?;
        fs::write(home.join("password"), PASSWORD)?;
        for file in [home.join("server.pem"), home.join("password")] {
            fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
        }
        if is_root()? {
            let given = Command::new("chown").args(["-R", "postgres:postgres"]).arg(&home).status()?;
            holds(given.success(), "there is no user `postgres` to run the server as")?;
        }
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (data, password, pem) =
            (text(&home.join("data")), text(&home.join("password")), text(&home.join("server.pem")));
        let password = format!("--pwfile={password}");
        server.program(
            "initdb",
            &["-D", &data, "-U", "tester", "--auth=scram-sha-256", &password, "--no-sync", "-E", "UTF8"],
        )?;
        let options = format!(
            "-p {port} -h localhost -k {} -c ssl=on -c ssl_cert_file={pem} -c ssl_key_file={pem} -c fsync=off",
            text(&home)
        );
        let log = text(&home.join("log"));
        server.program("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"])?;
        Ok(server)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its URL, with a password.
    pub(super) fn url(&self, password: &str, more: &str) -> String {
        format!("postgresql://tester:{password}@localhost:{}/postgres{more}", self.port)
    }

    /// Runs SQL there. Gives what it prints.
    pub(super) fn sql(&self, sql: &str) -> Result<String, Failed> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", &self.url(PASSWORD, "")]);
        let mut psql = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        psql.stdin.take().unwrap().write_all(sql.as_bytes())?;
        said(&psql.wait_with_output()?)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Result<String, Failed> {
        let program = self.programs.join(name);
        let mut command = match is_root()? {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.args(arguments).current_dir(self.path("home")).stdin(Stdio::null());
        // The server goes on with what it is given here: a pipe would never end.
        let printed = fs::File::create(self.path("printed"))?;
        let status = command.stdout(printed.try_clone()?).stderr(printed).status()?;
        let printed = fs::read_to_string(self.path("printed"))?;
        holds(status.success(), &format!("{name}: {printed}"))?;
        Ok(printed)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.path("home/data").to_string_lossy().into_owned();
        // It may never have started.
        let _ = self.program("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
    }
}

fn said(output: &Output) -> Result<String, Failed> {
    holds(output.status.success(), &String::from_utf8_lossy(&output.stderr))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn holds(it: bool, words: &str) -> Result<(), Failed> {
    if it { Ok(()) } else { Err(words.to_owned().into()) }
}

fn is_root() -> Result<bool, Failed> {
    Ok(Command::new("id").arg("-u").output()?.stdout.trim_ascii() == b"0")
}

/// Whether tests can have one. Where CI has none, they fail and say so.
pub(super) fn is_there() -> bool {
    programs().is_ok() || std::env::var_os("CI").is_some()
}

/// The folder of the server's programs, the newest where there are several.
fn programs() -> Result<PathBuf, Failed> {
    let named = std::env::var_os("ARROWMILL_TEST_POSTGRES").map(PathBuf::from);
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(|it| Some(it.ok()?.path()));
    let mut installed: Vec<PathBuf> =
        versions.map(|it| it.join("bin")).filter(|it| it.join("initdb").exists()).collect();
    installed.sort();
    named.or_else(|| installed.pop()).ok_or_else(|| {
        "there is no PostgreSQL server: install it (`apt install postgresql`), or name the folder of its programs in \
         ARROWMILL_TEST_POSTGRES"
            .into()
    })
}
