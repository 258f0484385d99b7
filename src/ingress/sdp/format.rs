//! The payload type numbers of an audio line and what they stand for (RFC 3551, RFC 7587, RFC 4733, RFC 3389).

use sdp_types::Media;

use crate::call::Codec;

/// Payload type of comfort noise without `a=rtpmap` (RFC 3551 table 4).
pub(in crate::ingress) const NOISE: u8 = 13;
/// Seven bits of the RTP header.
const NUMBERS: usize = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingress) enum Kind {
    Audio(Codec),
    /// telephone-event at this clock, hertz.
    Event(u32),
    /// Comfort noise at 8,000 Hz.
    Noise,
    Other,
}

/// The formats of one line in its order, each number once.
#[derive(Clone, Debug, Default)]
pub(in crate::ingress) struct Formats(Vec<(u8, Kind)>);

impl Formats {
    /// Linear in the line's length however often numbers repeat: at most 128 are kept.
    pub fn of(media: &Media) -> Self {
        let mut encodings: Vec<Option<&str>> = vec![None; NUMBERS];
        for value in media.get_attribute_values("rtpmap").flatten() {
            let Some((number, encoding)) = value.trim().split_once(char::is_whitespace) else { continue };
            let slot = number.parse().ok().and_then(|number: usize| encodings.get_mut(number));
            if let Some(slot @ None) = slot {
                *slot = Some(encoding.trim());
            }
        }
        let mut seen = [false; NUMBERS];
        let mut formats = Vec::new();
        for text in media.fmt.split_ascii_whitespace() {
            let Ok(number) = text.parse::<u8>() else { continue };
            let Some(seen @ false) = seen.get_mut(usize::from(number)) else { continue };
            *seen = true;
            let kind = match encodings.get(usize::from(number)).copied().flatten() {
                Some(encoding) => named(encoding),
                None => numbered(number),
            };
            formats.push((number, kind));
        }
        Self(formats)
    }

    /// The number of this kind of format; the line's first where it has several.
    pub fn number(&self, kind: Kind) -> Option<u8> {
        self.0.iter().find(|(_, of)| *of == kind).map(|(number, _)| *number)
    }

    pub fn kind(&self, number: u8) -> Option<Kind> {
        self.0.iter().find(|(of, _)| *of == number).map(|(_, kind)| *kind)
    }

    /// The first of `codecs` that the line has.
    pub fn preferred(&self, codecs: &[Codec]) -> Option<(u8, Codec)> {
        codecs.iter().find_map(|codec| Some((self.number(Kind::Audio(*codec))?, *codec)))
    }

    /// The line's first that is among `codecs`.
    pub fn first(&self, codecs: &[Codec]) -> Option<(u8, Codec)> {
        self.0.iter().find_map(|(number, kind)| match kind {
            Kind::Audio(codec) if codecs.contains(codec) => Some((*number, *codec)),
            _ => None,
        })
    }

    /// telephone-event at `clock` (RFC 4733 section 2.1 wants the audio's), else at 8,000 as many phones have it.
    pub fn event(&self, clock: u32) -> Option<u8> {
        self.number(Kind::Event(clock)).or_else(|| self.number(Kind::Event(8_000)))
    }
}

/// What an `a=rtpmap` encoding names: `NAME/CLOCK[/CHANNELS]`.
fn named(encoding: &str) -> Kind {
    let mut parts = encoding.split('/');
    let (name, clock, channels) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let Some(clock) = clock.and_then(|clock| clock.parse::<u32>().ok()) else { return Kind::Other };
    let mono = matches!(channels, None | Some("1"));
    // Opus is always written with two channels, whatever it carries (RFC 7587 section 7).
    let audio = Codec::ALL.into_iter().find(|codec| {
        let channelled = if *codec == Codec::Opus { matches!(channels, None | Some("2")) } else { mono };
        channelled && codec.clock() == clock && codec.name().eq_ignore_ascii_case(name)
    });
    match audio {
        Some(codec) => Kind::Audio(codec),
        None if mono && name.eq_ignore_ascii_case("telephone-event") => Kind::Event(clock),
        None if mono && clock == 8_000 && name.eq_ignore_ascii_case("CN") => Kind::Noise,
        None => Kind::Other,
    }
}

/// What a number without `a=rtpmap` stands for.
fn numbered(number: u8) -> Kind {
    match Codec::ALL.into_iter().find(|codec| codec.static_payload_type() == Some(number)) {
        Some(codec) => Kind::Audio(codec),
        None if number == NOISE => Kind::Noise,
        None => Kind::Other,
    }
}

/// The encoding of `a=rtpmap`, for the formats we write.
pub(in crate::ingress) fn encoding(kind: Kind) -> Option<String> {
    match kind {
        Kind::Audio(codec @ Codec::Opus) => Some(format!("{}/{}/2", codec.name(), codec.clock())),
        Kind::Audio(codec) => Some(format!("{}/{}", codec.name(), codec.clock())),
        Kind::Event(clock) => Some(format!("telephone-event/{clock}")),
        Kind::Noise => Some("CN/8000".into()),
        Kind::Other => None,
    }
}
