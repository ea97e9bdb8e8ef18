//! Enough of Rust's grammar to know which paths a file names: comments, literals, modules, imports.

/// A file, read.
pub(crate) struct Source {
    /// String literals, each with the line it begins on.
    pub(crate) texts: Vec<(usize, String)>,
    tokens: Vec<Token>,
}

struct Token {
    line: usize,
    text: String,
}

impl Source {
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader {
            rest: text.chars().collect::<Vec<_>>().into(),
            line: 1,
            source: Self {
                texts: Vec::new(),
                tokens: Vec::new(),
            },
        };
        while reader.step() {}
        reader.source
    }

    /// Every path from the root of the crate, without `crate::`, with the line it is named on.
    /// `depth` tells how many modules deep the file is, to follow `super`.
    pub(crate) fn crate_paths(&self, depth: usize) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        // For each open brace, whether it opened a module.
        let mut braces: Vec<bool> = Vec::new();
        for at in 0..self.tokens.len() {
            match self.text(at) {
                "{" => braces.push(at >= 2 && self.text(at - 2) == "mod"),
                "}" => drop(braces.pop()),
                "crate" if self.text(at + 1) == "::" => {
                    self.spell_out(at + 2, "", &mut found);
                }
                "super" if at == 0 || self.text(at - 1) != "::" => {
                    let inline = braces.iter().filter(|is_module| **is_module).count();
                    let mut next = at;
                    while self.text(next) == "super" && self.text(next + 1) == "::" {
                        next += 2;
                    }
                    if (next - at) / 2 == depth + inline {
                        self.spell_out(next, "", &mut found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Every line that names something of a library.
    pub(crate) fn lines_naming<'s>(&'s self, library: &'s str) -> impl Iterator<Item = usize> + 's {
        let named = move |at: &usize| {
            let imported = *at > 0 && self.text(at - 1) == "use";
            self.text(*at) == library && (imported || self.text(at + 1) == "::")
        };
        let line = |at: usize| self.tokens.get(at).map(|token| token.line);
        (0..self.tokens.len()).filter(named).filter_map(line)
    }

    /// Follows a path, and each branch of a group; tells where it ends.
    fn spell_out(&self, at: usize, before: &str, found: &mut Vec<(usize, String)>) -> usize {
        let Some(token) = self.tokens.get(at) else {
            return at;
        };
        if token.text == "{" {
            let mut next = at + 1;
            while next < self.tokens.len() && self.text(next) != "}" {
                next = self.spell_out(next, before, found);
                // `as another_name`
                while next < self.tokens.len() && !matches!(self.text(next), "," | "}") {
                    next += 1;
                }
                next += usize::from(self.text(next) == ",");
            }
            return next + 1;
        }
        let path = format!("{before}{}", token.text);
        if self.text(at + 1) == "::" && self.text(at + 2) != "<" {
            return self.spell_out(at + 2, &format!("{path}::"), found);
        }
        found.push((token.line, path));
        at + 1
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }
}

struct Reader {
    rest: std::collections::VecDeque<char>,
    line: usize,
    source: Source,
}

impl Reader {
    /// Reads one comment, literal, word or sign; `false` at the end.
    fn step(&mut self) -> bool {
        let line = self.line;
        match (self.peek(0), self.peek(1)) {
            (None, _) => return false,
            (Some('/'), Some('/')) => self.skip_while(|c| c != '\n'),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(line),
            (Some('\''), Some('\\')) => {
                self.skip(3);
                self.skip_while(|c| c != '\'');
                self.skip(1);
            }
            (Some('\''), _) if self.peek(2) == Some('\'') => self.skip(3),
            (Some(':'), Some(':')) => {
                self.skip(2);
                self.push(line, "::".to_owned());
            }
            (Some(c), _) if is_word(c) => self.word(line),
            (Some(c), _) => {
                self.skip(1);
                if !c.is_whitespace() {
                    self.push(line, c.to_string());
                }
            }
        }
        true
    }

    fn word(&mut self, line: usize) {
        let mut word = String::new();
        while let Some(c) = self.peek(0).filter(|c| is_word(*c)) {
            word.push(c);
            self.skip(1);
        }
        let hashes = (0..)
            .take_while(|ahead| self.peek(*ahead) == Some('#'))
            .count();
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        if raw && self.peek(hashes) == Some('"') {
            return self.raw_string(line, hashes);
        }
        self.push(line, word);
    }

    fn string(&mut self, line: usize) {
        let mut text = String::new();
        self.skip(1);
        while let Some(c) = self.peek(0).filter(|c| *c != '"') {
            if c == '\\' {
                self.skip(1);
            }
            text.extend(self.peek(0));
            self.skip(1);
        }
        self.skip(1);
        self.source.texts.push((line, text));
    }

    fn raw_string(&mut self, line: usize, hashes: usize) {
        let mut text = String::new();
        self.skip(hashes + 1);
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                break;
            }
            text.push(c);
            self.skip(1);
        }
        self.skip(hashes + 1);
        self.source.texts.push((line, text));
    }

    fn block_comment(&mut self) {
        let mut open = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return,
                (Some('/'), Some('*')) => {
                    open += 1;
                    self.skip(2);
                }
                (Some('*'), Some('/')) => {
                    open -= 1;
                    self.skip(2);
                    if open == 0 {
                        return;
                    }
                }
                _ => self.skip(1),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(ahead).copied()
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            if self.rest.pop_front() == Some('\n') {
                self.line += 1;
            }
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.skip(1);
        }
    }

    fn push(&mut self, line: usize, text: String) {
        self.source.tokens.push(Token { line, text });
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
