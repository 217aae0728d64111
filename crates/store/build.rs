//! A changed migration is a changed crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
