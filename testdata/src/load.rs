//! A flat load for benchmarks: one registry and three kinds of records, as many
//! as wanted, streamed to CSV files in bounded memory. Declared in
//! `testdata/bench`; unlike the city it is clean and says nothing true.
//!
//! Of every 20 records 9 are monthly numbers of insured staff, 7 are hotline
//! tickets and 4 are penalties, over enterprises drawn evenly.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use crate::calendar::{civil, from_civil};
use crate::code::{CODES, load_code};
use crate::random::keyed;

/// Rows of one file at most.
const FILE_ROWS: u64 = 500_000;

/// Bytes held before they are written.
const BUFFER: usize = 1 << 20;

/// Letter and trade word of the load's enterprises.
const SECTORS: [(&str, &str); 11] = [
    ("F", "商贸"),
    ("F", "贸易"),
    ("I", "科技"),
    ("I", "网络技术"),
    ("H", "餐饮管理"),
    ("E", "建筑工程"),
    ("G", "物流"),
    ("C", "五金制品"),
    ("C", "电子"),
    ("R", "文化传播"),
    ("L", "企业管理咨询"),
];

/// Its districts.
const DISTRICTS: [&str; 8] = [
    "滨城区",
    "港湾区",
    "东岭区",
    "西河区",
    "南屿区",
    "北原区",
    "高新区",
    "临港区",
];

/// The last day of the load's dates; `testdata/bench` fixes its clock there.
const LAST_DAY: (i32, i32, i32) = (2025, 6, 30);

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadStats {
    /// Registry rows: one an enterprise.
    pub enterprises: u64,
    /// Records beside the registry.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Writes `records` records about `enterprises` enterprises below `root`, in
/// `msa/registration`, `hrss/insured`, `12345/ticket` and `msa/penalty`. Needs
/// memory for one buffer.
///
/// # Errors
/// When `enterprises` is 0 or more than there are codes (28,629,151), or a file
/// cannot be written.
pub fn write_load(root: &Path, records: u64, enterprises: u32, seed: u64) -> io::Result<LoadStats> {
    if enterprises == 0 || u64::from(enterprises) > CODES {
        let what = format!("`{enterprises}` enterprises: 1 to {CODES} are possible");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut load = Load {
        root: root.to_owned(),
        seed,
        enterprises,
        stats: LoadStats::default(),
    };
    load.write(&REGISTRATION, 0, u64::from(enterprises))?;
    let tickets = records * 7 / 20;
    let penalties = records * 4 / 20;
    load.write(&INSURED, 1, records - tickets - penalties)?;
    load.write(&TICKET, 2, tickets)?;
    load.write(&PENALTY, 3, penalties)?;
    load.stats.enterprises = u64::from(enterprises);
    load.stats.records = records;
    Ok(load.stats)
}

/// One kind of file.
struct Kind {
    folder: &'static str,
    header: &'static str,
    row: fn(&mut Line, u64),
}

struct Load {
    root: PathBuf,
    seed: u64,
    enterprises: u32,
    stats: LoadStats,
}

impl Load {
    /// Writes `rows` rows of a kind, in as many files as it takes.
    fn write(&mut self, kind: &Kind, stream: u32, rows: u64) -> io::Result<()> {
        let folder = self.root.join(kind.folder);
        fs::create_dir_all(&folder)?;
        for part in 0..rows.div_ceil(FILE_ROWS) {
            let path = folder.join(format!("{:04}.csv", part + 1));
            let rng = keyed(self.seed, 300 + stream, part as i64, 0);
            let mut line = Line {
                rng,
                enterprises: self.enterprises,
                text: Vec::with_capacity(BUFFER + 4_096),
            };
            line.push(kind.header);
            let first = part * FILE_ROWS;
            self.stats.bytes += fill(
                File::create(path)?,
                &mut line,
                kind,
                first..rows.min(first + FILE_ROWS),
            )?;
            self.stats.files += 1;
        }
        Ok(())
    }
}

/// Fills one file and returns its size.
fn fill(
    mut file: File,
    line: &mut Line,
    kind: &Kind,
    rows: std::ops::Range<u64>,
) -> io::Result<u64> {
    let mut bytes = 0;
    for number in rows {
        (kind.row)(line, number);
        if line.text.len() >= BUFFER {
            file.write_all(&line.text)?;
            bytes += line.text.len() as u64;
            line.text.clear();
        }
    }
    file.write_all(&line.text)?;
    Ok(bytes + line.text.len() as u64)
}

/// The rows being written, and the dice.
struct Line {
    rng: ChaCha8Rng,
    enterprises: u32,
    text: Vec<u8>,
}

impl Line {
    fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    /// A number below `bound`, nearly even (bounds here are far below 2³²).
    fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.rng.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    fn pick(&mut self, list: &[&str]) {
        let at = self.below(list.len() as u32) as usize;
        self.push(list[at]);
    }

    fn number(&mut self, value: u64) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = value;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.text.extend_from_slice(&digits[at..]);
    }

    /// A number with zeros before it: `width` digits.
    fn padded(&mut self, value: u64, width: usize) {
        let at = self.text.len();
        self.number(value);
        for _ in self.text.len() - at..width {
            self.text.insert(at, b'0');
        }
    }

    fn code(&mut self, enterprise: u32) {
        self.text
            .extend_from_slice(&load_code(u64::from(enterprise), (enterprise % 8) as u8));
    }

    fn date(&mut self, day: i32) {
        let (year, month, dom) = civil(day);
        self.number(year as u64);
        self.text.push(b'-');
        self.padded(month as u64, 2);
        self.text.push(b'-');
        self.padded(dom as u64, 2);
    }

    /// A day in the two years before the load's last day.
    fn recent(&mut self) {
        let (year, month, dom) = LAST_DAY;
        let back = self.below(730) as i32;
        self.date(from_civil(year, month, dom) - back);
    }

    fn name(&mut self, enterprise: u32) {
        self.push("滨海市");
        self.number(u64::from(enterprise) + 1);
        self.push("号");
        self.push(SECTORS[(enterprise % 11) as usize].1);
        self.push("有限公司");
    }
}

static REGISTRATION: Kind = Kind {
    folder: "msa/registration",
    header: "统一社会信用代码,企业名称,企业类型,行业门类,成立日期,注册资本,法定代表人,注册地址,登记状态\n",
    row: registration,
};

fn registration(line: &mut Line, number: u64) {
    let enterprise = number as u32;
    line.code(enterprise);
    line.push(",");
    line.name(enterprise);
    line.push(",有限责任公司,");
    line.push(SECTORS[(enterprise % 11) as usize].0);
    line.push(",");
    let founded = line.below(9_000) as i32;
    line.date(11_000 + founded);
    line.push(",");
    let capital = u64::from(line.below(500) + 1) * 10;
    line.number(capital);
    line.push("万元,P");
    // One in eight shares its representative with another.
    let shared = line.below(8) == 0;
    line.padded(
        u64::from(if shared { enterprise / 2 } else { enterprise }),
        9,
    );
    line.push(",滨海市解放路");
    line.number(u64::from(enterprise) / 40 + 1);
    line.push("号");
    line.number(u64::from(enterprise) % 40 + 101);
    line.push("室,存续\n");
}

static INSURED: Kind = Kind {
    folder: "hrss/insured",
    header: "统一社会信用代码,月份,单位名称,参保人数,应缴金额,欠缴金额,险种,统计日期\n",
    row: insured,
};

/// Enterprise by enterprise, month by month: keys repeat only after 240 months.
fn insured(line: &mut Line, number: u64) {
    let enterprise = (number % u64::from(line.enterprises)) as u32;
    let (year, month, _) = LAST_DAY;
    let back = (number / u64::from(line.enterprises) % 240) as i32;
    let months = year * 12 + month - 1 - back;
    line.code(enterprise);
    line.push(",");
    line.number((months / 12) as u64);
    line.push("-");
    line.padded((months % 12 + 1) as u64, 2);
    line.push(",");
    line.name(enterprise);
    line.push(",");
    let insured = line.below(60);
    line.number(u64::from(insured));
    line.push(",");
    line.number(u64::from(insured) * 1_200);
    line.push(".00,");
    let owes = line.below(40) == 0;
    line.number(if owes { u64::from(insured) * 1_200 } else { 0 });
    line.push(".00,企业职工基本养老保险,");
    line.date(from_civil(months / 12, months % 12 + 1, 15));
    line.push("\n");
}

static TICKET: Kind = Kind {
    folder: "12345/ticket",
    header: "工单编号,统一社会信用代码,被反映单位,诉求类别,诉求内容,来电日期,渠道,行政区\n",
    row: ticket,
};

fn ticket(line: &mut Line, number: u64) {
    let enterprise = line.below(line.enterprises);
    line.push("GD");
    line.padded(number, 10);
    line.push(",");
    line.code(enterprise);
    line.push(",");
    line.name(enterprise);
    line.push(",");
    line.pick(&["投诉举报", "投诉举报", "咨询", "求助"]);
    line.push(",");
    line.pick(&[
        "噪音扰民",
        "预付卡余额不退",
        "退费纠纷",
        "拖欠工资",
        "宣传保本高息，担心受骗",
        "拖延兑付，负责人失联",
        "商品质量问题",
        "虚假宣传商品功效",
    ]);
    line.push(",");
    line.recent();
    line.push(",");
    line.pick(&["电话", "网站", "小程序"]);
    line.push(",");
    line.pick(&DISTRICTS);
    line.push("\n");
}

static PENALTY: Kind = Kind {
    folder: "msa/penalty",
    header: "处罚决定书文号,当事人,统一社会信用代码,违法类型,罚款金额,决定日期,处罚机关,op\n",
    row: penalty,
};

fn penalty(line: &mut Line, number: u64) {
    let enterprise = line.below(line.enterprises);
    line.push("滨市监罚字");
    line.padded(number, 10);
    line.push("号,");
    line.name(enterprise);
    line.push(",");
    line.code(enterprise);
    line.push(",");
    line.pick(&[
        "虚假宣传",
        "违规发布广告",
        "超范围经营",
        "计量违法",
        "价格违法",
        "产品质量",
    ]);
    line.push(",");
    let yuan = u64::from(line.below(100) + 1) * 1_000;
    line.number(yuan);
    line.push(".00,");
    line.recent();
    line.push(",市场监督管理局,\n");
}
