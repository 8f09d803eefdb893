//! Which exceptions a handler or a context manager keeps from going on.

use asyncwise_syntax::facts::*;

/// What does not get past.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Catches {
    /// Nothing.
    Nothing,
    /// Some errors.
    Some,
    /// All errors, and no cancellation.
    Errors,
    /// Cancellations only.
    Cancellations,
    /// Everything.
    All,
}

/// What an `except` of these types catches.
pub(super) fn caught(facts: &FileFacts, types: Option<ExprId>) -> Catches {
    let Some(types) = types else { return Catches::All };
    match &facts.expr(types).kind {
        ExprKind::Tuple(items) => together(facts.list(*items).iter().map(|&item| named(facts, item))),
        _ => named(facts, types),
    }
}

/// What a context manager swallows: `contextlib.suppress` by its arguments, and those of test tools.
pub(super) fn catches(facts: &FileFacts, context: ExprId) -> Catches {
    let ExprKind::Call { func, args } = facts.expr(context).kind else { return Catches::Nothing };
    let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else {
        return Catches::Nothing;
    };
    match facts.name(name) {
        "suppress" | "raises" | "assertRaises" => {
            together(facts.args(args).iter().filter(|a| a.name.is_none()).map(|a| named(facts, a.value)))
        }
        _ => Catches::Nothing,
    }
}

fn named(facts: &FileFacts, class: ExprId) -> Catches {
    let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(class).kind else {
        return Catches::Some;
    };
    match facts.name(name) {
        "BaseException" => Catches::All,
        "Exception" => Catches::Errors,
        "CancelledError" | "GeneratorExit" => Catches::Cancellations,
        _ => Catches::Some,
    }
}

fn together(all: impl Iterator<Item = Catches>) -> Catches {
    all.fold(Catches::Nothing, |sum, one| match (sum, one) {
        (Catches::Nothing, other) | (other, Catches::Nothing) => other,
        (Catches::All, _) | (_, Catches::All) => Catches::All,
        (Catches::Errors, Catches::Cancellations) | (Catches::Cancellations, Catches::Errors) => Catches::All,
        (Catches::Errors, _) | (_, Catches::Errors) => Catches::Errors,
        // Named beside a cancellation, other errors are what is expected here.
        (Catches::Cancellations, _) | (_, Catches::Cancellations) => Catches::All,
        (Catches::Some, Catches::Some) => Catches::Some,
    })
}
