//! Homesteads: E16 and E17. A homestead parcel has no record of its own: it is what its `unit_no` names.

use super::words::*;
use crate::cycle;
use crate::kind::Kind;
use crate::kind::Type::*;

/// E16 宅基地使用权.
pub static HOMESTEAD_USE: Kind = Kind {
    name: "homestead_use",
    zh: "宅基地使用权",
    entity: 16,
    sens: PERSONAL,
    cycle: &cycle::HOMESTEAD_USE,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("unit_no", "不动产单元号", "", CADASTRAL, M, INTERNAL, [F, F, N, S]),
        field("homestead_code", "宅基地代码", "", Text(30), C, INTERNAL, [F, F, N, N]),
        field("owner_org", "所有权人", "", Ref(&["organisation"]), M, PUBLIC, [F, F, N, S]),
        field("location", "坐落", "", Text(200), M, PERSONAL, [F, F, N, S]),
        field("bounds_e", "东至", "", Text(100), M, PERSONAL, [F, F, N, S]),
        field("bounds_w", "西至", "", Text(100), M, PERSONAL, [F, F, N, S]),
        field("bounds_s", "南至", "", Text(100), M, PERSONAL, [F, F, N, S]),
        field("bounds_n", "北至", "", Text(100), M, PERSONAL, [F, F, N, S]),
        field("area_approved", "批准面积", "", AREA, M, PERSONAL, [F, F, N, S]),
        field("area_actual", "实占面积", "", AREA, M, PERSONAL, [F, F, N, S]),
        field("house_area", "建筑面积", "", AREA, C, PERSONAL, [F, F, N, S]),
        field("floors", "层数", "", Count, with("house_area"), PERSONAL, [F, F, N, S]),
        field("structure", "结构", "", Text(20), with("house_area"), PERSONAL, [F, F, N, S]),
        field("built_year", "年代", "", Count, with("house_area"), PERSONAL, [F, F, N, S]),
        field("acquire_by", "取得方式", "", Code(&["集体成员", "异地搬迁", "继承", "历史批准", "家庭析产", "安置", "其他"]), M, PERSONAL, [F, F, N, S]),
        field("use_state", "现状", "", Code(&["正常", "季节性闲置", "常年闲置", "盘活利用", "危房", "已拆除", "违法用地"]), M, INTERNAL, [F, F, N, S]),
        field(
            "not_registered_reason",
            "未登记原因",
            "",
            Code(&["首次登记", "非本集体成员", "一户多宅", "有权属争议", "违规占用", "其他"]),
            C,
            INTERNAL,
            [F, F, N, N],
        ),
        field("approval_no", "批准文号", "", Text(50), C, INTERNAL, [F, F, N, S]),
        field("approved_on", "批准日期", "", Date, C, INTERNAL, [F, F, N, S]),
        field("title_no", "不动产权证号", "", Text(50), C, PERSONAL, [F, F, N, S]),
        field("user_household", "使用权户", "", Ref(&["household"]), M, PERSONAL, [F, NAME1, N, S]),
        field("users", "使用权人", "", Ref(&["member"]), M, PERSONAL, [F, NAME1, N, S]).many(),
        field("mortgage", "抵押", "", Bool, O, SENSITIVE, [F, F, N, S]),
        field("seal", "查封", "", Bool, O, SENSITIVE, [F, F, N, S]),
        field("geometry", "图形", "", Wkt, O, SECRET, [F, ROUND4, N, N]),
    ],
};

/// E17 宅基地资格权.
pub static HOMESTEAD_QUALIFICATION: Kind = Kind {
    name: "homestead_qualification",
    zh: "宅基地资格权",
    entity: 17,
    sens: PERSONAL,
    cycle: &cycle::QUALIFICATION,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("household_rid", "户", "", Ref(&["household"]), M, PERSONAL, [F, F, N, S]),
        field("qualified_members", "资格成员", "", Ref(&["member"]), M, PERSONAL, [F, F, N, S]).many(),
        field("standard_area", "标准面积", "", AREA, M, INTERNAL, [F, F, N, S]),
        field("entitled_area", "可申请面积", "", AREA, M, PERSONAL, [F, F, N, S]),
        field("exited_area", "退出面积", "", AREA, when("state", &["exited"]), PERSONAL, [F, F, N, S]),
        field("exit_compensation", "补偿", "", Money, C, PERSONAL, [F, F, N, S]),
        field("cert_no", "证号", "", Text(50), C, PERSONAL, [F, F, N, S]),
        field("confirmed_on", "确认日", "", Date, M, PERSONAL, [F, F, N, S]),
        field("resolution_no", "决议", "", Text(50), M, PERSONAL, [F, F, N, S]),
    ],
};
