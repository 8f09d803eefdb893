//! What the interpreter asks about expressions: the answers come from name resolution and from summaries.

use super::exception::ExceptionClass;
use super::value::{LoopKind, Value};
use asyncwise_syntax::facts::{ExprId, FileFacts};
use smol_str::SmolStr;

/// Answers about the expressions of one file. Each is asked once per interpretation.
pub trait Oracle {
    /// What a call means for the loop.
    fn call(&self, call: ExprId) -> CallMeaning;

    /// What an attribute (or a name that its scope does not bind) says of the loop when it is read: a flag that was set
    /// from a probe, in `__init__` or at the top of the module.
    fn attribute_flag(&self, _expr: ExprId) -> Option<FlagMeaning> {
        None
    }

    /// The class that an expression in an `except` (one element of a tuple), in `suppress(...)` or after `raise` names.
    fn exception_class(&self, facts: &FileFacts, expr: ExprId) -> ExceptionClass {
        ExceptionClass::by_name(facts, expr)
    }
}

/// What a call means for the loop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallMeaning {
    /// Nothing that is known.
    Other,
    /// How the call comes out depends on whether a loop runs.
    Depends {
        /// With a loop running.
        running: Outcome,
        /// Without.
        not_running: Outcome,
        /// Its own work may raise as well, not only for the sake of the loop.
        may_fail: bool,
    },
    /// `x.is_running()`: what it says is judged by what `x` holds.
    LoopIsRunning,
    /// Makes an object of a class: not None. Says nothing of the loop: a scope with nothing else is not followed.
    Makes,
    /// Makes a loop that does not run: `asyncio.new_event_loop()`.
    NewLoop,
    /// The thread's current loop, running or not: `asyncio.get_event_loop()`. It may raise RuntimeError, only while no
    /// loop runs.
    CurrentLoop,
    /// Starts a loop: with one running it raises RuntimeError, which handlers see. Unlike a function that refuses, what
    /// follows keeps its state, so that a second start is found too.
    Starts,
    /// `contextlib.suppress(...)`, `pytest.raises(...)`: as a `with` item it catches the classes of its arguments.
    Suppresses,
    /// Does not return: `sys.exit()`, `pytest.fail()`.
    NeverReturns,
}

/// How a call comes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returns this.
    Returns(Value),
    /// It raises this.
    Raises {
        /// The class.
        class: ExceptionClass,
        /// The text, when it is known.
        message: Option<SmolStr>,
    },
    /// It neither returns nor raises.
    Never,
}

/// The two values of a flag.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct FlagMeaning {
    /// Its value with a loop running.
    pub running: Value,
    /// Its value without.
    pub not_running: Value,
}

impl FlagMeaning {
    /// True exactly when a loop runs.
    pub const TRUE_IFF_RUNNING: Self = Self { running: Value::True, not_running: Value::False };
    /// False exactly when a loop runs.
    pub const FALSE_IFF_RUNNING: Self = Self { running: Value::False, not_running: Value::True };
    /// The running loop, or None.
    pub const LOOP_OR_NONE: Self = Self { running: Value::Loop(LoopKind::Running), not_running: Value::None };
    /// Something exactly when a loop runs, else None.
    pub const NOT_NONE_IFF_RUNNING: Self = Self { running: Value::NotNone, not_running: Value::None };
    /// None exactly when a loop runs.
    pub const NONE_IFF_RUNNING: Self = Self { running: Value::None, not_running: Value::NotNone };

    /// A flag of these values, when a test can tell them apart: they have nothing in common, or one is so definite
    /// that anything else means the other.
    pub fn telling(running: Value, not_running: Value) -> Option<Self> {
        let (running, not_running) = (running.portable(), not_running.portable());
        let definite = |v| matches!(v, Value::None | Value::True | Value::False | Value::Falsy);
        // `None` (or anything) without a loop, never None with one: a test for None tells.
        let half_known = (running == Value::Any) != (not_running == Value::Any);
        let one_sided = half_known || running != not_running && definite(running) != definite(not_running);
        (running.disjoint(not_running) || one_sided).then_some(Self { running, not_running })
    }
}

impl CallMeaning {
    /// `asyncio.get_running_loop()`: the running loop, else RuntimeError.
    pub fn running_loop() -> Self {
        Self::Depends {
            running: Outcome::Returns(Value::Loop(LoopKind::Running)),
            not_running: Outcome::raises(ExceptionClass::runtime_error(), Some("no running event loop")),
            may_fail: false,
        }
    }
    /// Returns something only with a loop running, else raises: `sniffio.current_async_library()`.
    pub fn probe_raises(class: ExceptionClass) -> Self {
        Self::Depends {
            running: Outcome::Returns(Value::Any),
            not_running: Outcome::raises(class, None),
            may_fail: false,
        }
    }
    /// Returns the running loop or None: `asyncio._get_running_loop()`.
    pub fn probe_none() -> Self {
        Self::flag(FlagMeaning::LOOP_OR_NONE)
    }
    /// Returns True exactly with a loop running: `trio.lowlevel.in_trio_run()`.
    pub fn probe_bool() -> Self {
        Self::flag(FlagMeaning::TRUE_IFF_RUNNING)
    }
    /// Returns what the flag says.
    pub fn flag(flag: FlagMeaning) -> Self {
        Self::Depends {
            running: Outcome::Returns(flag.running),
            not_running: Outcome::Returns(flag.not_running),
            may_fail: false,
        }
    }
    /// Works only while no loop runs, else raises.
    pub fn refuses(class: ExceptionClass) -> Self {
        Self::Depends {
            running: Outcome::raises(class, None),
            not_running: Outcome::Returns(Value::Any),
            may_fail: true,
        }
    }
    /// Works only with a loop running, else raises RuntimeError: `asyncio.create_task(...)`.
    pub fn requires_loop() -> Self {
        Self::probe_raises(ExceptionClass::runtime_error())
    }
}

impl Outcome {
    /// It raises this, with this text if it is known.
    pub fn raises(class: ExceptionClass, message: Option<&str>) -> Self {
        Self::Raises { class, message: message.map(SmolStr::from) }
    }
}
