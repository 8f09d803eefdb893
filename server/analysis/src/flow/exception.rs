//! Exception classes by name, and which handler catches which.

use asyncwise_syntax::facts::{ExprId, ExprKind, FileFacts};
use smol_str::SmolStr;

/// The class of an exception, as far as a name tells.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ExceptionClass {
    /// A class by its last name.
    Named(SmolStr),
    /// Only what is no `Exception`: cancellation, exit, interrupt.
    ExitOnly,
    /// Any class.
    Unknown,
}

/// Whether a handler catches.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Caught {
    Yes,
    Maybe,
    No,
}

/// Built-in and well-known classes with the class above.
const PARENTS: &[(&str, &str)] = &[
    ("Exception", "BaseException"),
    ("CancelledError", "BaseException"),
    ("GeneratorExit", "BaseException"),
    ("KeyboardInterrupt", "BaseException"),
    ("SystemExit", "BaseException"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("AsyncLibraryNotFoundError", "RuntimeError"),
    ("NoEventLoopError", "RuntimeError"),
    ("NoCurrentAsyncBackend", "RuntimeError"),
    ("ArithmeticError", "Exception"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("BufferError", "Exception"),
    ("EOFError", "Exception"),
    ("ImportError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("MemoryError", "Exception"),
    ("NameError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("OSError", "Exception"),
    ("ConnectionError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("PermissionError", "OSError"),
    ("TimeoutError", "OSError"),
    ("StopIteration", "Exception"),
    ("StopAsyncIteration", "Exception"),
    ("SyntaxError", "Exception"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
    ("UnicodeError", "ValueError"),
];

impl ExceptionClass {
    /// The class of a name.
    pub fn named(name: &str) -> Self {
        let last = name.rsplit('.').next().unwrap_or(name);
        match last {
            "IOError" | "EnvironmentError" => Self::Named("OSError".into()),
            // A constant is a tuple of classes as often as one class.
            _ if last.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') => Self::Unknown,
            _ => Self::Named(last.into()),
        }
    }
    /// `RuntimeError`.
    pub fn runtime_error() -> Self {
        Self::Named("RuntimeError".into())
    }
    /// The class an expression names, or is an instance of: by the last part of its dotted name.
    pub fn by_name(facts: &FileFacts, expr: ExprId) -> Self {
        match &facts.expr(expr).kind {
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => Self::named(facts.name(*name)),
            ExprKind::Call { func, .. } => match &facts.expr(*func).kind {
                ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => Self::named(facts.name(*name)),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Named(n) if n == name)
    }
    fn is_exit(&self) -> bool {
        ["CancelledError", "GeneratorExit", "KeyboardInterrupt", "SystemExit"].iter().any(|n| self.is(n))
    }
    /// Whether a handler for this class catches `raised`.
    pub(super) fn catches(&self, raised: &Self) -> Caught {
        if self.is("BaseException") {
            return Caught::Yes;
        }
        match (self, raised) {
            (Self::Unknown, _) => Caught::Maybe,
            (_, Self::ExitOnly) if self.is_exit() => Caught::Maybe,
            (_, Self::ExitOnly) | (Self::ExitOnly, _) => Caught::No,
            (_, Self::Unknown) => Caught::Maybe,
            (Self::Named(handler), Self::Named(raised)) => catches_named(handler, raised),
        }
    }
}

fn parent(name: &str) -> Option<&'static str> {
    PARENTS.iter().find(|(class, _)| *class == name).map(|(_, parent)| *parent)
}

fn catches_named(handler: &str, raised: &str) -> Caught {
    let mut at = raised;
    loop {
        if at == handler {
            return Caught::Yes;
        }
        match parent(at) {
            Some(above) => at = above,
            None => break,
        }
    }
    // `at` is the top of what is known: a class of the project is some `Exception`, which one is open.
    let raised_is_known = at == "BaseException";
    match (raised_is_known, handler) {
        (true, _) => Caught::No,
        (false, "Exception") => Caught::Yes,
        (false, "CancelledError" | "GeneratorExit" | "KeyboardInterrupt" | "SystemExit") => Caught::No,
        (false, _) => Caught::Maybe,
    }
}
