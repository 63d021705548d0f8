//! Assets: cards, inventories, statements, changes, disposals: E06, E08 to E10.

use super::words::*;
use crate::cycle;
use crate::kind::Type::*;
use crate::kind::{Field, Kind};

/// A step of an approval. Who took it never leaves zone I; the role does.
const APPROVAL: &[Field] = &[
    field("step", "环节", "", Count, M, INTERNAL, [F, F, N, N]),
    field("role", "角色", "", Text(50), M, INTERNAL, [F, F, N, N]),
    field("person", "审批人", "", Text(50), M, PERSONAL, [F, N, N, N]),
    field("result", "结果", "", Code(&["approved 通过", "rejected 退回"]), M, INTERNAL, [F, F, N, N]),
    field("at", "时间", "", Time, M, INTERNAL, [F, F, N, N]),
];

/// A line of a yearly statement.
const STATEMENT_LINE: &[Field] = &[
    field("item", "项目", "", Text(50), M, INTERNAL, [F, F, N, F]),
    field("last_verified", "上期核实数", "", Money, M, INTERNAL, [F, F, N, F]),
    field("this_verified", "本期核实数", "", Money, M, INTERNAL, [F, F, N, F]),
];

/// E06 资产卡片.
pub static ASSET_CARD: Kind = Kind {
    name: "asset_card",
    zh: "资产卡片",
    entity: 6,
    sens: INTERNAL,
    cycle: &cycle::ASSET_CARD,
    state: (PUBLIC, [F, F, F, F]),
    fields: &[
        field("card_no", "卡片编号", "", CARD_NO, M, PUBLIC, [F, F, F, F]),
        field("name", "资产名称", "", Text(100), M, PUBLIC, [F, F, F, F]),
        field(
            "category",
            "资产类型",
            "",
            Code(&["房屋建筑物", "机械设备", "交通工具", "公益设施", "林木", "牲畜", "在建工程", "无形资产", "对外投资", "库存物资", "其他"]),
            M,
            PUBLIC,
            [F, F, F, F],
        ),
        field("nature", "资产性质", "", Code(&["经营性", "非经营性", "待界定"]), M, PUBLIC, [F, F, F, F]),
        field("in_use_from", "使用日期", "", Date, M, PUBLIC, [F, F, F, F]),
        field("keeper", "责任人 / 保管人", "", Text(50), M, PERSONAL, [F, F, N, F]),
        field("spec", "规格", "", Text(100), O, INTERNAL, [F, F, F, N]),
        field("unit", "计量单位", "", Text(10), M, INTERNAL, [F, F, F, N]),
        field("qty", "数量", "", SHARES, M, INTERNAL, [F, F, F, N]),
        field("location", "坐落 / 存放地", "", Text(200), M, PUBLIC, [F, F, F, F]),
        field("bounds_e", "东至", "", Text(100), C, INTERNAL, [F, F, F, N]),
        field("bounds_w", "西至", "", Text(100), C, INTERNAL, [F, F, F, N]),
        field("bounds_s", "南至", "", Text(100), C, INTERNAL, [F, F, F, N]),
        field("bounds_n", "北至", "", Text(100), C, INTERNAL, [F, F, F, N]),
        field("build_area", "建筑面积", "", AREA, C, INTERNAL, [F, F, F, N]),
        field("land_area", "占地面积", "", AREA, C, INTERNAL, [F, F, F, N]),
        field("geometry", "图形", "", Wkt, O, SECRET, [F, ROUND4, BBOX, N]),
        field("parcel_ref", "地块", "", PARCEL_CODE, O, INTERNAL, [F, F, F, N]),
        field("cadastral_unit", "不动产单元号", "", CADASTRAL, O, INTERNAL, [F, F, F, N]),
        field("title_cert_no", "权属证号", "", Text(50), O, INTERNAL, [F, F, F, N]),
        field("original_value", "原值", "", Money, M, INTERNAL, [F, F, N, N]),
        field("acc_depr", "累计折旧", "", Money, M, INTERNAL, [F, F, N, N]),
        field("impairment", "减值", "", Money, O, INTERNAL, [F, F, N, N]),
        field("net_value", "净值", "", Money, M, INTERNAL, [F, F, N, N]),
        field("book_value", "账面数", "", Money, C, INTERNAL, [F, F, N, N]),
        field("verified_value", "核实数", "", Money, C, INTERNAL, [F, F, N, N]),
        field("acquired_by", "取得方式", "", Code(&["自建", "购置", "接受捐赠", "划拨", "其他"]), O, INTERNAL, [F, F, N, N]),
        field("use_mode", "经营方式", "", Code(&["出租", "集体自营", "承包", "闲置", "公益性", "入股"]), M, PUBLIC, [F, F, F, F]),
        field("idle_since", "闲置起", "", Date, when("use_mode", &["闲置"]), INTERNAL, [F, F, F, N]),
        field("holder", "承租方 / 投资对象", "", Text(100), O, PERSONAL, [F, F, N, N]),
        field("yearly_income", "年收益", "", Money, O, INTERNAL, [F, F, N, SUM]),
        field("photos", "照片", "", Doc, O, INTERNAL, [F, F, F, N]).many(),
        field("qr_token", "二维码令牌", "", TOKEN, M, PUBLIC, [F, F, F, F]),
    ],
};

/// E08 盘点任务.
pub static INVENTORY_ROUND: Kind = Kind {
    name: "inventory_round",
    zh: "盘点任务",
    entity: 8,
    sens: INTERNAL,
    cycle: &cycle::PLAIN,
    state: (INTERNAL, [F, F, N, F]),
    fields: &[
        field("round_no", "批号", "", Text(30), M, INTERNAL, [F, F, N, F]),
        field("as_of", "登记时点", "", Date, M, INTERNAL, [F, F, N, F]),
        field("round_kind", "类型", "", Code(&["annual 年度清查", "ad_hoc 专项"]), M, INTERNAL, [F, F, N, F]),
        field("publicity_from", "公示期起", "", Date, C, PUBLIC, [F, F, N, F]),
        field("publicity_to", "公示期止", "", Date, C, PUBLIC, [F, F, N, F]),
        field("confirmed_by_meeting", "会议确认日期", "", Date, C, INTERNAL, [F, F, N, F]),
    ],
};

/// E08 盘点单行.
pub static INVENTORY_LINE: Kind = Kind {
    name: "inventory_line",
    zh: "盘点单行",
    entity: 8,
    sens: INTERNAL,
    cycle: &cycle::PLAIN,
    state: (INTERNAL, [F, F, N, N]),
    fields: &[
        field("round_rid", "任务", "", Ref(&["inventory_round"]), M, INTERNAL, [F, F, N, N]),
        field("card_rid", "卡片", "", Ref(&["asset_card"]), M, INTERNAL, [F, F, N, N]),
        field("book_qty", "账面数量", "", SHARES, M, INTERNAL, [F, F, N, SUM]),
        field("book_value", "账面价值", "", Money, M, INTERNAL, [F, F, N, SUM]),
        field("found_qty", "实盘数量", "", SHARES, M, INTERNAL, [F, F, N, SUM]),
        field("found_value", "实盘价值", "", Money, M, INTERNAL, [F, F, N, SUM]),
        field("result", "结果", "", Code(&["match 相符", "surplus 盘盈", "loss 盘亏", "damaged 毁损", "undefined 待界定"]), M, INTERNAL, [F, F, N, SUM]),
        field("reason", "原因", "", Text(200), unless("result", &["match"]), INTERNAL, [F, F, N, N]),
        field("photos", "照片", "", Doc, O, INTERNAL, [F, F, N, N]).many(),
    ],
};

/// E08 年度报表.
pub static ANNUAL_STATEMENT: Kind = Kind {
    name: "annual_statement",
    zh: "年度报表",
    entity: 8,
    sens: INTERNAL,
    cycle: &cycle::PLAIN,
    state: (INTERNAL, [F, F, N, F]),
    fields: &[
        field("form_code", "表号", "", Text(20), M, INTERNAL, [F, F, N, F]),
        field("as_of", "时点", "", Date, M, INTERNAL, [F, F, N, F]),
        field("lines", "行", "", Object(STATEMENT_LINE), M, INTERNAL, [F, F, N, F]).many(),
    ],
};

/// E09 变更单.
pub static ASSET_CHANGE: Kind = Kind {
    name: "asset_change",
    zh: "变更单",
    entity: 9,
    sens: INTERNAL,
    cycle: &cycle::FORM,
    state: (INTERNAL, [F, F, N, N]),
    fields: &[
        field("apply_no", "申请单号", "", Text(30), M, INTERNAL, [F, F, N, N]),
        field("card_rid", "卡片", "", Ref(&["asset_card"]), M, INTERNAL, [F, F, N, N]),
        field("fields_before", "变更前", "", FieldsOf("asset_card"), M, INTERNAL, [F, F, N, N]),
        field("fields_after", "变更后", "", FieldsOf("asset_card"), M, INTERNAL, [F, F, N, N]),
        field("reason", "原因", "", Text(200), M, INTERNAL, [F, F, N, N]),
        field("applicant", "申请人", "", Text(50), M, PERSONAL, [F, F, N, N]),
        field("applied_on", "申请日期", "", Date, M, INTERNAL, [F, F, N, N]),
        field("approvals", "审批", "", Object(APPROVAL), M, INTERNAL, [F, F, N, N]).many(),
        field("effective_on", "生效日", "", Date, C, INTERNAL, [F, F, N, N]),
    ],
};

/// E10 处置单.
pub static ASSET_DISPOSAL: Kind = Kind {
    name: "asset_disposal",
    zh: "处置单",
    entity: 10,
    sens: INTERNAL,
    cycle: &cycle::FORM,
    state: (INTERNAL, [F, F, SALE, N]),
    fields: &[
        field("apply_no", "申请单号", "", Text(30), M, INTERNAL, [F, F, SALE, N]),
        field("card_rid", "卡片", "", Ref(&["asset_card"]), M, INTERNAL, [F, F, SALE, N]),
        field("mode", "处置方式", "", Code(&["sale 出售", "transfer 转让", "scrap 报废", "clear 清理", "other 其他减少"]), M, INTERNAL, [F, F, SALE, N]),
        field("appraisal_value", "评估价", "", Money, when("mode", &["sale", "transfer"]), INTERNAL, [F, F, SALE, N]),
        field("resolution", "决议", "", Doc, M, INTERNAL, [F, F, SALE, N]),
        field("approvals", "审批", "", Object(APPROVAL), M, INTERNAL, [F, F, N, N]).many(),
        field("pushed_project_rid", "进场项目", "", Ref(&["exchange_project"]), C, INTERNAL, [F, F, SALE, N]),
        field("proceeds", "处置收入", "", Money, C, INTERNAL, [F, F, N, N]),
        field("disposed_on", "处置日期", "", Date, C, INTERNAL, [F, F, N, N]),
    ],
};
