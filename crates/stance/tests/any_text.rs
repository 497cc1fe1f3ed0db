//! No text, and no reading of one, makes a stage fail.

use proptest::prelude::*;
use standpoint_core::{
    Actor, Actors, EntityKind, Holder, Mention, MentionKind, Quote, QuoteKind, Sentence,
    SourceKind, Span, SpeechAct, Token, TokenKind,
};
use standpoint_encoder::{Kernel, Scratch};
use standpoint_stance::{Annotated, Passage, Stances};

fn model() -> Stances {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/model");
    Stances::open(dir, Kernel::Portable).expect("the fixture opens")
}

/// A text with words of the fixture's vocabulary and anything else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Ana ".to_owned()),
        Just("said “Borin".to_owned()),
        Just("”. \n".to_owned()),
        Just("in the ".to_owned()),
        any::<char>().prop_map(String::from),
        "\\PC{0,12}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A span of whole characters from two numbers.
fn span(text: &str, (a, b): (usize, usize)) -> Span {
    let mut ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    ends.push(text.len());
    let (a, b) = (ends[a % ends.len()], ends[b % ends.len()]);
    Span::from_range(a.min(b)..a.max(b))
}

type Places = Vec<(usize, usize)>;

fn places(most: usize) -> impl Strategy<Value = Places> {
    prop::collection::vec((0usize..400, 0usize..400), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_reading_is_judged(
        text in text(),
        mentions in places(12),
        quoted in prop::collection::vec((places(4), 0usize..400, 0usize..400, 0u32..6, any::<bool>()), 0..5),
        cuts in prop::collection::vec(0usize..400, 0..4),
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|&c| span(&text, (0, c)).range().end).collect();
        ends.extend([0, text.len()]);
        ends.sort_unstable();
        ends.dedup();
        let sentences: Vec<Sentence> = ends
            .windows(2)
            .map(|e| Sentence { span: Span::from_range(e[0]..e[1]), nested: false })
            .collect();
        let tokens: Vec<Token> = text
            .split_inclusive(char::is_whitespace)
            .scan(0, |at, word| {
                let start = *at;
                *at += word.len();
                Some(Token {
                    span: Span::from_range(start..start + word.trim_end().len()),
                    kind: TokenKind::Word,
                })
            })
            .filter(|t| !t.span.is_empty())
            .collect();
        let kinds = [EntityKind::Person, EntityKind::Location, EntityKind::Date, EntityKind::Norp];
        let mut mentions: Vec<Mention> = (0u32..)
            .zip(&mentions)
            .map(|(i, &place)| Mention {
                span: span(&text, place),
                actor: i % 5, // one number more than there are actors
                kind: MentionKind::Name,
            })
            .collect();
        mentions.sort_by_key(|m| m.span.start());
        let actors = Actors {
            actors: (0u32..4)
                .zip(kinds)
                .map(|(id, kind)| Actor { id, name: format!("N{id}"), kind, aliases: Vec::new() })
                .collect(),
            mentions,
        };
        let quotes: Vec<Quote> = quoted
            .into_iter()
            .map(|(content, cue, source, speaker, negated)| Quote {
                kind: QuoteKind::Direct,
                content: content.into_iter().map(|place| span(&text, place)).collect(),
                cue: (cue > 100).then(|| span(&text, (cue, cue + 5))),
                source: (source > 100).then(|| span(&text, (source, source + 9))),
                source_kind: SourceKind::Absent,
                speaker: (speaker < 5).then_some(speaker),
                act: SpeechAct::Say,
                negated,
                hedged: false,
                parent: (speaker > 3).then_some(speaker),
                score: 1.0,
            })
            .collect();
        let read = Annotated { text: &text, sentences: &sentences, tokens: &tokens, actors: &actors, quotes: &quotes };
        let mut scratch = Scratch::default();
        let (stances, warnings) = model().judge(&read, &mut scratch);
        for stance in &stances {
            prop_assert!(text.get(stance.evidence.range()).is_some());
            prop_assert!((stance.target as usize) < actors.actors.len());
            prop_assert!((0.0..=1.0).contains(&stance.score));
            prop_assert!(stance.holder != Holder::Actor(stance.target));
        }
        prop_assert!(stances.is_sorted_by_key(|s| s.evidence));
        prop_assert_eq!(model().judge(&read, &mut scratch), (stances, warnings));
    }

    #[test]
    fn any_passage_is_answered(text in text(), holder in prop::option::of((0usize..400, 0usize..400)), target in (0usize..400, 0usize..400)) {
        let passage = Passage {
            text: &text,
            holder: holder.map(|place| span(&text, place)),
            target: span(&text, target),
        };
        let answer = model().ask(&[passage], &mut Scratch::default())[0];
        let sum: f32 = answer.joint.iter().sum();
        prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
        let forward = answer.forward;
        prop_assert!((forward.favor + forward.against + forward.neutral - 1.0).abs() < 1e-4);
    }
}
