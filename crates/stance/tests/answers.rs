//! The answers of a tiny seeded model against PyTorch's; both from `scripts/make_stance_fixture.py`.

use standpoint_core::{Actors, Span};
use standpoint_encoder::{Kernel, Scratch};
use standpoint_stance::{Annotated, Passage, Stances};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/model");

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    holder: Option<[usize; 2]>,
    target: [usize; 2],
    pieces: usize,
    forward: [f32; 3],
    backward: [f32; 3],
    joint: [f32; 5],
}

impl Case {
    fn passage(&self) -> Passage<'_> {
        let span = |[start, end]: [usize; 2]| Span::from_range(start..end);
        Passage {
            text: &self.text,
            holder: self.holder.map(span),
            target: span(self.target),
        }
    }
}

fn cases() -> Vec<Case> {
    standpoint_testkit::jsonl(format!("{MODEL}/answers.jsonl"))
}

fn open() -> Stances {
    Stances::open(MODEL, Kernel::Portable).expect("the fixture opens")
}

#[test]
fn answers_are_those_of_pytorch() {
    let cases = cases();
    let passages: Vec<Passage<'_>> = cases.iter().map(Case::passage).collect();
    let answers = open().ask(&passages, &mut Scratch::default());
    let mut full = 0;
    for (case, answer) in cases.iter().zip(&answers) {
        let mut pairs = Vec::new();
        pairs.extend(case.joint.into_iter().zip(answer.joint));
        for (want, got) in [
            (case.forward, answer.forward),
            (case.backward, answer.backward),
        ] {
            let got = [got.favor, got.against, got.neutral];
            if case.holder.is_some() || want == case.forward {
                pairs.extend(want.into_iter().zip(got));
            }
        }
        for (want, got) in pairs {
            assert!((want - got).abs() < 1e-4, "{}: {want} {got}", case.text);
        }
        full += usize::from(case.pieces == 40);
    }
    assert!(full >= 2, "some passages are longer than the window of 40");
    assert_eq!(answers.len(), cases.len());
}

#[test]
fn an_answer_does_not_depend_on_what_else_is_asked() {
    let cases = cases();
    let model = open();
    let passages: Vec<Passage<'_>> = cases.iter().map(Case::passage).collect();
    let together = model.ask(&passages, &mut Scratch::default());
    let mut scratch = Scratch::default();
    for (passage, want) in passages.iter().zip(&together).rev() {
        assert_eq!(model.ask(&[*passage, *passage], &mut scratch), [*want; 2]);
    }
}

#[test]
fn holder_and_target_change_places() {
    let model = open();
    let text = "Ana blames Borin.";
    let [ana, borin] = [Span::new(0, 3), Span::new(11, 16)];
    let ask = |holder, target| Passage {
        text,
        holder: Some(holder),
        target,
    };
    let passages = [ask(ana, borin), ask(borin, ana)];
    let [one, other] = model.ask(&passages, &mut Scratch::default())[..] else {
        panic!("two answers");
    };
    assert_eq!((one.forward, one.backward), (other.backward, other.forward));
    let [neutral, hfor, tfor, hagainst, tagainst] = other.joint;
    let turned = [neutral, tfor, hfor, tagainst, hagainst];
    for (want, got) in one.joint.into_iter().zip(turned) {
        assert!((want - got).abs() < 1e-6, "{want} {got}");
    }
}

#[test]
fn nothing_asked_nothing_answered() {
    let model = open();
    assert!(model.ask(&[], &mut Scratch::default()).is_empty());
    let read = Annotated {
        text: "",
        sentences: &[],
        tokens: &[],
        actors: &Actors::default(),
        quotes: &[],
    };
    let (stances, warnings) = model.judge(&read, &mut Scratch::default());
    assert!(stances.is_empty() && warnings.is_empty());
}

#[test]
fn models_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Stances>();
}
