//! Lets this package's tests and examples find libtorch where it was when they were built.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(
        clippy::disallowed_methods,
        reason = "Cargo tells a build script by the environment"
    )]
    let lib = std::env::var("DEP_TCH_LIBTORCH_LIB");
    if let Ok(lib) = lib {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    }
}
