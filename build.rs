//! With the feature `embed-models`, lists the files of `models/` for the program to carry.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(
        clippy::disallowed_methods,
        reason = "Cargo tells a build script by the environment"
    )]
    let (embed, root, out) = (
        env::var_os("CARGO_FEATURE_EMBED_MODELS").is_some(),
        env::var("CARGO_MANIFEST_DIR").expect("set by Cargo"),
        env::var("OUT_DIR").expect("set by Cargo"),
    );
    let mut code = String::from("[\n");
    if embed {
        println!("cargo::rerun-if-changed=models");
        for model in sorted(&Path::new(&root).join("models")) {
            if !model.join("config.json").is_file() {
                continue;
            }
            let name = model
                .file_name()
                .expect("a folder's entry has a name")
                .to_string_lossy();
            writeln!(code, "    ({name:?}, &[").expect("a string takes all");
            for file in sorted(&model) {
                let name = file
                    .file_name()
                    .expect("a folder's entry has a name")
                    .to_string_lossy();
                writeln!(
                    code,
                    "        ({name:?}, include_bytes!({file:?}) as &[u8]),"
                )
                .expect("a string takes all");
            }
            code.push_str("    ] as &[(&str, &[u8])]),\n");
        }
    }
    code.push_str("]\n");
    fs::write(Path::new(&out).join("embedded.rs"), code).expect("Cargo's own folder");
}

fn sorted(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("a folder's entry").path())
        .collect();
    paths.sort();
    paths
}
