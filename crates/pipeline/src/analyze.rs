use standpoint_core::{Analysis, Document, Warning};
use standpoint_ner::Ner;
use standpoint_quotes::Tagger;
use standpoint_stance::{Annotated, Stances};

use crate::Stage;

/// Memory that a worker reuses from document to document; what is in it never shows in a result.
pub use standpoint_encoder::Scratch;

/// What was opened; shared by all threads, never changed. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    /// Finds names; without it there are no entities, and nothing that stands on them.
    pub ner: Option<Ner>,
    /// How quotations are found, if at all.
    pub quotes: Quotations,
    /// Judges who stands for or against whom.
    pub stances: Option<Stances>,
}

/// How quotations are found.
#[derive(Clone, Debug, Default)]
pub enum Quotations {
    /// Not at all.
    #[default]
    Off,
    /// By rules on quotation marks and reporting verbs.
    Rules,
    /// By rules and a tagger on the entity model's states; it must have been trained on that
    /// model's encoder.
    Tagger(Tagger),
}

impl Stages {
    /// Takes one document through the stages that were opened.
    ///
    /// The result depends on the document and the models alone: not on the documents analysed
    /// before with the same scratch memory, nor on what other threads do.
    #[must_use]
    pub fn analyze(&self, doc: &Document, scratch: &mut Scratch) -> Analysis {
        self.analyze_watched(doc, scratch, &mut |_| ())
    }

    /// The same, telling `done` of each stage when it has ended, so that a caller with a clock can
    /// time them.
    pub fn analyze_watched(
        &self,
        doc: &Document,
        scratch: &mut Scratch,
        done: &mut dyn FnMut(Stage),
    ) -> Analysis {
        let text = doc.text();
        let mut analysis = Analysis {
            sentences: standpoint_sentences::split(text),
            ..Analysis::default()
        };
        done(Stage::Sentences);
        analysis.tokens = analysis
            .sentences
            .iter()
            .flat_map(|sentence| standpoint_tokenize::tokenize(text, sentence.span))
            .collect();
        done(Stage::Words);
        let Some(ner) = &self.ner else {
            return analysis;
        };

        let (sentences, tokens) = (&analysis.sentences, &analysis.tokens);
        let reading = ner.read(text, sentences, tokens, scratch);
        analysis
            .warnings
            .extend(reading.split.iter().copied().map(Warning::SplitSentence));
        analysis.entities = ner.entities(text, sentences, tokens, &reading);
        let actors = standpoint_actors::resolve(text, sentences, tokens, &analysis.entities);
        done(Stage::Entities);

        let found = match &self.quotes {
            Quotations::Off => standpoint_quotes::Quotations {
                actors,
                ..standpoint_quotes::Quotations::default()
            },
            how => {
                let tagged = match how {
                    Quotations::Tagger(tagger) => {
                        Some(tagger.tag(text, sentences, tokens, &reading, scratch))
                    }
                    _ => None,
                };
                let entities = &analysis.entities;
                let tagged = tagged.as_deref();
                standpoint_quotes::extract(text, sentences, tokens, entities, &actors, tagged)
            }
        };
        analysis.warnings.extend(found.warnings);
        done(Stage::Quotes);

        if let Some(judge) = &self.stances {
            let read = Annotated {
                text,
                sentences,
                tokens,
                actors: &found.actors,
                quotes: &found.quotes,
            };
            let (stances, warnings) = judge.judge(&read, scratch);
            analysis.stances = stances;
            analysis.warnings.extend(warnings);
            done(Stage::Stances);
        }

        for entity in &mut analysis.entities {
            entity.actor = found.actors.at(entity.span);
        }
        analysis.actors = found.actors.actors;
        analysis.mentions = found.actors.mentions;
        analysis.quotes = found.quotes;
        analysis.warnings.sort_by_key(|warning| warning.span());
        analysis
    }
}
