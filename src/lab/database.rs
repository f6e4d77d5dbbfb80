//! A private PostgreSQL server.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::account::Account;
use super::authority::Secured;
use super::directory::ServerDirectory;
use super::error::LabError;
use super::ports;
use super::process::{self, ServerProcess, leashed};

/// A start takes 0.1 s, and longer only while the server repairs itself after a kill.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A fast stop writes a checkpoint, which a slow disk may take a while for.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// The least major release sesame is made for.
const LEAST_RELEASE: u32 = 15;

/// The superuser of a private server.
const SUPERUSER: &str = "postgres";

/// Settings of a private server. Each is a parameter of `postgresql.conf`; a later one of the same name wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings(pub Vec<(String, String)>);

impl Default for DatabaseSettings {
    /// As durable as a real server, small enough to stand beside other programs.
    fn default() -> Self {
        let defaults = [
            ("fsync", "on"),
            ("shared_buffers", "256MB"),
            ("max_connections", "200"),
            ("max_wal_size", "2GB"),
            ("logging_collector", "off"),
        ];
        Self(defaults.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}

/// A running PostgreSQL server on 127.0.0.1, as an ordinary user: `postgres` if we are root. Its superuser's password is
/// made up once and kept in the directory. Dropping it kills it; committed data survive that.
#[derive(Debug)]
pub struct PrivateDatabase {
    // Before the directory: what is dropped first ends before the directory is free for another owner.
    process: Option<ServerProcess>,
    directory: ServerDirectory,
    account: Account,
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    password: String,
    settings: DatabaseSettings,
    secured: bool,
}

impl PrivateDatabase {
    /// Starts a server in `dir` with the default settings and waits until it takes connections.
    pub fn start(dir: &Path, port: u16) -> Result<Self, LabError> {
        Self::start_with(dir, port, DatabaseSettings::default())
    }

    /// Starts a server in `dir`, going on with the databases it finds there, and waits until it takes connections.
    ///
    /// If we are root and user `postgres` cannot reach `dir`, the data live in a directory under /var/tmp; a warning
    /// names it.
    pub fn start_with(dir: &Path, port: u16, settings: DatabaseSettings) -> Result<Self, LabError> {
        Self::start_secured(dir, port, settings, None)
    }

    /// The same; with a certificate its address asks for TLS.
    pub fn start_secured(
        dir: &Path,
        port: u16,
        mut settings: DatabaseSettings,
        secured: Option<&Secured>,
    ) -> Result<Self, LabError> {
        let programs = find_programs()?;
        let account = Account::for_postgres()?;
        let directory = ServerDirectory::claim(dir)?;
        let place = account.reachable(directory.path().join("files"))?;
        let password = password(&directory.path().join("password"))?;
        if let Some(secured) = secured {
            settings.0.extend(secure(&place, &account, secured)?);
        }
        let (data, secured) = (place.join("data"), secured.is_some());
        let mut database =
            Self { process: None, directory, account, programs, data, port, password, settings, secured };
        database.initialise(&place)?;
        ports::check_free(port, "PostgreSQL")?;
        database.run()?;
        Ok(database)
    }

    /// The address of a database of this server, with its superuser's name and password.
    pub fn uri(&self, database: &str) -> String {
        let mode = if self.secured { "?sslmode=verify-full" } else { "" };
        format!("postgresql://{SUPERUSER}:{}@127.0.0.1:{}/{database}{mode}", self.password, self.port)
    }

    /// Where the server listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the data are: in the server's directory, or under /var/tmp.
    pub fn data_directory(&self) -> &Path {
        &self.data
    }

    /// The process id of the server's first process; `None` after [`Self::kill9`] and [`Self::stop`].
    pub fn pid(&self) -> Option<i32> {
        self.process.as_ref().map(ServerProcess::pid)
    }

    /// Fails, with the end of its log, if the server has ended by itself.
    pub fn check(&mut self) -> Result<(), LabError> {
        let process = self.process.as_mut().ok_or(LabError::NotRunning { server: label() })?;
        process.check()
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), LabError> {
        self.tool("createdb", &[name])
    }

    /// Removes a database, closing the connections to it. One that is not there is no error.
    pub fn drop_database(&self, name: &str) -> Result<(), LabError> {
        self.tool("dropdb", &["--if-exists", "--force", name])
    }

    /// Ends the server with all its processes as a power cut would, but for what the operating system has yet to write.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// Closes all connections and ends the server.
    pub fn stop(&mut self) -> Result<(), LabError> {
        match self.process.take() {
            Some(process) => process.stop(Signal::SIGINT, STOP_LIMIT),
            None => Ok(()),
        }
    }

    /// Stops the server if it runs, starts it and waits until it takes connections.
    pub fn restart(&mut self) -> Result<(), LabError> {
        self.stop()?;
        self.run()
    }

    fn run(&mut self) -> Result<(), LabError> {
        let status = self.data.join("postmaster.pid");
        forget_remains(&status)?;
        // The reaper asks for an immediate shutdown: the server's processes each have a process group of their own.
        let mut command = leashed(self.programs.join("postgres"), Signal::SIGQUIT);
        command.arg("-D").arg(&self.data).current_dir("/");
        let fixed = [("listen_addresses", "127.0.0.1"), ("unix_socket_directories", "")];
        let settings = self.settings.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in settings.chain(fixed) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.arg("-c").arg(format!("port={}", self.port));
        clear_environment(self.account.apply(&mut command));
        let log = self.directory.path().join("server.log");
        let mut process = ServerProcess::spawn(label(), &mut command, vec![log])?;
        self.directory.note(process.pid())?;
        let pid = process.pid();
        process.wait_until_ready(START_LIMIT, || says_ready(&status, pid))?;
        self.process = Some(process);
        Ok(())
    }

    /// Makes the data directory, under another name until it is whole.
    fn initialise(&self, place: &Path) -> Result<(), LabError> {
        if self.data.join("PG_VERSION").exists() {
            return Ok(());
        }
        let unfinished = place.join("data.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(LabError::io("remove", &unfinished))?;
        }
        let secret = place.join("password");
        write_secret(&secret, &self.password)?;
        self.account.own(&secret)?;
        let program = self.programs.join("initdb");
        let mut command = Command::new(&program);
        command.args(["--no-sync", "--no-instructions", "--auth=scram-sha-256", "--encoding=UTF8"]);
        command.args(["--locale=C.UTF-8", "--username", SUPERUSER, "--pwfile"]).arg(&secret);
        command.arg("-D").arg(&unfinished).current_dir("/");
        run_tool(clear_environment(self.account.apply(&mut command)))?;
        fs::remove_file(&secret).map_err(LabError::io("remove", &secret))?;
        fs::rename(&unfinished, &self.data).map_err(LabError::io("rename", &unfinished))
    }

    fn tool(&self, program: &str, arguments: &[&str]) -> Result<(), LabError> {
        let mut command = Command::new(self.programs.join(program));
        clear_environment(&mut command).env("PGPASSWORD", &self.password);
        command.args(["--host=127.0.0.1", "--username", SUPERUSER, "--no-password", "--port"]);
        run_tool(command.arg(self.port.to_string()).args(arguments))
    }
}

impl Drop for PrivateDatabase {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            // An immediate shutdown, because a killed server leaves shared memory behind, of which a machine has few
            // pieces. If it does not end, it is killed after all.
            let _ = process.stop(Signal::SIGQUIT, Duration::from_secs(5));
        }
    }
}

/// Writes certificate, key and CA where the server can read them: it takes a key that its own user alone may read.
fn secure(place: &Path, account: &Account, secured: &Secured) -> Result<Vec<(String, String)>, LabError> {
    let dir = place.join("tls");
    let files = secured.write(&dir)?;
    for file in [&dir, &files.certificate, &files.key, &files.ca] {
        account.own(file)?;
    }
    let settings = [
        ("ssl", "on".to_owned()),
        ("ssl_cert_file", files.certificate.display().to_string()),
        ("ssl_key_file", files.key.display().to_string()),
        ("ssl_ca_file", files.ca.display().to_string()),
    ];
    Ok(settings.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

fn label() -> String {
    "PostgreSQL".to_owned()
}

/// The programs of the newest release installed.
fn find_programs() -> Result<PathBuf, LabError> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian =
        debian.map(|entry| (entry.file_name().to_string_lossy().parse().unwrap_or(0), entry.path().join("bin")));
    let red_hat = (LEAST_RELEASE..LEAST_RELEASE + 10).map(|n| (n, PathBuf::from(format!("/usr/pgsql-{n}/bin"))));
    let found = debian.chain(red_hat).filter(|(_, dir)| dir.join("initdb").exists() && dir.join("createdb").exists());
    match found.max_by_key(|(release, _)| *release) {
        Some((release, dir)) if release >= LEAST_RELEASE => Ok(dir),
        Some((found, _)) => Err(LabError::OldPostgres { found }),
        None => Err(LabError::MissingPackage { product: "PostgreSQL", package: "postgresql" }),
    }
}

/// Takes away what would change where the programs connect to or how they behave.
fn clear_environment(command: &mut Command) -> &mut Command {
    for name in std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8")
}

/// Removes the status file of a server that was killed and that nobody has waited for yet, as happens in containers whose
/// first process is no init: PostgreSQL would take the remains for a running server. Any other file it judges better
/// itself.
fn forget_remains(status_file: &Path) -> Result<(), LabError> {
    let text = fs::read_to_string(status_file).unwrap_or_default();
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    if pid.is_some_and(process::is_zombie) {
        fs::remove_file(status_file).map_err(LabError::io("remove", status_file))?;
    }
    Ok(())
}

/// Whether the server with this process id says in its status file that it takes connections.
fn says_ready(status_file: &Path, pid: i32) -> bool {
    const STATUS_LINE: usize = 7;
    let Ok(text) = fs::read_to_string(status_file) else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.first() == Some(&pid.to_string().as_str()) && lines.get(STATUS_LINE) == Some(&"ready")
}

/// The password kept in a file, made up the first time.
fn password(path: &Path) -> Result<String, LabError> {
    if !path.exists() {
        write_secret(path, &hex::encode(rand::random::<[u8; 16]>()))?;
    }
    let password = fs::read_to_string(path).map_err(LabError::io("read", path))?;
    Ok(password.trim().to_owned())
}

fn write_secret(path: &Path, secret: &str) -> Result<(), LabError> {
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(secret.as_bytes())).map_err(LabError::io("write", path))
}

fn run_tool(command: &mut Command) -> Result<(), LabError> {
    let program = PathBuf::from(command.get_program());
    let output = command.output().map_err(LabError::io("start", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(LabError::Tool { command: name, status: output.status, output: said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_status_of_this_very_server_counts() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("postmaster.pid");
        assert!(!says_ready(&file, 42));
        let status = |pid: i32, state: &str| format!("{pid}\n/data\n1\n5432\n\n127.0.0.1\n 1 2\n{state}\n");
        for (text, ready) in [
            (status(42, "ready   "), true),
            (status(41, "ready   "), false),
            (status(42, "starting"), false),
            ("42\n".to_owned(), false),
        ] {
            fs::write(&file, &text).unwrap();
            assert_eq!(says_ready(&file, 42), ready, "{text:?}");
        }
    }

    #[test]
    fn the_status_file_of_a_server_that_nobody_waited_for_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("postmaster.pid");
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id() as i32;
        fs::write(&file, format!("{pid}\n")).unwrap();
        forget_remains(&file).unwrap();
        assert!(file.exists(), "the process runs");
        child.kill().unwrap();
        while !process::is_zombie(pid) {
            std::thread::yield_now();
        }
        forget_remains(&file).unwrap();
        assert!(!file.exists());
        child.wait().unwrap();
    }

    #[test]
    fn the_password_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        let first = password(&path).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(password(&path).unwrap(), first);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
