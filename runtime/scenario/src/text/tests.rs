use super::{duration, markup, padded, timestamp, truncated, visible, width};

#[test]
fn nothing_hides() {
    assert_eq!(visible("grün 漢字 🦀"), "grün 漢字 🦀");
    assert_eq!(
        visible("a\u{1b}[2J\n\t\r\0\u{9b}\u{202e}\u{200b}\u{e0041}\u{e000}\u{2028}"),
        r"a\u{1b}[2J\n\t\r\u{0}\u{9b}\u{202e}\u{200b}\u{e0041}\u{e000}\u{2028}"
    );
}

#[test]
fn widths_are_columns() {
    for (text, columns) in [("", 0), ("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("🦀", 2)] {
        assert_eq!(width(text), columns, "{text}");
    }
    assert_eq!(padded("漢", 4, false), "漢  ");
    assert_eq!(padded("7", 3, true), "  7");
    assert_eq!(padded("long", 2, true), "long");
}

#[test]
fn truncation_keeps_the_width() {
    let cases = [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("漢字漢字", 6, "漢字…"),
        ("漢字漢字", 7, "漢字漢…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 0, ""),
    ];
    for (text, columns, shown) in cases {
        assert_eq!(truncated(text, columns), shown);
        assert!(width(shown) <= columns.max(width(text)));
    }
    // Marks without a column of their own do not pile up.
    let pile = format!("a{}", "\u{301}".repeat(100_000)) + &"b".repeat(50);
    assert!(truncated(&pile, 10).len() < 200);
}

#[test]
fn markup_is_text() {
    assert_eq!(
        markup("<script>'x'\"&amp;\u{1b}</script>"),
        r"&lt;script&gt;&#39;x&#39;&quot;&amp;amp;\u{1b}&lt;/script&gt;"
    );
}

#[test]
fn durations_have_three_figures() {
    let cases = [
        (0, "0.00 ms"),
        (420, "0.42 ms"),
        (12_345, "12.3 ms"),
        (999_999, "999 ms"),
        (1_250_000, "1.25 s"),
        (59_999_999, "59.9 s"),
        (123_000_000, "2 min 03 s"),
        (11_220_000_000, "3 h 07 min"),
        (u64::MAX, "5124095576 h 01 min"),
    ];
    for (microseconds, text) in cases {
        assert_eq!(duration(microseconds), text);
    }
}

#[test]
fn times_are_dates() {
    let cases = [
        (0, "1970-01-01 00:00:00 UTC"),
        (951_782_399_999, "2000-02-28 23:59:59 UTC"),
        (951_825_600_000, "2000-02-29 12:00:00 UTC"),
        (1_795_255_200_000, "2026-11-21 10:00:00 UTC"),
        (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
    ];
    for (milliseconds, text) in cases {
        assert_eq!(timestamp(milliseconds), text);
    }
    timestamp(u64::MAX);
}
