//! Where configuration comes from.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The variable that names the configuration file when `--config` does not.
const FILE_VARIABLE: &str = "TOKENWARD_CONFIG";

/// What is read: at most one file, and the environment.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub(super) file: Option<File>,
    pub(super) environment: Vec<(OsString, OsString)>,
}

#[derive(Clone, Debug)]
pub(super) enum File {
    At(PathBuf),
    Text(String),
}

impl Sources {
    /// What this process was given: the file of `--config` or else of `TOKENWARD_CONFIG`, and the
    /// environment.
    #[must_use]
    pub fn of_process(config: Option<PathBuf>) -> Self {
        let named = || std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty());
        Self {
            file: config.or_else(|| named().map(PathBuf::from)).map(File::At),
            environment: std::env::vars_os().collect(),
        }
    }

    /// A file's text and no environment.
    #[must_use]
    pub fn text(toml: &str) -> Self {
        Self {
            file: Some(File::Text(toml.to_owned())),
            environment: Vec::new(),
        }
    }

    /// The same sources under another environment.
    #[must_use]
    pub fn with_environment<N, V>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        Self {
            environment: variables.map(|(n, v)| (n.into(), v.into())).collect(),
            ..self
        }
    }
}

/// Where one value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// `config/default.toml`.
    Default,
    /// The configuration file.
    File {
        /// Its path; `None` is a text that was handed over.
        path: Option<PathBuf>,
        /// The line, from 1; `None` when the file could not be read at all.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => {
                match path {
                    Some(path) => write!(f, "{}", path.display())?,
                    None => f.write_str("configuration")?,
                }
                line.map_or(Ok(()), |line| write!(f, ":{line}"))
            }
            Self::Environment { name } => f.write_str(name),
        }
    }
}
