//! Ownership: what must be closed, who has to close it, and on which paths nobody does.
//!
//! [`resource`] says what a call makes and how that is closed. [`cfg`] turns the statements of a function into a control-flow
//! graph in which exceptions are edges, and cancellations are edges at every `await`. [`uses`] tells what each mention of a
//! variable does with its value, [`flow`] what has become of the value on the paths to each point, and [`summary`] what a
//! function does with what it is given. [`owner`] is about what the instances of a class keep. [`generator`] tells what async
//! generators clean up, and who leaves them early.

pub(crate) mod app_state;
pub(crate) mod cfg;
mod elements;
pub(crate) mod entering;
pub(crate) mod file;
pub(crate) mod flow;
pub(crate) mod generator;
pub(crate) mod handed_over;
pub(crate) mod handler;
pub(crate) mod holder;
pub(crate) mod lifetime;
pub(crate) mod module;
pub(crate) mod owner;
pub(crate) mod replaced;
pub(crate) mod resource;
pub(crate) mod summary;
pub(crate) mod uses;

#[cfg(test)]
mod tests;
