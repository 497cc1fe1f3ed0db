//! Looks for the texts that are slowest by the byte; see [`standpoint_testkit::print_slowest`].
fn main() {
    standpoint_testkit::print_slowest(|text| drop(standpoint_sentences::split(text)));
}
