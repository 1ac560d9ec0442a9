//! The tokens of Rust that matter for finding attributes: words, texts and signs, without comments.

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier, a keyword or a number.
    Word(&'a str),
    /// What stands in a string, as it is written.
    Text(&'a str),
    Sign(char),
}

/// The tokens of a file, each with its line.
pub(super) fn of(text: &str) -> Vec<(Token<'_>, usize)> {
    let mut reader = TokenReader { text, at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = reader.peek() {
        let line = reader.line;
        let token = match first {
            _ if first.is_whitespace() => {
                reader.pass(first.len_utf8());
                None
            }
            '/' if reader.rest().starts_with("//") => {
                let length = reader.rest().find('\n').unwrap_or(reader.rest().len());
                reader.pass(length);
                None
            }
            '/' if reader.rest().starts_with("/*") => {
                reader.comment();
                None
            }
            '"' => Some(Token::Text(reader.string())),
            '\'' => {
                reader.character();
                None
            }
            _ if is_word(first) => Some(reader.word()),
            sign => {
                reader.pass(sign.len_utf8());
                Some(Token::Sign(sign))
            }
        };
        tokens.extend(token.map(|token| (token, line)));
    }
    tokens
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

struct TokenReader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> TokenReader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes over this many bytes.
    fn pass(&mut self, length: usize) -> &'a str {
        let passed = self.rest().get(..length).unwrap_or_else(|| self.rest());
        self.at += passed.len();
        self.line += passed.matches('\n').count();
        passed
    }

    /// Comments stand in one another.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(first) = self.peek() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.pass(2);
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.pass(2);
            } else {
                self.pass(first.len_utf8());
            }
            if depth == 0 {
                break;
            }
        }
    }

    fn string(&mut self) -> &'a str {
        self.pass(1);
        let mut length = 0;
        let mut is_escaped = false;
        for letter in self.rest().chars() {
            if letter == '"' && !is_escaped {
                break;
            }
            is_escaped = letter == '\\' && !is_escaped;
            length += letter.len_utf8();
        }
        let text = self.pass(length);
        self.pass(1);
        text
    }

    /// A raw string with this many signs around it.
    fn raw(&mut self, signs: usize) -> &'a str {
        self.pass(signs + 1);
        let end = format!("\"{}", "#".repeat(signs));
        let length = self.rest().find(&end).unwrap_or(self.rest().len());
        let text = self.rest().get(..length).unwrap_or_default();
        self.pass(length + end.len());
        text
    }

    /// A character, or a lifetime, of which the name is a word.
    fn character(&mut self) {
        let mut letters = self.rest().chars().skip(1);
        match (letters.next(), letters.next()) {
            (Some('\\'), Some(_)) => {
                let escaped = self.rest().get(3..).and_then(|rest| rest.find('\''));
                self.pass(escaped.map_or(1, |end| end + 4));
            }
            (Some(letter), Some('\'')) => {
                self.pass(letter.len_utf8() + 2);
            }
            _ => {
                self.pass(1);
            }
        }
    }

    /// A word, or a string that letters before it make a raw one or one of bytes.
    fn word(&mut self) -> Token<'a> {
        let rest = self.rest();
        let length = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let word = self.pass(length);
        let signs = self.rest().len() - self.rest().trim_start_matches('#').len();
        let is_quoted = self.rest().get(signs..).is_some_and(|rest| rest.starts_with('"'));
        match word {
            "r" | "br" | "cr" if is_quoted => Token::Text(self.raw(signs)),
            "b" | "c" if self.rest().starts_with('"') => Token::Text(self.string()),
            _ => Token::Word(word),
        }
    }
}
