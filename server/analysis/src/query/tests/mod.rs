//! Tests of the queries: the source in, what comes of it as text out.

mod compiling;
mod fakes;
mod parsing;
mod running;
mod shipped;
