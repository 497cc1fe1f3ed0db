//! Whatever the text and the names in it, the result keeps its promises.

use proptest::prelude::*;
use standpoint_actors::{Resolver, Scene, resolve};
use standpoint_core::{Entity, EntityKind, Span};

mod common;

/// Text of pieces that the rules look at, and of odd ones.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Mr. "),
        Just("Mrs. "),
        Just("Hun "),
        Just("Sen"),
        Just("Clinton"),
        Just("'s "),
        Just("’s "),
        Just("("),
        Just(")"),
        Just("CNRP"),
        Just("U.S. "),
        Just(", "),
        Just(". "),
        Just("the "),
        Just("a "),
        Just("spokesman "),
        Just("party "),
        Just("he "),
        Just("her "),
        Just("they "),
        Just("who "),
        Just("and "),
        Just("of "),
        Just("named "),
        Just("\n\n"),
        Just("İstanbul"),
        Just("ß"),
        Just("\u{202e}שלום"),
        Just("🙂"),
        Just("\0"),
        Just("-"),
        Just(" ")
    ];
    prop_oneof![
        3 => prop::collection::vec(piece, 0..40).prop_map(|p| p.concat()),
        1 => any::<String>(),
    ]
}

/// Entities over whole tokens, ascending and apart.
fn entities(text: &str, picks: &[(u8, u8, u8)]) -> Vec<Entity> {
    let tokens = common::tokens(text);
    let mut at = 0;
    let mut all = Vec::new();
    for &(skip, length, kind) in picks {
        let first = at + usize::from(skip % 5);
        let last = first + usize::from(length % 4);
        let (Some(a), Some(b)) = (tokens.get(first), tokens.get(last)) else {
            break;
        };
        all.push(Entity {
            span: a.span.join(b.span),
            kind: EntityKind::ALL[usize::from(kind) % 9],
            score: f32::from(kind) / 255.0,
            actor: None,
        });
        at = last + 1;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn actors_and_mentions_are_sound(text in text(), picks in prop::collection::vec(any::<(u8, u8, u8)>(), 0..20), from in any::<u16>(), length in 0_u16..60) {
        let tokens = common::tokens(&text);
        let sentences = common::sentences(&text, &tokens);
        let entities = entities(&text, &picks);
        let actors = resolve(&text, &sentences, &tokens, &entities);
        for (i, actor) in actors.actors.iter().enumerate() {
            prop_assert_eq!(actor.id as usize, i);
            prop_assert!(!actor.name.is_empty());
            prop_assert!(actors.mentions.iter().any(|m| m.actor == actor.id));
        }
        prop_assert!(actors.mentions.is_sorted_by_key(|m| m.span.start()));
        for mention in &actors.mentions {
            prop_assert!((mention.actor as usize) < actors.actors.len());
            prop_assert!(entities.iter().any(|e| e.span == mention.span));
        }
        prop_assert_eq!(&actors, &resolve(&text, &sentences, &tokens, &entities), "twice the same");

        let resolver = Resolver::new(&text, &sentences, &tokens, &entities, &actors, &[]);
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(usize::from(from) % (text.len() + 1));
        let source = Span::from_range(start..boundary(start + usize::from(length)).max(start));
        let reference = resolver.refer(source, &Scene::default());
        prop_assert!(reference.actor.is_none_or(|a| (a as usize) < actors.actors.len()));
    }
}
