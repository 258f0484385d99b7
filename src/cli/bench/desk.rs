//! The desk's lists, search and drafts among very many calls.

use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::stub::StubRecognizer;
use super::{Figure, Report, config};
use crate::call::{CallId, Coverage, DraftId, EndCause, Origin, Outline, Party, Traces, Utterance};
use crate::cli::Failure;
use crate::cli::call::percentile;
use crate::cli::demo::TemporaryFolder;
use crate::config::DueMinutes;
use crate::draft::testing::{call, facts};
use crate::draft::work::Work;
use crate::draft::{Drafter, repeats};
use crate::gateway::{Gateway, Parts};
use crate::ops::clock::Clock;
use crate::ops::outbound::Asker;
use crate::review::search_terms;
use crate::store::sqlite::bulk::{Finished, fill};
use crate::store::{CallEnd, CompletedDraft, DataDir, NewCall};

#[derive(Args)]
pub(super) struct Desk {
    /// Calls in the store
    #[arg(long, default_value_t = 100_000)]
    calls: u32,
    /// Drafts of them that nobody has decided
    #[arg(long, default_value_t = 10_000)]
    open: u32,
    /// Requests of each kind
    #[arg(long, default_value_t = 100)]
    requests: u32,
    /// People at the desk at once, each with live updates
    #[arg(long, default_value_t = 50)]
    agents: u32,
}

/// A call comes so often: a hundred thousand in a busy fortnight.
const EVERY_MS: i64 = 12_000;
/// What is different from call to call stands in for it in the words: street, name, number.
const STREET: &str = "Maple";
const NAME: &str = "Lee";
const NUMBER: &str = "2125550134";
const STREETS: [&str; 12] = [
    "Maple", "Orchard", "Chestnut", "Juniper", "Hawthorn", "Sycamore", "Laurel", "Magnolia", "Spruce", "Willow",
    "Cedar", "Poplar",
];
const NAMES: [&str; 10] =
    ["Lee", "Walker", "Okafor", "Novak", "Silva", "Haddad", "Kowalski", "Tanaka", "Moreau", "Lindqvist"];
/// A surname that one call in ten thousand has.
const RARE: &str = "Featherstone";
/// Of the same first words each time, in which there is a name.
const RARELY: u32 = SAID.len() as u32 * 1_666;
const SAID: [&[&str]; 6] = [
    &["The street light at 42 Maple Street is broken.", "My name is Ann Lee, my number is 2125550134.", "It is dark."],
    &[
        "I would like to report a heating problem at 7 Maple Street.",
        "This is Ann Lee.",
        "Call me at 2125550134 please.",
    ],
    &["There is a big pothole on Maple Street near number 19.", "Ann Lee, 2125550134.", "Somebody will get hurt."],
    &["朝阳区望京街十号停水三天了。", "我姓王，电话是2125550134。", "请尽快派人来看看。"],
    &["喺旺角洗柏街二十八號冇暖氣。", "我姓陳，電話2125550134。", "麻煩你哋快啲嚟睇下。"],
    &["楼上邻居半夜很吵，望槐里小区三号楼。", "我姓张，电话2125550134。", "每天晚上都这样。"],
];

impl Desk {
    pub(super) async fn run(&self, report: &mut Report) -> Result<(), Failure> {
        let (needed, open) = (super::agents::drafts(self.agents), self.open.min(self.calls));
        if needed > open {
            let say = format!(
                "{} agents decide {needed} drafts, and {open} are open: more --open, or fewer --agents",
                self.agents
            );
            return Err(Failure::new(say));
        }
        let folder = TemporaryFolder::make()?;
        let data = DataDir::open(&folder.0).map_err(Failure::new)?;
        eprintln!("making {} calls, {} of them open …", self.calls, self.open);
        let begun = Clock::system().instant();
        fill(&data, self.crowd()?).await.map_err(Failure::new)?;
        drop(data);
        eprintln!("made in {:.0} s", begun.elapsed().as_secs_f64());
        let parts = Parts { recognizer: Some(std::sync::Arc::new(StubRecognizer::default())), ..Parts::default() };
        let gateway = Gateway::start(config(&folder.0), parts).await?;
        let asked = self.ask(gateway.desk_url(), report).await;
        gateway.shutdown().await;
        asked
    }

    /// Made-up calls, oldest first. The seed is fixed: every run asks the same of the same.
    fn crowd(&self) -> Result<impl Iterator<Item = Finished>, Failure> {
        let drafter = Drafter::new().map_err(Failure::new)?;
        let made: Vec<(Vec<Utterance>, String, _)> = SAID
            .iter()
            .map(|said| {
                let utterances = call(said);
                let draft = drafter.draft(&facts(), &utterances, Coverage::default());
                Ok((utterances, serde_json::to_string(&draft).map_err(Failure::new)?, draft))
            })
            .collect::<Result<_, Failure>>()?;
        let mut random = StdRng::seed_from_u64(12_345);
        let (calls, open) = (self.calls, self.open);
        let first = Clock::system().unix_ms() - i64::from(calls) * EVERY_MS;
        Ok((0..calls).map(move |n| {
            let (said, body, draft) = &made[n as usize % made.len()];
            let started_unix_ms = first + i64::from(n) * EVERY_MS;
            let name = if n % RARELY == 0 { RARE } else { NAMES.choose(&mut random).copied().unwrap_or(NAME) };
            let street = STREETS.choose(&mut random).copied().unwrap_or(STREET);
            let number = format!("212{:07}", random.random_range(0..10_000_000));
            let own = |text: &str| text.replace(STREET, street).replace(NAME, name).replace(NUMBER, &number);
            let said: Vec<Utterance> =
                said.iter().map(|one| Utterance { text: own(&one.text), ..one.clone() }).collect();
            // Read from the same few, and each a draft of its own.
            let (id, draft_id) = (CallId::new(), DraftId::new());
            let body = own(body).replace(&draft.draft_id, &draft_id.to_string());
            let mut outline = drafter.outline(draft, &Work::default(), started_unix_ms, &DueMinutes::default());
            outline.title = outline.title.map(|title| own(&title));
            outline.number = Some(number.clone());
            outline.place = outline.place.map(|place| own(&place));
            let traces = repeats::traces(draft);
            finished((id, draft_id), started_unix_ms, said, body, outline, traces, calls - n > open)
        }))
    }

    async fn ask(&self, url: &str, report: &mut Report) -> Result<(), Failure> {
        let ask = Ask { desk: Asker::new(url).map_err(Failure::new)?, requests: self.requests };
        let first = ask.json("/api/queue").await?;
        let (second, call) = (text(&first, "/next"), text(&first, "/items/0/call"));
        let some: Vec<String> =
            first["items"].as_array().into_iter().flatten().map(|item| text(item, "/call")).collect();
        let lists = [
            "/api/queue".to_owned(),
            format!("/api/queue?before={second}"),
            "/api/queue?category=utility.heating".into(),
            "/api/queue?mine=true".into(),
            "/api/queue?state=decided".into(),
            "/api/queue?state=all".into(),
            "/api/queue?state=all&category=utility.heating".into(),
        ];
        let found = ask.json("/api/search?q=Featherstone").await?;
        let number = text(&found, "/items/0/number");
        let digits = number.get(number.len().saturating_sub(4)..).unwrap_or("0134");
        let words = ["停水", "暖氣", "暖气 旺角", RARE, digits, "maple str", "street light broken", "王", "停电"];
        let searches = words.map(|words| format!("/api/search?q={}", encoded(words)));
        for (query, known) in searches.iter().zip(words) {
            let count = ask.json(query).await?["items"].as_array().map_or(0, Vec::len);
            eprintln!("{known}: {count} on the first page");
        }
        let drafts = some.iter().flat_map(|call| [format!("/api/calls/{call}/review"), format!("/api/calls/{call}")]);
        let drafts: Vec<String> = drafts.take(20).collect();
        if call.is_empty() || drafts.is_empty() {
            return Err(Failure::new("the queue is empty"));
        }
        for (name, paths) in
            [("queue, p95", &lists[..]), ("search, p95", &searches[..]), ("draft view, p95", &drafts[..])]
        {
            let (value, worst) = ask.p95(paths).await?;
            let note = format!("{} calls, {} open; slowest kind {worst}", self.calls, self.open);
            report.figures.push(Figure { name, value, unit: "ms", landing: 200.0, goal: 100.0, note });
        }
        report.figures.extend(super::agents::shift(&ask.desk, self.agents).await?);
        Ok(())
    }
}

struct Ask {
    desk: Asker,
    requests: u32,
}

impl Ask {
    async fn json(&self, path: &str) -> Result<serde_json::Value, Failure> {
        serde_json::from_slice(&self.desk.get(path).await.map_err(Failure::new)?).map_err(Failure::new)
    }

    /// Milliseconds of all requests together, and which kind is the slowest, with its own.
    async fn p95(&self, paths: &[String]) -> Result<(f64, String), Failure> {
        let clock = Clock::system();
        let (mut all, mut worst) = (Vec::new(), (0, String::new()));
        for path in paths {
            let mut own = Vec::new();
            for _ in 0..self.requests {
                let begun = clock.instant();
                self.json(path).await?;
                own.push(u64::try_from(clock.instant().duration_since(begun).as_micros()).unwrap_or(u64::MAX));
            }
            own.sort_unstable();
            let p95 = percentile(&own, 95);
            if p95 >= worst.0 {
                worst = (p95, format!("{path} ({:.1} ms)", millis(p95)));
            }
            all.extend(own);
        }
        all.sort_unstable();
        Ok((millis(percentile(&all, 95)), worst.1))
    }
}

fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1_000.0
}

fn text(value: &serde_json::Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// A call that is over, its draft complete.
pub(super) fn finished(
    (id, draft): (CallId, DraftId),
    started_unix_ms: i64,
    said: Vec<Utterance>,
    body: String,
    outline: Outline,
    traces: Traces,
    decided: bool,
) -> Finished {
    let (duration_ms, terms) = (u64::try_from(said.len()).unwrap_or(0) * 4_000, search_terms(&body, &said));
    let ended_unix_ms = started_unix_ms + i64::try_from(duration_ms).unwrap_or(0);
    Finished {
        call: NewCall {
            id,
            line: "default".into(),
            party: Party::default(),
            origin: Origin::File,
            dialled: None,
            follows: None,
            started_unix_ms,
        },
        said,
        end: CallEnd {
            cause: EndCause::CallerHangup,
            ended_unix_ms,
            duration_ms,
            recording: None,
            lost: Vec::new(),
            notice: None,
            dtmf: String::new(),
            read_backs: Vec::new(),
            transfer: None,
            line_quality: None,
        },
        draft: CompletedDraft {
            call: id,
            draft,
            version: 1,
            body,
            coverage: Coverage::default(),
            created_unix_ms: ended_unix_ms,
            endpoints: Vec::new(),
            traces,
            outline,
        },
        terms,
        decided_by: decided.then_some("li"),
    }
}
