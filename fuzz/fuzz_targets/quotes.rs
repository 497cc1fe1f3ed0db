//! Quotations of any text, with any names in it and anything that a tagger might give, keep their
//! promises: spans with words in them, in order, parents before their children, actors that exist.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standpoint_core::{Entity, EntityKind, Span, Token};
use standpoint_quotes::{Attribution, extract};

/// Up to 16 tokens, from the one that the first number chooses.
fn words(tokens: &[Token], [first, more]: [u8; 2]) -> Option<Span> {
    let first = usize::from(first) % tokens.len().max(1);
    let last = (first + usize::from(more) % 16).min(tokens.len().checked_sub(1)?);
    Some(tokens[first].span.join(tokens[last].span))
}

fuzz_target!(|input: (Vec<[u8; 2]>, Option<Vec<[[u8; 2]; 4]>>, &str)| {
    let (names, tagged, text) = input;
    let sentences = standpoint_sentences::split(text);
    let tokens: Vec<Token> = sentences
        .iter()
        .flat_map(|sentence| standpoint_tokenize::tokenize(text, sentence.span))
        .collect();
    let mut entities: Vec<Entity> = Vec::new();
    for pick in names {
        if let Some(span) = words(&tokens, [pick[0], pick[1] % 3])
            && entities.iter().all(|e| !e.span.overlaps(span))
        {
            let kind = EntityKind::ALL[usize::from(pick[1] / 3) % EntityKind::ALL.len()];
            entities.push(Entity { span, kind, score: 0.5, actor: None });
        }
    }
    entities.sort_by_key(|e| e.span.start());
    let attribution = |picks: [[u8; 2]; 4]| {
        Some(Attribution {
            source: words(&tokens, picks[0]).filter(|_| picks[0][1] < 200),
            cue: words(&tokens, picks[1]).filter(|_| picks[1][1] < 200),
            content: vec![words(&tokens, picks[2])?, words(&tokens, picks[3])?],
            score: 0.5,
        })
    };
    let tagged: Option<Vec<Attribution>> =
        tagged.map(|all| all.into_iter().filter_map(attribution).collect());

    let actors = standpoint_actors::resolve(text, &sentences, &tokens, &entities);
    let found = extract(text, &sentences, &tokens, &entities, &actors, tagged.as_deref());
    let shows = |span: Span| assert!(!text[span].trim().is_empty());
    for (i, quote) in found.quotes.iter().enumerate() {
        assert!(!quote.content.is_empty());
        assert!(quote.content.is_sorted_by(|a, b| a.end() <= b.start()));
        let spans = quote.content.iter().copied();
        spans.chain(quote.source).chain(quote.cue).for_each(shows);
        assert!(quote.parent.is_none_or(|parent| (parent as usize) < i));
        assert!(quote.speaker.is_none_or(|id| (id as usize) < found.actors.actors.len()));
        assert!((0.0..=1.0).contains(&quote.score));
    }
    for mention in &found.actors.mentions {
        shows(mention.span);
        assert!((mention.actor as usize) < found.actors.actors.len());
    }
    for warning in &found.warnings {
        let _ = &text[warning.span()];
    }
});
