//! Looks for the texts that are slowest by the byte; see [`standpoint_testkit::print_slowest`].
use standpoint_core::Span;

fn main() {
    standpoint_testkit::print_slowest(|text| {
        let all = Span::from_range(0..text.len());
        drop(standpoint_tokenize::tokenize(text, all));
    });
}
