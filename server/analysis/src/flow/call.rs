//! Calls: what they tell of the loop.

use super::exception::ExceptionClass;
use super::interp::{Exception, Interp, Origin};
use super::oracle::{CallMeaning, FlagMeaning, Outcome};
use super::state::{Disjunct, LoopState, States};
use super::value::{Definition, LoopKind, Value, ValuesId};
use asyncwise_syntax::facts::{ExprId, ExprKind, Run};

impl Interp<'_> {
    pub(super) fn call(&mut self, expr: ExprId, func: ExprId, args: Run, states: States) -> States {
        let facts = self.facts;
        let meaning = self.scan.calls.get(&expr).cloned().unwrap_or(CallMeaning::Other);
        let keeps_receiver = meaning == CallMeaning::LoopIsRunning || self.is_text_method(func);
        let mut states = match &facts.expr(func).kind {
            ExprKind::Attribute { value, .. } => {
                let mut states = self.eval(*value, states);
                if keeps_receiver {
                    states.iter_mut().for_each(|d| d.stack.push(d.acc));
                }
                self.attribute(func, states)
            }
            _ => {
                let mut states = self.eval(func, states);
                if keeps_receiver {
                    states.iter_mut().for_each(|d| d.stack.push(ValuesId::UNKNOWN));
                }
                states
            }
        };
        for arg in facts.args(args) {
            states = self.eval(arg.value, states);
        }
        self.note(expr, &states);
        let mut receivers = Vec::new();
        if keeps_receiver {
            receivers.extend(states.iter_mut().map(|d| d.stack.pop().unwrap_or(ValuesId::UNKNOWN)));
        }
        self.outcome(expr, func, args, meaning, states, &receivers)
    }

    fn outcome(
        &mut self,
        expr: ExprId,
        func: ExprId,
        args: Run,
        meaning: CallMeaning,
        states: States,
        receivers: &[ValuesId],
    ) -> States {
        match meaning {
            CallMeaning::Other => {
                self.may_raise(&states);
                if !receivers.is_empty() {
                    return self.text_method(expr, func, args, states, receivers);
                }
                let mut states = self.other_call(expr, func, args, states);
                let on_self = self.may_change_self(func, args);
                self.forget(&mut states, true, on_self);
                self.decay_operands(func, args, &mut states);
                states
            }
            CallMeaning::Depends { running, not_running, may_fail } => {
                if may_fail {
                    self.may_raise(&states);
                }
                if let (Outcome::Raises { class, .. }, Outcome::Returns(_)) = (&not_running, &running) {
                    self.probes(class);
                }
                let mut states = self.depends(expr, &running, &not_running, states);
                let on_self = self.may_change_self(func, args);
                self.forget(&mut states, may_fail, on_self);
                states
            }
            CallMeaning::LoopIsRunning => self.is_running(expr, states, receivers),
            CallMeaning::NewLoop => self.finish_with(expr, states, |_| Value::Loop(LoopKind::New)),
            CallMeaning::CurrentLoop => self.current_loop(expr, states),
            CallMeaning::Starts => self.start(expr, states),
            CallMeaning::Suppresses => self.finish_with(expr, states, |_| Value::NotNone),
            CallMeaning::NeverReturns => {
                self.may_raise(&states);
                States::default()
            }
        }
    }

    fn finish_with(&mut self, expr: ExprId, mut states: States, value: impl Fn(&Disjunct) -> Value) -> States {
        for d in states.iter_mut() {
            d.acc = self.values.single(value(d), Definition::Expr(expr));
        }
        states
    }

    /// Follows each outcome in the state it belongs to; nothing known becomes both.
    fn depends(&mut self, expr: ExprId, running: &Outcome, not_running: &Outcome, states: States) -> States {
        let mut out = States::default();
        for d in states {
            match d.state {
                LoopState::Running => self.follow(expr, running, d, &mut out),
                LoopState::NotRunning => self.follow(expr, not_running, d, &mut out),
                LoopState::Unknown if running == not_running => self.follow(expr, running, d, &mut out),
                LoopState::Unknown => {
                    self.follow(expr, running, d.with_state(LoopState::Running), &mut out);
                    self.follow(expr, not_running, d.with_state(LoopState::NotRunning), &mut out);
                }
            }
        }
        out
    }
    fn follow(&mut self, expr: ExprId, outcome: &Outcome, mut d: Disjunct, out: &mut States) {
        match outcome {
            Outcome::Returns(value) => {
                d.acc = self.values.single(*value, Definition::Expr(expr));
                out.add(d, &mut self.values);
            }
            Outcome::Raises { class, message } => {
                let origin = Origin::Call(expr);
                let thrown = self.exception(Exception { class: class.clone(), message: message.clone(), origin });
                self.throw(thrown, d);
            }
            Outcome::Never => {}
        }
    }

    pub(super) fn split_flag(&mut self, expr: ExprId, flag: FlagMeaning, states: States) -> States {
        self.depends(expr, &Outcome::Returns(flag.running), &Outcome::Returns(flag.not_running), states)
    }

    /// `x.is_running()`. Only of this thread's own loop does it tell both ways; of a loop that came from elsewhere, which
    /// may be another thread's, only "no" is taken to mean that none runs here.
    fn is_running(&mut self, expr: ExprId, states: States, receivers: &[ValuesId]) -> States {
        let (yes, no) = (Outcome::Returns(Value::True), Outcome::Returns(Value::False));
        let mut out = States::default();
        for (d, receiver) in states.into_iter().zip(receivers) {
            let only = |wanted: &[LoopKind]| {
                self.values.bounds(*receiver).all(|b| matches!(b.value, Value::Loop(kind) if wanted.contains(&kind)))
            };
            if only(&[LoopKind::New]) {
                self.follow(expr, &no, d, &mut out);
            } else if only(&[LoopKind::Running]) {
                self.follow(expr, &yes, d, &mut out);
            } else if only(&[LoopKind::Running, LoopKind::Current]) {
                let split = self.depends(expr, &yes, &no, States::one(d));
                self.absorb(&mut out, split);
            } else {
                let idle = match d.state {
                    LoopState::Unknown => LoopState::NotRunning,
                    state => state,
                };
                self.follow(expr, &no, d.with_state(idle), &mut out);
                self.follow(expr, &yes, d, &mut out);
            }
        }
        out
    }

    /// `get_event_loop()`: with a loop running it is that one; its RuntimeError says that none runs.
    fn current_loop(&mut self, expr: ExprId, states: States) -> States {
        let class = ExceptionClass::runtime_error();
        self.probes(&class);
        let failure = Outcome::Raises { class, message: None };
        for d in states.iter().filter(|d| d.state != LoopState::Running) {
            self.follow(expr, &failure, d.with_state(LoopState::NotRunning), &mut States::default());
        }
        self.finish_with(expr, states, |d| match d.state {
            LoopState::Running => Value::Loop(LoopKind::Running),
            _ => Value::Loop(LoopKind::Current),
        })
    }

    fn start(&mut self, expr: ExprId, states: States) -> States {
        self.may_raise(&states);
        let failure = Outcome::Raises { class: ExceptionClass::runtime_error(), message: None };
        for d in states.iter().filter(|d| d.state != LoopState::NotRunning) {
            self.follow(expr, &failure, d.with_state(LoopState::Running), &mut States::default());
        }
        let mut states = self.finish_with(expr, states, |_| Value::Any);
        self.forget(&mut states, true, true);
        states
    }

    /// A call without a meaning; `str` of an exception gives its text, `bool` of a value keeps what it counts as.
    fn other_call(&mut self, expr: ExprId, func: ExprId, args: Run, mut states: States) -> States {
        let facts = self.facts;
        if self.is_class(func) {
            return self.finish_with(expr, states, |_| Value::NotNone);
        }
        let text = match (&facts.expr(func).kind, facts.args(args)) {
            (ExprKind::Name(name), [_]) => facts.name(*name),
            _ => "",
        };
        let fresh = ValuesId::fresh(expr);
        for d in states.iter_mut() {
            let change: Option<&dyn Fn(Value) -> Value> = match text {
                "str" | "repr" => Some(&|v| match v {
                    Value::Raised(of) => Value::Message { of, folded: false },
                    _ => Value::NotNone,
                }),
                "bool" => Some(&|v| v.truth().map_or(Value::NotNone, |t| if t { Value::True } else { Value::False })),
                _ => None,
            };
            d.acc = match change {
                Some(change) => self.values.rebase(d.acc, Definition::Expr(expr), change),
                None => fresh,
            };
        }
        states
    }

    /// A name in the style of classes: what it makes is not None.
    fn is_class(&self, func: ExprId) -> bool {
        match self.facts.expr(func).kind {
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => {
                let name = self.facts.name(name).trim_start_matches('_');
                name.starts_with(|c: char| c.is_uppercase()) && name.contains(|c: char| c.is_lowercase())
            }
            _ => false,
        }
    }

    /// Whether a call can reach the attributes of `self`: a method of it, or a function it is given to.
    fn may_change_self(&self, func: ExprId, args: Run) -> bool {
        let facts = self.facts;
        let is_self = |e: ExprId| matches!(facts.expr(e).kind, ExprKind::Name(n) if Some(n) == self.scan.self_name);
        let receiver = match facts.expr(func).kind {
            ExprKind::Attribute { value, .. } => is_self(value),
            _ => false,
        };
        receiver || facts.args(args).iter().any(|a| is_self(a.value))
    }

    fn is_text_method(&self, func: ExprId) -> bool {
        match self.facts.expr(func).kind {
            ExprKind::Attribute { attr, .. } => {
                matches!(self.facts.name(attr), "lower" | "casefold" | "strip" | "startswith")
            }
            _ => false,
        }
    }
    /// A method of a text: it matters where the text is that of an exception.
    fn text_method(&mut self, expr: ExprId, func: ExprId, args: Run, states: States, receivers: &[ValuesId]) -> States {
        let facts = self.facts;
        let method = match facts.expr(func).kind {
            ExprKind::Attribute { attr, .. } => facts.name(attr),
            _ => "",
        };
        let mut out = States::default();
        for (mut d, receiver) in states.into_iter().zip(receivers) {
            if method == "startswith" {
                let prefix = facts.args(args).first().map(|a| a.value);
                self.starts_with(expr, *receiver, prefix, d, &mut out);
                continue;
            }
            let folds = matches!(method, "lower" | "casefold");
            d.acc = self.values.rebase(*receiver, Definition::Expr(expr), &|v| match v {
                Value::Message { of, folded } => Value::Message { of, folded: folded || folds },
                _ => Value::Any,
            });
            out.add(d, &mut self.values);
        }
        out
    }
}
