//! Renders a template.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    BYTES_A_STEP, DEEPEST, MOST_SAID, MOST_STEPS, Missing, Origin, Rendered, Scope, TemplateError, fault,
    functions,
    parse::{Node, Operand, Pipe, Template},
    value::{Evaluated, Said, is_true, say, size},
};

static NOTHING: Value = Value::Null;

/// The output of a template.
pub(super) fn evaluate(template: &Template, scope: &Scope) -> Result<Rendered, TemplateError> {
    let mut run = Run {
        named: &template.named,
        scope,
        said: Said::default(),
        variables: vec![("", Evaluated::There(&scope.dot))],
        left: MOST_STEPS,
        depth: 0,
        origins: Vec::new(),
        at: 0,
    };
    run.nodes(&template.nodes, &Evaluated::There(&scope.dot))?;
    // Output beyond the limit has failed where it was written.
    Ok(Rendered { text: run.said.end().unwrap_or_default(), origins: run.origins })
}

struct Run<'a> {
    named: &'a BTreeMap<String, Vec<Node>>,
    scope: &'a Scope,
    said: Said,
    origins: Vec<Origin>,
    /// Variables by name, the innermost last; `$` has no name.
    variables: Vec<(&'a str, Evaluated<'a>)>,
    left: usize,
    depth: usize,
    at: usize,
}

/// What follows a node.
#[derive(PartialEq)]
enum Then {
    Next,
    Break,
    Continue,
}

impl<'a> Run<'a> {
    fn fault<T>(&self, what: impl Into<String>) -> Result<T, TemplateError> {
        fault(self.at, what)
    }

    fn steps(&mut self, steps: usize) -> Result<(), TemplateError> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.fault(format!("it takes more than {MOST_STEPS} steps")),
        }
    }

    /// Reading or making a value takes steps as well, so that the size of all values is limited.
    fn takes(&mut self, value: &Value) -> Result<(), TemplateError> {
        self.steps(size(value) / BYTES_A_STEP)
    }

    fn say(&mut self, what: impl FnOnce(&mut Said)) -> Result<(), TemplateError> {
        what(&mut self.said);
        if self.said.is_over() {
            return self.fault(format!("it says more than {} KiB", MOST_SAID / 1024));
        }
        Ok(())
    }

    /// Evaluates a nested part. Blocks, parentheses and templates that call each other share one depth, because each
    /// uses the same stack.
    fn deeper<T>(
        &mut self,
        within: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.depth == DEEPEST {
            return self
                .fault(format!("more than {DEEPEST} blocks, parentheses or templates within each other"));
        }
        self.depth += 1;
        let said = within(self);
        self.depth -= 1;
        said
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Evaluated<'a>) -> Result<Then, TemplateError> {
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

    fn node(&mut self, node: &'a Node, dot: &Evaluated<'a>) -> Result<Then, TemplateError> {
        self.steps(1)?;
        match node {
            Node::Text(text, at) => {
                self.origins.push(Origin { said: self.said.len(), at: *at, is_text: true });
                self.say(|said| said.push(text))?;
            }
            Node::Say(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.sets.is_empty() {
                    self.origins.push(Origin { said: self.said.len(), at: pipe.at, is_text: false });
                    self.say(|said| say(said, &value))?;
                }
            }
            Node::Break => return Ok(Then::Break),
            Node::Continue => return Ok(Then::Continue),
            Node::Template(name, pipe, at) => {
                self.at = *at;
                let dot =
                    pipe.as_ref().map_or(Ok(Evaluated::There(&NOTHING)), |pipe| self.pipe(pipe, dot))?;
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
        dot: &Evaluated<'a>,
        block: impl FnOnce(&mut Self, Evaluated<'a>) -> Result<Then, TemplateError>,
    ) -> Result<Then, TemplateError> {
        let outer = self.variables.len();
        let value = self.pipe(pipe, dot)?;
        let then = self.deeper(|run| block(run, value))?;
        self.variables.truncate(outer);
        Ok(then)
    }

    fn template(&mut self, name: &str, dot: Evaluated<'a>) -> Result<(), TemplateError> {
        let Some(nodes) = self.named.get(name) else {
            return self.fault(format!("no template \"{name}\" is defined"));
        };
        let outer = std::mem::replace(&mut self.variables, vec![("", dot.clone())]);
        self.deeper(|run| run.nodes(nodes, &dot))?;
        self.variables = outer;
        Ok(())
    }

    fn range(
        &mut self,
        pipe: &'a Pipe,
        each: &'a [Node],
        otherwise: &'a [Node],
        dot: &Evaluated<'a>,
    ) -> Result<Then, TemplateError> {
        let over = self.commands(pipe, dot)?;
        let items = self.items(&over)?;
        if items.is_empty() {
            return self.deeper(|run| run.nodes(otherwise, dot));
        }
        for (key, item) in items {
            let outer = self.variables.len();
            match &pipe.sets[..] {
                [value] => self.set(value, pipe.declares, item.clone())?,
                [first, second] => {
                    self.set(first, pipe.declares, key)?;
                    self.set(second, pipe.declares, item.clone())?;
                }
                _ => {}
            }
            let then = self.deeper(|run| run.nodes(each, &item))?;
            self.variables.truncate(outer);
            if then == Then::Break {
                break;
            }
        }
        Ok(Then::Next)
    }

    /// The items of a loop, with their keys; each item takes a step.
    fn items(&mut self, over: &Evaluated<'a>) -> Result<Vec<(Evaluated<'a>, Evaluated<'a>)>, TemplateError> {
        let count = match &**over {
            Value::Null => 0,
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                match over.as_u64().and_then(|count| usize::try_from(count).ok()) {
                    Some(count) if count > self.left => {
                        return self.fault(format!("a loop of {count} is too long"));
                    }
                    Some(count) => count,
                    None => return self.fault(format!("`range` cannot go over {}", &**over)),
                }
            }
        };
        self.steps(count)?;
        if let Evaluated::Made(value) = over {
            // Its items are copied.
            self.takes(value)?;
        }
        Ok(match &**over {
            Value::Object(fields) => fields
                .keys()
                .filter_map(|key| {
                    Some((Value::from(key.as_str()).into(), over.within(|over| over.get(key))?))
                })
                .collect(),
            Value::Array(_) => (0..count)
                .filter_map(|at| Some((Value::from(at).into(), over.within(|over| over.get(at))?)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                (0..count).map(|at| (Value::from(at).into(), Value::from(at).into())).collect()
            }
        })
    }

    fn set(&mut self, name: &'a str, declares: bool, value: Evaluated<'a>) -> Result<(), TemplateError> {
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
    fn pipe(&mut self, pipe: &'a Pipe, dot: &Evaluated<'a>) -> Result<Evaluated<'a>, TemplateError> {
        let value = self.commands(pipe, dot)?;
        if let [name] = &pipe.sets[..] {
            self.set(name, pipe.declares, value.clone())?;
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'a Pipe, dot: &Evaluated<'a>) -> Result<Evaluated<'a>, TemplateError> {
        self.at = pipe.at;
        let mut last = None;
        for command in &pipe.commands {
            self.steps(1)?;
            last = Some(self.command(command, last, dot)?);
            self.at = pipe.at;
        }
        Ok(last.unwrap_or(Evaluated::There(&NOTHING)))
    }

    fn command(
        &mut self,
        command: &'a [Operand],
        piped: Option<Evaluated<'a>>,
        dot: &Evaluated<'a>,
    ) -> Result<Evaluated<'a>, TemplateError> {
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
        piped: Option<Evaluated<'a>>,
        dot: &Evaluated<'a>,
    ) -> Result<Evaluated<'a>, TemplateError> {
        if let Some(value) = self.scope.names.get(name) {
            if arguments.is_empty() && piped.is_none() {
                return Ok(Evaluated::There(value));
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
        if functions::reads_all(name) {
            values.iter().try_for_each(|value| self.takes(value))?;
        }
        let said = functions::call(name, &values, self.scope.missing).or_else(|what| self.fault(what))?;
        if let Evaluated::Made(made) = &said {
            self.takes(made)?;
        }
        Ok(said)
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Evaluated<'a>) -> Result<Evaluated<'a>, TemplateError> {
        self.steps(1)?;
        match operand {
            Operand::Constant(value) => Ok(Evaluated::There(value)),
            Operand::Dot => Ok(dot.clone()),
            Operand::Inner(pipe) => self.deeper(|run| run.pipe(pipe, dot)),
            Operand::Name(name) => self.call(name, &[], None, dot),
            Operand::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let found = found.map(|(_, value)| value.clone());
                found.map_or_else(|| self.fault(format!("there is no `${name}`")), Ok)
            }
            Operand::Field(of, name) => {
                let of = self.deeper(|run| run.operand(of, dot))?;
                self.field(&of, name)
            }
        }
    }

    fn field(&mut self, of: &Evaluated<'a>, name: &str) -> Result<Evaluated<'a>, TemplateError> {
        let is_map = of.is_object() || (of.is_null() && self.scope.missing == Missing::IsEmpty);
        if !is_map {
            return self.fault(format!("`.{name}` is asked of what has no fields"));
        }
        match (of.within(|of| of.get(name)), self.scope.missing) {
            (Some(value), _) => {
                if let Evaluated::Made(copied) = &value {
                    self.takes(copied)?;
                }
                Ok(value)
            }
            (None, Missing::IsEmpty) => Ok(Evaluated::There(&NOTHING)),
            (None, Missing::Fails) => self.fault(format!("there is no `{name}`")),
        }
    }
}
