//! Property exchange and operating contracts: E21 and E22.

use super::words::*;
use crate::cycle;
use crate::kind::Type::*;
use crate::kind::{Field, Kind};

/// What is due of a contract.
const PAY_PLAN: &[Field] = &[field("due", "应付日期", "", Date, M, INTERNAL, [F, F, F, N]), field("amount", "应付金额", "", Money, M, INTERNAL, [F, F, F, N])];

/// E21 产权交易项目.
pub static EXCHANGE_PROJECT: Kind = Kind {
    name: "exchange_project",
    zh: "产权交易项目",
    entity: 21,
    sens: PUBLIC,
    cycle: &cycle::EXCHANGE,
    state: (PUBLIC, [F, F, F, F]),
    fields: &[
        field("project_no", "项目编号", "", Text(30), M, PUBLIC, [F, F, F, F]),
        field(
            "project_kind",
            "类型",
            "",
            Code(&[
                "land_lease 承包土地经营权",
                "collective_asset_lease 集体资产租赁",
                "collective_asset_sale 集体资产出售",
                "forest 林权",
                "four_waste 四荒",
                "aquaculture 水面",
                "construction_land 集体经营性建设用地",
                "homestead_idle 闲置宅基地",
                "machinery 农机",
                "share 股权",
                "project_tender 工程招标",
                "other",
            ]),
            M,
            PUBLIC,
            [F, F, F, F],
        ),
        field("source_rids", "标的记录", "", Ref(&["asset_card", "parcel"]), M, INTERNAL, [F, F, F, N]).many(),
        field("resolution", "决议", "", Doc, M, INTERNAL, [F, F, REDACTED, N]),
        field("democratic_process", "民主程序", "", Code(&["pending 待表决", "passed 通过", "rejected 未通过"]), M, PUBLIC, [F, F, F, F]),
        field("submitted_on", "推送日", "", Date, M, PUBLIC, [F, F, F, F]),
    ],
};

/// E21 标段.
pub static EXCHANGE_LOT: Kind = Kind {
    name: "exchange_lot",
    zh: "标段",
    entity: 21,
    sens: PUBLIC,
    cycle: &cycle::EXCHANGE,
    state: (PUBLIC, [F, F, F, F]),
    fields: &[
        field("lot_no", "标段编号", "", Text(30), M, PUBLIC, [F, F, F, F]),
        field("project_rid", "所属项目", "", Ref(&["exchange_project"]), O, PUBLIC, [F, F, F, F]),
        field("object", "标的", "", Text(200), M, PUBLIC, [F, F, F, F]),
        field("area", "面积", "", AREA, M, PUBLIC, [F, F, F, F]),
        field("term_from", "期限起", "", Date, C, PUBLIC, [F, F, F, F]),
        field("term_to", "期限止", "", Date, C, PUBLIC, [F, F, F, F]),
        field("reserve_price", "底价", "", Money, M, PUBLIC, [F, F, F, F]),
        field("price_unit", "底价单位", "", Code(&["元/年", "元/亩·年", "元"]), M, PUBLIC, [F, F, F, F]),
        field("deposit", "保证金", "", Money, M, PUBLIC, [F, F, F, F]),
        field("bid_mode", "方式", "", Code(&["竞价", "拍卖", "招标", "协议"]), M, PUBLIC, [F, F, F, F]),
        field("open_at", "开始时间", "", Time, M, PUBLIC, [F, F, F, F]),
        field("close_at", "截止时间", "", Time, M, PUBLIC, [F, F, F, F]),
    ],
};

/// E21 成交.
pub static DEAL: Kind = Kind {
    name: "deal",
    zh: "成交",
    entity: 21,
    sens: PUBLIC,
    cycle: &cycle::EXCHANGE,
    state: (PUBLIC, [F, F, F, F]),
    fields: &[
        field("lot_rid", "所属标段", "", Ref(&["exchange_lot"]), O, PUBLIC, [F, F, F, F]),
        field("winner", "成交方", "", Text(100), M, PERSONAL, [F, F, F, NAME1]),
        field("winner_id", "成交方证件", "", Text(30), C, SENSITIVE, [F, ID6_4, F, N]),
        field("price", "成交价", "", Money, M, PUBLIC, [F, F, F, F]),
        field("premium_rate", "溢价率", "", Signed(4), M, PUBLIC, [F, F, F, F]),
        field("deal_at", "成交时间", "", Time, M, PUBLIC, [F, F, F, F]),
        field("publicity_from", "公示期起", "", Date, M, PUBLIC, [F, F, F, F]),
        field("publicity_to", "公示期止", "", Date, M, PUBLIC, [F, F, F, F]),
        field("certificate_no", "鉴证书号", "", Text(50), C, PUBLIC, [F, F, F, F]),
        field("contract_rid", "合同", "", Ref(&["operating_contract"]), C, INTERNAL, [F, F, F, N]),
    ],
};

/// E22 经营合同.
pub static OPERATING_CONTRACT: Kind = Kind {
    name: "operating_contract",
    zh: "经营合同",
    entity: 22,
    sens: INTERNAL,
    cycle: &cycle::OPERATING_CONTRACT,
    state: (INTERNAL, [F, F, F, N]),
    fields: &[
        field("contract_no", "合同号", "", Text(50), M, INTERNAL, [F, F, F, N]),
        field("object_rids", "标的", "", Ref(&[]), M, INTERNAL, [F, F, F, N]).many(),
        field("lessor", "出租方", "", Ref(&["organisation"]), M, PUBLIC, [F, F, F, N]),
        field("lessee_name", "承租方", "", Text(100), M, PERSONAL, [F, F, F, N]),
        field("lessee_id", "承租方证件 / 代码", "", Text(30), M, SENSITIVE, [F, ID6_4, F, N]),
        field("mode", "方式", "", Code(&["租赁", "承包", "入股", "合作"]), M, INTERNAL, [F, F, F, N]),
        field("area", "面积", "", AREA, C, INTERNAL, [F, F, F, N]),
        field("from", "期限起", "", Date, M, INTERNAL, [F, F, F, N]),
        field("to", "期限止", "", Date, M, INTERNAL, [F, F, F, N]),
        field("amount", "合同金额", "", Money, M, INTERNAL, [F, F, F, SUM]),
        field("pay_cycle", "付款周期", "", Code(&["月", "季", "半年", "年", "一次性"]), M, INTERNAL, [F, F, F, N]),
        field("pay_plan", "收款计划", "", Object(PAY_PLAN), M, INTERNAL, [F, F, F, N]).many(),
        field("signed_on", "签订日", "", Date, M, INTERNAL, [F, F, F, N]),
        field("deal_rid", "成交", "", Ref(&["deal"]), O, INTERNAL, [F, F, F, N]),
    ],
};

/// E22 收付款.
pub static PAYMENT_ENTRY: Kind = Kind {
    name: "payment_entry",
    zh: "收付款",
    entity: 22,
    sens: INTERNAL,
    cycle: &cycle::PLAIN,
    state: (INTERNAL, [F, F, N, N]),
    fields: &[
        field("contract", "合同", "", Ref(&["operating_contract"]), M, INTERNAL, [F, F, N, N]),
        field("due_no", "期次", "", Count, M, INTERNAL, [F, F, N, N]),
        field("amount", "金额", "", Money, M, INTERNAL, [F, F, N, SUM]),
        field("paid_on", "付款日期", "", Date, M, INTERNAL, [F, F, N, N]),
        field("voucher_no", "凭证号", "", Text(50), M, INTERNAL, [F, F, N, N]),
        field("method", "方式", "", Text(20), M, INTERNAL, [F, F, N, N]),
    ],
};
