//! The binary as its users see it: files in, text and exit code out.
mod audit;
mod completions;
mod configuration;
mod discovery;
mod errors;
mod findings;
mod project;
mod rules;
