//! The impact assessment that 个人信息保护法 第五十五条 asks for before personal
//! information decides automatically or sensitive kinds are handled, with the
//! three contents of 第五十六条: as far as configuration and model tell. Where a
//! person must write something, it says so.

use super::Version;
use super::card;
use super::dossier::Dossier;
use crate::config::Settings;
use crate::document::{self, Block};
use std::collections::BTreeMap;
use tocsin_ingest::source::Source;

/// A note of a source that says how sensitive it is.
const SENSITIVITY: &str = "sensitivity";

/// The page as Markdown.
pub fn markdown(settings: &Settings, live: Option<(&Version, &Dossier)>) -> String {
    document::markdown(&blocks(settings, live))
}

/// The page as one HTML file.
pub fn html(settings: &Settings, live: Option<(&Version, &Dossier)>) -> String {
    document::html(
        "个人信息保护影响评估 Impact assessment",
        &blocks(settings, live),
    )
}

fn heading(depth: u8, text: &str) -> Block {
    Block::Heading(depth, text.to_owned())
}

fn text(said: impl Into<String>) -> Block {
    Block::Text(said.into())
}

fn blank(what: &str) -> Block {
    Block::Blank(what.to_owned())
}

fn blocks(settings: &Settings, live: Option<(&Version, &Dossier)>) -> Vec<Block> {
    let mut blocks = vec![
        heading(
            1,
            "个人信息保护影响评估 Personal information protection impact assessment",
        ),
        text(
            "依据《中华人民共和国个人信息保护法》第五十五条、第五十六条。本页由系统按现行配置与在用模型生成,报告和处理情况记录应当至少保存三年。",
        ),
        blank("评估单位、评估人、评估日期、审批人。Who assesses, when, who approves."),
        heading(
            2,
            "一、处理目的、处理方式是否合法、正当、必要 Lawfulness, legitimacy and necessity of purpose and manner",
        ),
        text(format!(
            "处理目的:非法集资风险监测预警(《防范和处置非法集资条例》,国务院令第737号)。共有 {} 个单位的 {} 类数据资源接入,每类资源均须申报法律依据,未申报的不能接入。",
            settings.catalogue.agencies().len(),
            settings.catalogue.sources().len()
        )),
    ];
    blocks.push(sources(settings));
    blocks.extend(gaps(settings));
    blocks.push(blank(
        "逐类说明:为何没有对个人权益影响更小的数据可以达到同一目的;本机关的法定职权依据。Why no less intrusive data serves the same purpose; the authority's own legal power.",
    ));
    blocks.push(heading(
        2,
        "二、对个人权益的影响及安全风险 Impact on individuals' rights and interests, and security risks",
    ));
    blocks.extend(rights(settings, live));
    blocks.push(heading(
        2,
        "三、所采取的保护措施是否合法、有效并与风险程度相适应 Whether the protective measures are lawful, effective and proportionate to the risk",
    ));
    blocks.push(Block::List(measures(settings)));
    blocks.push(blank(
        "措施与风险是否相适应的结论;存储介质的访问权限、物理与网络安全、应急预案。The conclusion on proportionality; access rights to the storage, physical and network security, incident plan.",
    ));
    blocks
}

fn sources(settings: &Settings) -> Block {
    let head = [
        "数据资源 source",
        "单位 agency",
        "法律依据 legal basis",
        "目的 purpose",
        "敏感级别 sensitivity",
        "有效期 expires",
        "个人标识 personal identifiers",
        "计入时限 counts for",
    ];
    let row = |source: &Source| {
        let note = |key: &str| {
            let found = source.notes.iter().find(|(known, _)| known == key);
            found.map_or_else(
                || "未申报 not declared".to_owned(),
                |(_, value)| value.clone(),
            )
        };
        vec![
            source.id.clone(),
            source.agency.clone(),
            source.basis.clone(),
            note("purpose"),
            note(SENSITIVITY),
            note("expires"),
            personal(source),
            windows(source),
        ]
    };
    Block::Table(
        head.map(str::to_owned).to_vec(),
        settings.catalogue.sources().iter().map(row).collect(),
    )
}

/// The kinds of subjects that a source names besides enterprises.
fn personal(source: &Source) -> String {
    let of_signals = source.signals.iter().filter_map(|signal| signal.subject);
    let of_links = source.links.iter().flat_map(|link| {
        let to = match link.to {
            tocsin_ingest::source::LinkEnd::Subject(subject) => Some(subject),
            tocsin_ingest::source::LinkEnd::Enterprise => None,
        };
        std::iter::once(link.from).chain(to)
    });
    let mut kinds: Vec<String> = of_signals
        .chain(of_links)
        .map(|subject| format!("{:?}", subject.kind).to_lowercase())
        .collect();
    kinds.sort();
    kinds.dedup();
    match kinds.is_empty() {
        true => "—".to_owned(),
        false => kinds.join(", "),
    }
}

fn windows(source: &Source) -> String {
    let windows = source.signals.iter().map(|signal| signal.window_days);
    let days: Vec<Option<i32>> = windows.collect();
    match (days.is_empty(), days.iter().flatten().max()) {
        (true, _) => "—".to_owned(),
        (false, Some(most)) if days.iter().all(Option::is_some) => format!("≤ {most} 日 days"),
        _ => "长期 without end".to_owned(),
    }
}

/// What the declarations leave open.
fn gaps(settings: &Settings) -> Vec<Block> {
    let mut by_level: BTreeMap<String, usize> = BTreeMap::new();
    for source in settings.catalogue.sources() {
        let said = source.notes.iter().find(|(key, _)| key == SENSITIVITY);
        let level = said.map_or("未申报 not declared", |(_, level)| level.as_str());
        *by_level.entry(level.to_owned()).or_default() += 1;
    }
    let levels = by_level
        .iter()
        .map(|(level, count)| format!("{level}: {count}"));
    let mut blocks = vec![text(format!(
        "按敏感级别计 sources by sensitivity: {}。",
        levels.collect::<Vec<_>>().join("; ")
    ))];
    if by_level.contains_key("未申报 not declared") {
        blocks.push(blank(
            "上表有资源未申报敏感级别:须逐类补充。Sources without a declared sensitivity: to be completed in their declarations.",
        ));
    }
    blocks
}

fn rights(settings: &Settings, live: Option<(&Version, &Dossier)>) -> Vec<Block> {
    let model = match live {
        None => "尚无在用的注册模型 no version of the registry is live".to_owned(),
        Some((version, dossier)) => format!(
            "在用模型 {},种类 kind {};校准 calibration {};特征数 features {};由 {} 提交,{} 批准。",
            version.version,
            card::kind(dossier),
            card::calibration(dossier),
            dossier.counts(),
            version.submitted.person,
            version
                .approved
                .as_ref()
                .map_or("—", |by| by.person.as_str())
        ),
    };
    let policy = &settings.policy;
    let mut blocks = vec![
        text(model),
        text(format!(
            "被评分的是企业,不是个人;与企业有登记、任职、账户关系的个人的数据按申报的比例计入企业。指数达 {} 起列为蓝、{} 黄、{} 橙、{} 红;橙、红须有两个以上单位的证据。等级只决定由谁核查,不直接产生对个人的决定(第二十四条)。",
            policy.thresholds.blue,
            policy.thresholds.yellow,
            policy.thresholds.orange,
            policy.thresholds.red
        )),
    ];
    let judged = live.and_then(|(_, dossier)| dossier.measured.as_ref()?.judged.as_ref());
    match judged {
        Some(judged) => {
            let rows = judged.subgroups.iter().map(|group| {
                vec![
                    format!("{} {}", group.by, group.name),
                    group.rows.to_string(),
                    format!("{:.3} ({:.3} – {:.3})", group.alarmed.value(), group.alarmed.low, group.alarmed.high),
                ]
            });
            blocks.push(text("误报率按地区、行业(95 % 区间) False alarms by district and sector:"));
            blocks.push(Block::Table(
                ["组 group", "户 rows", "误报率 false alarms"].map(str::to_owned).to_vec(),
                rows.collect(),
            ));
        }
        None => blocks.push(blank(
            "模型未经核查结果检验:误报对当事人的影响须另行评估。The model was not judged by outcomes: what false alarms mean for those concerned must be assessed otherwise.",
        )),
    }
    blocks.push(Block::List(
        [
            "误报:被错误列入名单,受不必要的核查。False alarms: an unneeded visit.",
            "关联:因与他人共用地址、电话、账户而被牵连;共用者过多的主体(挂靠地址等)按申报排除。Guilt by association; hubs are left out as declared.",
            "泄露:落地的原始行含来源文件的全部内容;此前未匿名。Leaks: landed rows hold what the files held.",
        ]
        .map(str::to_owned)
        .to_vec(),
    ));
    blocks.push(blank(
        "对个人知情、查询、更正、申诉权利的影响与答复途径(第四十四条至第五十条)。How individuals are told, may see, correct and object.",
    ));
    blocks
}

/// What is done, and what is not: people sign in where there is casework.
fn measures(settings: &Settings) -> Vec<String> {
    let people = match settings.office.casework {
        Some(_) => {
            "登录、角色、密级、辖区;姓名等个人标识默认遮蔽,逐项查看须说明理由;每次查看和每步处理记入链式日志。People sign in and have roles, a clearance and districts; what names a person is masked and shown one at a time for a reason; each look and each step is in a chained log."
        }
        None => {
            "未实施:未配置 [casework],故无登录、分级授权、访问审计,能访问端口者均可查看。Not there: without [casework] no log-in, clearance or audit of reading; whoever reaches the port sees everything."
        }
    };
    [
        "个人、账户、地址、电话、域名以密钥哈希(BLAKE3,密钥文件 0600)代替原值参与计算,仅显示哈希前若干位。Persons, accounts, addresses, telephones and domains are pseudonymised under a secret key wherever they are counted or shown.",
        "每条记录到期自动不再计入;更正、撤回即时、精确生效。Records stop counting on their day; corrections and withdrawals take effect at once and exactly.",
        "每个分数可逐项解释至来源、键、文件与行。Every score is explained down to file and line.",
        "模型经登记、对照运行、第二人批准方可启用,各步骤入链式日志,一条命令可回退。Models pass a registry, a time as shadow, a second person's approval; each step is in a chained log; one command rolls back.",
        "监测漂移、校准、覆盖、分区分行业数量与误差。Drift, calibration, coverage, volume and errors by group are watched.",
        "不发出任何外部请求;默认只监听本机。Nothing is fetched from elsewhere; it listens on the machine itself by default.",
        people,
        "未实施:落地数据加密、按期删除原始行。Not there: encryption of landed rows, deletion of raw rows after a term.",
    ]
    .map(str::to_owned)
    .to_vec()
}
