use standpoint_core::{Analysis, Document};

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
    pub fn analyze(&self, doc: &Document, _scratch: &mut Scratch) -> Analysis {
        let text = doc.text();
        let sentences = standpoint_sentences::split(text);
        let tokens = sentences
            .iter()
            .flat_map(|sentence| standpoint_tokenize::tokenize(text, sentence.span))
            .collect();
        Analysis {
            sentences,
            tokens,
            ..Analysis::default()
        }
    }
}
