//! Base64 of RFC 4648 section 4: the standard alphabet, one text for each byte string.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenzik_host_abi::Status;

/// Encodes `bytes` with padding.
///
/// # Errors
/// [`Status::TooLarge`] if the text would be longer than `result_bytes_max`.
pub fn encode(bytes: &[u8], result_bytes_max: usize) -> Result<Vec<u8>, Status> {
    let length = base64::encoded_len(bytes.len(), true).ok_or(Status::TooLarge)?;
    if length > result_bytes_max {
        return Err(Status::TooLarge);
    }
    Ok(STANDARD.encode(bytes).into_bytes())
}

/// Decodes `text`. Exactly the texts that [`encode`] gives are accepted: padding is required, and
/// white space, other alphabets and bits that are set behind the last byte are refused.
///
/// # Errors
/// [`Status::InvalidBase64`] if `text` is not such a text; [`Status::TooLarge`] if the result
/// would be longer than `result_bytes_max`.
pub fn decode(text: &[u8], result_bytes_max: usize) -> Result<Vec<u8>, Status> {
    let padding = text
        .iter()
        .rev()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    if (text.len() / 4 * 3).saturating_sub(padding) > result_bytes_max {
        return Err(Status::TooLarge);
    }
    STANDARD.decode(text).map_err(|_| Status::InvalidBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_section_10() {
        let rows = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, text) in rows {
            assert_eq!(encode(plain.as_bytes(), 8), Ok(text.as_bytes().to_vec()));
            assert_eq!(decode(text.as_bytes(), 6), Ok(plain.as_bytes().to_vec()));
        }
        assert_eq!(encode(&[0xfb, 0xff], 4), Ok(b"+/8=".to_vec()));
    }

    #[test]
    fn only_the_canonical_text_is_accepted() {
        let refused = [
            "Zg",
            "Zg=",
            "Zg===",
            "Z",
            "Zh==",
            "Zm9=",
            "Zm9vYg==\n",
            " Zg==",
            "Zm 9v",
            "-_8=",
            "Zg==Zg==",
            "=",
            "====",
            "Zm9v\0",
        ];
        for text in refused {
            assert_eq!(
                decode(text.as_bytes(), 100),
                Err(Status::InvalidBase64),
                "{text:?}"
            );
        }
        assert_eq!(decode(&[0xff; 4], 100), Err(Status::InvalidBase64));
    }

    #[test]
    fn every_accepted_text_of_one_group_is_the_encoding_of_its_bytes() {
        let alphabet = b"AZaz09+/=\n-B";
        for index in 0..alphabet.len().pow(4) {
            let text: Vec<u8> = (0..4)
                .map(|place| alphabet[index / alphabet.len().pow(place) % alphabet.len()])
                .collect();
            if let Ok(bytes) = decode(&text, 3) {
                assert_eq!(encode(&bytes, 4), Ok(text));
            }
        }
    }

    #[test]
    fn results_are_bounded_exactly() {
        assert_eq!(encode(b"foob", 7), Err(Status::TooLarge));
        assert_eq!(decode(b"Zm9vYg==", 3), Err(Status::TooLarge));
        assert_eq!(decode(b"Zm9vYg==", 4), Ok(b"foob".to_vec()));
    }
}
