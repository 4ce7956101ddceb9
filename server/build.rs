//! Tells cargo when the dashboard's bundle comes, goes or changes, so that the program embeds the present one.

fn main() {
    let bundle = "../web/dist";
    // A path that is not there would make cargo run this, and compile the crate, every time.
    let watched = if std::path::Path::new(bundle).exists() { bundle } else { "../web" };
    println!("cargo:rerun-if-changed={watched}");
}
