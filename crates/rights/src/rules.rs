//! The cross-checks by number: name, severity, and what an alert of one says.

/// How much an alert weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// 提示.
    Info,
    /// 一般.
    Warn,
    /// 严重.
    High,
}

impl Severity {
    /// As an alert writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::High => "high",
        }
    }
}

/// One cross-check, `X01` to `X34`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(u8);

/// Name in English and Chinese, severity; of X29 that of its first and third part.
const RULES: [(&str, &str, Severity); 34] = [
    ("identity number not valid", "证号无效", Severity::High),
    ("identity number used twice", "证号重复", Severity::High),
    ("birth date or gender not those of the number", "生日 / 性别不符", Severity::Warn),
    ("size of the household not the number of its members", "户数不符", Severity::Warn),
    ("member without household or household without head", "成员无户 / 户无主", Severity::High),
    ("dead and still a holder", "去世未销", Severity::High),
    ("shares of one who is no member", "非成员持股", Severity::High),
    ("contract of a household without members", "非成员承包", Severity::High),
    ("homestead of a household without members", "非成员占宅", Severity::High),
    ("member without shares", "有资格无股", Severity::Warn),
    ("household without contracted land", "有资格无地", Severity::Info),
    ("household without homestead qualification", "无宅基地资格 / 使用权", Severity::Info),
    ("more than one homestead", "一户多宅", Severity::High),
    ("homestead above the standard", "宅基地超标", Severity::High),
    ("built before it was approved", "未批先建", Severity::High),
    ("parcels do not add up to the contract", "面积合计不符", Severity::Warn),
    ("mu and square metres differ", "亩平方不符", Severity::Warn),
    ("parcels overlap, or leave the village", "地块重叠 / 越界", Severity::High),
    ("parcel in two contracts", "一地多证", Severity::High),
    ("term outside the contract, or over", "期限越界", Severity::High),
    ("basic farmland used for something else", "用途改变", Severity::High),
    ("shares do not add up", "股数不平", Severity::High),
    ("capital does not add up", "股金不平", Severity::Warn),
    ("income and no dividend", "有收益未分红", Severity::Warn),
    ("payment is not shares by amount per share", "分红差额", Severity::High),
    ("account not valid, shared, or another's", "账户异常", Severity::High),
    ("card does not add up, or was not inventoried", "账卡不符", Severity::Warn),
    ("loss without disposal", "盘亏未处置", Severity::Warn),
    ("contract ends, is unpaid, or is cheap", "合同到期 / 逾期 / 低价", Severity::Warn),
    ("not through the exchange", "应进未进场", Severity::High),
    ("idle", "闲置", Severity::Info),
    ("certificate shows what no longer holds", "证与台账不符", Severity::High),
    ("in effect before the publicity was over", "公示未届满即生效", Severity::High),
    ("region was retired", "区划已变更", Severity::Info),
];

impl Rule {
    /// The rule of this number, 1 to 34.
    pub const fn number(number: u8) -> Self {
        assert!(number >= 1 && number <= 34, "a rule has a number from 1 to 34");
        Self(number)
    }

    /// All rules.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=34).map(Self)
    }

    /// The rule that an alert names so.
    pub fn named(id: &str) -> Option<Self> {
        Self::all().find(|rule| rule.id() == id)
    }

    /// As an alert names it: `X01` to `X34`.
    pub fn id(self) -> String {
        format!("X{:02}", self.0)
    }

    /// Its name in English.
    pub fn says(self) -> &'static str {
        RULES[usize::from(self.0) - 1].0
    }

    /// Its name in Chinese.
    pub fn zh(self) -> &'static str {
        RULES[usize::from(self.0) - 1].1
    }

    /// What its alerts weigh. An operating contract that is unpaid (X29) weighs more.
    pub fn severity(self) -> Severity {
        RULES[usize::from(self.0) - 1].2
    }
}
