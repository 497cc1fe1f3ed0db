//! Looks for the texts that are slowest by the byte, among all periods of up to three of the pieces
//! below (or as many as the argument says) and random texts of them, and prints the slowest twenty.
#![allow(clippy::print_stdout, reason = "a program")]
/// What words and sentences are told by.
const PIECES: &[&str] = &[
    "a", "n", "Z", "I", "1", ".", "!", "?", ",", ":", "-", "'", "\"", "“", "”", "’", "(", ")",
    "\n", " ", "@", "/", "é", "É", "😀", "•", "*", "\u{a0}",
];

fn main() {
    let longest = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(3);
    for (speed, text) in standpoint_testkit::slowest(PIECES, longest, |text| {
        drop(standpoint_sentences::split(text))
    })
    .iter()
    .take(20)
    {
        println!(
            "{speed:6.1} MB/s {:?}",
            text.chars().take(30).collect::<String>()
        );
    }
}
