//! Whatever the text, the quotations keep their promises.

use proptest::prelude::*;
use standpoint_actors::resolve;
use standpoint_core::{Entity, EntityKind, Span};
use standpoint_quotes::{Attribution, extract};

mod layers;

fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "“",
        "”",
        "\"",
        "‘",
        "’",
        "'",
        "«",
        "»",
        "``",
        "''",
        "„",
        " ",
        " ",
        "\n",
        "\n\n",
        ", ",
        ". ",
        "? ",
        ": ",
        "he said",
        "said ",
        "Hun Sen ",
        "told RFA that ",
        "according to ",
        "adding that ",
        "we ",
        "win",
        "don't ",
        "activists' ",
        "the ",
        "spokesman ",
        "a",
        "Ω",
        "🙂",
        "\u{202e}",
        "\0",
        "\u{a0}",
        "(",
        ")",
        "—",
    ]);
    prop_oneof![
        4 => prop::collection::vec(piece, 0..60).prop_map(|p| p.concat()),
        1 => any::<String>(),
    ]
}

/// Spans over tokens, as a tagger would give.
fn span(tokens: &[standpoint_core::Token], pick: (u16, u8)) -> Option<Span> {
    let first = usize::from(pick.0) % tokens.len().max(1);
    let last = (first + usize::from(pick.1 % 12)).min(tokens.len().checked_sub(1)?);
    Some(tokens[first].span.join(tokens[last].span))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn quotations_are_sound(
        text in text(),
        names in prop::collection::vec(any::<(u16, u8)>(), 0..6),
        tagged in prop::option::of(prop::collection::vec(any::<[(u16, u8); 4]>(), 0..8)),
    ) {
        let (sentences, tokens) = layers::of(&text);
        let mut entities: Vec<Entity> = Vec::new();
        for pick in names {
            if let Some(span) = span(&tokens, (pick.0, pick.1 % 3))
                && entities.iter().all(|e| !e.span.overlaps(span))
            {
                let kind = EntityKind::ALL[usize::from(pick.1) % 9];
                entities.push(Entity { span, kind, score: 0.5, actor: None });
            }
        }
        entities.sort_by_key(|e| e.span.start());
        let tagged: Option<Vec<Attribution>> = tagged.map(|all| all.iter().filter_map(|picks| {
            Some(Attribution {
                source: span(&tokens, picks[0]).filter(|_| picks[0].1 % 4 > 0),
                cue: span(&tokens, picks[1]).filter(|_| picks[1].1 % 4 > 0),
                content: vec![span(&tokens, picks[2])?, span(&tokens, picks[3])?],
                score: 0.5,
            })
        }).collect());
        let actors = resolve(&text, &sentences, &tokens, &entities);
        let got = extract(&text, &sentences, &tokens, &entities, &actors, tagged.as_deref());
        let sound = |span: Span| {
            text.get(span.range()).is_some_and(|s| !s.trim().is_empty())
        };
        for (i, quote) in got.quotes.iter().enumerate() {
            prop_assert!(!quote.content.is_empty());
            prop_assert!(quote.content.iter().all(|&c| sound(c)));
            prop_assert!(quote.content.is_sorted_by(|a, b| a.end() <= b.start()));
            prop_assert!(quote.source.is_none_or(sound) && quote.cue.is_none_or(sound));
            prop_assert!(quote.parent.is_none_or(|p| (p as usize) < i));
            prop_assert!(quote.speaker.is_none_or(|a| (a as usize) < got.actors.actors.len()));
            prop_assert!((0.0..=1.0).contains(&quote.score));
        }
        prop_assert!(got.quotes.is_sorted_by_key(|q| q.content[0].start()));
        prop_assert!(got.actors.mentions.is_sorted_by_key(|m| m.span.start()));
        prop_assert!(got.warnings.iter().all(|w| text.get(w.span().range()).is_some()));
    }
}
