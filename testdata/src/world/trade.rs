//! What enterprises do: the trade word in their names, its industry letter, the
//! scope that the registry writes, and how common it is.

/// One trade.
#[derive(Debug)]
pub(crate) struct Trade {
    /// Letter of the national classification.
    pub(crate) letter: char,
    pub(crate) word: &'static str,
    pub(crate) scope: &'static str,
    /// Of a thousand names that end in one of these words; 0: only dealt to
    /// enterprises with a role.
    weight: u32,
}

const fn trade(letter: char, word: &'static str, weight: u32, scope: &'static str) -> Trade {
    Trade {
        letter,
        word,
        scope,
        weight,
    }
}

/// Numbers of the trades that roles need.
pub(crate) mod number {
    pub(crate) const INVESTMENT: u8 = 0;
    pub(crate) const ASSETS: u8 = 1;
    pub(crate) const WEALTH: u8 = 2;
    pub(crate) const LENDER: u8 = 3;
    pub(crate) const FUND: u8 = 4;
    pub(crate) const ELDERLY: u8 = 5;
    pub(crate) const EDUCATION: u8 = 6;
    pub(crate) const GYM: u8 = 7;
    pub(crate) const SHOP: u8 = 8;
    pub(crate) const PROPERTY: u8 = 9;
    pub(crate) const HOSPITAL: u8 = 10;
    pub(crate) const LABOUR: u8 = 11;
    pub(crate) const CHARITY: u8 = 12;
    pub(crate) const SECRETARY: u8 = 13;
    pub(crate) const NETWORK: u8 = 14;
    pub(crate) const TECHNOLOGY: u8 = 15;
    pub(crate) const CATERING: u8 = 16;
    pub(crate) const REAL_ESTATE: u8 = 17;
    pub(crate) const TRADE: u8 = 18;
    pub(crate) const BUSINESS: u8 = 19;
    pub(crate) const CONSULTING: u8 = 20;
    pub(crate) const HEALTH: u8 = 21;
}

/// All trades. Those that roles need come first.
pub(crate) static TRADES: [Trade; 60] = [
    trade(
        'L',
        "投资",
        17,
        "实业投资；投资咨询（不含限制项目）；企业管理咨询",
    ),
    trade('L', "资产管理", 3, "受托资产管理；投资管理；企业管理咨询"),
    trade('L', "财富管理", 0, "财富管理咨询；投资咨询；经济信息咨询"),
    trade('J', "小额贷款", 0, "在本市范围内办理小额贷款业务"),
    trade('J', "私募基金管理", 0, "私募股权投资基金管理服务；创业投资"),
    trade('Q', "养老服务", 4, "养老服务；健康咨询；家政服务"),
    trade('P', "教育咨询", 7, "教育咨询；文化交流活动策划；培训"),
    trade('R', "健身服务", 4, "健身休闲活动；体育用品销售"),
    trade(
        'F',
        "电子商务",
        12,
        "网上销售日用百货、服装、电子产品；信息咨询",
    ),
    trade('K', "物业管理", 16, "物业管理；停车场服务；保洁服务"),
    trade('Q', "医院", 0, "综合医院服务；诊疗服务"),
    trade('L', "人力资源服务", 5, "人力资源服务；劳务派遣；代发工资"),
    trade('S', "公益慈善服务中心", 0, "开展公益慈善活动；困难群众救助"),
    trade('L', "商务秘书服务", 0, "商务秘书服务；为企业提供住所托管"),
    trade(
        'I',
        "网络科技",
        22,
        "计算机软件开发；网络技术服务；互联网信息服务",
    ),
    trade(
        'M',
        "科技",
        68,
        "技术开发、技术咨询、技术服务；电子产品销售",
    ),
    trade('H', "餐饮管理", 16, "餐饮服务；餐饮管理；预包装食品销售"),
    trade('K', "置业", 12, "房地产开发经营；房屋租赁"),
    trade('F', "贸易", 86, "国内贸易；货物及技术进出口"),
    trade(
        'L',
        "商务服务",
        18,
        "商务信息咨询；会议及展览服务；企业形象策划",
    ),
    trade(
        'L',
        "企业管理咨询",
        20,
        "企业管理咨询；市场调研；经济信息咨询",
    ),
    trade(
        'Q',
        "健康管理",
        6,
        "健康管理咨询；保健食品销售；医疗器械销售",
    ),
    trade('E', "建筑工程", 40, "建筑工程施工；市政工程；土石方工程"),
    trade('F', "实业", 48, "国内贸易；兴办实业（具体项目另行申报）"),
    trade('C', "金属制品", 26, "金属制品、五金件的生产与销售"),
    trade('E', "装饰设计", 20, "室内外装饰设计与施工；建材销售"),
    trade('M', "技术开发", 20, "技术开发；技术转让；自动化设备研发"),
    trade('C', "机械设备", 34, "机械设备的制造、销售与维修"),
    trade('C', "电器", 27, "家用电器、照明器具的生产与销售"),
    trade('C', "电子", 28, "电子元器件的生产与销售；货物进出口"),
    trade('C', "新材料", 22, "新型材料的研发、生产与销售"),
    trade('C', "服饰", 32, "服装、服饰、箱包的设计、生产与销售"),
    trade('F', "进出口", 22, "货物进出口；技术进出口；国内贸易代理"),
    trade('F', "日用品", 22, "日用百货、文具、化妆品的批发与零售"),
    trade('C', "制造", 20, "通用零部件的制造与加工"),
    trade('F', "商贸", 30, "日用百货、五金交电、建材的销售"),
    trade('C', "化工", 16, "化工产品（不含危险化学品）的生产与销售"),
    trade('C', "食品", 16, "食品生产；食品经营"),
    trade('F', "工贸", 14, "五金、塑料制品的加工与销售"),
    trade('L', "广告传媒", 16, "设计、制作、发布国内广告；品牌策划"),
    trade('C', "纺织", 16, "针纺织品的生产与销售"),
    trade('C', "包装印刷", 14, "包装装潢印刷；纸制品的生产与销售"),
    trade('F', "建材", 14, "建筑材料、装饰材料、陶瓷的销售"),
    trade('C', "鞋业", 9, "鞋类、皮革制品的生产与销售"),
    trade('L', "供应链管理", 10, "供应链管理；仓储服务；国内货运代理"),
    trade('G', "物流", 16, "普通货运；货物配载；仓储服务"),
    trade('M', "工程设计", 8, "工程设计；工程勘察；技术咨询"),
    trade('C', "机电", 12, "机电设备的安装、销售与维修"),
    trade('F', "汽车配件", 9, "汽车零配件的批发与零售"),
    trade('C', "家具", 9, "家具、木制品的生产与销售"),
    trade('R', "文化传播", 14, "文化活动策划；影视策划；会务服务"),
    trade('H', "酒店管理", 6, "酒店管理；住宿服务；会议服务"),
    trade('C', "塑胶制品", 16, "塑胶制品、模具的生产与销售"),
    trade('N', "环保科技", 8, "环境治理；园林绿化；再生资源回收"),
    trade('G', "货运代理", 8, "国际货运代理；报关服务"),
    trade('Q', "医疗器械", 6, "医疗器械的销售与维修"),
    trade('A', "农业发展", 8, "农作物种植；农产品销售；农业技术服务"),
    trade('L', "旅行社", 3, "国内旅游业务；入境旅游业务；票务代理"),
    trade('F', "珠宝工艺品", 9, "珠宝首饰、工艺品的销售"),
    trade('D', "能源", 4, "新能源技术开发；充电桩运营；电力销售"),
];

/// Slots of [`BY_DRAW`]: more than the weights' sum, so that none is cut off.
const SLOTS: usize = 1_200;

/// Trade numbers, each as often as its weight, and how many there are.
static BY_DRAW: ([u8; SLOTS], usize) = by_draw();

const fn by_draw() -> ([u8; SLOTS], usize) {
    let mut table = [0; SLOTS];
    let mut filled = 0;
    let mut at = 0;
    while at < TRADES.len() {
        let mut left = TRADES[at].weight;
        while left > 0 {
            table[filled] = at as u8;
            filled += 1;
            left -= 1;
        }
        at += 1;
    }
    (table, filled)
}

/// The trade of a draw, as common as it is.
pub(crate) fn by_weight(draw: u64) -> u8 {
    BY_DRAW.0[(draw % BY_DRAW.1 as u64) as usize]
}

/// The industry's name.
pub(crate) fn sector(letter: char) -> &'static str {
    match letter {
        'A' => "农、林、牧、渔业",
        'C' => "制造业",
        'D' => "电力、热力、燃气及水生产和供应业",
        'E' => "建筑业",
        'F' => "批发和零售业",
        'G' => "交通运输、仓储和邮政业",
        'H' => "住宿和餐饮业",
        'I' => "信息传输、软件和信息技术服务业",
        'J' => "金融业",
        'K' => "房地产业",
        'L' => "租赁和商务服务业",
        'M' => "科学研究和技术服务业",
        'N' => "水利、环境和公共设施管理业",
        'P' => "教育",
        'Q' => "卫生和社会工作",
        'R' => "文化、体育和娱乐业",
        _ => "居民服务、修理和其他服务业",
    }
}
