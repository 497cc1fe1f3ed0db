//! The cases of `tests/data`, one a line with its reason.

use serde::Deserialize;
use standpoint_actors::{Resolver, Scene, resolve};
use standpoint_core::{SourceKind, Span};

mod common;

fn data(file: &str) -> String {
    format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"))
}

#[derive(Deserialize)]
struct Resolve {
    why: String,
    text: String,
    actors: Vec<Vec<String>>,
    #[serde(default)]
    nobody: Vec<String>,
}

#[test]
fn names_join() {
    for case in standpoint_testkit::jsonl::<Resolve>(data("resolve.jsonl")) {
        let marked = common::unmark(&case.text);
        let tokens = common::tokens(&marked.text);
        let sentences = common::sentences(&marked.text, &tokens);
        let actors = resolve(&marked.text, &sentences, &tokens, &marked.entities);
        let got: Vec<Vec<String>> = actors
            .actors
            .iter()
            .map(|a| {
                std::iter::once(&a.name)
                    .chain(&a.aliases)
                    .cloned()
                    .collect()
            })
            .collect();
        assert_eq!(got, case.actors, "{}", case.why);
        let nobody: Vec<&str> = marked
            .entities
            .iter()
            .filter(|e| actors.at(e.span).is_none())
            .map(|e| &marked.text[e.span])
            .collect();
        assert_eq!(nobody, case.nobody, "{}", case.why);
    }
}

#[derive(Deserialize)]
struct Refer {
    why: String,
    text: String,
    kind: SourceKind,
    actor: Option<String>,
    last: Option<String>,
}

#[test]
fn sources_resolve() {
    for case in standpoint_testkit::jsonl::<Refer>(data("refer.jsonl")) {
        let marked = common::unmark(&case.text);
        let tokens = common::tokens(&marked.text);
        let sentences = common::sentences(&marked.text, &tokens);
        let actors = resolve(&marked.text, &sentences, &tokens, &marked.entities);
        let resolver = Resolver::new(
            &marked.text,
            &sentences,
            &tokens,
            &marked.entities,
            &actors,
            &[],
        );
        let last = case.last.as_ref().map(|name| {
            let actor = actors.actors.iter().find(|a| a.name == *name);
            let actor = actor
                .unwrap_or_else(|| panic!("{}: no actor {name}", case.why))
                .id;
            let at = actors.mentions.iter().find(|m| m.actor == actor);
            (actor, at.map_or(0, |m| m.span.end()))
        });
        let scene = Scene {
            last,
            ..Scene::default()
        };
        let source = marked.source.unwrap_or_else(|| Span::new(0, 0));
        let got = resolver.refer(source, &scene);
        let name = got.actor.map(|id| actors.actors[id as usize].name.clone());
        assert_eq!(
            (got.kind, name),
            (case.kind, case.actor),
            "{}: {}",
            case.why,
            case.text
        );
    }
}
