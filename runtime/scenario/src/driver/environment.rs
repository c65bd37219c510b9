//! What names in expressions mean while a run stands somewhere. Nothing is copied but what has no
//! place of its own.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::cel::{Environment, Root};
use crate::plan::{NodeKind, Plan};

use super::board::{BlockRun, Board, Instance, ScopeId};
use super::failure::Failure;
use super::layout::Layout;
use super::state::StepState;

/// What a step sees.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub plan: &'a Plan,
    pub layout: &'a Layout,
    pub board: &'a Board,
    pub scope: ScopeId,
    /// The node that looks.
    pub reader: u32,
    /// Variables or groups that the step itself made up to here.
    pub own: Option<(Root, &'a Map<String, Value>)>,
    /// `error`, in the condition of retries.
    pub error: Option<&'a Value>,
}

impl<'a> Scene<'a> {
    /// What a step made that sets `name`: the last one before the reader, or one that it waits for.
    fn made(&self, makers: Option<&Vec<u32>>, name: &str) -> Option<&'a Value> {
        let makers = makers?;
        let mut reader = self.reader;
        let mut current = Some(self.scope);
        while let Some(scope) = current {
            let here = &self.board.scopes[scope as usize];
            let before = makers.partition_point(|&maker| maker < reader);
            let (before, behind) = makers.split_at(before);
            let behind = behind.iter().filter(|&&maker| self.waits_for(maker));
            for &maker in before.iter().rev().chain(behind) {
                if self.layout.nodes[maker as usize].region != here.region {
                    continue;
                }
                let id = self.board.sibling(self.layout, scope, maker);
                let instance = self.board.instance(id);
                if let (StepState::Ok { .. }, Some(value)) =
                    (&instance.state, instance.output.get(name))
                {
                    return Some(value);
                }
            }
            let (parent, owner, _) = here.parent?;
            reader = self.board.instance(owner).node;
            current = Some(parent);
        }
        None
    }

    /// Whether the reader waits for a node.
    fn waits_for(&self, node: u32) -> bool {
        self.layout
            .nodes
            .get(self.reader as usize)
            .is_some_and(|reader| reader.dependencies.binary_search(&node).is_ok())
    }

    fn variable(&self, name: &str) -> Option<&'a Value> {
        if !self.plan.fixed_vars.iter().any(|fixed| fixed == name)
            && let Some(value) = self.made(self.layout.variables.get(name), name)
        {
            return Some(value);
        }
        self.plan.vars.get(name)
    }

    /// The targets of a group.
    pub fn group(&self, name: &str) -> Option<&'a Value> {
        if let Some((Root::Assets, own)) = self.own
            && let Some(value) = own.get(name)
        {
            return Some(value);
        }
        self.made(self.layout.groups.get(name), name)
    }

    fn step(&self, name: &str, field: Option<&str>) -> Option<Cow<'a, Value>> {
        let node = *self.layout.by_id.get(name)?;
        let id = self.board.visible(self.layout, self.scope, node)?;
        let instance = self.board.instance(id);
        match field {
            Some("output") => Some(Cow::Borrowed(&instance.output)),
            Some(field) => small(instance, field).map(Cow::Owned),
            None => {
                let mut all = Map::new();
                for field in ["status", "exit", "error", "artifact", "attempts"] {
                    all.extend(small(instance, field).map(|value| (field.to_owned(), value)));
                }
                all.insert("output".to_owned(), instance.output.as_ref().clone());
                Some(Cow::Owned(Value::Object(all)))
            }
        }
    }

    fn binding(&self, name: &str) -> Option<Cow<'a, Value>> {
        if name == "error"
            && let Some(error) = self.error
        {
            return Some(Cow::Borrowed(error));
        }
        let mut current = self.scope;
        loop {
            let (parent, owner, item) = self.board.scopes[current as usize].parent?;
            let owner = self.board.instance(owner);
            if let NodeKind::ForEach {
                binding,
                index_binding,
                ..
            } = &self.plan.nodes[owner.node as usize].kind
            {
                if binding == name {
                    let Some(BlockRun::Loop(run)) = owner.block.as_deref() else {
                        return None;
                    };
                    return run.items.get(item as usize).map(Cow::Borrowed);
                }
                if index_binding == name {
                    return Some(Cow::Owned(json!(item)));
                }
            }
            current = parent;
        }
    }
}

impl Environment for Scene<'_> {
    fn value(&self, root: Root, name: &str, field: Option<&str>) -> Option<Cow<'_, Value>> {
        match root {
            Root::Variable => {
                let fixed = self.plan.fixed_vars.iter().any(|fixed| fixed == name);
                match self.own {
                    Some((Root::Variable, own)) if !fixed && own.contains_key(name) => {
                        own.get(name).map(Cow::Borrowed)
                    }
                    _ => self.variable(name).map(Cow::Borrowed),
                }
            }
            Root::Assets => self.group(name).map(Cow::Borrowed),
            Root::Step => self.step(name, field),
            Root::Binding => self.binding(name),
        }
    }
}

/// A failure as expressions see it.
pub(super) fn error_value(failure: &Failure, attempt: u32) -> Value {
    json!({
        "code": failure.code,
        "exit": failure.exit,
        "message": failure.message,
        "attempt": attempt,
    })
}

/// A field of a step that is made when it is asked for.
fn small(instance: &Instance, field: &str) -> Option<Value> {
    let failing = instance.fallback.is_some() && !instance.state.is_final();
    Some(match field {
        "status" if failing => json!("failed"),
        "status" => json!(instance.state.name()),
        "exit" => match (&instance.state, &instance.failure) {
            (StepState::Ok { .. }, _) => json!(0),
            (StepState::Failed { exit, .. }, _) => json!(exit),
            (_, Some(failure)) => json!(failure.exit),
            _ => Value::Null,
        },
        "error" => match (&instance.state, &instance.failure) {
            (
                StepState::Failed {
                    code,
                    exit,
                    message,
                    attempts,
                },
                _,
            ) => json!({"code": code, "exit": exit, "message": message, "attempt": attempts}),
            (_, Some(failure)) => error_value(failure, instance.attempt),
            _ => Value::Null,
        },
        "artifact" => match &instance.artifact {
            Some(digest) => json!(digest.as_ref()),
            None => Value::Null,
        },
        "attempts" => json!(instance.attempt),
        _ => return None,
    })
}
