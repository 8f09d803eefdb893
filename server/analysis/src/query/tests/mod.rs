//! Tests of the queries: the source in, what comes of it as text out.

mod compiling;
mod parsing;
mod shipped;
