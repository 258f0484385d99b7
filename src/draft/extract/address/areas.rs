//! Districts that have no ending to know them by: Hong Kong's 18 and what callers call their parts, in both scripts and
//! in English (public knowledge), and the words English neighbourhoods end with.

use crate::draft::token::{PhraseList, Token};

/// Traditional, then Simplified where it differs.
static CHINESE: PhraseList = PhraseList::new(
    "\
    中西區 灣仔 湾仔 東區 南區 油尖旺 深水埗 深水埔 九龍城 九龙城 黃大仙 黄大仙 觀塘 观塘 葵青 荃灣 荃湾 屯門 屯门 元朗 北區 \
    大埔 沙田 西貢 西贡 離島 离岛 中環 中环 上環 上环 西環 西环 金鐘 金钟 銅鑼灣 铜锣湾 跑馬地 跑马地 天后 北角 鰂魚涌 鲗鱼涌 太古 \
    西灣河 西湾河 筲箕灣 筲箕湾 柴灣 柴湾 小西灣 小西湾 香港仔 鴨脷洲 鸭脷洲 黃竹坑 黄竹坑 堅尼地城 坚尼地城 西營盤 西营盘 薄扶林 赤柱 \
    尖沙咀 尖沙嘴 油麻地 佐敦 旺角 大角咀 大角嘴 太子 長沙灣 长沙湾 荔枝角 美孚 石硤尾 石硖尾 何文田 紅磡 红磡 土瓜灣 土瓜湾 馬頭圍 \
    啟德 启德 九龍塘 九龙塘 樂富 乐富 慈雲山 慈云山 鑽石山 钻石山 新蒲崗 新蒲岗 彩虹 牛頭角 牛头角 九龍灣 九龙湾 秀茂坪 藍田 蓝田 \
    油塘 將軍澳 将军澳 坑口 寶琳 宝琳 調景嶺 调景岭 葵涌 葵芳 葵興 青衣 天水圍 天水围 粉嶺 粉岭 上水 大圍 大围 火炭 馬鞍山 马鞍山 \
    東涌 东涌 大嶼山 大屿山 長洲 长洲 南丫島 南丫岛 坪洲 深井 馬灣 马湾 洪水橋 洪水桥 流浮山",
    ' ',
);
static ENGLISH: PhraseList = PhraseList::new(
    "central and western|wan chai|eastern district|southern district|yau tsim mong|sham shui po|kowloon city|\
    wong tai sin|kwun tong|kwai tsing|tsuen wan|tuen mun|yuen long|north district|tai po|sha tin|shatin|sai kung|central|\
    sheung wan|admiralty|causeway bay|happy valley|north point|quarry bay|tai koo|shau kei wan|chai wan|aberdeen|\
    ap lei chau|kennedy town|sai ying pun|pok fu lam|stanley|tsim sha tsui|yau ma tei|jordan|mong kok|mongkok|tai kok tsui|\
    prince edward|cheung sha wan|lai chi kok|mei foo|shek kip mei|ho man tin|hung hom|to kwa wan|kai tak|kowloon tong|\
    lok fu|tsz wan shan|diamond hill|san po kong|choi hung|ngau tau kok|kowloon bay|sau mau ping|lam tin|yau tong|\
    tseung kwan o|hang hau|po lam|kwai chung|kwai fong|tsing yi|tin shui wai|fanling|sheung shui|tai wai|fo tan|\
    ma on shan|tung chung|lantau|cheung chau|lamma|kowloon",
    '|',
);
/// Words that end a neighbourhood's name where others end a street's.
const NEIGHBOURHOOD: [&str; 16] = [
    "park", "heights", "hill", "hills", "village", "square", "gardens", "town", "side", "point", "beach", "bay", "end",
    "grove", "district", "borough",
];

/// Characters of the longest Hong Kong district at a token.
pub fn chinese(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    CHINESE.longest(tokens, at)
}

/// Words of the longest Hong Kong district at a token.
pub fn english(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    ENGLISH.longest(tokens, at)
}

pub fn ends_neighbourhood(word: &str) -> bool {
    NEIGHBOURHOOD.contains(&word)
}
