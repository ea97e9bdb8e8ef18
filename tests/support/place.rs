//! A folder and a database of its own, where the real binary is run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokenward::model::random;

/// Where one test runs the binary: SQLite in a temporary folder, or a fresh database on the
/// server of `TOKENWARD_TEST_POSTGRES` when `TOKENWARD_TEST_ENGINE` is `postgres`.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
    postgres: Option<Database>,
}

/// What the binary said and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The objects of a run with `--json` that went well.
    pub(crate) fn objects(&self) -> Vec<Value> {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        let lines = self.out.lines();
        lines.map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// The one object of a run with `--json` that went well.
    pub(crate) fn object(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1, "{}", self.out);
        objects.remove(0)
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let engine = std::env::var("TOKENWARD_TEST_ENGINE").unwrap_or_default();
        let postgres = (engine == "postgres").then(Database::create);
        let mut place = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
            postgres,
        };
        if let Some(database) = &place.postgres {
            let url = database.url.clone();
            place.set("TOKENWARD__DATABASE__URL", &url);
        }
        // Port 0 lets tests run side by side, and nothing here asks GitHub for keys.
        place.set("TOKENWARD__SERVER__LISTEN", "127.0.0.1:0");
        place.set("TOKENWARD__ORIGINS__GITHUB__ENABLED", "false");
        place
    }

    /// Sets a variable for every later run.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The database's address as the library reads it.
    pub(crate) fn database_url(&self) -> String {
        let file = self.path().join("data/tokenward.db");
        let url = self.postgres.as_ref().map(|database| database.url.clone());
        url.unwrap_or_else(|| format!("sqlite://{}", file.display()))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_tokenward"), arguments)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(name);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", path)
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::new(self.command(arguments).output().unwrap())
    }

    /// Runs with `--json` and expects one object.
    pub(crate) fn object(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--json"]].concat()).object()
    }

    /// Runs with `input` on standard input.
    pub(crate) fn feed(&self, input: &str, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that needs no input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Said::new(child.wait_with_output().unwrap())
    }

    /// Starts the service and waits until it listens.
    pub(crate) fn serve(&self) -> Service {
        self.started(self.command(&["serve"])).0
    }

    /// As [`Place::serve`], under a limit of open files as the shell's `ulimit` sets it; and what it says until
    /// it listens.
    pub(crate) fn serve_under(&self, limit: &str) -> (Service, String) {
        let script = format!("ulimit {limit}; exec \"$0\" serve");
        self.started(self.program("sh", &["-c", &script, env!("CARGO_BIN_EXE_tokenward")]))
    }

    fn started(&self, mut command: Command) -> (Service, String) {
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let said = wait_for(&mut log, "tokenward::app: listening on http://");
        let address = said.rsplit("http://").next().unwrap();
        let service = Service {
            address: address.trim().parse().unwrap(),
            process,
            log,
        };
        (service, said)
    }
}

/// A service that runs; killed when a test ends before it does.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    process: Child,
    log: BufReader<ChildStderr>,
}

impl Service {
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn wait_for_log(&mut self, words: &str) {
        wait_for(&mut self.log, words);
    }

    /// How it ended, once it has.
    pub(crate) fn end(mut self) -> i32 {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        self.process.wait().unwrap().code().unwrap()
    }

    /// Sends a whole request, and tells the whole answer.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// Asks about a token with a service key, and returns the answer's body.
    pub(crate) fn introspect(&self, key: &str, token: &str) -> Value {
        let body = format!("token={token}");
        let request = format!(
            "POST /v1/oauth2/introspect HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = self.connect();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn wait_for(log: &mut impl BufRead, words: &str) -> String {
    let mut seen = String::new();
    loop {
        let start = seen.len();
        assert!(log.read_line(&mut seen).unwrap() > 0, "ended: {seen}");
        if seen.get(start..).unwrap().contains(words) {
            return seen;
        }
    }
}

/// A database of its own on a server, dropped with this value.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn create() -> Self {
        let server = std::env::var("TOKENWARD_TEST_POSTGRES").unwrap();
        let name = format!("tw_cli_{}", hex::encode(random::bytes::<8>()));
        let (start, _) = server.rsplit_once('/').unwrap();
        let url = format!("{start}/{name}");
        let database = Self { server, name, url };
        database.psql("CREATE DATABASE");
        database
    }

    fn psql(&self, verb: &str) {
        let statement = format!("{verb} {}", self.name);
        let mut psql = Command::new("psql");
        let done = psql.args(["-qX", &self.server, "-c", &statement]).status();
        assert!(done.unwrap().success(), "{statement}");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.psql("DROP DATABASE IF EXISTS");
    }
}
