//! Configuration: defaults, a file, the environment, and every problem at once.
//!
//! `config/default.toml` is the schema as well as the documentation: a key exists when it stands
//! there, and its type is the type of its default.

mod environment;
mod explain;
mod file;
mod layers;
mod policy;
mod problem;
mod read;
mod reader;
mod schema;
mod settings;
mod source;
mod suggest;
mod value;

pub use crate::telemetry::LogFormat;
pub use explain::Line;
pub use problem::{Problem, Problems};
pub use schema::DEFAULT_FILE;
pub use settings::{
    BrandSettings, DatabaseSettings, DkimSettings, Feedback, GithubSettings, HealthSettings,
    LogSettings, MailSettings, OriginSettings, ServerSettings, Settings, TokenSettings,
};
pub use source::{SetBy, Sources};
pub use value::Mailbox;
