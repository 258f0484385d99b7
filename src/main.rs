//! Arguments in, one file of `cli/` each, exit code out: 0 done, 64 something to mend in the configuration, 1 else.

use std::process::ExitCode;

fn main() -> ExitCode {
    heardline::cli::main()
}
