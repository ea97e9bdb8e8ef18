//! Processes that are measured: this binary, started again in a role. A child says one line when it
//! is ready, then answers lines with lines, and ends when its standard input does, so it outlives
//! nobody.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};

/// A running child.
pub(crate) struct Child {
    process: std::process::Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub(crate) greeting: String,
}

impl Child {
    /// Starts a child and waits until it is ready.
    pub(crate) fn start(role: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Self::spawn(role, arguments)?;
        child.greeting = child
            .line()
            .with_context(|| format!("{role} did not start"))?;
        Ok(child)
    }

    /// Starts a child without waiting.
    pub(crate) fn spawn(role: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        // What the service logs is work like any other, and nothing to look at here.
        let log = match std::env::var_os("TOKENWARD_BENCH_LOGS") {
            Some(_) => Stdio::inherit(),
            None => Stdio::null(),
        };
        let mut process = Command::new(std::env::current_exe()?)
            .arg("role")
            .arg(role)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = process.stdout.take().context("no standard output")?;
        Ok(Self {
            input: process.stdin.take(),
            output: BufReader::new(output),
            greeting: String::new(),
            process,
        })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Says a line and waits for the answer.
    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        let input = self.input.as_mut().context("no standard input")?;
        writeln!(input, "{line}")?;
        self.line()
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("the process ended; TOKENWARD_BENCH_LOGS=1 shows why");
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
