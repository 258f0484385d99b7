//! Words of Chinese addresses, both scripts.

use super::part::Kind;
use crate::draft::token::PhraseList;

/// Ends of names, longest first where one holds another: what they name, how much of an address they are.
pub const NAMED: &[(&str, Kind, f32)] = &[
    ("街道", Kind::Town, 0.6),
    ("大街", Kind::Street, 2.0),
    ("大道", Kind::Street, 2.0),
    ("胡同", Kind::Street, 2.0),
    ("小区", Kind::Community, 1.5),
    ("小區", Kind::Community, 1.5),
    ("家园", Kind::Community, 1.5),
    ("家園", Kind::Community, 1.5),
    ("花园", Kind::Community, 1.5),
    ("花園", Kind::Community, 1.5),
    ("新村", Kind::Community, 1.5),
    ("工业区", Kind::Community, 1.2),
    ("工業區", Kind::Community, 1.2),
    ("开发区", Kind::District, 0.6),
    ("公寓", Kind::Building, 1.5),
    ("山庄", Kind::Community, 1.2),
    ("山莊", Kind::Community, 1.2),
    ("公馆", Kind::Community, 1.2),
    ("家属院", Kind::Community, 1.2),
    ("别墅", Kind::Community, 1.0),
    ("国际", Kind::Community, 0.6),
    ("大厦", Kind::Building, 1.5),
    ("大廈", Kind::Building, 1.5),
    ("广场", Kind::Building, 1.2),
    ("廣場", Kind::Building, 1.2),
    ("中心", Kind::Building, 0.5),
    ("路", Kind::Street, 2.0),
    ("街", Kind::Street, 2.0),
    ("巷", Kind::Street, 2.0),
    ("道", Kind::Street, 1.5),
    ("徑", Kind::Street, 1.5),
    ("里", Kind::Community, 1.0),
    ("苑", Kind::Community, 1.5),
    ("邨", Kind::Community, 1.5),
    ("村", Kind::Community, 1.0),
    ("庄", Kind::Community, 0.7),
    ("圍", Kind::Community, 0.7),
    ("城", Kind::Community, 0.7),
    ("府", Kind::Community, 0.8),
    ("庭", Kind::Community, 0.7),
    ("轩", Kind::Community, 0.8),
    ("軒", Kind::Community, 0.8),
    ("园", Kind::Community, 0.8),
    ("園", Kind::Community, 0.8),
    ("灣畔", Kind::Community, 1.0),
    ("閣", Kind::Building, 1.5),
    ("阁", Kind::Building, 0.7),
    ("樓", Kind::Building, 1.2),
    ("镇", Kind::Town, 0.6),
    ("鎮", Kind::Town, 0.6),
    ("乡", Kind::Town, 0.6),
    ("鄉", Kind::Town, 0.6),
    ("区", Kind::District, 0.5),
    ("區", Kind::District, 0.5),
    ("县", Kind::District, 0.5),
    ("縣", Kind::District, 0.5),
    ("市", Kind::City, 0.4),
    ("省", Kind::City, 0.4),
];
/// Ends of numbers.
pub const NUMBERED: &[(&str, Kind, f32)] = &[
    ("号楼", Kind::Building, 1.5),
    ("號樓", Kind::Building, 1.5),
    ("号院", Kind::Number, 1.2),
    ("号室", Kind::Room, 0.8),
    ("號室", Kind::Room, 0.8),
    ("单元", Kind::Entrance, 1.0),
    ("單元", Kind::Entrance, 1.0),
    ("号", Kind::Number, 1.2),
    ("號", Kind::Number, 1.2),
    ("弄", Kind::Number, 1.0),
    ("栋", Kind::Building, 1.0),
    ("棟", Kind::Building, 1.0),
    ("幢", Kind::Building, 1.0),
    ("座", Kind::Building, 0.8),
    ("期", Kind::Community, 0.4),
    ("区", Kind::Community, 0.4),
    ("區", Kind::Community, 0.4),
    ("组", Kind::Building, 0.4),
    ("队", Kind::Building, 0.4),
    ("楼", Kind::Floor, 0.9),
    ("樓", Kind::Floor, 0.9),
    ("层", Kind::Floor, 0.6),
    ("層", Kind::Floor, 0.6),
    ("室", Kind::Room, 0.8),
    ("户", Kind::Room, 0.5),
    ("戶", Kind::Room, 0.5),
    ("门", Kind::Entrance, 0.4),
    ("門", Kind::Entrance, 0.4),
];
/// Words that hold one of these ends without being one.
pub static NOT_ENDS: PhraseList = PhraseList::new(
    "\
     占道 老城区 主城区 中心城区 家庭 法庭 邻居 跑路 探路 问路 拦路 挡路 擋路 开路 赶路 短路 断路 岔路 弯路 冤枉路 报道 報道 赛道 弯道 便道 河道 步道 匝道 坡道 霸道 \
  地道 难道 说道 美食城 购物城 影城 学府 果园 菜园 陵园 田园 每层 每層 几层 幾層 下水道 人行道 消防通道 楼道 樓道 盲道 管道 车道 車道 通道 频道 知道 味道 公道 道路 路灯 路燈 路面 \
  路口 马路 馬路 走路 修路 铁路 公路 线路 路線 路线 堵路 电路 网路 行路 細路 细路 过路 過路 套路 路边 路邊 \
  路人 里面 家里 这里 那里 哪里 屋里 楼里 村里 心里 夜里 公里 城里 城市 超市 市场 市民 市政 市里 社区 \
  地区 街坊 逛街 街燈 街招 行人路 政府 楼上 楼下 樓上 樓下 一楼道 公园 幼儿园 校园 乐园 棟樓 栋楼 號碼 \
  号码 信号 工单号 车牌号 手机号 门牌号 账号 型号 几号 星期 日期 学期 长期 定期 部门 大门 开门 关门 门口 \
  教室 办公室 地下室 客户 住户 用户 账户 街市 門口 整座 成座 间樓 大维修 城管 城乡 城鄉 长城 商城 全城 \
  进城 同城 村委 村民 村口 村子 区别 區別 区域 區域 小区里 地铁站台 号线 號線 幾號 期间 期間 过期 到期 \
  工期 近期 前期 后期 後期 一期间 座位 讲座 講座 座机 座椅 组织 組織 小组长 队伍 排队 排隊 軍隊 部队 户口 \
  户外 戶口 热线 市区 郊区 厂区 广场舞 菜市场 菜市場 市場 門診 门诊 专门 專門 热门 上门 上門 入门 出门 \
  出門 後門 后门 前门口 正门 正門 园林 苑里 弄堂 弄脏 弄坏 弄好 弄丢 弄得 弄到 道理 道歉 道士 隧道 轨道 \
  渠道 管理区 区政府 區議員 快车道 应急车道 街道办 居委 路过 路過 路上 路旁 路标 路牌 路段 让路 迷路 带路 \
  一路上 半路 思路 後路 出路 绕路 高速路 车路 車路 樓梯 楼梯 樓層 楼层 樓宇 楼宇 楼顶 樓頂 大楼 大樓 \
  整栋楼 办公楼 居民楼 教学楼 上楼 下楼 落樓 上樓 楼房 樓價 楼价 高楼 舊樓 旧楼 楼长 村镇 镇上 县里 县城 \
   本市 全市 都市 门市 省心 省钱 省事 节省 反省 收购期 有效期 保质期 保修期 交付期 短期 假期 年期 \
  孕期  府上 住宅区 商业区 开发区里 辖区 新区里 休息区 停车区 服务区 片区 疫区 灾区 景区 \
  校区 园区 老区 街区 專區 港村 农村 全村 我们村 本村 邻村 村上 庄稼 饭庄 茶庄 钱庄 打苑 医苑 幾樓 几楼 \
  閣下 内閣 阁下 阁楼",
    ' ',
);
/// A name does not reach back over these.
pub static STOP: PhraseList = PhraseList::new(
    "\
    诉 訴 映 举 舉 报 報 要 想 占 在 住 是 到 叫 从 從 於 于 位 我 你 您 他 她 它 们 們 咱 的 嘅 了 这 這 那 \
    个 個 就 跟 与 與 有 去 来 來 请 請 址 离 喺 係 啲 嗰 呢 哋 佢 么 吗 整 每 全 嗯 呃 停 没 冇 为 把 被 出 \
    问 不 对 反 收 拨 撥 给 給 用 让 讓 同 响 響 着 著 喂 话 話 知 入 搵 過 过 往 由 拿 等 姓 說 说 \
    讲 講 看 見 见 近 離 ， 该 該 边 邊 附 旁 條 条 盏 盞 支 部 次",
    ' ',
);
/// Words before a place that make it more of one.
pub const CUES: &[&str] = &["住", "在", "址", "喺", "位于", "是", "家"];
/// Says nothing between two parts.
pub static FILLERS: PhraseList = PhraseList::new(
    "嗯 呃 啊 额 哦 唔 诶 哎 呢 嘅 的 那个 这个 這個 那個 嗰個 就是 就係 是 係 我 我们 我哋 在 住 住在 喺 家 里 裏 \
    里面 入面 外面 出面 叫 叫做 那边 这边 嗰邊 嗰度 那里 大概 即係 即是 于 於 嗰 这 那",
    ' ',
);
/// The part before is taken back; the part after is settled on; the caller wavers.
pub static CORRECTED: PhraseList =
    PhraseList::new("不对 不对不对 不是 错了 说错了 讲错了 唔係 唔啱 錯咗 講錯 講錯咗 錯了 搞错了 记错了", ' ');
pub static SETTLED: PhraseList =
    PhraseList::new("应该是 應該係 应该 應該 我諗係 我想是 我记得是 我記得係 好像是 好似係 可能是 可能係", ' ');
pub static EITHER: PhraseList = PhraseList::new("定係 定 还是 還是 或者 抑或", ' ');
/// Somebody else's door: the other side of the matter.
pub static OTHERS: PhraseList =
    PhraseList::new("佢 他 她 佢哋 他们 她们 人家 对方 對方 楼上 樓上 楼下 樓下 隔壁 隔離 对门 對門", ' ');
/// What a caller sees from a street.
pub static LANDMARKS: PhraseList = PhraseList::new(
    "东段 西段 南段 北段 中段 东侧 西侧 南侧 北侧 东南角 东北角 西南角 西北角 门口 門口 路口 交叉口 十字路口 丁字路口 出口 入口 对面 對面 旁边 旁邊 隔壁 附近 后巷 後巷 后门 後門 站 地铁站 地鐵站 \
    輕鐵站 巴士站 公交站 小学 小學 中学 中學 大学 大學 学校 學校 幼儿园 幼稚園 医院 醫院 超市 公园 公園 菜市场 街市 商场 商場 工地 仓库 \
    银行 銀行 桥 橋 桥下 橋底 天橋 天桥 隧道 停车场 停車場 球场 球場 餐厅 餐廳 饭店 酒店 药店 加油站 政务大厅 办事大厅 大厅 派出所 居委会 村委会 火车站 汽车站 客运站 机场 西站 南站 北站 东站 体育场 少年宫 妇幼医院 卫生院 社区医院 \
    对出 對出 公厕 公廁 厕所 廁所 碼頭 码头 街市 球場 球场 泳池 游泳池 图书馆 圖書館 医院 醫院 體育館 体育馆 广场 天台 后面 後面 前面 斜对面 斜對面 \
    地下车库 地下停车场 楼道 电梯间 北门 南门 东门 西门 正门 侧门 小巴站 收費站 收费站 垃圾站 垃圾房 警署 街口 巷口 村口 桥头 河边 河堤 工地",
    ' ',
);
/// Where a caller may be who gives no address.
pub static FACILITIES: PhraseList = PhraseList::new(
    "地下车库 地下停车场 停车场 停車場 车库 車庫 地下室 地铁站 地鐵站 火车站 火車站 公园 公園 医院 醫院 商场 商場",
    ' ',
);
