//! Fills a template in.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::{
    DEEPEST, MOST_SAID, MOST_STEPS, Missing, Scope, TemplateError, fault, functions,
    parse::{Node, Operand, Pipe, Template},
    value::{is_true, show},
};

type Seen<'a> = Cow<'a, Value>;

static NOTHING: Value = Value::Null;

/// What a template says.
pub(super) fn evaluate(template: &Template, scope: &Scope) -> Result<String, TemplateError> {
    let mut run = Run {
        named: &template.named,
        scope,
        said: String::new(),
        variables: vec![("", Cow::Borrowed(&scope.dot))],
        left: MOST_STEPS,
        depth: 0,
        line: 1,
    };
    run.nodes(&template.nodes, &Cow::Borrowed(&scope.dot))?;
    Ok(run.said)
}

struct Run<'a> {
    named: &'a BTreeMap<String, Vec<Node>>,
    scope: &'a Scope,
    said: String,
    /// By name, the innermost last; `$` has none.
    variables: Vec<(&'a str, Seen<'a>)>,
    left: usize,
    depth: usize,
    line: usize,
}

/// What comes after a node.
#[derive(PartialEq)]
enum Then {
    Next,
    Break,
    Continue,
}

impl<'a> Run<'a> {
    fn fault<T>(&self, what: impl Into<String>) -> Result<T, TemplateError> {
        fault(self.line, what)
    }

    fn step(&mut self) -> Result<(), TemplateError> {
        if self.left == 0 {
            return self.fault(format!("it takes more than {MOST_STEPS} steps"));
        }
        self.left -= 1;
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.said.len() + text.len() > MOST_SAID {
            return self.fault(format!("it says more than {} KiB", MOST_SAID / 1024));
        }
        self.said.push_str(text);
        Ok(())
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Seen<'a>) -> Result<Then, TemplateError> {
        let outer = self.variables.len();
        let mut then = Then::Next;
        for node in nodes {
            then = self.node(node, dot)?;
            if then != Then::Next {
                break;
            }
        }
        self.variables.truncate(outer);
        Ok(then)
    }

    fn node(&mut self, node: &'a Node, dot: &Seen<'a>) -> Result<Then, TemplateError> {
        self.step()?;
        match node {
            Node::Text(text) => self.say(text)?,
            Node::Say(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.sets.is_empty() {
                    self.say(&show(&value))?;
                }
            }
            Node::Break => return Ok(Then::Break),
            Node::Continue => return Ok(Then::Continue),
            Node::Template(name, pipe, line) => {
                self.line = *line;
                let dot = pipe.as_ref().map_or(Ok(Cow::Borrowed(&NOTHING)), |pipe| self.pipe(pipe, dot))?;
                self.template(name, dot)?;
            }
            Node::If(pipe, then, otherwise) => {
                return self.scoped(pipe, dot, |run, value| {
                    run.nodes(if is_true(&value) { then } else { otherwise }, dot)
                });
            }
            Node::With(pipe, then, otherwise) => {
                return self.scoped(pipe, dot, |run, value| {
                    if is_true(&value) { run.nodes(then, &value) } else { run.nodes(otherwise, dot) }
                });
            }
            Node::Range(pipe, each, otherwise) => return self.range(pipe, each, otherwise, dot),
        }
        Ok(Then::Next)
    }

    /// Runs a block; a variable that its pipe sets is gone afterwards.
    fn scoped(
        &mut self,
        pipe: &'a Pipe,
        dot: &Seen<'a>,
        block: impl FnOnce(&mut Self, Seen<'a>) -> Result<Then, TemplateError>,
    ) -> Result<Then, TemplateError> {
        let outer = self.variables.len();
        let value = self.pipe(pipe, dot)?;
        let then = block(self, value)?;
        self.variables.truncate(outer);
        Ok(then)
    }

    fn template(&mut self, name: &str, dot: Seen<'a>) -> Result<(), TemplateError> {
        let Some(nodes) = self.named.get(name) else {
            return self.fault(format!("no template \"{name}\" is defined"));
        };
        if self.depth == DEEPEST {
            return self.fault(format!("more than {DEEPEST} templates call each other"));
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.variables, vec![("", dot.clone())]);
        self.nodes(nodes, &dot)?;
        self.variables = outer;
        self.depth -= 1;
        Ok(())
    }

    fn range(
        &mut self,
        pipe: &'a Pipe,
        each: &'a [Node],
        otherwise: &'a [Node],
        dot: &Seen<'a>,
    ) -> Result<Then, TemplateError> {
        let over = self.commands(pipe, dot)?;
        let items = self.items(over)?;
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        for (key, item) in items {
            let outer = self.variables.len();
            match &pipe.sets[..] {
                [value] => self.set(value, pipe.declares, item.clone())?,
                [first, second] => {
                    self.set(first, pipe.declares, Cow::Owned(key))?;
                    self.set(second, pipe.declares, item.clone())?;
                }
                _ => {}
            }
            self.step()?;
            let then = self.nodes(each, &item)?;
            self.variables.truncate(outer);
            if then == Then::Break {
                break;
            }
        }
        Ok(Then::Next)
    }

    /// What a loop goes over, with its keys.
    fn items(&self, over: Seen<'a>) -> Result<Vec<(Value, Seen<'a>)>, TemplateError> {
        Ok(match over {
            Cow::Borrowed(Value::Null) | Cow::Owned(Value::Null) => Vec::new(),
            Cow::Borrowed(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (at.into(), Cow::Borrowed(item))).collect()
            }
            Cow::Owned(Value::Array(items)) => {
                items.into_iter().enumerate().map(|(at, item)| (at.into(), Cow::Owned(item))).collect()
            }
            Cow::Borrowed(Value::Object(items)) => {
                items.iter().map(|(key, item)| (key.as_str().into(), Cow::Borrowed(item))).collect()
            }
            Cow::Owned(Value::Object(items)) => {
                items.into_iter().map(|(key, item)| (key.into(), Cow::Owned(item))).collect()
            }
            other @ (Cow::Borrowed(Value::Bool(_) | Value::Number(_) | Value::String(_))
            | Cow::Owned(Value::Bool(_) | Value::Number(_) | Value::String(_))) => {
                match other.as_u64().and_then(|count| usize::try_from(count).ok()) {
                    Some(count) if count > self.left => {
                        return self.fault(format!("a loop of {count} is too long"));
                    }
                    Some(count) => (0..count).map(|at| (at.into(), Cow::Owned(at.into()))).collect(),
                    None => return self.fault(format!("`range` cannot go over {}", show(&other))),
                }
            }
        })
    }

    fn set(&mut self, name: &'a str, declares: bool, value: Seen<'a>) -> Result<(), TemplateError> {
        if declares {
            self.variables.push((name, value));
            return Ok(());
        }
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, place)) => {
                *place = value;
                Ok(())
            }
            None => self.fault(format!("there is no `${name}` yet; `:=` makes one")),
        }
    }

    /// The value of a pipe; sets its variable, if it has one.
    fn pipe(&mut self, pipe: &'a Pipe, dot: &Seen<'a>) -> Result<Seen<'a>, TemplateError> {
        let value = self.commands(pipe, dot)?;
        if let [name] = &pipe.sets[..] {
            self.set(name, pipe.declares, value.clone())?;
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'a Pipe, dot: &Seen<'a>) -> Result<Seen<'a>, TemplateError> {
        self.line = pipe.line;
        let mut last = None;
        for command in &pipe.commands {
            self.step()?;
            last = Some(self.command(command, last, dot)?);
            self.line = pipe.line;
        }
        Ok(last.unwrap_or(Cow::Borrowed(&NOTHING)))
    }

    fn command(
        &mut self,
        command: &'a [Operand],
        piped: Option<Seen<'a>>,
        dot: &Seen<'a>,
    ) -> Result<Seen<'a>, TemplateError> {
        let Some((first, arguments)) = command.split_first() else { return self.fault("a value is missing") };
        if let Operand::Name(name) = first {
            return self.call(name, arguments, piped, dot);
        }
        if arguments.is_empty() && piped.is_none() {
            self.operand(first, dot)
        } else {
            self.fault("only a function takes arguments")
        }
    }

    fn call(
        &mut self,
        name: &'a str,
        arguments: &'a [Operand],
        piped: Option<Seen<'a>>,
        dot: &Seen<'a>,
    ) -> Result<Seen<'a>, TemplateError> {
        if let Some(value) = self.scope.names.get(name) {
            if arguments.is_empty() && piped.is_none() {
                return Ok(Cow::Borrowed(value));
            }
            return self.fault(format!("`{name}` takes no arguments"));
        }
        let decides = |value: &Value| match name {
            "and" => !is_true(value),
            "or" => is_true(value),
            _ => false,
        };
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.operand(argument, dot)?;
            if decides(&value) {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(piped);
        let values: Vec<&Value> = values.iter().map(AsRef::as_ref).collect();
        let missing = self.scope.missing;
        functions::call(name, &values, missing).map(Cow::Owned).or_else(|what| self.fault(what))
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Seen<'a>) -> Result<Seen<'a>, TemplateError> {
        self.step()?;
        match operand {
            Operand::Constant(value) => Ok(Cow::Borrowed(value)),
            Operand::Dot => Ok(dot.clone()),
            Operand::Inner(pipe) => self.pipe(pipe, dot),
            Operand::Name(name) => self.call(name, &[], None, dot),
            Operand::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let found = found.map(|(_, value)| value.clone());
                found.map_or_else(|| self.fault(format!("there is no `${name}`")), Ok)
            }
            Operand::Field(of, name) => {
                let of = self.operand(of, dot)?;
                self.field(of, name)
            }
        }
    }

    fn field(&self, of: Seen<'a>, name: &str) -> Result<Seen<'a>, TemplateError> {
        let is_map = of.is_object() || (of.is_null() && self.scope.missing == Missing::IsEmpty);
        if !is_map {
            return self.fault(format!("`.{name}` is asked of what has no fields"));
        }
        let found = match of {
            Cow::Borrowed(of) => of.get(name).map(Cow::Borrowed),
            Cow::Owned(mut of) => of.get_mut(name).map(|value| Cow::Owned(value.take())),
        };
        match (found, self.scope.missing) {
            (Some(value), _) => Ok(value),
            (None, Missing::IsEmpty) => Ok(Cow::Borrowed(&NOTHING)),
            (None, Missing::Fails) => self.fault(format!("there is no `{name}`")),
        }
    }
}
