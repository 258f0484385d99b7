//! What people say around a number they dictate. Written down without looking at the parser's words.

use super::Tongue;

/// `{}` is where the number goes.
pub fn carriers(tongue: Tongue) -> &'static [&'static str] {
    match tongue {
        Tongue::English => &[
            "My number is {}.",
            "my phone number's {}",
            "You can get me on {}.",
            "Yes it's {}.",
            "The best number to reach me at is {}",
            "Sure, my cell is {}, thanks.",
            "If you need to ring back, it's {}.",
            "I'm on {} most days",
            "call me at {} please",
            "My name is Ruth Adeyemi and my number is {}",
            "phone number {} and the name is Bell",
            "so uh the number is {} okay",
            "My mobile, that's {}.",
            "Contact number: {}.",
            "Can you take my number down? {}.",
            "home phone is {}",
            "my work number is {} and I'm there until five",
            "you could text me, {}, any time",
            "It would be {}.",
            "My telephone number is area code {}.",
            "reach me on my landline at {} after six",
            "I can be reached at {}.",
            "Give me a call on {} when it's done.",
            "the callback number is {} thank you so much",
            "my husband picks up sometimes, but my number is {}",
        ],
        Tongue::Mandarin => &[
            "我的电话是{}。",
            "我手机号{}",
            "电话{}，谢谢。",
            "你记一下，{}。",
            "我姓赵，赵立群，联系电话{}。",
            "打我这个手机吧，{}",
            "联系方式是{}，随时都可以打",
            "我叫陈默电话是{}",
            "号码是{}。",
            "您回电的话打{}就行",
            "我的手机号码是，{}。",
            "留个电话吧，{}",
            "嗯，我电话啊，{}",
            "有消息请打我电话{}谢谢您",
            "手机{}，微信也是这个",
            "我本人的号是{}",
            "可以联系我，{}。",
            "座机是{}",
            "那我报一下电话，{}，您记好",
            "我的联系电话是{}麻烦尽快处理",
        ],
        Tongue::Cantonese => &[
            "我電話係{}。",
            "電話{}，唔該。",
            "我嘅手提號碼係{}",
            "你打呢個電話搵我，{}。",
            "我姓陳，陳大文，電話{}。",
            "聯絡電話係{}唔該晒",
            "電話號碼係，{}。",
            "手機{}，幾時打都得",
            "你記低啦，{}。",
            "有消息打俾我，{}",
            "我叫阿玲電話係{}",
            "我個號碼呢，就係{}",
            "麻煩你覆我電話{}多謝",
            "聯絡我就打{}啦",
            "我屋企電話係{}",
            "呢個係我手提，{}。",
            "冧巴係{}",
            "我留低電話，{}，唔該你",
        ],
    }
}

/// Sentences with other numbers in them. None of these is a telephone number.
pub fn distractors(tongue: Tongue) -> &'static [&'static str] {
    match tongue {
        Tongue::English => &[
            "I'm eighty four years old.",
            "They charged me one thousand two hundred and fifty dollars.",
            "They took $1,350 from me.",
            "I live at 6120 North Ardmore Street, apartment 5C.",
            "It's flat five oh one, building three.",
            "Since the fifth of November two thousand twenty five.",
            "My case number is two two nine one seven four four.",
            "The reference they gave me was 4412 7701 23.",
            "It was about ten thirty at night.",
            "The one oh one bus never comes.",
            "There are two hundred and twelve families here.",
            "I called 311 four times already.",
            "My zip code is one zero zero two seven.",
            "the bill says account four four seven one zero zero two three one",
            "we waited for forty five minutes",
            "The license plate is 8 K L M 442.",
            "I pay 2100 a month in rent",
            "My landlord's number is six four six, five five five, oh one nine nine.",
            "He called me from 718 555 0171.",
            "I was born on March 14 1962.",
            "room twelve oh four on the twelfth floor",
            "my ticket number, five five oh one two two, was closed",
        ],
        Tongue::Mandarin => &[
            "我今年八十四岁了。",
            "他们收了我四千六百块钱。",
            "我住三号楼二单元五零一。",
            "从二零二五年十一月五号开始的。",
            "工单号是二零二五一一零五三八八。",
            "上次的编号是4412770123",
            "早上六点半就开始响。",
            "三零五路公交车一直不来。",
            "一共两百一十二户。",
            "我打过12345三次了。",
            "车牌是京A八八六一二。",
            "水费户号是六零零二三三一四",
            "等了四十五分钟也没人来",
            "房东的电话是一三九一二三四八八九九。",
            "老板手机一五八零零一一二二三三打不通",
            "我身份证号是一一零一零五一九六二零三一四一二三四",
            "租金一个月2100块",
            "在十八层，一八零三室",
            "一直没人管，投诉了三次",
            "对方用一七零六六五五四四三三这个号给我打电话骂我",
        ],
        Tongue::Cantonese => &[
            "我今年六十八歲。",
            "佢爭我九千八百蚊。",
            "我住十八樓一八零四室。",
            "由二零二五年十一月五號開始。",
            "檔案編號係二零二五一一零五三八八。",
            "上次個參考編號係4412770123",
            "朝早七點三就開始嘈。",
            "一零四號巴士成日脫班。",
            "我打過一八二三三次㗎喇。",
            "成棟樓有二百一十二戶。",
            "車牌係 AB 一二三四。",
            "等咗四十五分鐘都冇人嚟",
            "業主電話係九一二三四五六七。",
            "老細個電話九八七六五四三二冇人聽",
            "管理處嘅電話係二五二八八八一一",
            "燈柱編號係 F E 一零八八",
            "個月租八千五百蚊",
            "佢用六五五五一二三四打嚟鬧我",
            "我一九五七年出世",
        ],
    }
}

/// Before the corrected digits.
pub fn corrections(tongue: Tongue) -> &'static [&'static str] {
    match tongue {
        Tongue::English => &[
            ", no, sorry, ",
            " no wait ",
            ", I'm sorry, ",
            ", oops, ",
            ", I mean, ",
            ", correction, ",
            ", that's wrong, ",
            ", sorry, it's ",
            ", no no, ",
            ", hang on, no, it's ",
            ", scratch that, ",
            ", excuse me, ",
        ],
        Tongue::Mandarin => &[
            "，不对，",
            "，哦不是，是",
            "，说错了，",
            "，不好意思，",
            "，应该是",
            "，我念错了，是",
            "不对不对",
            "，哎呀错了，",
            "，等一下，不对，",
            "，不是不是，",
        ],
        Tongue::Cantonese => &[
            "，唔係，",
            "，講錯咗，",
            "，錯咗，係",
            "，唔好意思，應該係",
            "，唔啱，",
            "，唔係唔係，",
            "，講錯，",
            "，等陣，錯咗，",
            "，對唔住，係",
        ],
    }
}

/// Before the number is read again.
pub fn again(tongue: Tongue) -> &'static [&'static str] {
    match tongue {
        Tongue::English => &[", ", ". Again, ", ", that's ", ". I'll repeat that, ", ", once more, ", ". So that's "],
        Tongue::Mandarin => &["，", "，再说一遍，", "。我重复一遍，", "，对，", "，我再念一遍，", "，就是"],
        Tongue::Cantonese => &["，", "，再講一次，", "，即係", "。我講多次，", "，係，", "，重複一次，"],
    }
}

/// Between two groups of one number.
pub fn pauses(tongue: Tongue) -> &'static [&'static str] {
    match tongue {
        Tongue::English => &[", ", " ", ", uh, ", " um ", "... ", " - ", ", and then ", "\n", ",\n"],
        Tongue::Mandarin => &["，", "", " ", "、", "，嗯，", "呃", "……", "\n", "，然后"],
        Tongue::Cantonese => &["，", "", " ", "、", "，嗯，", "，呀，", "……", "\n", "，跟住"],
    }
}
