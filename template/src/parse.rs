//! Builds a tree from the pieces: blocks, pipelines and their operands.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    DEEPEST, Scope, TemplateError, fault, functions,
    lex::{Piece, Token, Word, pieces},
};

/// A parsed template.
#[derive(Debug, Default)]
pub(super) struct Template {
    pub(super) nodes: Vec<Node>,
    /// What `define` and `block` name.
    pub(super) named: BTreeMap<String, Vec<Node>>,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Text, and its offset.
    Text(String, usize),
    /// Printed, unless it sets a variable.
    Say(Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range(Pipe, Vec<Node>, Vec<Node>),
    Template(String, Option<Pipe>, usize),
    Break,
    Continue,
}

/// Commands; each one gets the output of the previous one as its last argument.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    /// The offset of its action.
    pub(super) at: usize,
    /// The variables that it sets; a `range` can have two.
    pub(super) sets: Vec<String>,
    /// Whether the variable is new (`:=`) or exists already (`=`).
    pub(super) declares: bool,
    pub(super) commands: Vec<Vec<Operand>>,
}

/// One operand of a command.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Constant(Value),
    Dot,
    Variable(String),
    Name(String),
    Inner(Box<Pipe>),
    /// `.A` is a field of [`Operand::Dot`].
    Field(Box<Operand>, String),
}

/// Parses a template. It can use the names in `scope` and those of the language.
pub(super) fn parse(text: &str, scope: &Scope) -> Result<Template, TemplateError> {
    let mut parser = Parser {
        pieces: pieces(text)?.into_iter(),
        scope,
        named: BTreeMap::new(),
        at: 0,
        loops: 0,
        depth: 0,
    };
    let (nodes, end) = parser.nodes()?;
    if let Some(end) = end {
        return fault(parser.at, format!("`{}` closes nothing", end.name()));
    }
    Ok(Template { nodes, named: parser.named })
}

struct Parser<'a> {
    pieces: std::vec::IntoIter<Piece>,
    scope: &'a Scope,
    named: BTreeMap<String, Vec<Node>>,
    at: usize,
    loops: usize,
    depth: usize,
}

/// What ends a list of nodes.
enum End {
    End,
    /// `else` with the words after it.
    Else(Vec<Word>),
}

impl End {
    fn name(&self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Else(_) => "else",
        }
    }
}

impl Parser<'_> {
    /// The nodes up to `end`, `else` or the end of the text.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<End>), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (words, at) = match piece {
                Piece::Text(text, at) => {
                    nodes.push(Node::Text(text, at));
                    continue;
                }
                Piece::Action(words, at) => (words, at),
            };
            self.at = at;
            let (word, rest) = match words.split_first() {
                Some((Word { token: Token::Name(name), .. }, rest)) => (name.as_str(), rest),
                Some(_) => ("", words.as_slice()),
                None => return fault(at, "an action is empty"),
            };
            match word {
                "end" => return Ok((nodes, Some(End::End))),
                "else" => return Ok((nodes, Some(End::Else(rest.to_vec())))),
                "define" => self.define(rest)?,
                "if" | "with" | "range" | "block" => nodes.push(self.block(word, rest)?),
                "template" => nodes.push(self.template(rest)?),
                "break" | "continue" if self.loops == 0 => {
                    return fault(at, format!("`{word}` is not inside a `range`"));
                }
                "break" => nodes.push(Node::Break),
                "continue" => nodes.push(Node::Continue),
                _ => nodes.push(Node::Say(self.pipe(&words, false)?)),
            }
        }
        Ok((nodes, None))
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.depth == DEEPEST {
            return fault(self.at, format!("more than {DEEPEST} blocks or parentheses within each other"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn block(&mut self, word: &str, rest: &[Word]) -> Result<Node, TemplateError> {
        if word == "block" {
            let node = self.template(rest)?;
            if let Node::Template(name, ..) = &node {
                let body = self.body()?;
                self.named.insert(name.clone(), body);
            }
            return Ok(node);
        }
        let opens = self.at;
        let pipe = self.pipe(rest, word == "range")?;
        self.loops += usize::from(word == "range");
        let (then, end) = self.deeper(Self::nodes)?;
        self.loops -= usize::from(word == "range");
        let otherwise = match end {
            None => return not_closed(opens, word),
            Some(End::End) => Vec::new(),
            Some(End::Else(rest)) => self.otherwise(word, &rest)?,
        };
        Ok(match word {
            "if" => Node::If(pipe, then, otherwise),
            "with" => Node::With(pipe, then, otherwise),
            _ => Node::Range(pipe, then, otherwise),
        })
    }

    fn otherwise(&mut self, word: &str, rest: &[Word]) -> Result<Vec<Node>, TemplateError> {
        match rest.split_first() {
            None => self.body(),
            // `else if` and `else with` share the `end` of the block they belong to.
            Some((Word { token: Token::Name(name), .. }, rest)) if name == word && word != "range" => {
                Ok(vec![self.deeper(|parser| parser.block(word, rest))?])
            }
            Some(_) => {
                fault(self.at, format!("`else` of `{word}` has to be alone, or before another `{word}`"))
            }
        }
    }

    /// The nodes up to `end`.
    fn body(&mut self) -> Result<Vec<Node>, TemplateError> {
        let opens = self.at;
        match self.deeper(Self::nodes)? {
            (nodes, Some(End::End)) => Ok(nodes),
            (_, Some(End::Else(_))) => fault(self.at, "expected `end`, found `else`"),
            (_, None) => not_closed(opens, "a block"),
        }
    }

    fn define(&mut self, rest: &[Word]) -> Result<(), TemplateError> {
        let Node::Template(name, None, _) = self.template(rest)? else {
            return fault(self.at, "`define` takes one quoted name");
        };
        let body = self.body()?;
        self.named.insert(name, body);
        Ok(())
    }

    fn template(&mut self, rest: &[Word]) -> Result<Node, TemplateError> {
        let Some((Word { token: Token::Constant(Value::String(name)), .. }, rest)) = rest.split_first()
        else {
            return fault(self.at, "a template is named in quotes");
        };
        let pipe = if rest.is_empty() { None } else { Some(self.pipe(rest, false)?) };
        Ok(Node::Template(name.clone(), pipe, self.at))
    }

    fn pipe(&mut self, words: &[Word], is_range: bool) -> Result<Pipe, TemplateError> {
        let (sets, declares, words) = self.assignment(words, is_range)?;
        let mut commands = vec![Vec::new()];
        let mut left = words;
        while let Some((word, rest)) = left.split_first() {
            left = rest;
            if word.token == Token::Sign("|") {
                commands.push(Vec::new());
                continue;
            }
            let operand = self.operand(word, &mut left)?;
            if let Some(command) = commands.last_mut() {
                command.push(operand);
            }
        }
        if commands.iter().any(Vec::is_empty) {
            return fault(self.at, "a value is missing");
        }
        Ok(Pipe { at: self.at, sets, declares, commands })
    }

    /// `$a :=`, `$a =` and, in a `range`, `$a, $b :=`.
    fn assignment<'w>(
        &self,
        words: &'w [Word],
        is_range: bool,
    ) -> Result<(Vec<String>, bool, &'w [Word]), TemplateError> {
        let token = |at: usize| words.get(at).map(|word| &word.token);
        let (names, sign) = match (token(0), token(1), token(2)) {
            (Some(Token::Variable(a)), Some(Token::Sign(",")), Some(Token::Variable(b))) if is_range => {
                (vec![a.clone(), b.clone()], 3)
            }
            (Some(Token::Variable(a)), Some(Token::Sign(":=" | "=")), _) => (vec![a.clone()], 1),
            _ => return Ok((Vec::new(), false, words)),
        };
        match token(sign) {
            Some(Token::Sign(":=")) => Ok((names, true, &words[sign + 1..])),
            Some(Token::Sign("=")) => Ok((names, false, &words[sign + 1..])),
            _ => fault(self.at, "`:=` was expected"),
        }
    }

    fn operand(&mut self, word: &Word, left: &mut &[Word]) -> Result<Operand, TemplateError> {
        let mut operand = match &word.token {
            Token::Constant(value) => Operand::Constant(value.clone()),
            Token::Dot => Operand::Dot,
            Token::Variable(name) => Operand::Variable(name.clone()),
            Token::Field(name) => Operand::Field(Box::new(Operand::Dot), name.clone()),
            Token::Name(name) => self.name(name, word.at)?,
            Token::Sign("(") => {
                let inner = self.parenthesis(word.at, left)?;
                Operand::Inner(Box::new(self.deeper(|parser| parser.pipe(inner, false))?))
            }
            Token::Sign(sign) => return fault(word.at, format!("`{sign}` is not expected here")),
        };
        let mut fields = 0;
        while let Some((Word { token: Token::Field(name), joined: true, .. }, rest)) = left.split_first() {
            fields += 1;
            if fields > DEEPEST {
                return fault(self.at, format!("more than {DEEPEST} fields in a row"));
            }
            operand = Operand::Field(Box::new(operand), name.clone());
            *left = rest;
        }
        Ok(operand)
    }

    fn name(&self, name: &str, at: usize) -> Result<Operand, TemplateError> {
        match name {
            "true" => Ok(Operand::Constant(true.into())),
            "false" => Ok(Operand::Constant(false.into())),
            "nil" => Ok(Operand::Constant(Value::Null)),
            _ if self.scope.names.contains_key(name) || functions::is_known(name) => {
                Ok(Operand::Name(name.into()))
            }
            _ => {
                let known: Vec<&str> = self.scope.names.keys().copied().collect();
                let known = match known[..] {
                    [] => "values begin with a dot, such as `.Status`".into(),
                    _ => format!("there are {}", known.join(", ")),
                };
                fault(at, format!("there is no `{name}`; {known}"))
            }
        }
    }

    /// The words up to the matching closing parenthesis.
    fn parenthesis<'w>(&self, opens: usize, left: &mut &'w [Word]) -> Result<&'w [Word], TemplateError> {
        let mut open = 1_usize;
        for (at, word) in left.iter().enumerate() {
            open += usize::from(word.token == Token::Sign("("));
            open -= usize::from(word.token == Token::Sign(")"));
            if open == 0 {
                let inner = &left[..at];
                *left = &left[at + 1..];
                return Ok(inner);
            }
        }
        fault(opens, "a parenthesis is not closed")
    }
}

fn not_closed<T>(opens: usize, what: &str) -> Result<T, TemplateError> {
    fault(opens, format!("{what} is not closed with `end`"))
}
