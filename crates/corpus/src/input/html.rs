//! The main text of a web page.
//!
//! The element that holds it is the one with the most words in paragraphs of its own, words of
//! links not counted, after Kohlschütter, Fankhauser and Nejdl, "Boilerplate Detection using
//! Shallow Text Features" (WSDM 2010): what is long and not linked is text.

use std::io::Read;
use std::ops::ControlFlow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

use super::{Entry, Sink, Source};
use crate::failure::Failure;

pub(super) fn read(stream: impl Read, from: &Source<'_>, sink: Sink<'_>) -> ControlFlow<()> {
    sink(match from.all(stream).and_then(characters) {
        Ok(page) => entry(&page, from),
        Err(reason) => Err(Failure::at(from.name, reason).of(from.name)),
    })
}

/// Decodes as the HTML standard says: byte order mark, `charset`, else UTF-8 where it is valid
/// and Windows-1252 where not.
fn characters(bytes: Vec<u8>) -> Result<String, String> {
    let (encoding, mark) = match Encoding::for_bom(&bytes) {
        Some(found) => found,
        None if let Some(at) = bytes.iter().position(|b| *b == 0) => {
            return Err(format!("binary: a zero byte at offset {at}"));
        }
        None => {
            let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
            let label = head.split_once("charset=").map(|(_, rest)| {
                let rest = rest.trim_start_matches(['"', '\'', ' ']);
                let end = rest
                    .find(['"', '\'', ' ', ';', '>', '/'])
                    .unwrap_or(rest.len());
                rest[..end].to_owned()
            });
            let valid = || std::str::from_utf8(&bytes).is_ok();
            match label.and_then(|l| Encoding::for_label(l.as_bytes())) {
                Some(encoding) => (encoding, 0),
                None if valid() => (UTF_8, 0),
                None => (WINDOWS_1252, 0),
            }
        }
    };
    let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
    Ok(text.into_owned())
}

fn entry(page: &str, from: &Source<'_>) -> Result<Entry, Failure> {
    let page = Html::parse_document(page);
    let text = main_text(&page);
    let mut meta = Vec::new();
    let mut keep = |name: &str, places: &[(&str, &str)]| {
        let value = places.iter().find_map(|(selector, attribute)| {
            let element = page.select(&selector_of(selector)).next()?;
            let value = match *attribute {
                "" => words(element),
                attribute => element.value().attr(attribute)?.trim().to_owned(),
            };
            (!value.is_empty()).then_some(value)
        });
        if let Some(value) = value {
            meta.push((name.to_owned(), value));
        }
    };
    keep(
        "date",
        &[
            ("meta[property='article:published_time']", "content"),
            ("meta[name='date']", "content"),
            ("[itemprop='datePublished']", "content"),
            ("time[datetime]", "datetime"),
        ],
    );
    keep("outlet", &[("meta[property='og:site_name']", "content")]);
    keep(
        "url",
        &[
            ("link[rel='canonical']", "href"),
            ("meta[property='og:url']", "content"),
        ],
    );
    keep(
        "title",
        &[("meta[property='og:title']", "content"), ("title", "")],
    );
    from.entry(from.name.to_owned(), None, text, meta, true)
}

fn selector_of(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector of this file")
}

/// Elements that are never text.
const SKIPPED: &[&str] = &[
    "script", "style", "noscript", "template", "nav", "footer", "aside", "form", "button",
    "select", "svg", "iframe", "figure", "head", "textarea", "menu",
];

/// Elements that end a paragraph where they start and end.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "body",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "table",
    "tr",
    "td",
    "th",
    "hr",
    "address",
    "details",
    "summary",
    "center",
];

fn main_text(page: &Html) -> String {
    let best = page
        .select(&selector_of("article, main, section, div, td, body"))
        // The first of equals is the outer one.
        .fold(None, |best: Option<(usize, ElementRef<'_>)>, element| {
            let score = own_words(element);
            match best {
                Some((most, _)) if most >= score => best,
                _ => Some((score, element)),
            }
        });
    let root = match best {
        Some((score, element)) if score > 0 => element,
        // No paragraphs at all: everything that is not boilerplate by its name.
        _ => page.root_element(),
    };
    // An article's own parts may hold more of it than the one with the most paragraphs.
    let root = root
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|e| e.value().name() == "article")
        .unwrap_or(root);

    let mut paragraphs = paragraphs(root);
    let headline = page
        .select(&selector_of("h1"))
        .map(words)
        .find(|h| !h.is_empty());
    if let Some(headline) = headline
        && !paragraphs.contains(&headline)
    {
        paragraphs.insert(0, headline);
    }
    paragraphs.join("\n\n")
}

/// Characters in the paragraphs right below an element, those in links taken off.
fn own_words(element: ElementRef<'_>) -> usize {
    let link = selector_of("a");
    element
        .child_elements()
        .filter(|child| matches!(child.value().name(), "p" | "blockquote"))
        .map(|p| {
            let all = words(p).len();
            let linked: usize = p.select(&link).map(|a| words(a).len()).sum();
            all.saturating_sub(linked)
        })
        .sum()
}

/// An element's words on one line.
fn words(element: ElementRef<'_>) -> String {
    collapsed(&element.text().collect::<String>())
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paragraphs(root: ElementRef<'_>) -> Vec<String> {
    use ego_tree::iter::Edge;

    let mut done = Vec::new();
    let mut open = String::new();
    let mut skipped = 0_usize;
    let mut flush = |open: &mut String| {
        let text = collapsed(open);
        if !text.is_empty() {
            done.push(text);
        }
        open.clear();
    };
    for edge in root.traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Text(text) if opens && skipped == 0 => open.push_str(text),
            Node::Element(element) => {
                let name = element.name();
                if SKIPPED.contains(&name) {
                    skipped = if opens { skipped + 1 } else { skipped - 1 };
                } else if skipped == 0 && BLOCKS.contains(&name) {
                    flush(&mut open);
                } else if skipped == 0 && opens && name == "br" {
                    // Two in a row end a paragraph in old pages.
                    if open.ends_with('\n') {
                        flush(&mut open);
                    } else {
                        open.push('\n');
                    }
                }
            }
            _ => {}
        }
    }
    flush(&mut open);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{InputFormat, ReadOptions, read_from};

    fn read(page: &[u8]) -> Entry {
        let mut got = None;
        let options = ReadOptions::default();
        let _ = read_from(
            Box::new(page),
            InputFormat::Html,
            "p.html",
            &options,
            &mut |item| {
                got = Some(item.expect("a page with text"));
                ControlFlow::Continue(())
            },
        );
        got.expect("one document")
    }

    #[test]
    fn the_main_text_is_found() {
        let got = read(
            br#"<!doctype html><html><head><title>Site | A strike</title>
            <meta property="article:published_time" content="2024-05-01T10:00:00Z">
            <meta property="og:site_name" content="The Daily">
            <style>p { color: red }</style></head><body>
            <nav><p>Home and a long line of links that is no text at all</p></nav>
            <h1>A strike begins</h1>
            <div class="side"><p><a href="/x">Ten things you should read before you read this, at length</a></p></div>
            <div class="story"><p>Workers &amp; drivers walked
              out.</p><script>var p = "<p>no</p>";</script>
              <p>&ldquo;We will <b>win</b>,&rdquo; said Ana&nbsp;Reyes.<br>She left.</p></div>
            <footer><p>Copyright of everything that has ever been printed on this page, at length, for good</p></footer>
            </body></html>"#,
        );
        assert_eq!(
            got.document.text(),
            "A strike begins\n\nWorkers & drivers walked out.\n\n\
             \u{201c}We will win,\u{201d} said Ana Reyes. She left."
        );
        assert!(got.extracted);
        let meta: Vec<_> = got
            .document
            .meta()
            .iter()
            .map(|(n, v)| (&**n, &**v))
            .collect();
        assert_eq!(
            meta,
            [
                ("date", "2024-05-01T10:00:00Z"),
                ("outlet", "The Daily"),
                ("title", "Site | A strike")
            ]
        );
    }

    #[test]
    fn encodings_are_as_the_page_says() {
        let page = b"<meta charset=windows-1252><p>Se\xf1or Pe\xf1a said \x93yes\x94.";
        assert_eq!(
            read(page).document.text(),
            "Señor Peña said \u{201c}yes\u{201d}."
        );
        let page = "<p>Señor</p>".as_bytes();
        assert_eq!(read(page).document.text(), "Señor");
        assert_eq!(read(b"<p>Se\xf1or</p>").document.text(), "Señor");
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let page = format!("{}deep{}", "<div>".repeat(4_000), "</div>".repeat(4_000));
        assert_eq!(read(page.as_bytes()).document.text(), "deep");
    }
}
