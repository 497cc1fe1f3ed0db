//! Documents that share a batch get, to the bit, what each gets alone.

use proptest::prelude::*;
use standpoint_core::Document;
use standpoint_encoder::Kernel;
use standpoint_ner::Ner;
use standpoint_pipeline::{Quotations, Scratch, Stages};
use standpoint_stance::Stances;

/// Small models with random weights: they find names and stances in places, which is enough.
fn stages() -> Stages {
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let ner = format!("{crates}/ner/tests/fixtures/bert-cased-iob2");
    let stances = format!("{crates}/stance/tests/data/model");
    Stages {
        ner: Some(Ner::open(ner.as_str(), Kernel::Auto).unwrap()),
        quotes: Quotations::Rules,
        stances: Some(Stances::open(stances.as_str(), Kernel::Auto).unwrap()),
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Kem Sokha met Ban Ki-moon in Phnom Penh. ".to_owned()),
        Just("“We will win,” Ana Ruiz said. ".to_owned()),
        Just("Sokha blames the EU's Borrell.\n".to_owned()),
        Just("Türkiye told police that “".to_owned()),
        "\\PC{0,12}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_result_is_the_same_alone_and_in_any_company(
        texts in prop::collection::vec(text(), 0..7),
    ) {
        let stages = stages();
        let documents: Vec<Document> =
            texts.iter().map(|text| Document::new("d", text.as_str()).unwrap()).collect();
        let documents: Vec<&Document> = documents.iter().collect();
        let together = stages.analyze_many(&documents, &mut Scratch::default());
        prop_assert_eq!(together.len(), documents.len());
        for (document, together) in documents.iter().zip(together) {
            // Equal floats, compared by their bits as they are no NaN.
            let alone = stages.analyze(document, &mut Scratch::default());
            prop_assert_eq!(alone, together);
        }
    }
}

/// The models above do find something in these texts: the comparison is not one of nothing.
#[test]
fn what_is_compared_is_not_empty() {
    let text = "Kem Sokha met Ban Ki-moon in Phnom Penh. “We will win,” Ana Ruiz said. ".repeat(3);
    let document = Document::new("d", text).unwrap();
    let found = stages().analyze(&document, &mut Scratch::default());
    assert!(
        !found.entities.is_empty() && !found.quotes.is_empty(),
        "{found:?}"
    );
    assert!(!found.stances.is_empty(), "{found:?}");
}

/// What is longer than a section is read in several, which are grouped anew when it is not alone.
#[test]
fn long_documents_are_the_same_in_company() {
    let stages = stages();
    let sentence = "Kem Sokha met Ban Ki-moon in Phnom Penh. Ana Ruiz, too.\n";
    let document = |n: usize| Document::new("d", sentence.repeat(n)).unwrap();
    let documents = [100, 300, 0, 1000, 100].map(document);
    let together = stages.analyze_many(&documents.each_ref(), &mut Scratch::default());
    assert!(together[3].tokens.len() > 3 * standpoint_encoder::SECTION);
    for (document, together) in documents.iter().zip(together) {
        let alone = stages.analyze(document, &mut Scratch::default());
        assert_eq!(alone, together);
        // The same words throughout, so that what is found near the end can be foretold.
        let last = document.text().len().saturating_sub(2 * sentence.len()) as u32;
        let found = |e: &standpoint_core::Entity| e.span.start() >= last;
        assert!(document.text().is_empty() || alone.entities.iter().any(found));
    }
}
