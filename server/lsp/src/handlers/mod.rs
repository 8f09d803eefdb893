//! What the methods of the protocol do, one file for each group of them.

pub(crate) mod action;
pub(crate) mod command;
pub(crate) mod diagnostic;
pub(crate) mod hierarchy;
pub(crate) mod hover;
pub(crate) mod inlay;
pub(crate) mod lens;
pub(crate) mod lifecycle;
pub(crate) mod notebook;
pub(crate) mod text;
pub(crate) mod workspace;
