//! Shares and dividends: E18 to E20.

use super::words::*;
use crate::cycle;
use crate::kind::Kind;
use crate::kind::Type::*;

const SHARE_TYPES: &[&str] = &["member 成员股(人口股)", "land 土地股(资源股)", "labour 农龄股", "collective 集体股", "welfare 福利股", "asset 资产股"];

/// E18 股权方案.
pub static SHARE_SCHEME: Kind = Kind {
    name: "share_scheme",
    zh: "股权方案",
    entity: 18,
    sens: PUBLIC,
    cycle: &cycle::SCHEME,
    state: (PUBLIC, [F, F, N, F]),
    fields: &[
        field("as_of", "基准日", "", Date, M, PUBLIC, [F, F, N, F]),
        field("base_capital", "折股净资产", "", Money, M, PUBLIC, [F, F, N, F]),
        field("total_shares", "总股数", "", SHARES, M, PUBLIC, [F, F, N, F]),
        field("collective_shares", "集体股数", "", SHARES, M, PUBLIC, [F, F, N, F]),
        field("personal_shares", "个人股数", "", SHARES, M, PUBLIC, [F, F, N, F]),
        field("share_types", "股种", "", Code(SHARE_TYPES), M, PUBLIC, [F, F, N, F]).many(),
        field("management", "管理方式", "", Code(&["static 静态", "dynamic 动态"]), M, PUBLIC, [F, F, N, F]),
        field("resolution_no", "决议", "", Text(50), M, PUBLIC, [F, F, N, F]),
    ],
};

/// E18 股权.
pub static SHARE_HOLDING: Kind = Kind {
    name: "share_holding",
    zh: "股权",
    entity: 18,
    sens: PERSONAL,
    cycle: &cycle::HOLDING,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("cert_no", "股权证号", "", Text(50), M, PERSONAL, [F, F, N, S]),
        field("holder", "持有人", "", Ref(&["member", "household"]), M, PERSONAL, [F, F, N, S]),
        field("type", "股种", "", Code(SHARE_TYPES), M, PERSONAL, [F, F, N, S]),
        field("shares", "股数", "", SHARES, M, PERSONAL, [F, F, N, S]),
        field("capital", "股本金额", "", Money, M, PERSONAL, [F, F, N, S]),
        field("proxy", "持证人", "", Bool, M, PERSONAL, [F, F, N, S]),
        field("from", "起", "", Date, M, PERSONAL, [F, F, N, S]),
        field("pledge", "质押", "", Bool, M, SENSITIVE, [F, F, N, S]),
    ],
};

/// E19 股权变动.
pub static SHARE_CHANGE: Kind = Kind {
    name: "share_change",
    zh: "股权变动",
    entity: 19,
    sens: PERSONAL,
    cycle: &cycle::PLAIN,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("from", "转出", "", Ref(&["share_holding"]), M, PERSONAL, [F, F, N, S]),
        field("to", "转入", "", Ref(&["share_holding"]), M, PERSONAL, [F, F, N, S]),
        field("shares", "股数", "", SHARES, M, PERSONAL, [F, F, N, S]),
        field(
            "change_kind",
            "方式",
            "",
            Code(&["inherit 继承", "transfer 内部转让", "gift 赠与", "redeem 集体赎回", "split 析产", "pledge 质押", "correction 更正"]),
            M,
            PERSONAL,
            [F, F, N, S],
        ),
        field("price", "价款", "", Money, C, PERSONAL, [F, F, N, S]),
        field("approved_on", "批准日", "", Date, M, PERSONAL, [F, F, N, S]),
        field("evidence", "证据", "", Doc, M, PERSONAL, [F, N, N, N]).many(),
    ],
};

/// E20 分红方案.
pub static DIVIDEND_SCHEME: Kind = Kind {
    name: "dividend_scheme",
    zh: "分红方案",
    entity: 20,
    sens: PUBLIC,
    cycle: &cycle::SCHEME,
    state: (PUBLIC, [F, F, N, F]),
    fields: &[
        field("year", "年度", "", Count, M, PUBLIC, [F, F, N, F]),
        field("distributable", "可分配收益", "", Money, M, PUBLIC, [F, F, N, F]),
        field("reserve", "公积公益金", "", Money, M, PUBLIC, [F, F, N, F]),
        field("per_share", "每股", "", PER_SHARE, M, PUBLIC, [F, F, N, F]),
        field("total", "总额", "", Money, M, PUBLIC, [F, F, N, F]),
        field("resolution_no", "决议", "", Text(50), M, PUBLIC, [F, F, N, F]),
        field("publicity_from", "公示期起", "", Date, M, PUBLIC, [F, F, N, F]),
        field("publicity_to", "公示期止", "", Date, M, PUBLIC, [F, F, N, F]),
    ],
};

/// E20 分红.
pub static DIVIDEND_PAYMENT: Kind = Kind {
    name: "dividend_payment",
    zh: "分红",
    entity: 20,
    sens: PERSONAL,
    cycle: &cycle::PAYMENT,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("scheme", "方案", "", Ref(&["dividend_scheme"]), M, PERSONAL, [F, F, N, S]),
        field("holding", "股权", "", Ref(&["share_holding"]), M, PERSONAL, [F, F, N, S]),
        field("amount", "金额", "", Money, M, PERSONAL, [F, F, N, S]),
        field("account", "账户", "", BANK_ACCOUNT, M, SENSITIVE, [F, BANK, N, SUBJECT_BANK]),
        field("paid_on", "发放日", "", Date, C, SENSITIVE, [F, F, N, S]),
        field("bank_ref", "银行流水", "", Text(50), C, SENSITIVE, [F, N, N, N]),
    ],
};
