//! The pages of `web/` are built by Node.js into `web/dist` and go into the program as they are. Without Node.js the
//! folder stays empty, the program is built all the same, and the page it then shows says what is missing.

fn main() {
    let built = std::path::Path::new("web/dist");
    // Cargo would take a folder that is not there for one that always changes, and build anew each time. Where none can
    // be made (a source tree that is read-only), that is all that happens.
    if let Err(error) = std::fs::create_dir_all(built) {
        println!("cargo:warning=web/dist: {error}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=web/dist");
}
