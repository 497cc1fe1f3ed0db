use standpoint_core::{Actors, Analysis, Document, Entity, Sentence, Span, Token, Warning};
use standpoint_encoder::Source;
use standpoint_ner::Ner;
use standpoint_quotes::{Quotations as Quoted, Tagger};
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
        let analyses = self.run(&[doc], scratch, done);
        analyses.into_iter().next().unwrap_or_default()
    }

    /// Takes several documents through the stages together, which is faster for short ones: they
    /// share the encoder's batches. Each result is, to the bit, what [`analyze`](Self::analyze)
    /// gives. What the encoder makes of all of them is in memory at once, some 7 kB a subword; give
    /// a long document alone.
    #[must_use]
    pub fn analyze_many(&self, docs: &[&Document], scratch: &mut Scratch) -> Vec<Analysis> {
        self.run(docs, scratch, &mut |_| ())
    }

    fn run(
        &self,
        docs: &[&Document],
        scratch: &mut Scratch,
        done: &mut dyn FnMut(Stage),
    ) -> Vec<Analysis> {
        let texts = || docs.iter().map(|doc| doc.text());
        let sentences: Vec<Vec<Sentence>> = texts().map(standpoint_sentences::split).collect();
        done(Stage::Sentences);
        let words = |(text, sentences): (&str, &Vec<Sentence>)| -> Vec<Token> {
            sentences
                .iter()
                .flat_map(|sentence| standpoint_tokenize::tokenize(text, sentence.span))
                .collect()
        };
        let tokens: Vec<Vec<Token>> = texts().zip(&sentences).map(words).collect();
        done(Stage::Words);

        let found = {
            let sources: Vec<Source<'_>> = texts()
                .zip(&sentences)
                .zip(&tokens)
                .map(|((text, sentences), tokens)| (text, &sentences[..], &tokens[..]))
                .collect();
            match &self.ner {
                Some(ner) => self.find(ner, &sources, scratch, done),
                None => docs.iter().map(|_| Analysis::default()).collect(),
            }
        };
        found
            .into_iter()
            .zip(sentences.into_iter().zip(tokens))
            .map(|(found, (sentences, tokens))| Analysis {
                sentences,
                tokens,
                ..found
            })
            .collect()
    }

    /// All that stands on sentences and words.
    fn find(
        &self,
        ner: &Ner,
        sources: &[Source<'_>],
        scratch: &mut Scratch,
        done: &mut dyn FnMut(Stage),
    ) -> Vec<Analysis> {
        let readings = ner.read_many(sources, scratch);
        let named: Vec<Named> = sources
            .iter()
            .zip(&readings)
            .map(|(&(text, sentences, tokens), reading)| {
                let entities = ner.entities(text, sentences, tokens, reading);
                let actors = standpoint_actors::resolve(text, sentences, tokens, &entities);
                (entities, actors)
            })
            .collect();
        done(Stage::Entities);

        let tagged = match &self.quotes {
            Quotations::Tagger(tagger) => {
                let read: Vec<_> = sources.iter().copied().zip(&readings).collect();
                Some(tagger.tag_many(&read, scratch))
            }
            _ => None,
        };
        let quoted: Vec<Quoted> = (sources.iter().zip(&named).enumerate())
            .map(|(at, (&(text, sentences, tokens), (entities, actors)))| {
                let tagged = tagged.as_ref().map(|tagged| &tagged[at][..]);
                match self.quotes {
                    Quotations::Off => Quoted {
                        actors: actors.clone(),
                        ..Quoted::default()
                    },
                    _ => standpoint_quotes::extract(
                        text, sentences, tokens, entities, actors, tagged,
                    ),
                }
            })
            .collect();
        // The states are the largest of all, and nobody needs them any more.
        let split: Vec<Vec<Span>> = readings.into_iter().map(|reading| reading.split).collect();
        done(Stage::Quotes);

        let judged = match &self.stances {
            Some(judge) => {
                let read: Vec<Annotated<'_>> = (sources.iter().zip(&quoted))
                    .map(|(&(text, sentences, tokens), quoted)| Annotated {
                        text,
                        sentences,
                        tokens,
                        actors: &quoted.actors,
                        quotes: &quoted.quotes,
                    })
                    .collect();
                let judged = judge.judge_many(&read, scratch);
                done(Stage::Stances);
                judged
            }
            None => sources.iter().map(|_| Default::default()).collect(),
        };

        (named.into_iter().zip(quoted))
            .zip(judged.into_iter().zip(split))
            .map(
                |(((mut entities, _), quoted), ((stances, judged), split))| {
                    for entity in &mut entities {
                        entity.actor = quoted.actors.at(entity.span);
                    }
                    let split = split.into_iter().map(Warning::SplitSentence);
                    let mut warnings: Vec<Warning> =
                        split.chain(quoted.warnings).chain(judged).collect();
                    warnings.sort_by_key(|warning| warning.span());
                    Analysis {
                        entities,
                        actors: quoted.actors.actors,
                        mentions: quoted.actors.mentions,
                        quotes: quoted.quotes,
                        stances,
                        warnings,
                        ..Analysis::default()
                    }
                },
            )
            .collect()
    }
}

/// The names of a document, and whom they are of.
type Named = (Vec<Entity>, Actors);
