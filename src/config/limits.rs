//! Every bound in one place: unit, value, reason, and what it costs at worst.

use std::time::Duration;

/// Calls that may be in progress at once before 503 + Retry-After. A call costs about 100 KiB.
pub const MAX_CALLS: usize = 500;
/// Seconds in `Retry-After` of a 503: long enough to thin a storm, short enough for a person to try again.
pub const RETRY_AFTER_S: u32 = 5;

/// Body of a NOTIFY that tells of a transfer: a status line and perhaps the headers below it. Larger ones get 413.
pub const MAX_SIPFRAG: usize = 4_096;

/// A SIP datagram above this is dropped unread (UDP's largest payload).
pub const MAX_DATAGRAM: usize = 65_535;
/// Header lines of one SIP message; the longest legal message of RFC 4475 has 29.
pub const MAX_SIP_HEADERS: usize = 256;
/// Parameters behind one address, URI or Via of a SIP message; phones write five. More are refused with 400, for each is
/// looked at several times.
pub const MAX_SIP_PARAMS: usize = 64;
/// Bytes kept of any string of the peer (display name, Call-ID, User-Agent) once it leaves ingress.
pub const MAX_PEER_STRING: usize = 256;
/// A SIP message over TCP or TLS; above it 513 and the connection ends. Room for the 100 kB bodies of RFC 4475's kind.
pub const MAX_STREAM_MESSAGE: usize = 128 * 1024;
/// SIP connections over TCP and TLS held open at once; above it the one idle longest gives way. An idle one costs about
/// 8 KiB (TLS 40 KiB), one in mid-message at most `MAX_STREAM_MESSAGE`. Worst 128 MiB.
pub const MAX_SIP_CONNECTIONS: usize = 1_024;
/// Connections of one address that no trunk lists; a household has two phones, an office behind NAT some dozens.
pub const SIP_CONNECTIONS_PER_STRANGER: usize = 32;
/// Connections of one address of a trunk or of this host; proxies share a few among all their calls.
pub const SIP_CONNECTIONS_PER_TRUNK_ADDRESS: usize = 512;
/// From accept to the end of the TLS handshake.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// A new connection says something whole within this, or is closed.
pub const FIRST_MESSAGE: Duration = Duration::from_secs(20);
/// From the first byte of a SIP message over TCP or TLS to its last: one byte a second never gets there.
pub const MESSAGE_WITHIN: Duration = Duration::from_secs(20);
/// A connection without a byte and without a call for this long is closed. Phones send keep-alives every 95 to 120 s
/// (RFC 5626 section 4.4.1).
pub const STREAM_IDLE: Duration = Duration::from_secs(300);
/// A peer that does not take our bytes within this is cut off.
pub const STREAM_WRITE: Duration = Duration::from_secs(5);
/// Messages that wait for a peer that reads slowly; above it the connection ends. Worst 256 of about 1 KiB.
pub const STREAM_BACKLOG: usize = 256;

/// SIP messages a second, and at once, from an address that no trunk lists: `pike`'s 30 in 2 s.
pub const STRANGER_RATE: (u32, u32) = (15, 30);
/// The same from an address of a trunk or of this host: a proxy concentrates its town's calls. 500 set-ups a second are
/// some 2,000 messages; the rest is for retransmissions.
pub const TRUNK_RATE: (u32, u32) = (6_000, 6_000);
/// Messages of a set-up and its end, retransmissions included: a trunk limited to N calls a second may send N times
/// this from each address.
pub const MESSAGES_PER_CALL: u32 = 20;
/// Sources whose rate is remembered, by the SIP doors and by the web door each; beyond it the one idle longest is
/// forgotten. Worst 320 KiB each.
pub const RATE_SOURCES: usize = 8_192;
/// INVITEs that nobody has acknowledged yet, of all addresses that no trunk lists, and of one of them. Each holds a
/// transaction (about 10 KiB), an answered one its call.
pub const HALF_OPEN_STRANGERS: usize = 128;
pub const HALF_OPEN_PER_STRANGER: usize = 8;
/// The same for each trunk, and for this host: two seconds of set-ups at 500 a second.
pub const HALF_OPEN_PER_TRUNK: usize = 1_024;
/// An INVITE that was never acknowledged is forgotten by the transaction layer after 64*T1 (RFC 3261 section 17.2.1).
pub const HALF_OPEN_LIFE: Duration = Duration::from_secs(32);
/// SDP body; a browser's is about 6 KiB.
pub const MAX_SDP: usize = 64 * 1024;
/// Media lines of one session description: a call has one stream of ours, a conference phone offers four or five. Our
/// answer repeats every line.
pub const MAX_MEDIA_LINES: usize = 32;

/// HTTP connections of one listener at once, about 20 KiB each (TLS 60 KiB); above it new ones wait for their turn.
pub const MAX_HTTP_CONNECTIONS: usize = 1_024;
/// The same of one address that is neither this machine's nor a trusted proxy's; a browser opens six.
pub const HTTP_CONNECTIONS_PER_STRANGER: usize = 64;
/// From the first byte of a request (or the end of the last one) to the end of its head.
pub const HTTP_HEAD_WITHIN: Duration = Duration::from_secs(30);
/// A peer that takes none of our bytes within this is cut off.
pub const HTTP_STALL: Duration = Duration::from_secs(30);
/// A whole request of a caller, body included, until its answer begins.
pub const HTTP_REQUEST_WITHIN: Duration = Duration::from_secs(20);

/// Sessions of calls from browsers that can still be read, about 200 bytes each; above it those that ended first go.
pub const MAX_SESSIONS: usize = 16_384;
/// What was understood of a call can be read by its caller this long after the hang-up.
pub const SESSION_READABLE: Duration = Duration::from_secs(600);
/// Packets of one call between its web door and the media stage, each way: 5 s. Worst 350 KiB.
pub const LINK_QUEUE: usize = 256;
/// From the offer to the answer: ports, certificate, candidates, the call's row. A browser waits no longer.
pub const OFFER_ANSWERED: Duration = Duration::from_secs(10);
/// From the answer to the first media packet's keys: ICE and DTLS. Then the call ends and says so.
pub const WEB_CONNECT: Duration = Duration::from_secs(30);
/// After a browser's hang-up its sound is listened to for so long: a request over TCP may overtake packets over UDP.
pub const LAST_WORDS: Duration = Duration::from_millis(150);
/// Offers being answered at once; each holds a few milliseconds of work and a peer connection. Above it 503.
pub const MAX_OFFERS: usize = 64;
/// `Heardline-Call-Info`: name, number, language and bearer as base64.
pub const MAX_CALL_INFO: usize = 2 * 1024;
/// Characters kept of a name and a number typed into the caller's page.
pub const MAX_TYPED_NAME: usize = 80;
pub const MAX_TYPED_NUMBER: usize = 32;
/// `Authorization: Bearer` of a call from a browser; a token with a name and a number is about 500 bytes.
pub const MAX_TOKEN: usize = 4 * 1024;
/// The signer's clock and ours may differ by this much.
pub const TOKEN_LEEWAY: Duration = Duration::from_secs(30);
/// A token that opens the line for longer is a password, and refused.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// Candidates taken of one browser in one PATCH, and in its whole call.
pub const MAX_CANDIDATES: usize = 64;
/// Open event streams of callers' pages, two for each possible call; above it 503. About 20 KiB each, worst 20 MiB.
pub const CALLER_STREAMS: usize = 1_024;
/// Streams of one call; with one more the oldest gives way, for it is the one whose connection broke unnoticed.
pub const CALLER_STREAMS_PER_CALL: usize = 4;
/// Events of one call kept for a page that reads slowly, about 200 bytes each; above it the page gets all of it anew.
pub const CALLER_EVENTS: usize = 64;
/// Sample callers that the page offers with the demo model; each is looked at once at start.
pub const MAX_SAMPLES: usize = 16;

/// Admitted calls waiting for their task to start.
pub const ARRIVALS: usize = 256;

/// Frames between the media task and the pipeline: 10 s in the channel and 10 s in the handoff before it. Worst
/// 320 KiB a call at 8 kHz, 640 KiB at 16 kHz.
pub const FRAME_QUEUE: usize = 500;
/// Sequence numbers the jitter buffer spans: 2.5 s at 20 ms. Worst 180 KiB a call, of full-sized packets.
pub const JITTER_RING: usize = 128;
/// How long a missing packet is waited for before its gap is concealed.
pub const JITTER_WAIT: Duration = Duration::from_millis(100);
/// A closed RTP port stays bound and silent this long, so a new call cannot inherit a stranger's stream.
pub const PORT_DRAIN: Duration = Duration::from_secs(10);
/// No RTP after the answer: end with `no_media`.
pub const NO_MEDIA: Duration = Duration::from_secs(30);
/// RTP and RTCP stopped in mid-call: end with `media_lost`.
pub const MEDIA_LOST: Duration = Duration::from_secs(15);
/// No RTP this long after the answer: alarm. A phone sends within a second; the call ends only at `NO_MEDIA`.
pub const NO_RTP_ALARM: Duration = Duration::from_secs(5);
/// RTP comes and all of it is digital silence this long after the answer: alarm. Before "anything else?" is asked.
pub const SILENT_ALARM: Duration = Duration::from_secs(15);

/// A speech segment is cut here even without a pause: Whisper's window is 30 s. Worst 400 KiB at 8 kHz,
/// 800 KiB at 16 kHz.
pub const MAX_SEGMENT: Duration = Duration::from_secs(25);
/// Segments of all calls that wait for the recogniser with their sound in memory; above it sound is read back from
/// the recording. Worst 100 MiB (25 s of 8 kHz each), 200 MiB at 16 kHz.
pub const SEGMENTS_IN_MEMORY: usize = 256;
/// Segments one call can ever have: three hours of the shortest ones (0.65 s). Entries are small; audio beyond
/// `SEGMENTS_IN_MEMORY` stays on disk.
pub const SEGMENTS_PER_CALL: usize = 16_384;
/// Jobs of all calls waiting for the recogniser.
pub const SPEECH_QUEUE: usize = 1_024;
/// Hot words of a line, and characters of one: more do not fit `HOT_WORD_TOKENS`, and a longer one is no name.
pub const HOT_WORDS: usize = 64;
pub const HOT_WORD_CHARS: usize = 40;
/// Names of a line's gazetteer, and bytes of its file: the streets and estates of a large city.
pub const GAZETTEER_NAMES: usize = 20_000;
pub const GAZETTEER_BYTES: u64 = 4 * 1024 * 1024;
/// Tokens of hot words in a prompt. Whisper has room for 223, and every one makes every decode a little slower; a street's
/// name takes 2 to 4, a Chinese character 1 to 3.
pub const HOT_WORD_TOKENS: usize = 160;
/// One decode may take this many times its audio's length, and at least `DECODE_FLOOR`.
pub const DECODE_TIMES_AUDIO: u32 = 10;
pub const DECODE_FLOOR: Duration = Duration::from_secs(20);
/// After its abort flag is set a decode may take this long before its worker is abandoned.
pub const ABORT_GRACE: Duration = Duration::from_secs(5);
/// Abandoned workers that may be stuck at once before no more are replaced; each holds a decoding state.
pub const ABANDONED_WORKERS: usize = 4;
/// After a recogniser worker could not be made (no memory, no thread) the next try waits this long; so does a
/// segment when no other worker is left.
pub const REHIRE_WORKERS: Duration = Duration::from_secs(10);

/// Seconds that a speech server may be given for one segment: below `DECODE_FLOOR`, so that the local model still has
/// its time when the server does not answer.
pub const ENGINE_TIMEOUT_S: std::ops::RangeInclusive<u64> = 1..=15;
/// Connecting to a speech server or a language model's.
pub const ENGINE_CONNECT: Duration = Duration::from_secs(3);
/// Bytes read of a speech server's answer; 25 s of speech with word times and tokens are some 50 KiB.
pub const MAX_ENGINE_ANSWER: usize = 1024 * 1024;
/// Words taken of one answer; nobody says more than 230 in 25 s.
pub const MAX_ENGINE_WORDS: usize = 1_000;
/// Characters of hot words sent as a prompt: Whisper reads at most 224 tokens of it.
pub const MAX_ENGINE_PROMPT: usize = 400;
/// Characters of the key of a speech server or a language model's.
pub const MAX_ENGINE_KEY: usize = 4_096;
/// A speech server (or a language model's) that failed twice in a row is left alone this long, then twice as long after each failed try, up to
/// the second value: a dead one costs no segment its timeout.
pub const ENGINE_REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The same complaint about such a server is written to the log once in this time.
pub const ENGINE_COMPLAINT: Duration = Duration::from_secs(60);

/// Seconds that a language model may be given for one call: a draft waits no longer for it.
pub const LLM_TIMEOUT_S: std::ops::RangeInclusive<u64> = 1..=60;
/// Turns and characters of one call that a language model may be asked about. 100,000 characters are three hours of talk;
/// about 400 KiB as a request.
pub const LLM_TURNS: std::ops::RangeInclusive<usize> = 1..=2_000;
pub const LLM_CHARS: std::ops::RangeInclusive<usize> = 500..=100_000;
/// Calls asked about at once; others wait for their turn within their own time-out. A local server answers one after the
/// other anyway.
pub const LLM_AT_ONCE: usize = 2;
/// Bytes read of a language model's answer; eight issues with their quotes are some 10 KiB.
pub const MAX_LLM_ANSWER: usize = 256 * 1024;

/// Segments without words are tried again from the recording this often: soon after an engine comes back, seldom enough
/// that one which is away costs nothing.
pub const FILL_IN_EVERY: Duration = Duration::from_secs(60);
/// Recognitions of one segment, the first included, before only a person is left to hear it.
pub const FILL_IN_TRIES: u32 = 4;
/// Calls looked at together; their segments are read and recognised one by one.
pub const FILL_IN_BATCH: u32 = 50;

/// Live events kept for a slow reader of the event stream before it must catch up from the store.
pub const EVENT_QUEUE: usize = 1_024;
/// Watchers of the event stream at once; above it a new one gets 503. A watcher costs about 20 KiB.
pub const MAX_WATCHERS: usize = 256;
/// A claimed draft is held so long from the last claim or edit.
pub const LEASE: Duration = Duration::from_secs(5 * 60);
/// A decision can be taken back, and is not delivered, for so long.
pub const UNDO: Duration = Duration::from_secs(10);
/// Bytes of one request about a draft: 64 edits, some of them long.
pub const MAX_WORK_BODY: usize = 256 << 10;
/// Decisions that the figures of a day are made of; the newest.
pub const DECISIONS_A_DAY: u32 = 20_000;
/// Rows of one page of any list of the desk API.
pub const MAX_PAGE: u32 = 200;
/// Commands waiting for the one SQLite writer.
pub const STORE_QUEUE: usize = 4_096;
/// Commands committed together.
pub const STORE_BATCH: usize = 256;
/// A database up to this size is rewritten after calls were erased (in memory, about a second, the writer waits), so that
/// unused parts of its pages hold nothing of them; in a larger one rows are overwritten where they lay.
pub const SCRUB_BYTES: i64 = 64 * 1024 * 1024;
/// Calls the retention sweep erases together.
pub const ERASE_BATCH: u32 = 200;
/// Connections that read beside the writer; a page of the desk takes one for some milliseconds.
pub const STORE_READERS: u32 = 4;

/// Body of `POST /intake/drafts`; a 30-minute call with words is about 1 MiB.
pub const MAX_INTAKE_BODY: usize = 8 * 1024 * 1024;
/// Posts to `/intake/drafts` read at once, as many as the sender makes; above it 503 + Retry-After. Worst 64 MiB.
pub const MAX_INTAKE_PARALLEL: usize = 8;
/// Bytes read of an endpoint's answer.
pub const MAX_ANSWER: usize = 64 * 1024;
pub const DELIVERY_CONNECT: Duration = Duration::from_secs(10);
/// One delivery attempt, whole.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);
/// Deliveries in flight at once.
pub const DELIVERY_PARALLEL: usize = 8;
/// Due deliveries looked at together. Worst 32 bodies in memory, each as large as its draft (20 KiB as a rule).
pub const DELIVERY_BATCH: u32 = 32;
/// Emergencies looked at together that nobody acknowledged in time; the rest a second later.
pub const EMERGENCIES_AT_ONCE: u32 = 64;
/// Between two looks for them.
pub const EMERGENCIES_EVERY: Duration = Duration::from_secs(1);
/// Characters kept of what an endpoint says about a refusal.
pub const MAX_PROBLEM_TEXT: usize = 500;

/// Bytes of one line of the log; longer ones are cut.
pub const MAX_LOG_LINE: usize = 16 * 1024;
/// Spans that wait for the trace collector, about 500 bytes each; above it they are dropped.
pub const SPAN_QUEUE: usize = 4_096;
/// Calls whose trace waits for its delivery; above it the oldest goes without that span.
pub const OPEN_TRACES: usize = 4_096;

/// A model file; the largest public one has 3 GB.
pub const MAX_MODEL_BYTES: u64 = 16 << 30;
/// A download without a byte for this long is broken off and resumed.
pub const DOWNLOAD_STALL: Duration = Duration::from_secs(30);
/// Tries in a row that bring no byte before a download is given up, and the wait before the next, doubled each time.
pub const DOWNLOAD_TRIES: u32 = 4;
pub const DOWNLOAD_PAUSE: Duration = Duration::from_millis(500);
/// Room that a download leaves on its file system.
pub const DOWNLOAD_LEAVES_FREE: u64 = 64 << 20;

/// Longest WAV that `transcribe` and `draft` take: three hours.
pub const MAX_FILE_HOURS: u64 = 3;
/// Words of the reference times words heard that `heardline eval` aligns: 8,000 of each, an hour of talk. A byte each.
pub const EVAL_CELLS: usize = 64 * 1024 * 1024;
/// A reference file (`refs.tsv`, a clip's `.json`) larger than this is not one. Bytes.
pub const EVAL_REFERENCE: u64 = 16 * 1024 * 1024;
/// A line of `heardline eval drafts`: an hour of talk as text with its ticket. Bytes.
pub const EVAL_LINE: usize = 64 * 1024;
/// Lines of one file that `heardline eval drafts` reads.
pub const EVAL_CALLS: usize = 10_000;

/// Of an account: characters of its name, characters a password has at least, bytes it has at most.
pub const MAX_ACCOUNT_NAME: usize = 64;
pub const MIN_PASSWORD: usize = 12;
pub const MAX_PASSWORD: usize = 512;
/// Wrong passwords a minute for one account, and from one address.
pub const LOGIN_TRIES: usize = 5;
/// Accounts and addresses whose tries are remembered, about 200 bytes each; above it the one tried least lately is forgotten.
pub const LOGIN_TRIES_KEPT: usize = 8_192;
/// Passwords checked at once: 19 MiB and 30 ms of a core each.
pub const LOGINS_AT_ONCE: usize = 2;
/// People who wait for it; above it 503.
pub const LOGINS_WAITING: usize = 64;
/// Logins of one account at once; with one more, the one unseen longest ends.
pub const LOGINS_PER_ACCOUNT: u32 = 8;
/// A login that nobody uses ends, and one that is used ends after a long shift.
pub const LOGIN_IDLE: Duration = Duration::from_secs(30 * 60);
pub const LOGIN_LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// That a login is used is written down this often.
pub const LOGIN_NOTED: Duration = Duration::from_secs(60);
/// Looking at the same call again within this is one look in the audit.
pub const AUDIT_QUIET: Duration = Duration::from_secs(15 * 60);
/// Rows of the audit read together for its export.
pub const AUDIT_PAGE: u32 = 500;
