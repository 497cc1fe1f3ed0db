use standpoint_core::{Actors, Analysis, Document, Entity, Sentence, Span, Token, Warning};
use standpoint_encoder::{SECTION, Source, sections};
use standpoint_ner::{Emissions, Ner};
use standpoint_quotes::{Attribution, Quotations as Quoted, Tagger};
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
    /// gives. Memory beside the results does not grow with their number or length: the encoder's
    /// states, some 7 kB a subword, are there for one section of a document at a time, or for short
    /// documents of as many words together.
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
        let mut read: Vec<Read> = sources.iter().map(|_| Read::default()).collect();
        let all: Vec<(usize, Source<'_>)> = (sources.iter().enumerate())
            .flat_map(|(at, &source)| sections(source).into_iter().map(move |s| (at, s)))
            .collect();
        for group in groups(&all) {
            let parts: Vec<Source<'_>> = group.iter().map(|&(_, part)| part).collect();
            let readings = ner.read_many(&parts, scratch);
            for ((at, (_, _, tokens)), reading) in group.iter().zip(&readings) {
                read[*at].emissions.append(ner.emissions(tokens, reading));
                read[*at].split.extend(&reading.split);
            }
            done(Stage::Entities);
            if let Quotations::Tagger(tagger) = &self.quotes {
                let parts: Vec<_> = parts.into_iter().zip(&readings).collect();
                for ((at, _), tagged) in group.iter().zip(tagger.tag_many(&parts, scratch)) {
                    read[*at].tagged.extend(tagged);
                }
                done(Stage::Quotes);
            }
        }

        let named: Vec<Named> = (sources.iter().zip(&mut read))
            .map(|(&(text, sentences, tokens), read)| {
                let emissions = std::mem::take(&mut read.emissions);
                let entities = ner.entities_of(text, sentences, tokens, emissions);
                let actors = standpoint_actors::resolve(text, sentences, tokens, &entities);
                (entities, actors)
            })
            .collect();
        done(Stage::Entities);

        let quoted: Vec<Quoted> = (sources.iter().zip(&named).zip(&read))
            .map(|((&(text, sentences, tokens), (entities, actors)), read)| {
                let tagged = match self.quotes {
                    Quotations::Tagger(_) => Some(&read.tagged[..]),
                    _ => None,
                };
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
            .zip(judged.into_iter().zip(read))
            .map(|(((mut entities, _), quoted), ((stances, judged), read))| {
                for entity in &mut entities {
                    entity.actor = quoted.actors.at(entity.span);
                }
                let split = read.split.into_iter().map(Warning::SplitSentence);
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
            })
            .collect()
    }
}

/// What is kept of a document's sections when their states are dropped.
#[derive(Default)]
struct Read {
    emissions: Emissions,
    tagged: Vec<Attribution>,
    split: Vec<Span>,
}

/// Sections to be read together, those of short documents: so many words as the longest section
/// has, or one longer section.
fn groups<'a, 's>(sections: &'s [(usize, Source<'a>)]) -> Vec<&'s [(usize, Source<'a>)]> {
    let mut groups = Vec::new();
    let (mut first, mut words) = (0, 0);
    for (n, (_, (_, _, tokens))) in sections.iter().enumerate() {
        if n > first && words + tokens.len() > SECTION {
            groups.push(&sections[first..n]);
            (first, words) = (n, 0);
        }
        words += tokens.len();
    }
    if first < sections.len() {
        groups.push(&sections[first..]);
    }
    groups
}

/// The names of a document, and whom they are of.
type Named = (Vec<Entity>, Actors);
