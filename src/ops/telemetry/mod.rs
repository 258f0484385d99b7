//! What the program tells about itself while it runs: its log, and the traces of calls. The only folder that knows the
//! libraries for either.

pub mod log;
pub mod traces;
