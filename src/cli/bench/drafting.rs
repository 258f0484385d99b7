//! Processor time of the draft stage alone, on calls of ten minutes.

use std::time::Duration;

use super::{Figure, Report};
use crate::call::{Coverage, Utterance};
use crate::cli::Failure;
use crate::cli::call::percentile;
use crate::draft::testing::{facts, utterance};
use crate::draft::{Drafter, Lines};
use crate::ops::clock::Clock;

/// Utterances of ten minutes: four seconds each.
const TEN_MINUTES: u32 = 150;
const UTTERANCE_MS: u64 = 4_000;
/// Drafts at hang-up, for each language.
const HANG_UPS: u32 = 20;
/// How much longer the call is that shows whether the cost grows with the words or faster.
const LONGER: u32 = 10;

/// What callers say, a line an utterance: the matter, the place, who calls, and much that is neither.
const SAID: [&[&str]; 3] = [
    &[
        "hi yes I need to report that the heat in our building has been off since sunday night",
        "it's four eighteen West Maple Street apartment five C",
        "my name is Denise Okafor and my number is two one two five five five no sorry five five six oh one three four",
        "well I called last week and they told me somebody would come and nobody ever came",
        "there are old people on the third floor and a two year old in here with me",
        "and while I have you the street light at the corner of Pine and Third is out too",
        "I don't know what else to tell you it is the same every winter and nobody does anything",
    ],
    &[
        "您好我想反映一下我们小区从上周五开始暖气就不热",
        "地址是朝阳区望槐里小区三号楼二单元五零一",
        "我姓王我的电话是幺三八零零幺三八不对是幺三九零零幺三八零零零",
        "我之前打过一次电话他们说派人来看结果到现在也没有人来",
        "家里有八十岁的老人还有小孩晚上都冻得睡不着觉",
        "还有就是楼下中山路二十三号门口的井盖坏了很危险",
        "反正你们赶紧派人来处理一下每年都是这样也没有人管",
    ],
    &[
        "你好呀我想投訴樓上冷氣機滴水滴咗成個禮拜",
        "喺旺角洗柏街二十八號福泰大廈三樓A室出面",
        "我姓陳我個電話係九八七六孖五四三唔係四二先啱",
        "上次打過嚟你哋話會有人跟進但係到而家都冇人嚟過",
        "個個行過都俾佢滴到成身濕晒啲老人家仲差啲跌親",
        "仲有後巷成日有人擺雜物阻住條路行都行唔到",
        "總之你哋快啲搵人嚟睇下啦次次都係噉冇人理",
    ],
];

/// Live: after each utterance a draft of all so far, with what the drafts before it worked out. At hang-up: the draft of
/// the whole call, from nothing.
pub(super) fn measure(report: &mut Report) -> Result<(), Failure> {
    let drafter = Drafter::new().map_err(Failure::new)?;
    let clock = Clock::system();
    let facts = facts();
    let took = |lines: &mut Lines, utterances: &[Utterance]| {
        let before = clock.cpu_time();
        std::hint::black_box(drafter.redraft(&facts, utterances, Coverage::default(), lines));
        micros(clock.cpu_time().saturating_sub(before))
    };
    let (mut live, mut ended, mut growth) = (Vec::new(), Vec::new(), 0.0_f64);
    for said in SAID {
        let call = call(said, TEN_MINUTES);
        let mut lines = Lines::default();
        live.extend((1..=call.len()).map(|heard| took(&mut lines, call.get(..heard).unwrap_or_default())));
        let mut whole: Vec<u64> = (0..HANG_UPS).map(|_| took(&mut Lines::default(), &call)).collect();
        whole.sort_unstable();
        let longer = took(&mut Lines::default(), &self::call(said, TEN_MINUTES * LONGER));
        growth = growth.max(longer as f64 / percentile(&whole, 50).max(1) as f64);
        ended.extend(whole);
    }
    report.figures.push(figure("draft after an utterance, p95", &mut live, 5.0));
    report.figures.push(figure("draft at hang-up, p95", &mut ended, 50.0));
    report.figures.push(Figure {
        name: "draft of 100 minutes over one of 10",
        value: growth,
        unit: "times",
        landing: 15.0,
        goal: f64::from(LONGER),
        note: "processor time; of three languages the worst".into(),
    });
    Ok(())
}

fn call(said: &[&str], count: u32) -> Vec<Utterance> {
    let at = |seq: u32| u64::from(seq) * UTTERANCE_MS;
    said.iter().cycle().zip(0..count).map(|(text, seq)| utterance(seq, text, at(seq), at(seq) + 3_600)).collect()
}

fn micros(used: Duration) -> u64 {
    u64::try_from(used.as_micros()).unwrap_or(u64::MAX)
}

fn figure(name: &'static str, micros: &mut [u64], target_ms: f64) -> Figure {
    micros.sort_unstable();
    let millis = |percent: usize| percentile(micros, percent) as f64 / 1_000.0;
    let note = format!(
        "processor time, {} drafts in calls of 10 min, en, zh, yue; median {:.3} ms, most {:.3} ms",
        micros.len(),
        millis(50),
        millis(100)
    );
    Figure { name, value: millis(95), unit: "ms", landing: target_ms, goal: target_ms, note }
}
