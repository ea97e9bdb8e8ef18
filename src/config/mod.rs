//! Configuration: defaults, a file, the environment, and every problem at once.
//!
//! `config/default.toml` is the schema as well as the documentation: a key exists when it stands
//! there, and its type is the type of its default. Where a section stands there under the name `*`,
//! operators may have any number of such sections, by names of their own.

mod environment;
mod explain;
mod file;
mod layers;
mod leak_policy;
mod limits;
mod origins;
mod policy;
mod problem;
mod read;
mod reader;
mod retention;
mod schema;
mod settings;
mod shared_signals;
mod source;
mod suggest;
mod value;
mod webhooks;

pub use crate::telemetry::LogFormat;
pub use explain::{Hidden, Line};
pub use origins::{GitlabRevocation, KeySource, OriginSettings, PublishedKeys, SignedOrigin};
pub use problem::{Problem, Problems};
pub use schema::DEFAULT_FILE;
pub use settings::{
    BrandSettings, DatabaseSettings, DkimSettings, HealthSettings, LogSettings, MailSettings,
    ServerSettings, Settings, TokenSettings,
};
pub use source::{SetBy, Sources};
pub(crate) use suggest::closest;
pub use value::Mailbox;
