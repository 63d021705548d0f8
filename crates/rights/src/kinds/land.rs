//! Land: parcels, contracts, certificates, transfers, entrustments: E07, E11 to E15.

use super::words::*;
use crate::cycle;
use crate::kind::Type::*;
use crate::kind::{Field, Kind};

const PURPOSES: &[&str] = &["1 种植", "2 林", "3 畜", "4 渔", "5 非农"];
const CONTRACT_MODES: &[&str] = &["110 家庭", "120 其他方式", "121 招标", "122 拍卖", "123 公开协商", "129 其他", "200 转让", "300 互换", "900 其他"];

/// A point of a parcel's boundary (JZD).
const BOUNDARY_POINT: &[Field] = &[
    field("number", "界址点号", "JZDH", Text(10), M, SECRET, [F, N, N, N]),
    field("type", "界址点类型", "JZDLX", Text(10), M, SECRET, [F, N, N, N]),
    field("marker", "界标类型", "JBLX", Text(10), M, SECRET, [F, N, N, N]),
    field("x", "X坐标值", "XZBZ", Signed(4), M, SECRET, [F, N, N, N]),
    field("y", "Y坐标值", "YZBZ", Signed(4), M, SECRET, [F, N, N, N]),
];

/// A line of a parcel's boundary (JZX).
const BOUNDARY_LINE: &[Field] = &[
    field("nature", "界线性质", "JXXZ", Text(10), M, SECRET, [F, N, N, N]),
    field("class", "界址线类别", "JZXLB", Text(10), M, SECRET, [F, N, N, N]),
    field("position", "界址线位置", "JZXWZ", Text(10), M, SECRET, [F, N, N, N]),
    field("note", "界址线说明", "JZXSM", Text(300), O, SECRET, [F, N, N, N]),
    field("from", "起界址点号", "QJZDH", Text(10), M, SECRET, [F, N, N, N]),
    field("to", "止界址点号", "ZJZDH", Text(10), M, SECRET, [F, N, N, N]),
];

/// Who is on the other side of a boundary line.
const NEIGHBOUR: &[Field] = &[
    field("holder", "毗邻权利人", "PLDWQLR", Text(100), M, PERSONAL, [F, NAME1, N, N]),
    field("pointer", "毗邻指界人", "PLDWZJR", Text(100), O, PERSONAL, [F, NAME1, N, N]),
];

/// E07 地块.
pub static PARCEL: Kind = Kind {
    name: "parcel",
    zh: "地块",
    entity: 7,
    sens: INTERNAL,
    cycle: &cycle::PARCEL_ORIGIN,
    state: (INTERNAL, [F, F, F, S]),
    fields: &[
        field("parcel_code", "地块编码", "DKBM", PARCEL_CODE, M, INTERNAL, [F, F, F, S]),
        field("name", "地块名称", "DKMC", Text(50), M, INTERNAL, [F, F, F, S]),
        field("ownership", "所有权性质", "SYQXZ", Code(&["10 国有", "30 集体", "31 组", "32 村", "33 乡", "34 其他"]), M, INTERNAL, [F, F, F, S]),
        field("class", "地块类别", "DKLB", Code(&["10 承包地块", "21 自留地", "22 机动地", "23 开荒地", "99 其他集体土地"]), M, INTERNAL, [F, F, F, S]),
        field("land_use_type", "土地利用类型", "TDLYLX", Digits(2, 4), M, INTERNAL, [F, F, F, S]),
        field("grade", "地力等级", "DLDJ", Code(&["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"]), C, INTERNAL, [F, F, F, S]),
        field("purpose", "土地用途", "TDYT", Code(PURPOSES), M, INTERNAL, [F, F, F, S]),
        field("basic_farmland", "是否基本农田", "SFJBNT", Code(&["1 是", "2 否"]), M, INTERNAL, [F, F, F, S]),
        field("measured_area", "实测面积", "SCMJ", AREA, M, INTERNAL, [F, F, F, S]),
        field("measured_mu", "实测面积(亩)", "SCMJM", MU, M, INTERNAL, [F, F, F, S]),
        field("bounds_e", "东至", "DKDZ", Text(50), M, INTERNAL, [F, F, F, S]),
        field("bounds_s", "南至", "DKNZ", Text(50), M, INTERNAL, [F, F, F, S]),
        field("bounds_w", "西至", "DKXZ", Text(50), M, INTERNAL, [F, F, F, S]),
        field("bounds_n", "北至", "DKBZ", Text(50), M, INTERNAL, [F, F, F, S]),
        field("remark", "备注", "DKBZXX", Text(254), O, INTERNAL, [F, F, F, S]),
        field("pointer", "指界人", "ZJRXM", Text(100), M, PERSONAL, [F, NAME1, N, N]),
        field("coords", "空间坐标", "KJZB", Text(4000), O, SECRET, [F, N, N, N]),
        field("geometry", "图形", "", Wkt, O, SECRET, [F, ROUND4, BBOX, N]),
        field("boundary_points", "界址点", "JZD", Object(BOUNDARY_POINT), O, SECRET, [F, N, N, N]).many(),
        field("boundary_lines", "界址线", "JZX", Object(BOUNDARY_LINE), O, SECRET, [F, N, N, N]).many(),
        field("neighbour_names", "毗邻权利人 / 指界人", "PLDWQLR, PLDWZJR", Object(NEIGHBOUR), O, PERSONAL, [F, NAME1, N, N]).many(),
        field("projection", "投影坐标", "TYZB", Text(4000), O, SECRET, [F, N, N, N]),
        field("use_state", "使用状态", "", Code(&["在用", "闲置", "流转中", "交易中"]), M, INTERNAL, [F, F, F, S]),
        field("planning_use", "规划用途", "", Text(50), O, INTERNAL, [F, F, F, S]),
        field("sandiao_class", "国土三调地类", "", Text(10), O, INTERNAL, [F, F, F, S]),
        field("rs_tile", "影像期次", "", Text(30), O, INTERNAL, [F, F, N, N]),
    ],
};

/// E11 承包合同.
pub static LAND_CONTRACT: Kind = Kind {
    name: "land_contract",
    zh: "承包合同",
    entity: 11,
    sens: PERSONAL,
    cycle: &cycle::LAND_CONTRACT,
    state: (PERSONAL, [F, F, F, S]),
    fields: &[
        field("code", "承包合同编码", "CBHTBM", CONTRACT, M, INTERNAL, [F, F, F, S]),
        field("prev_code", "原合同编码", "YCBHTBM", CONTRACT, O, INTERNAL, [F, F, N, S]),
        field("issuer", "发包方", "FBFBM", ISSUER, M, INTERNAL, [F, F, F, S]),
        field("contractor", "承包方", "CBFBM", CONTRACTOR, M, INTERNAL, [F, F, N, S]),
        field("contractor_name", "承包方名称", "CBFMC", Text(50), M, PERSONAL, [F, NAME1, NAME1, S]),
        field("mode", "承包方式", "CBFS", Code(CONTRACT_MODES), M, INTERNAL, [F, F, N, S]),
        field("from", "承包期限起", "CBQXQ", Date, M, INTERNAL, [F, F, F, S]),
        field("to", "承包期限止", "CBQXZ", Date, M, INTERNAL, [F, F, F, S]),
        field("total_area", "合同总面积", "HTZMJ", AREA, M, INTERNAL, [F, F, F, S]),
        field("total_mu", "合同总面积(亩)", "HTZMJM", MU, M, INTERNAL, [F, F, F, S]),
        field("prev_area", "原合同面积", "YHTZMJ", AREA, O, INTERNAL, [F, F, N, S]),
        field("prev_mu", "原合同面积(亩)", "YHTZMJM", MU, O, INTERNAL, [F, F, N, S]),
        field("parcel_count", "地块总数", "CBDKZS", Count, M, INTERNAL, [F, F, N, S]),
        field("signed_on", "签订时间", "QDSJ", Date, M, INTERNAL, [F, F, N, S]),
        field("operation", "操作方式", "CZFS", Text(10), O, INTERNAL, [F, N, N, N]),
        field("registration", "登记状态", "", Code(&["0 未登记", "1 登记中", "2 已登记"]), O, INTERNAL, [F, F, N, S]),
    ],
};

/// E12 承包地块信息.
pub static CONTRACTED_PARCEL: Kind = Kind {
    name: "contracted_parcel",
    zh: "承包地块信息",
    entity: 12,
    sens: INTERNAL,
    cycle: &cycle::PLAIN,
    state: (INTERNAL, [F, F, F, S]),
    fields: &[
        field("parcel_code", "地块编码", "DKBM", PARCEL_CODE, M, INTERNAL, [F, F, F, S]),
        field("issuer", "发包方", "FBFBM", ISSUER, M, INTERNAL, [F, F, N, S]),
        field("contractor", "承包方", "CBFBM", CONTRACTOR, M, INTERNAL, [F, F, N, S]),
        field("acquired_by", "取得方式", "CBJYQQDFS", Code(CONTRACT_MODES), M, INTERNAL, [F, F, N, S]),
        field("contract_area", "合同面积", "HTMJ", AREA, M, INTERNAL, [F, F, F, S]),
        field("contract_mu", "合同面积(亩)", "HTMJM", MU, M, INTERNAL, [F, F, F, S]),
        field("contract_code", "承包合同编码", "CBHTBM", CONTRACT, M, INTERNAL, [F, F, F, S]),
        field("transfer_code", "流转合同编码", "LZHTBM", Text(19), O, INTERNAL, [F, F, F, S]),
        field("cert_code", "权证编码", "CBJYQZBM", CONTRACT, M, INTERNAL, [F, F, N, S]),
        field("prev_area", "原合同面积", "YHTMJ", AREA, O, INTERNAL, [F, F, N, S]),
        field("prev_mu", "原合同面积(亩)", "YHTMJM", MU, O, INTERNAL, [F, F, N, S]),
        field("share_not_parcel", "是否确权确股", "SFQQQG", Code(&["1 是", "2 否"]), M, INTERNAL, [F, F, N, S]),
    ],
};

/// E13 承包经营权证.
pub static LAND_RIGHT_CERT: Kind = Kind {
    name: "land_right_cert",
    zh: "承包经营权证",
    entity: 13,
    sens: PERSONAL,
    cycle: &cycle::PLAIN,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("cert_code", "权证编码", "CBJYQZBM", CONTRACT, M, PERSONAL, [F, F, N, S]),
        field("issuing_body", "发证机关", "FZJG", Text(50), M, PUBLIC, [F, F, N, S]),
        field("issued_on", "发证日期", "FZRQ", Date, M, PUBLIC, [F, F, N, S]),
        field("collected", "是否领取", "QZSFLQ", Code(&["1 是", "2 否"]), M, INTERNAL, [F, F, N, S]),
        field("collected_on", "领取日期", "QZLQRQ", Date, when("collected", &["1"]), INTERNAL, [F, F, N, S]),
        field("collected_by", "领取人", "QZLQRXM", Text(50), when("collected", &["1"]), PERSONAL, [F, NAME1, N, N]),
        field("collected_id_type", "领取人证件类型", "QZLQRZJLX", Code(ID_TYPES), when("collected", &["1"]), SENSITIVE, [F, F, N, N]),
        field("collected_id_no", "领取人证件号码", "QZLQRZJHM", Text(30), when("collected", &["1"]), SENSITIVE, [F, ID6_4, N, N]),
        field("mode", "承包方式", "CBFS", Code(CONTRACT_MODES), M, INTERNAL, [F, F, N, S]),
        field("term", "期限", "CBQX", Text(30), M, INTERNAL, [F, F, N, S]),
        field("from", "期限起", "CBQXQ", Date, M, INTERNAL, [F, F, N, S]),
        field("to", "期限止", "CBQXZ", Date, M, INTERNAL, [F, F, N, S]),
        field("sketch", "地块示意图", "DKSYT", Doc, C, SECRET, [F, N, N, S]),
        field("cert_serial", "权证流水号", "CBJYQZLSH", Text(50), O, INTERNAL, [F, F, N, S]),
        field("register_note", "登记簿附记", "DJBFJ", Text(254), O, INTERNAL, [F, N, N, N]),
        field("prev_cert_no", "原证号", "YCBJYQZBH", Text(50), O, INTERNAL, [F, F, N, S]),
        field("registered_by", "登簿人", "DBR", Text(50), M, INTERNAL, [F, N, N, N]),
        field("registered_on", "登记时间", "DJSJ", Date, M, INTERNAL, [F, N, N, N]),
        field("change_kind", "证务类型", "QZBF, QZHF, QZZX", Code(&["reissue 补发", "replace 换发", "cancel 注销"]), C, INTERNAL, [F, F, N, S]),
        field("change_on", "证务日期", "", Date, with("change_kind"), INTERNAL, [F, F, N, S]),
        field("change_reason", "证务原因", "", Text(200), with("change_kind"), INTERNAL, [F, F, N, S]),
        field("change_by", "证务经办人", "", Text(50), with("change_kind"), INTERNAL, [F, N, N, N]),
    ],
};

/// E14 流转合同.
pub static LAND_TRANSFER: Kind = Kind {
    name: "land_transfer",
    zh: "流转合同",
    entity: 14,
    sens: INTERNAL,
    cycle: &cycle::PLAIN,
    state: (INTERNAL, [F, F, F, S]),
    fields: &[
        field("transfer_code", "流转合同编码", "LZHTBM", Text(19), M, INTERNAL, [F, F, F, S]),
        field("contract_code", "承包合同编码", "CBHTBM", CONTRACT, M, INTERNAL, [F, F, F, S]),
        field("from_party", "出让方", "CBFBM", Text(18), M, INTERNAL, [F, F, F, S]),
        field("to_party", "受让方", "SRFBM", Text(18), M, INTERNAL, [F, F, F, S]),
        field("mode", "流转方式", "LZFS", Code(&["出租", "转包", "转让", "互换", "入股", "其他"]), M, INTERNAL, [F, F, F, S]),
        field("term", "流转期限", "LZQX", Text(10), M, INTERNAL, [F, F, F, S]),
        field("from", "流转期限起", "LZQXKSRQ", Date, M, INTERNAL, [F, F, F, S]),
        field("to", "流转期限止", "LZQXJSRQ", Date, M, INTERNAL, [F, F, F, S]),
        field("area", "流转面积", "LZMJ", AREA, M, INTERNAL, [F, F, F, S]),
        field("mu", "流转面积(亩)", "LZMJM", MU, M, INTERNAL, [F, F, F, S]),
        field("parcel_count", "地块数", "LZDKS", Count, M, INTERNAL, [F, F, F, S]),
        field("use_before", "流转前用途", "LZQTDYT", Code(PURPOSES), M, INTERNAL, [F, F, F, S]),
        field("use_after", "流转后用途", "LZHTDYT", Code(PURPOSES), M, INTERNAL, [F, F, F, S]),
        field("price_note", "流转价格说明", "LZJGSM", Text(100), O, INTERNAL, [F, F, F, S]),
        field("signed_on", "签订日期", "HTQDRQ", Date, M, INTERNAL, [F, F, F, S]),
    ],
};

/// E15 委托.
pub static ENTRUSTMENT: Kind = Kind {
    name: "entrustment",
    zh: "委托",
    entity: 15,
    sens: PERSONAL,
    cycle: &cycle::PLAIN,
    state: (PERSONAL, [F, F, F, S]),
    fields: &[
        field("household_rid", "委托户", "", Ref(&["household"]), M, PERSONAL, [F, NAME1, N, S]),
        field("parcel_codes", "地块", "", PARCEL_CODE, M, INTERNAL, [F, F, F, S]).many(),
        field("trustee_org", "受托组织", "", Ref(&["organisation"]), M, PUBLIC, [F, F, F, S]),
        field("scope", "范围", "", Code(&["发包", "交易", "收款"]), M, INTERNAL, [F, F, F, S]).many(),
        field("from", "期限起", "", Date, M, INTERNAL, [F, F, F, S]),
        field("to", "期限止", "", Date, M, INTERNAL, [F, F, F, S]),
        field("consent", "同意书", "", Doc, M, PERSONAL, [F, N, N, N]),
    ],
};
