//! `Range` of RFC 9110 section 14, cut down to what a player needs: one range of bytes, or all of it.

/// What to send of `len` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// No range was asked, or none we serve (another unit, several ranges, junk): section 14.2 lets us ignore it.
    Whole,
    /// First byte and number of bytes (at least one).
    Part { first: u64, count: u64 },
    /// Well formed, but nothing of it exists: 416.
    Beyond,
}

/// Several ranges are ignored on purpose: their answers repeat bytes, which is how Range is abused.
pub(super) fn slice(header: Option<&str>, len: u64) -> Slice {
    let Some(set) = header.and_then(bytes_unit) else { return Slice::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Slice::Whole };
    match (number(first), number(last)) {
        (Some(Some(first)), Some(last)) => {
            if last.is_some_and(|last| last < first) {
                Slice::Whole
            } else if first >= len {
                Slice::Beyond
            } else {
                let last = last.unwrap_or(u64::MAX).min(len - 1);
                Slice::Part { first, count: last - first + 1 }
            }
        }
        (Some(None), Some(Some(suffix))) => match suffix.min(len) {
            0 => Slice::Beyond,
            count => Slice::Part { first: len - count, count },
        },
        _ => Slice::Whole,
    }
}

fn bytes_unit(header: &str) -> Option<&str> {
    let (unit, set) = header.split_once('=')?;
    unit.trim().eq_ignore_ascii_case("bytes").then_some(set)
}

/// Outer `None`: not a number. Inner `None`: left out. A number above `u64` stands for the largest one.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    text.bytes().all(|b| b.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_part_everything_or_nothing() {
        let part = |first, count| Slice::Part { first, count };
        for (header, expected) in [
            ("bytes=0-", part(0, 100)),
            ("bytes=0-0", part(0, 1)),
            ("Bytes=10-19", part(10, 10)),
            ("bytes=90-1000", part(90, 10)),
            ("bytes=99-", part(99, 1)),
            ("bytes=-1", part(99, 1)),
            ("bytes=-100", part(0, 100)),
            ("bytes=-99999999999999999999999", part(0, 100)),
            ("bytes=5-99999999999999999999999", part(5, 95)),
            ("bytes=100-", Slice::Beyond),
            ("bytes=99999999999999999999999-", Slice::Beyond),
            ("bytes=-0", Slice::Beyond),
            ("bytes=5-4", Slice::Whole),
            ("bytes=0-,0-,0-", Slice::Whole),
            ("bytes=0-0,-1", Slice::Whole),
            ("bytes=-", Slice::Whole),
            ("bytes=", Slice::Whole),
            ("bytes=--5", Slice::Whole),
            ("bytes=+1-5", Slice::Whole),
            ("bytes=0x1-5", Slice::Whole),
            ("seconds=0-5", Slice::Whole),
            ("0-5", Slice::Whole),
            ("", Slice::Whole),
        ] {
            assert_eq!(slice(Some(header), 100), expected, "{header}");
        }
        assert_eq!(slice(None, 100), Slice::Whole);
        assert_eq!(slice(Some("bytes=0-"), 0), Slice::Beyond);
    }
}
