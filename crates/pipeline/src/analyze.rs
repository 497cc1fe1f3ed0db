use standpoint_core::{Analysis, Document};

use crate::Stage;

/// What was opened; shared by all threads, never changed.
#[derive(Clone, Debug, Default)]
pub struct Stages {}

/// Memory that a worker reuses from document to document; what is in it never shows in a result.
#[derive(Debug, Default)]
pub struct Scratch {}

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
        _scratch: &mut Scratch,
        done: &mut dyn FnMut(Stage),
    ) -> Analysis {
        let text = doc.text();
        let sentences = standpoint_sentences::split(text);
        done(Stage::Sentences);
        let tokens = sentences
            .iter()
            .flat_map(|sentence| standpoint_tokenize::tokenize(text, sentence.span))
            .collect();
        done(Stage::Words);
        Analysis {
            sentences,
            tokens,
            ..Analysis::default()
        }
    }
}
