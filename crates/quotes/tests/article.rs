//! The whole article by rules, its names given: what each quotation is and who speaks in it, as
//! read by a person.

use standpoint_actors::resolve;
use standpoint_core::{Entity, EntityKind, SourceKind, Span};
use standpoint_quotes::extract;

mod layers;

fn entities(text: &str) -> Vec<Entity> {
    use EntityKind::{Location, Norp, Organization, Person};
    let names = [
        ("Kem Sokha", Person),
        ("Hun Sen", Person),
        ("Try Seang Y", Person),
        ("Mao Vibol", Person),
        ("SokEy San", Person),
        ("SeoungSenKarona", Person),
        ("Cambodia National Rescue Party", Organization),
        ("Cambodian People’s Party", Organization),
        ("CNRP", Organization),
        ("CPP", Organization),
        ("RFA", Organization),
        ("Adhoc", Organization),
        ("Supreme Court", Organization),
        ("Cambodian", Norp),
        ("Cambodia", Location),
        ("Thailand", Location),
        ("Tboung Khnum", Location),
        ("Svay Rieng", Location),
        ("U.S.", Location),
        ("France", Location),
    ];
    let mut found: Vec<Entity> = Vec::new();
    for (name, kind) in names {
        for (at, _) in text.match_indices(name) {
            let span = Span::from_range(at..at + name.len());
            if found.iter().all(|e| !e.span.overlaps(span)) {
                found.push(Entity {
                    span,
                    kind,
                    score: 0.9,
                    actor: None,
                });
            }
        }
    }
    found.sort_by_key(|e| e.span.start());
    found
}

#[test]
fn the_article_by_rules() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/rfa_cambodia_article.txt"
    );
    let text = standpoint_testkit::read(file);
    let (sentences, tokens) = layers::of(&text);
    let entities = entities(&text);
    let actors = resolve(&text, &sentences, &tokens, &entities);
    let got = extract(&text, &sentences, &tokens, &entities, &actors, None);
    let speaker_of = |words: &str| -> Vec<(Option<&str>, SourceKind)> {
        got.quotes
            .iter()
            .filter(|q| q.content.iter().any(|&c| text[c].contains(words)))
            .map(|q| {
                (
                    q.speaker
                        .map(|a| got.actors.actors[a as usize].name.as_str()),
                    q.source_kind,
                )
            })
            .collect()
    };
    for (words, speaker, kind) in [
        (
            "she and two fellow activists fled",
            Some("Try Seang Y"),
            SourceKind::Named,
        ),
        (
            "CNRP activist community in Thailand is strong",
            Some("Try Seang Y"),
            SourceKind::Named,
        ),
        (
            "If we don’t fight, we will die",
            Some("Try Seang Y"),
            SourceKind::Pronoun,
        ),
        (
            "more opposition supporters are leaving",
            Some("Mao Vibol"),
            SourceKind::Named,
        ),
        (
            "We are fleeing because",
            Some("Mao Vibol"),
            SourceKind::Pronoun,
        ),
        (
            "The activists are afraid",
            Some("Mao Vibol"),
            SourceKind::Absent,
        ),
        (
            "does not persecute its citizens",
            Some("SokEy San"),
            SourceKind::Named,
        ),
        (
            "simply want to relocate",
            Some("SokEy San"),
            SourceKind::Named,
        ),
        ("Why are you afraid", Some("SokEy San"), SourceKind::Pronoun),
        (
            "They are claiming political persecution",
            Some("SokEy San"),
            SourceKind::Pronoun,
        ),
        (
            "continues to endure a political crisis",
            Some("SeoungSenKarona"),
            SourceKind::Named,
        ),
        (
            "CNRP activists are fleeing so that",
            Some("SeoungSenKarona"),
            SourceKind::Pronoun,
        ),
        (
            "an increasing number of activists",
            None,
            SourceKind::Collective,
        ),
    ] {
        let all = speaker_of(words);
        assert!(
            all.contains(&(speaker, kind)),
            "{words}: {all:?}\n{:#?}",
            got.quotes
        );
    }
    let rfa = got
        .actors
        .actors
        .iter()
        .find(|a| a.name == "RFA")
        .map(|a| a.id);
    assert!(
        rfa.is_some() && got.quotes.iter().all(|q| q.speaker != rfa),
        "RFA is told, it does not speak"
    );
}
