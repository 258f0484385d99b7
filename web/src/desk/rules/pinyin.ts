// What typing in Latin letters finds in a Chinese name: its pinyin without tones, whole or begun, character by character.

/** Syllables and the characters read so, of those in the names of `src/draft/data/taxonomy.json`; taken from `readings.txt`
    beside it (Unicode, its terms are there). Other characters are found by themselves only. */
const TABLE =
  "ai 碍礙, an 安案, ba 巴, ban 办板, bao 保, bi 闭, biao 标標, bing 病, bo 泊, bu 不補, can 残殘, cao 操, ce 厕廁策, cha 查, chan 產," +
  "chang 场場, che 車车, chong 充蟲, chu 出, cui 催, da 大, dai 大带, dan 单單, dao 道, de 地的, deng 灯燈登, di 地滴的递遞, dian 店电電," +
  "diao 调, dong 动動, du 度, er 儿兒, fa 发法發, fan 範范販, fang 房放防, fei 費费, fen 份紛纷, feng 风, fu 付妇府扶服福附, gai 盖蓋, ge 個格," +
  "gen 跟, gong 供公共工, gou 構購购, gu 故, guan 管, gui 轨, hang 行, hao 号, hu 户, hua 化滑, huan 患环環, hui 会會毀, huo 或活貨," +
  "ji 及圾機疾积積籍記集, jia 价假價家, jian 件僭建监監, jiang 降, jiao 交教繳, jie 介洁潔街, jin 進金, jing 井境经警, jiu 就救糾纠, ka 卡, kai 开," +
  "kang 康, ke 可, kong 空, kuai 会快會, kuan 宽寬, la 垃, lai 來来, lao 劳勞老, leng 冷, li 例利力理里, liang 量, liao 疗療, lie 劣," +
  "lin 赁鄰, lou 樓漏, lu 路, lv 綠绿, mai 买卖, mao 冒, mei 媒, mian 面, miao 苗, min 民, ming 明, mu 木, neng 能, nuan 暖, nv 女," +
  "pai 排派牌, pang 旁, pei 培, pian 騙骗, pin 品頻, po 泊破, qi 企其气氣, qian 欠, qiang 強, qing 清, qiu 求, qu 区區渠, quan 全券權," +
  "r 儿兒, ran 染燃, re 热熱, ren 人, rong 容, ru 入, sai 塞, se 塞, sha 沙, shang 伤傷商, she 社設设, shen 渗滲身, sheng 升声生," +
  "shi 事士市式施识食, shou 受守手收, shu 属屬树樹輸鼠, shui 水稅税, si 私, su 訴诉速, sun 损損, suo 所, ta 他, tai 态態, ti 体梯體, tiao 调," +
  "tie 鐵铁, ting 停庭, tong 童通, tou 頭, tu 突, tui 退, tuo 拖, wai 外, wang 網网, wei 伪位卫味围圍衞违違, wen 文, wu 务務屋无污無物, xi 習," +
  "xian 险險, xiang 享降, xiao 小效校消, xin 信薪, xing 性行, xiu 休, xu 许, xue 学學, xun 訊訓詢训询, yan 烟, yang 养, ye 业業," +
  "yi 医异異疫益議议醫, yin 隐隱音, ying 應營营, yong 用, you 油, yu 与宇育預预, yuan 员員园園援院, yue 約约, yun 运運, zao 噪, zha 詐诈, zhan 占," +
  "zhang 障, zhao 照, zhe 者, zhen 診, zheng 争政證证, zhi 治置誌質, zhu 住助筑築, zhuan 轉, zi 咨自資资, zu 租阻, zuo 作";

const READINGS = new Map<string, string[]>();
for (const row of TABLE.split(",")) {
  const [syllable = "", characters = ""] = row.trim().split(" ");
  for (const one of characters) READINGS.set(one, [...(READINGS.get(one) ?? []), syllable]);
}

export const readings = (): ReadonlyMap<string, readonly string[]> => READINGS;

/** Whether `typed` reads on from the character at `at`: of each, one letter or more from its beginning. */
function reads(characters: readonly string[], at: number, typed: string): boolean {
  if (typed === "") return true;
  return (READINGS.get(characters[at] ?? "") ?? []).some((syllable) => {
    let same = 0;
    while (same < syllable.length && syllable[same] === typed[same]) same += 1;
    // The longest part first: "ting" is 停 before it is 停 and something that begins with "ing".
    for (let taken = same; taken > 0; taken--) if (reads(characters, at + 1, typed.slice(taken))) return true;
    return false;
  });
}

/** Where in the name the reading that was typed begins: ts, tshui and tingshui in 停水; -1: nowhere. */
export function readingAt(name: string, typed: string): number {
  // An apostrophe parts syllables, and blanks do: xi'an.
  const letters = typed.replace(/[\s'’]/g, "").replaceAll("ü", "v");
  if (!/^[a-z]+$/.test(letters)) return -1;
  const characters = [...name];
  return characters.findIndex((_, at) => reads(characters, at, letters));
}
