//! The command line, one file per command.

mod alert;
mod attempt;
mod audit;
mod check_config;
mod client;
mod demo;
mod exposure;
mod failure;
mod healthcheck;
mod interrupt;
mod keys;
mod known;
mod migrate;
mod openapi;
mod organization;
mod origin;
mod outbox;
mod output;
mod policy;
mod progress;
mod quarantine;
mod retention;
mod revoke;
mod screen;
mod serve;
mod service_key;
mod signing_key;
mod stand_in;
mod stream;
mod token;
mod user;
mod values;
mod webhook;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app;
use crate::config::{Settings, Sources};
use crate::domain;
use crate::domain::provenance::Provenance;
use crate::model::Actor;
use crate::telemetry::{LogFormat, logs};
use output::Output;

/// Issues, introspects and, the moment one leaks, revokes API tokens.
#[derive(Debug, Parser)]
#[command(name = "tokenward", version, after_help = EXIT_CODES)]
struct Cli {
    /// Configuration file, before TOKENWARD_CONFIG; environment variables win over either
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object per result, for scripts
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done; for `serve`, stopped as asked
  1    not done; one line on standard error says why
  2    the command line cannot be read, or names an origin or an event that there is not
  130  interrupted a second time, or before `serve` was ready (143 for SIGTERM)

Without any configuration, `tokenward serve` works in the current folder.";

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Configured(Configured),
    #[command(flatten)]
    InWorld(InWorld),
    /// Explain the configuration, or everything that is wrong with it
    CheckConfig,
    /// Print the interface as OpenAPI
    #[command(name = "openapi")]
    OpenApi,
    /// See the whole story: a token leaks, dies, and its owner is told
    ///
    /// Starts the real service on a loopback port with a stand-in for GitHub, plays a leak over
    /// HTTP, and leaves nothing behind. Fails when anything does not come out as it should. No
    /// configuration is read.
    Demo(demo::Arguments),
    /// Play GitHub or another origin: report leaks, publish a key
    #[command(subcommand)]
    Alert(alert::Command),
}

/// What needs a configuration that works, and no more.
#[derive(Debug, Subcommand)]
enum Configured {
    /// Run the service
    Serve,
    /// Bring the database up to this version
    Migrate,
    /// Ask a running service whether it is well
    Healthcheck(healthcheck::Arguments),
    /// Look at the hash keys, or change them
    #[command(subcommand)]
    Keys(keys::Command),
    /// Show what is done when a leak is reported
    #[command(subcommand)]
    Policy(policy::Command),
}

/// What acts on the domain's world: an open, migrated database with its hash keys admitted.
#[derive(Debug, Subcommand)]
enum InWorld {
    /// Add and list users, shut them out, let them in, say who operates the service
    #[command(subcommand)]
    User(user::Command),
    /// Add organizations and their members
    #[command(subcommand)]
    Organization(organization::Command),
    /// Make, list, inspect and revoke tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Make OAuth clients, give them secrets, shut them out
    #[command(subcommand)]
    Client(client::Command),
    /// Make and list the keys of internal services
    #[command(subcommand)]
    ServiceKey(service_key::Command),
    /// List the keys that sign ID tokens, or rotate them
    #[command(subcommand)]
    SigningKey(signing_key::Command),
    /// Revoke everything of an owner, a client or a kind
    ///
    /// Tokens that fit all options are revoked in batches, with what came from them. No exposure is
    /// recorded and no letter written; webhooks, event streams and the audit log tell of each token.
    /// One token is revoked by `token revoke`.
    Revoke(revoke::Arguments),
    /// List where tokens were seen
    #[command(subcommand)]
    Exposure(exposure::Command),
    /// List tokens in quarantine, bring them back, or revoke them for good
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// List who may report leaks, or trust one again that reported too much
    #[command(subcommand)]
    Origin(origin::Command),
    /// Look at letters that have not been sent
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// Tell machines of leaks and revocations
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Look at machines that are sent security events, or stop one
    #[command(subcommand)]
    Stream(stream::Command),
    /// See who did what, and whether anybody changed it afterwards
    #[command(subcommand)]
    Audit(audit::Command),
    /// Prove what is kept of leaks and for how long, or remove what is over now
    #[command(subcommand)]
    Retention(retention::Command),
}

/// Does what the process's arguments say.
pub async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return failure::of_usage(&usage),
    };
    let mut out = Output::stdout(cli.json);
    match dispatch(&cli, &mut out).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::of_command(&error, cli.json, cli.config),
    }
}

async fn dispatch(cli: &Cli, out: &mut Output) -> anyhow::Result<()> {
    let sources = Sources::of_process(cli.config.clone());
    match &cli.command {
        Command::CheckConfig => check_config::run(&sources, out),
        Command::OpenApi => openapi::run(out),
        Command::Demo(arguments) => demo::run(arguments, cli.json).await,
        Command::Alert(command) => alert::run(command, &sources, cli.json).await,
        Command::Configured(command) => {
            let settings = Settings::load(&sources)?;
            log(cli, &settings)?;
            let configured = configured(command, &settings, &sources, out);
            Provenance::of(actor(&cli.command)).within(configured).await
        }
        Command::InWorld(command) => {
            let settings = Settings::load(&sources)?;
            log(cli, &settings)?;
            let in_world = in_world(command, &settings, out);
            Provenance::of(actor(&cli.command)).within(in_world).await
        }
    }
}

/// In whose name a command acts: that of the account it runs under, as far as that is known.
fn actor(command: &Command) -> Actor {
    if let Command::Configured(Configured::Serve) = command {
        return Actor::Job("serve");
    }
    let accounts = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    let account = accounts.filter_map(|name| env::var(name).ok()).next();
    Actor::Operator(account.filter(|account| is_account(account)))
}

fn is_account(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

/// Logs as configured for the service; of a command, only what an operator must know.
fn log(cli: &Cli, settings: &Settings) -> anyhow::Result<()> {
    let format = match cli.json {
        true => LogFormat::Json,
        false => settings.log.format,
    };
    let level = match &cli.command {
        Command::Configured(Configured::Serve) => &settings.log.level,
        _ => "warn",
    };
    Ok(logs::start(format, level, settings.tokens.detector()?)?)
}

async fn configured(
    command: &Configured,
    settings: &Settings,
    sources: &Sources,
    out: &mut Output,
) -> anyhow::Result<()> {
    match command {
        Configured::Serve => serve::run(settings, sources).await,
        Configured::Policy(command) => policy::run(command, settings, out),
        Configured::Migrate => migrate::run(settings, out).await,
        Configured::Healthcheck(arguments) => healthcheck::run(arguments, settings, out).await,
        Configured::Keys(command) => keys::run(command, settings, out).await,
    }
}

async fn in_world(command: &InWorld, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let ctx = app::open(settings).await?;
    let outcome = match command {
        InWorld::User(command) => user::run(command, &ctx, out).await,
        InWorld::Organization(command) => organization::run(command, &ctx, out).await,
        InWorld::Token(command) => token::run(command, &ctx, out).await,
        InWorld::Client(command) => client::run(command, &ctx, out).await,
        InWorld::ServiceKey(command) => service_key::run(command, &ctx, out).await,
        InWorld::SigningKey(command) => signing_key::run(command, &ctx, out).await,
        InWorld::Revoke(arguments) => revoke::run(arguments, &ctx, out).await,
        InWorld::Exposure(command) => exposure::run(command, settings, &ctx, out).await,
        InWorld::Quarantine(command) => quarantine::run(command, settings, &ctx, out).await,
        InWorld::Origin(command) => origin::run(command, settings, &ctx, out).await,
        InWorld::Outbox(command) => outbox::run(command, &ctx, out).await,
        InWorld::Webhook(command) => webhook::run(command, &ctx, out).await,
        InWorld::Stream(command) => stream::run(command, &ctx, out).await,
        InWorld::Audit(command) => audit::run(command, &ctx, out).await,
        InWorld::Retention(command) => retention::run(command, &ctx, out).await,
    };
    // A service that runs would do it within a second, but perhaps none does.
    if let Err(error) = domain::audit::chain(&ctx).await {
        tracing::warn!(error = %error, "the audit log could not be chained");
    }
    ctx.db.close().await;
    outcome
}
