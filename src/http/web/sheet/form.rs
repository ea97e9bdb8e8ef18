//! Forms of sheets.

use super::Sheet;

/// A form: one that narrows a list down (sent by GET), or one that does something.
pub(in crate::http::web) struct Form {
    pub(super) id: &'static str,
    pub(super) action: String,
    pub(super) title: Option<String>,
    pub(super) inputs: Vec<Input>,
    pub(super) button: String,
    pub(super) danger: bool,
    pub(super) cancel: Option<String>,
}

impl Form {
    /// A form that is sent to `action`; `button` is what its button says.
    pub(in crate::http::web) fn new(
        sheet: &Sheet,
        id: &'static str,
        action: impl Into<String>,
        button: &str,
    ) -> Self {
        Self {
            id,
            action: action.into(),
            title: None,
            inputs: Vec::new(),
            button: sheet.say(button),
            danger: false,
            cancel: None,
        }
    }

    /// With a title above it.
    pub(in crate::http::web) fn title(mut self, sheet: &Sheet, text: &str) -> Self {
        self.title = Some(sheet.say(text));
        self
    }

    /// With a field.
    pub(in crate::http::web) fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// With something that goes along unseen.
    pub(in crate::http::web) fn hidden(self, name: &'static str, value: impl ToString) -> Self {
        self.input(Input {
            name,
            label: String::new(),
            hint: None,
            value: value.to_string(),
            kind: Kind::Hidden,
            required: false,
        })
    }

    /// With somewhere to go instead.
    pub(in crate::http::web) fn cancel(mut self, href: impl Into<String>) -> Self {
        self.cancel = Some(href.into());
        self
    }

    /// One that cannot be undone, and where to go instead.
    pub(in crate::http::web) fn danger(mut self, cancel: impl Into<String>) -> Self {
        self.danger = true;
        self.cancel = Some(cancel.into());
        self
    }
}

/// A field.
pub(in crate::http::web) struct Input {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) value: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// What can be put into a field.
pub(in crate::http::web) enum Kind {
    /// Nothing: it goes along unseen.
    Hidden,
    /// A line.
    Text,
    /// A line that no browser remembers or looks up.
    Secret,
    /// One of several.
    Choices(Vec<Choice>),
}

/// One of several.
pub(in crate::http::web) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
}

impl Choice {
    /// A choice that is sent as `value` and shown as `text`.
    pub(in crate::http::web) fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            text: text.into(),
        }
    }
}

impl Input {
    /// A field that may stay empty.
    pub(in crate::http::web) fn new(
        sheet: &Sheet,
        (name, label): (&'static str, &str),
        kind: Kind,
        value: impl Into<String>,
    ) -> Self {
        Self {
            name,
            label: sheet.say(label),
            hint: None,
            value: value.into(),
            kind,
            required: false,
        }
    }

    /// One that must not.
    pub(in crate::http::web) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With something said below it.
    pub(in crate::http::web) fn hint(mut self, sheet: &Sheet, text: &str) -> Self {
        self.hint = Some(sheet.say(text));
        self
    }

    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Hidden => "hidden",
            Kind::Text | Kind::Secret | Kind::Choices(_) => "text",
        }
    }

    pub(super) fn choices(&self) -> Option<&[Choice]> {
        match &self.kind {
            Kind::Choices(choices) => Some(choices),
            _ => None,
        }
    }

    pub(super) const fn is_hidden(&self) -> bool {
        matches!(self.kind, Kind::Hidden)
    }

    pub(super) const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }
}
