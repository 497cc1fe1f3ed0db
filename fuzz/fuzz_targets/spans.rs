//! The stages without models, from any text to the record: every span of the record stands beside
//! the words that the text has there, in each unit of offsets. Names are runs of capitalized words,
//! so that there are actors, and quotations with speakers, by rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standpoint_core::{
    Analysis, Document, Entity, EntityKind, OffsetIndex, OffsetUnit, Token,
};
use standpoint_corpus::{Provenance, Record};

fuzz_target!(|text: &str| {
    let doc = Document::new("f", text).expect("a short text");
    let sentences = standpoint_sentences::split(text);
    let tokens: Vec<Token> = sentences
        .iter()
        .flat_map(|sentence| standpoint_tokenize::tokenize(text, sentence.span))
        .collect();
    let mut entities: Vec<Entity> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if !text[token.span].starts_with(char::is_uppercase) {
            continue;
        }
        match entities.last_mut() {
            Some(last) if i > 0 && last.span.end() == tokens[i - 1].span.end() => {
                last.span = last.span.join(token.span);
            }
            _ => entities.push(Entity {
                span: token.span,
                kind: EntityKind::ALL[i % EntityKind::ALL.len()],
                score: 0.5,
                actor: None,
            }),
        }
    }
    let actors = standpoint_actors::resolve(text, &sentences, &tokens, &entities);
    let found = standpoint_quotes::extract(text, &sentences, &tokens, &entities, &actors, None);
    for entity in &mut entities {
        entity.actor = found.actors.at(entity.span);
    }
    let analysis = Analysis {
        sentences,
        tokens,
        entities,
        actors: found.actors.actors,
        mentions: found.actors.mentions,
        quotes: found.quotes,
        warnings: found.warnings,
        ..Analysis::default()
    };

    let index = OffsetIndex::new(text);
    for unit in [OffsetUnit::Chars, OffsetUnit::Bytes, OffsetUnit::Utf16] {
        let record = Record::new(&doc, &analysis, unit, &Provenance::default());
        let check = |(start, end): (u32, u32), words: &str| {
            let span = index.span(start..end, unit).expect("a span of the text");
            assert_eq!(&text[span], words);
        };
        for row in &record.entities {
            check((row.start, row.end), &row.text);
        }
        for row in &record.quotes {
            assert_eq!(row.content.len(), row.text.len());
            for (&span, words) in row.content.iter().zip(&row.text) {
                check(span, words);
            }
            for (span, words) in [(row.cue, &row.cue_text), (row.source, &row.source_text)] {
                assert_eq!(span.is_some(), words.is_some());
                if let (Some(span), Some(words)) = (span, words) {
                    check(span, words);
                }
            }
        }
        let end = record.sentences.iter().fold(0, |at, &(start, end)| {
            assert_eq!(start, at);
            end
        });
        assert_eq!(end, record.length);
    }
});
