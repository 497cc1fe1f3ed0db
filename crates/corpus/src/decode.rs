use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Why bytes are no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Bytes that are not UTF-8.
    #[error("not UTF-8: byte 0x{byte:02x} at offset {at}")]
    Utf8 {
        /// The first wrong byte.
        byte: u8,
        /// Where it is, from the first byte of the file.
        at: usize,
    },
    /// Text marked as UTF-16 that is not.
    #[error("marked as {encoding}, but not valid as such")]
    Utf16 {
        /// What the mark says.
        encoding: &'static str,
    },
    /// A zero byte, which no text file has.
    #[error("binary: a zero byte at offset {at}")]
    Binary {
        /// Where it is.
        at: usize,
    },
}

/// The text of a file's bytes: UTF-8, or UTF-16 with a byte order mark. The mark is no part of
/// the text; line ends stay as they are.
///
/// # Errors
///
/// [`DecodeError`] for anything else. Nothing is replaced or guessed: a wrong guess would shift
/// every offset without a word.
///
/// ```
/// use standpoint_corpus::decode;
///
/// assert_eq!(decode(b"\xef\xbb\xbfcaf\xc3\xa9".to_vec())?, "café");
/// assert_eq!(decode(b"\xff\xfeh\0i\0".to_vec())?, "hi");
/// let err = decode(b"caf\xe9 au lait".to_vec()).unwrap_err();
/// assert_eq!(err.to_string(), "not UTF-8: byte 0xe9 at offset 3");
/// # Ok::<(), standpoint_corpus::DecodeError>(())
/// ```
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    match Encoding::for_bom(&bytes) {
        Some((encoding, mark)) if encoding == UTF_16LE || encoding == UTF_16BE => {
            let text = encoding
                .decode_without_bom_handling_and_without_replacement(&bytes[mark..])
                .ok_or(DecodeError::Utf16 {
                    encoding: encoding.name(),
                })?;
            // The mark of UTF-32 begins as that of UTF-16 does; its text is then full of zeros.
            match text.find('\0') {
                Some(_) => Err(DecodeError::Binary {
                    at: bytes.iter().position(|b| *b == 0).unwrap_or(mark),
                }),
                None => Ok(text.into_owned()),
            }
        }
        Some((_, mark)) => utf8(bytes, mark),
        None => utf8(bytes, 0),
    }
}

fn utf8(mut bytes: Vec<u8>, mark: usize) -> Result<String, DecodeError> {
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(DecodeError::Binary { at });
    }
    bytes.drain(..mark);
    String::from_utf8(bytes).map_err(|err| {
        let at = err.utf8_error().valid_up_to();
        DecodeError::Utf8 {
            byte: err.as_bytes()[at],
            at: at + mark,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_dropped() {
        assert_eq!(decode(b"\xfe\xff\0h\0i".to_vec()).unwrap(), "hi");
        assert_eq!(decode(b"\xef\xbb\xbf".to_vec()).unwrap(), "");
        let err = decode(b"\xef\xbb\xbfab\xff".to_vec()).unwrap_err();
        assert_eq!(err, DecodeError::Utf8 { byte: 0xff, at: 5 });
    }

    #[test]
    fn what_is_no_text_says_where() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        assert_eq!(decode(png), Err(DecodeError::Binary { at: 8 }));
        assert_eq!(
            decode(b"\xff\xfe\0\0h\0\0\0".to_vec()),
            Err(DecodeError::Binary { at: 2 })
        );
        assert!(matches!(
            decode(b"\xff\xfe\x00\xd8".to_vec()),
            Err(DecodeError::Utf16 { .. })
        ));
        assert!(matches!(
            decode(b"\xff\xfeh".to_vec()),
            Err(DecodeError::Utf16 { .. })
        ));
    }
}
