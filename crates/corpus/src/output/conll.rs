use standpoint_core::{Analysis, Document};

/// The names of a document as CoNLL columns: a word and its IOB2 tag a line, an empty line after
/// each sentence, and before the first a comment with the document's id.
///
/// ```
/// use standpoint_core::{Analysis, Document, Entity, EntityKind, Sentence, Span, Token, TokenKind};
///
/// let doc = Document::new("d1", "Ana Reyes left.")?;
/// let word = |start, end| Token { span: Span::new(start, end), kind: TokenKind::Word };
/// let analysis = Analysis {
///     sentences: vec![Sentence { span: doc.span(), nested: false }],
///     tokens: vec![word(0, 3), word(4, 9), word(10, 14), word(14, 15)],
///     entities: vec![Entity {
///         span: Span::new(0, 9), kind: EntityKind::Person, score: 1.0, actor: None,
///     }],
///     ..Analysis::default()
/// };
/// assert_eq!(
///     standpoint_corpus::conll(&doc, &analysis),
///     "# newdoc id = d1\nAna\tB-Person\nReyes\tI-Person\nleft\tO\n.\tO\n\n",
/// );
/// # Ok::<(), standpoint_core::TooLong>(())
/// ```
#[must_use]
pub fn conll(document: &Document, analysis: &Analysis) -> String {
    let id = document.id().replace(['\n', '\r'], " ");
    let mut out = format!("# newdoc id = {id}\n");
    let mut sentences = analysis.sentences.iter().peekable();
    let mut entities = analysis.entities.iter().peekable();
    let mut open = false;
    for token in &analysis.tokens {
        while sentences
            .next_if(|s| s.span.end() <= token.span.start())
            .is_some()
        {
            if std::mem::take(&mut open) {
                out.push('\n');
            }
        }
        while entities
            .next_if(|e| e.span.end() <= token.span.start())
            .is_some()
        {}
        out.push_str(document.slice(token.span));
        match entities.peek() {
            Some(e) if e.span.overlaps(token.span) => {
                let first = token.span.start() <= e.span.start();
                out.push_str(if first { "\tB-" } else { "\tI-" });
                out.push_str(label(e.kind));
            }
            _ => out.push_str("\tO"),
        }
        out.push('\n');
        open = true;
    }
    if open {
        out.push('\n');
    }
    out
}

/// The label of a kind in columns and standoff files, spelled as the Worldwide data spells it.
pub(super) const fn label(kind: standpoint_core::EntityKind) -> &'static str {
    use standpoint_core::EntityKind as Kind;
    match kind {
        Kind::Person => "Person",
        Kind::Organization => "Organization",
        Kind::Location => "Location",
        Kind::Norp => "NORP",
        Kind::Facility => "Facility",
        Kind::Product => "Product",
        Kind::Date => "Date",
        Kind::Money => "Money",
        Kind::Misc => "Misc",
    }
}
