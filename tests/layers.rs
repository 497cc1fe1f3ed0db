//! The arrows between crates, as ARCHITECTURE.md draws them, read from every Cargo.toml.

use std::collections::BTreeMap;
use std::path::Path;

/// Each crate and the standpoint crates that its library may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("testkit", &["core"]),
    ("sentences", &["core"]),
    ("tokenize", &["core"]),
    ("encoder", &["core"]),
    ("ner", &["core", "encoder"]),
    ("actors", &["core"]),
    ("quotes", &["core", "encoder", "actors"]),
    ("stance", &["core", "encoder"]),
    (
        "pipeline",
        &[
            "core",
            "sentences",
            "tokenize",
            "encoder",
            "ner",
            "actors",
            "quotes",
            "stance",
        ],
    ),
    ("corpus", &["core"]),
    // Never a task crate: a score must not know who predicted.
    ("eval", &["core"]),
];

/// Crates that no library may depend on but to test itself.
const DEVELOPMENT_ONLY: &[&str] = &["testkit"];

#[test]
fn arrows_point_down() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let dir = entry.unwrap().path();
        let manifest = dir.join("Cargo.toml");
        if !manifest.exists() {
            continue; // crates/cli: the sources of the root package
        }
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let may = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("crates/{name} is missing from the list of arrows"));
        for dependency in dependencies(&std::fs::read_to_string(&manifest).unwrap()) {
            assert!(
                may.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
            assert!(
                !DEVELOPMENT_ONLY.contains(&dependency.as_str()),
                "{name}'s library depends on {dependency}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, ALLOWED.len(), "a crate of the list is gone");
}

/// The `standpoint-*` names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        } else if inside && let Some(rest) = line.strip_prefix("standpoint-") {
            found.push(rest.split(['.', ' ', '=']).next().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn dependencies_are_found() {
    let manifest = "[dependencies]\nserde = \"1\"\nstandpoint-core.workspace = true\n\
                    standpoint-ner = { workspace = true }\n[dev-dependencies]\n\
                    standpoint-testkit.workspace = true\n";
    assert_eq!(dependencies(manifest), ["core", "ner"]);
}
