//! One small good pack, and many ways to break it: each mistake is found at its line, said in Chinese, with what is expected.

use std::collections::BTreeMap;

use catalogue::{Finding, LoadOptions, PackFiles, Release};

use crate::shown;

const GOOD: &str = include_str!("good.toml");
/// What is found in a record and followed, and help that is proposed; behind [`GOOD`].
const FOLLOWED: &str = include_str!("followed.toml");
const HEAD: &str = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\n";
const DIVISIONS: &str = "nbs_code,level,name,parent_nbs_code,mca_code,flag\n990100,prefecture,试市,,,\n990101,county,试区,990100,,\n990101001,township,试镇,990101,,\n";
const PLAN: &str = "标准达到月人均760元,以后提高到800元。区里的都下放。无劳动能力100元,有劳动能力20元。";

fn findings(head: &str, main: &str, divisions: &str) -> Vec<Finding> {
    let files = [
        ("pack.toml", head),
        ("main.toml", main),
        ("divisions.csv", divisions),
        ("plan.txt", PLAN),
        ("answer.typ", ""),
    ];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    match Release::from_packs(vec![PackFiles::new("small", files)], LoadOptions::default()) {
        Ok(release) => release.run_cases(),
        Err(findings) => findings,
    }
}

/// One mistake: `written` is replaced by `instead`; the finding stands on the line where `at` is, and says `says`.
struct Mistake {
    name: &'static str,
    written: &'static str,
    instead: &'static str,
    at: &'static str,
    says: &'static str,
}

macro_rules! mistakes {
    ($($name:literal: $written:literal => $instead:literal, at $at:literal, says $says:literal;)*) => {
        &[$(Mistake { name: $name, written: $written, instead: $instead, at: $at, says: $says }),*]
    };
}

const MISTAKES: &[Mistake] = mistakes! {
    "toml syntax": "title = \"试行法\"" => "title = 试行法", at "title = 试行法", says "TOML 语法不对";
    "a key twice": "short = \"试行法\"" => "title = \"试行法\"\nshort = \"试行法\"", at "title = \"试行法\"\nshort", says "键写了两次";
    "an unknown kind": "[[department]]" => "[[departement]]", at "[[departement]]", says "不认识的定义种类 [[departement]]";
    "one bracket": "[[exclusion_group]]" => "[exclusion_group]", at "[exclusion_group]", says "exclusion_group 应是列表";
    "an unknown key": "rank = 1" => "ranking = 1", at "ranking = 1", says "law 的键 ranking 不认识";
    "an unknown key inside": "unit = \"元\"" => "units = \"元\"", at "units", says "键 units 不认识";
    "a missing id": "id = \"office_of_wages\"\n" => "", at "[[department]]", says "键 id 没有写";
    "a wrong type": "priority = 1" => "priority = \"一\"", at "priority = \"一\"", says "值的类型不对：写的是文字 一";
    "a float": "max = 10000\nsource" => "max = 10000.0\nsource", at "max = 10000.0", says "值的类型不对：写的是小数";
    "a bad decimal": "value = \"1.5\"" => "value = \"1.5.1\"", at "value = \"1.5.1\"", says "参数 multiple 的值 1.5.1 不对";
    "a quoted date": "in_force_from = 2020-01-01\nverified = \"full\"" => "in_force_from = \"2020-01-01\"\nverified = \"full\"", at "in_force_from = \"2020-01-01\"", says "值的类型不对";
    "an unknown word": "absent = \"none\"\nprecedence = [\"visit\", \"department\"" => "absent = \"zero\"\nprecedence = [\"visit\", \"department\"", at "absent = \"zero\"", says "值 zero 不认识";
    "an unknown permission": "\"read_case\"]" => "\"read_all\"]", at "\"read_all\"]", says "值 read_all 不认识";
    "an unknown effect": "effects = [\"determine\", \"grant\"" => "effects = [\"determine\", \"pay_now\"", at "\"pay_now\"", says "值 pay_now 不认识";
    "a programme of two businesses": "exclusion_group = \"living\"\npriority" => "business = \"elderly\"\nexclusion_group = \"living\"\npriority", at "business = \"elderly\"\nexclusion_group", says "归哪项业务写得不一致";
    "an unknown unit of time": "limit = { working_days = 30 }" => "limit = { days = 30 }", at "limit = { days = 30 }", says "值 days 不认识";
    "a chinese id": "id = \"living\"" => "id = \"生活\"", at "id = \"生活\"", says "id「生活」写法不对";
    "an id twice": "id = \"hearsay\"" => "id = \"act\"", at "id = \"act\"\ntitle = \"听说的办法\"", says "法规的 id act 重复";
    "a code twice": "{ code = \"full\", title = \"有\" }" => "{ code = \"none\", title = \"有\" }", at "values = [{ code = \"none\"", says "代码 none 写了两次";
    "a field twice": "id = \"cars\"\nlabel" => "id = \"has_car\"\nlabel", at "id = \"has_car\"\nlabel = \"几辆\"", says "字段 has_car 写了两次";
    "an unknown law": "basis = [{ law = \"act\", article = \"2\" }]" => "basis = [{ law = \"acts\", article = \"2\" }]", at "law = \"acts\"", says "法规 acts 没有定义";
    "an unlisted article": "basis = [{ law = \"act\", article = \"2\" }]" => "basis = [{ law = \"act\", article = \"7\" }]", at "article = \"7\"", says "试行法 没有列出第 7 号条文";
    "law from memory under a condition": "expr = \"average < param.limit\"\nbasis = [{ law = \"act\"" => "expr = \"average < param.limit\"\nbasis = [{ law = \"hearsay\"", at "[{ law = \"hearsay\"", says "只凭记忆";
    "law from memory under stopping": "effects = [\"stop\", { letter = \"answer\" }, { end = \"stopped\" }]\nbasis = [{ law = \"act\", article = \"2\" }]" => "effects = [\"stop\", { letter = \"answer\" }, { end = \"stopped\" }]\nbasis = [{ law = \"hearsay\", article = \"1\" }]", at "[{ law = \"hearsay\"", says "动作 stop会拒绝、调减或停发，依据 hearsay 只凭记忆";
    "a condition without law": "expr = \"average < param.limit\"\nbasis = [{ law = \"act\", article = \"1\" }]" => "expr = \"average < param.limit\"\nbasis = []", at "id = \"poor\"", says "条件 poor会拒绝、调减或停发，却没有依据";
    "an unknown codelist": "codelist = \"ability\"" => "codelist = \"abilities\"", at "codelist = \"abilities\"", says "代码表 abilities 没有定义";
    "a code without codelist": "type = \"code\"\ncodelist = \"ability\"" => "type = \"code\"", at "type = \"code\"", says "ability 是代码，没有写代码表";
    "a number without bounds": "type = \"integer\"\nmin = 0\nmax = 9\nabsent" => "type = \"integer\"\nmin = 0\nabsent", at "type = \"integer\"\nmin = 0\nabsent", says "cars 是数，没有写上下限";
    "bounds the wrong way round": "min = 0\nmax = 9\nabsent" => "min = 10\nmax = 9\nabsent", at "min = 10", says "min 10 大于 max 9";
    "no code for none": "{ code = \"none\", title = \"无\" }, " => "{ code = \"no\", title = \"无\" }, ", at "id = \"ability\"\ntitle = \"劳动能力\"\non", says "要求代码表里有 none";
    "an unknown department": "source = [\"office_of_wages\"]" => "source = [\"office_of_pay\"]", at "office_of_pay", says "部门 office_of_pay 没有定义";
    "a column that is not there": "column = \"pay\"" => "column = \"paid\"", at "column = \"paid\"", says "列 paid 没有写";
    "an unknown fact of a data set": "{ fact = \"income\", column" => "{ fact = \"incomes\", column", at "\"incomes\"", says "指标项 incomes 没有定义";
    "values that overlap": "until = 2020-12-31" => "until = 2021-06-30", at "value = 800", says "limit 有两个值的日期重叠";
    "rows of a table that overlap": "value = [{ from = 2020-01-01, rows = { none = 100" => "value = [{ from = 2019-01-01, rows = { none = 100 }, source = \"无劳动能力100元,有劳动能力20元\", seed = \"plan.txt\" }, { from = 2020-01-01, rows = { none = 100", at "{ from = 2019-01-01", says "extra 有两个值的日期重叠";
    "a period the wrong way round": "until = 2020-12-31" => "until = 2019-12-31", at "value = 760", says "截止日早于起始日 2020-01-01";
    "a quote without the value": "value = 760" => "value = 770", at "source = \"标准达到月人均760元\"", says "里没有值 770";
    "a quote that is not in the plan": "source = \"标准达到月人均760元\"" => "source = \"标准为每月760元\"", at "source = \"标准为每月760元\"", says "不是 plan.txt 的原文";
    "a seed that is not there": "source = \"提高到800元\"\nseed = \"plan.txt\"" => "source = \"提高到800元\"\nseed = \"plans.txt\"", at "seed = \"plans.txt\"", says "出处文件 plans.txt 不在配置包里";
    "a value without a source": "source = \"提高到800元\"\nseed = \"plan.txt\"" => "source = \"提高到800元\"", at "source = \"提高到800元\"", says "来源没有说明出自哪里";
    "a quote that the article does not have": "source = \"倍数为1.5倍\"" => "source = \"是1.5倍\"", at "是1.5倍", says "不是法规 act 第 1 号条文引用的原文";
    "a demo value in a real pack": "source = \"提高到800元\"" => "source = \"演示参数\"", at "source = \"演示参数\"", says "演示参数只能放在演示配置包";
    "a value out of bounds": "value = 800" => "value = 8000", at "value = 8000", says "8000 不在 0 到 5000 之间";
    "a value for an unknown parameter": "parameter = \"delegated\"\ndivision" => "parameter = \"delegate\"\ndivision", at "parameter = \"delegate\"\ndivision", says "参数 delegate 没有定义";
    "a value for an unknown place": "division = \"990101\"\nfrom" => "division = \"990102\"\nfrom", at "division = \"990102\"", says "区划 990102 不在配置包的区划里";
    "a table key outside its codes": "rows = { none = 100" => "rows = { nobody = 100", at "nobody = 100", says "数表 extra 的键 nobody 不在代码表 ability 里";
    "an expression that does not parse": "expr = \"average < param.limit\"" => "expr = \"average < \"", at "expr = \"average < \"", says "式子不对";
    "an expression with an unknown name": "expr = \"average < param.limit\"" => "expr = \"\"\"\naverage\n < param.limits\"\"\"", at " < param.limits", says "没有叫 limits 的参数";
    "an expression of the wrong type": "expr = \"average < param.limit\"" => "expr = \"average + 1\"", at "expr = \"average + 1\"", says "这里要是否";
    "a code that does not exist": "coverage = \"ability = 'none'\"" => "coverage = \"ability = 'no'\"", at "coverage", says "代码表 ability 里没有 'no'";
    "a review of no months": "review = \"12\"" => "review = \"0\"", at "review = \"0\"", says "复核间隔";
    "an expression condition without expression": "expr = \"average < param.limit\"\n" => "", at "id = \"poor\"", says "由式子判断，没有写式子";
    "a finding without question": "question = \"是否如实?\"\n" => "", at "id = \"honest\"", says "没有写要认定什么";
    "an unknown reason": "reason = \"income_above\"\nremedy = \"再申请\"\n\n[[programme.condition]]" => "reason = \"too_rich\"\nremedy = \"再申请\"\n\n[[programme.condition]]", at "reason = \"too_rich\"", says "理由 too_rich 不在代码表";
    "an unknown group": "exclusion_group = \"living\"" => "exclusion_group = \"dying\"", at "exclusion_group = \"dying\"", says "互斥组 dying 没有定义";
    "a template that is not there": "template = \"answer.typ\"" => "template = \"letter.typ\"", at "template = \"letter.typ\"", says "模板 letter.typ 不在配置包里";
    "a field of another type than its fact": "type = \"integer\"\nmin = 0\nmax = 9\nvisible" => "type = \"money\"\nmin = 0\nmax = 9\nvisible", at "type = \"money\"\nmin = 0\nmax = 9\nvisible", says "字段 cars 与指标项 cars 的类型不同";
    "a field wider than its fact": "max = 9\nvisible" => "max = 99\nvisible", at "id = \"cars\"\nlabel", says "字段 cars 的范围比指标项 cars 宽";
    "a person's fact on a household page": "fact = \"cars\"" => "fact = \"income\"", at "id = \"cars\"\nlabel", says "说的不是这一页的人或家庭";
    "a hidden field that is always required": "required = \"has_car\"" => "required = true", at "id = \"cars\"\nlabel", says "有时不显示，却总是必填";
    "an open citizen id": "sensitive = true" => "sensitive = false", at "type = \"citizen_id\"\nrequired = true\nsensitive", says "没有加密";
    "a choice without codelist": "type = \"yes_no\"" => "type = \"choice\"", at "type = \"choice\"", says "字段 has_car 是选择，没有写代码表";
    "a form expression with an unknown field": "visible = \"has_car\"" => "visible = \"has_cart\"", at "visible = \"has_cart\"", says "没有叫 has_cart 的字段";
    "records that nobody adds": "repeat = { of = \"member\", label = \"家人\", add = true, " => "repeat = { of = \"guest\", label = \"家人\", ", at "of = \"guest\"", says "没有哪一页添加 guest";
    "an unknown form": "form = \"ask\"" => "form = \"asks\"", at "form = \"asks\"", says "表单 asks 没有定义";
    "a material that is fetched and asked": "fetched = { dataset = \"wages\"" => "field = \"income\", fetched = { dataset = \"wages\"", at "field = \"income\"", says "可以查询，又向申请人要";
    "a material that is neither": "field = \"citizen_id\", " => "", at "id = \"identity\"", says "既不收也不查";
    "a step without role": "role = \"clerk\"\nclock = \"total\"" => "clock = \"total\"", at "id = \"filed\"", says "环节 filed 没有写由谁办";
    "a role at the wrong level": "level = \"township\"\nrole = \"clerk\"\nclock" => "level = \"county\"\nrole = \"clerk\"\nclock", at "role = \"clerk\"\nclock", says "级别没有岗位 clerk";
    "a confidential matter of an open programme": "authority = \"乡镇\"" => "authority = \"乡镇\"\nconfidential = \"county\"", at "programmes = [\"help\"]", says "一个保密、一个不保密";
    "a confidential step of a township": "authority = \"乡镇\"" => "authority = \"乡镇\"\nconfidential = \"county\"", at "id = \"decision\"\ntitle", says "由下级办，下级会知道";
    "a confidential matter that everybody files": "authority = \"乡镇\"" => "authority = \"乡镇\"\nconfidential = \"county\"", at "id = \"help\"\ntitle = \"补助\"\nshort", says "不能在各级窗口和网上申请";
    "a confidential programme of an open matter": "priority = 1" => "priority = 1\nconfidential = \"county\"", at "programmes = [\"help\"]", says "一个保密、一个不保密";
    "a confidential programme that is published": "priority = 1" => "priority = 1\nconfidential = \"county\"\npublication = { name = \"full\", basis = [{ law = \"act\", article = \"1\" }] }", at "id = \"help\"", says "保密的项目 help 不能公布";
    "published without a law": "priority = 1" => "priority = 1\npublication = { name = \"full\", basis = [] }", at "id = \"help\"", says "要公布，却没有依据";
    "something monthly published for days": "priority = 1" => "priority = 1\npublication = { name = \"full\", days = \"limit\", basis = [{ law = \"act\", article = \"1\" }] }", at "publication = {", says "公布到待遇停止为止";
    "something paid once published for ever": "priority = 1" => "priority = 1\npays = \"once\"\npublication = { name = \"masked\", basis = [{ law = \"act\", article = \"1\" }] }", at "id = \"help\"", says "没有写公布多少天";
    "published by an unknown way of naming": "priority = 1" => "priority = 1\npublication = { name = \"half\", basis = [{ law = \"act\", article = \"1\" }] }", at "name = \"half\"", says "值 half 不认识";
    "confidential from nobody": "authority = \"乡镇\"" => "authority = \"乡镇\"\nconfidential = \"township\"", at "confidential = \"township\"", says "值 township 不认识";
    "a step that cannot be reached": "to = \"decision\"" => "to = \"filed\"", at "id = \"decision\"", says "环节 decision 走不到";
    "a case that cannot end": "effects = [\"accept\"]" => "effects = [\"accept\"]\n\n[[item.action]]\nid = \"park\"\ntitle = \"搁置\"\nat = [\"filed\"]\npermission = \"accept\"\nto = \"parked\"\n\n[[item.step]]\nid = \"parked\"\ntitle = \"搁置\"\npublic_title = \"搁置\"\npublic_text = \"搁置\"\nlevel = \"township\"\nrole = \"clerk\"", at "id = \"parked\"", says "到了环节 parked 的办件办不结";
    "an action at an unknown step": "at = [\"filed\"]" => "at = [\"files\"]", at "at = [\"files\"]", says "环节 files 没有写";
    "an action nobody may do": "rights = [\"accept\", \"confirm\", \"read_case\"]" => "rights = [\"confirm\", \"read_case\"]", at "id = \"accept\"", says "没有岗位能做动作 accept";
    "an action of an unknown permission": "permission = \"accept\"" => "permission = \"accepts\"", at "permission = \"accepts\"", says "值 accepts 不认识";
    "a role that may do nothing": "rights = [\"accept\", \"confirm\", \"read_case\"]" => "rights = []", at "[[role]]", says "岗位 clerk 什么也不能做";
    "a role that stands nowhere": "levels = [\"township\"]\nrights = [\"accept\"" => "levels = []\nrights = [\"accept\"", at "[[role]]", says "岗位 clerk 的级别不对";
    "a right twice": "\"read_case\"]" => "\"read_case\", \"accept\"]", at "\"read_case\", \"accept\"]", says "权限 accept 写了两次";
    "a role with both hands": "\"read_case\"]" => "\"read_case\", \"make_run\", \"approve_run\"]", at "\"approve_run\"]", says "违反职责分离 two_hands";
    "a separation of one": "rights = [\"make_run\", \"approve_run\"]" => "rights = [\"make_run\"]", at "id = \"two_hands\"", says "没有写清哪些权限要分开";
    "nobody who keeps accounts": "rights = [\"manage_staff\"]" => "rights = [\"search_audit\"]", at "[[role]]", says "首位管理员无从设立";
    "the same officer twice": "different_from = [\"accept\"]" => "different_from = [\"receive\"]", at "different_from = [\"receive\"]", says "动作 receive 没有写";
    "an action condition of the wrong kind": "when = \"outcome = 'yes'\"" => "when = \"outcome = 'maybe'\"", at "when = \"outcome = 'maybe'\"", says "里没有 'maybe'";
    "stopping without hearing": "when = \"heard AND outcome = 'no'\"" => "when = \"outcome = 'no'\"", at "effects = [\"stop\"", says "没有要求听取意见";
    "who was not found is asked for three days": "effects = [{ extend = \"total\" }]" => "effects = [{ extend = \"total\" }, { record_absence = { natural_days = 3 } }]", at "record_absence", says "公告只有 3 天";
    "stopping without letter": "effects = [\"stop\", { letter = \"answer\" }, " => "effects = [\"stop\", ", at "effects = [\"stop\", { end", says "没有书面告知";
    "stopping without reasons": "reasons = \"refusal_reason\"\n" => "", at "effects = [\"stop\"", says "没有要求写理由";
    "an unknown letter": "{ letter = \"answer\" }, { end = \"granted\" }" => "{ letter = \"answers\" }, { end = \"granted\" }", at "\"answers\"", says "文书 answers 没有定义";
    "ended and gone on": "different_from = [\"accept\"]" => "different_from = [\"accept\"]\nto = \"filed\"", at "id = \"grant\"", says "既办结又转到下一环节";
    "taken up again from a step": "at = [\"closed\"]" => "at = [\"closed\", \"decision\"]", at "effects = [\"reopen\"]", says "没有写从办结回到哪个环节";
    "taken up again to nowhere": "to = \"filed\"\nwhen = \"refused\"" => "when = \"refused\"", at "effects = [\"reopen\"]", says "没有写从办结回到哪个环节";
    "a clock without law": "warn_before = 3\nbasis = [{ law = \"act\", article = \"1\" }]" => "warn_before = 3\nbasis = []", at "id = \"total\"", says "时限 total 没有依据";
    "a clock that nothing starts": "starts = [\"accept\"]" => "starts = []", at "id = \"total\"", says "没有起点或终点";
    "a clock that warns before it starts": "warn_before = 3" => "warn_before = 30", at "id = \"total\"", says "预警不早于起点";
    "an extension that is shorter": "to = { working_days = 45 }" => "to = { working_days = 25 }", at "id = \"total\"", says "延长后不长于原来";
    "an extension without reasons": "reasons = \"extension_reason\"\neffects" => "effects", at "{ extend = \"total\" }", says "没有要求写理由";
    "a delegation by something else than yes or no": "parameter = \"delegated\"\nclock" => "parameter = \"limit\"\nclock", at "parameter = \"limit\"", says "参数 limit 应是是非";
    "a file that is not there": "file = \"divisions.csv\"" => "file = \"places.csv\"", at "file = \"places.csv\"", says "配置包里没有文件 places.csv";
    "a case with an unknown fact": "member = [{ income = 300 }]" => "member = [{ wage = 300 }]", at "[[case]]", says "wage 不是指标项";
    "a case of an unknown programme": "programme = \"help\"\ndivision" => "programme = \"helps\"\ndivision", at "programme = \"helps\"", says "待遇项目 helps 没有定义";
    "a register named like the program's own": "id = \"home\"\ntitle = \"养老院\"" => "id = \"person\"\ntitle = \"养老院\"", at "id = \"person\"", says "登记簿的 id person 不能用";
    "a register without key": "key = [\"code\"]" => "key = []", at "[[register]]", says "没有写凭什么认出一条记录";
    "a key that may be empty": "id = \"code\"\nlabel = \"编号\"\ntype = \"text\"\nrequired = true" => "id = \"code\"\nlabel = \"编号\"\ntype = \"text\"", at "key = [\"code\"]", says "字段 code 不能认出一条记录";
    "a key that is no field": "key = [\"code\"]" => "key = [\"number\"]", at "key = [\"number\"]", says "字段 number 没有写";
    "a register that lies nowhere": "place = \"lies_in\"" => "place = \"name\"", at "place = \"name\"", says "字段 name 说不出记录在哪里";
    "a sum of words": "sums = [\"beds\"]" => "sums = [\"grade\"]", at "list = {", says "字段 grade 不能合计";
    "a sort of a place": "sorts = [\"beds\"]" => "sorts = [\"lies_in\"]", at "list = {", says "字段 lies_in 不能排序";
    "a filter of an unknown field": "filters = [\"grade\", \"opened_on\"]" => "filters = [\"grades\"]", at "list = {", says "字段 grades 没有写";
    "a map of a number": "map = \"spot\"" => "map = \"beds\"", at "map = \"beds\"", says "字段 beds 不能画在地图上";
    "papers named like a field": "id = \"licence\"" => "id = \"grade\"\nhint = \"证\"", at "id = \"grade\"\nhint", says "材料 grade 和一个字段或者明细同名";
    "papers of which none is kept": "types = [\"pdf\"]\nmax = 3" => "types = [\"pdf\"]\nmax = 0", at "id = \"licence\"", says "一份也不能放";
    "a letter that tells what is not for everybody": "says = [\"code\", \"grade\"]" => "says = [\"grades\"]", at "letter = { id", says "字段 grades 没有写";
    "an unknown letter of a transition": "letter = { id = \"answer\"" => "letter = { id = \"answers\"", at "letter = { id", says "文书 answers 没有定义";
    "a letter of a way that leads nowhere else": "from = [\"running\"]\nto = \"shut\"" => "from = [\"running\", \"shut\"]\nto = \"shut\"", at "id = \"shut_down\"", says "不能出文书";
    "what is owed of no day": "from = \"opened_on\"" => "owed = true", at "id = \"yearly\"", says "写了 owed，没有写 from";
    "an unknown role of a register": "keep = { roles = [\"clerk\"] }" => "keep = { roles = [\"clark\"] }", at "rights = { keep", says "岗位 clark 没有定义";
    "a field with the name of a state": "id = \"spot\"" => "id = \"state\"", at "id = \"state\"", says "字段 id state 不能用";
    "a promise in a register": "label = \"位置\"\ntype = \"point\"" => "label = \"位置\"\ntype = \"statement\"\nstatement = \"如实填写\"", at "type = \"statement\"", says "登记簿里没有人作承诺";
    "a file of the record itself": "label = \"位置\"\ntype = \"point\"" => "label = \"位置\"\ntype = \"file\"", at "type = \"file\"", says "记录本身的文件按材料的种类放";
    "a record of an unknown register": "register = \"home\"" => "register = \"homes\"", at "register = \"homes\"", says "登记簿 homes 没有定义";
    "a record of no register": "type = \"record\"\nregister = \"home\"\n" => "type = \"record\"\n", at "type = \"record\"", says "指向哪个登记簿没有写清";
    "a name of the way back that is taken": "back = { id = \"branches\"" => "back = { id = \"beds\"", at "back = { id = \"beds\"", says "反过来的名字 beds";
    "a computed field that is required": "computed = \"beds * 2\"" => "computed = \"beds * 2\"\nrequired = true", at "computed = \"beds * 2\"", says "计算字段 twice 写法不对";
    "a computed field of another type": "computed = \"beds * 2\"" => "computed = \"beds > 2\"", at "computed = \"beds > 2\"", says "这里要";
    "a state that cannot be reached": "to = \"shut\"" => "to = \"running\"", at "id = \"shut\"\ntitle", says "状态 shut 走不到";
    "a transition from nowhere": "from = [\"running\"]" => "from = []", at "id = \"shut_down\"", says "没有写从哪个状态开始";
    "a condition without words": "when_not = \"还有分院\"\n" => "", at "id = \"shut_down\"", says "条件和不满足时的说明";
    "a transition that asks what is computed": "asks = [\"opened_on\"]" => "asks = [\"twice\"]", at "asks = [\"twice\"]", says "可填字段 twice 没有写";
    "a duty from no date": "from = \"opened_on\"" => "from = \"beds\"", at "from = \"beds\"", says "字段 beds 不是日期";
    "a duty of nobody": "level = \"county\"\nrate" => "level = \"applicant\"\nrate", at "id = \"yearly\"", says "没有写由哪级办";
    "an alert with an unknown name": "when = \"twice > 100 OR" => "when = \"thrice > 100 OR", at "when = \"thrice", says "没有叫 thrice 的字段";
    "an organisation that writes what it does not read": "writes = [\"beds\"]" => "writes = [\"grade\"]", at "organisation = {", says "grade 不能由机构填写";
    "an organisation that writes what is worked out": "\"opened_on\", \"workers\"], writes = [\"beds\"]" => "\"opened_on\", \"twice\"], writes = [\"twice\"]", at "organisation = {", says "twice 不能由机构填写";
    "an organisation that adds organisations": "duties = [\"yearly\"] }" => "adds = true }", at "id = \"home\"\ntitle = \"养老院\"\nunit", says "机构不能自己新增";
    "a record of no organisation": "organisation = { shows" => "organisation = { by = \"grade\", shows", at "organisation = {", says "说不出记录属于哪家机构";
    "organisations in a circle": "organisation = { shows" => "organisation = { by = \"parent\", shows", at "organisation = {", says "说不出记录属于哪家机构";
    "a step of an organisation that asks what is not read": "\"opened_on\", \"workers\"]" => "\"workers\"]", at "organisation = {", says "要填 opened_on，却看不到它";
    "a duty of an organisation that is none": "duties = [\"yearly\"] }" => "duties = [\"monthly\"] }", at "organisation = {", says "职责 monthly 没有写";
    "a register's type in a form": "type = \"money\"\nmin = 0\nmax = 10000\nfact" => "type = \"person\"\nfact", at "id = \"income\"\nlabel = \"收入\"\ntype = \"person\"", says "只用于登记簿";
    "a case that comes out otherwise": "amount = 500" => "amount = 501", at "[[case]]", says "金额是500，例子写的是501";
};

/// Mistakes in [`FOLLOWED`].
const MISTAKES_FOLLOWED: &[Mistake] = mistakes! {
    "a finding followed nowhere": "register = \"worry\"" => "register = \"worries\"", at "register = \"worries\"", says "登记簿 worries 没有定义";
    "a finding with a chinese id": "id = \"crowded\"" => "id = \"拥挤\"", at "id = \"拥挤\"", says "id「拥挤」写法不对";
    "a finding by an unknown field": "when = \"beds > 500\"" => "when = \"bed > 500\"", at "when = \"bed > 500\"", says "没有叫 bed 的字段";
    "a finding that is neither so nor not": "when = \"beds > 500\"" => "when = \"beds + 1\"", at "when = \"beds + 1\"", says "这里要是否";
    "a finding that fills from nothing": "sort = \"grade\"" => "sort = \"grades\"", at "sort = \"grades\"", says "字段 grades 没有写";
    "a finding that fills what does not take it": "crowd = \"beds\"" => "crowd = \"name\"", at "crowd = \"name\"", says "登记簿 worry 的字段 crowd 接不住字段 name";
    "a finding that fills what is not there": "crowd = \"beds\"" => "crowds = \"beds\"", at "crowds = \"beds\"", says "登记簿 worry 的字段 crowds 接不住字段 beds";
    "a finding that nothing leads back from": "source = \"seen_in\"" => "source = \"who\"", at "source = \"who\"", says "登记簿 worry 的字段 who 不指向 home";
    "a finding of no day": "source = \"seen_in\"\non = \"found_on\"" => "source = \"seen_in\"\non = \"content\"", at "on = \"content\"", says "登记簿 worry 的字段 content 不是日期";
    "a finding that leaves out what must be filled": "type = \"textarea\", max = 200" => "type = \"textarea\", required = true, max = 200", at "register = \"worry\"", says "登记簿 worry 的必填字段 content 没有来处";
    "a finding that is the same by an unknown field": "same = [\"crowd\"]\nin_hand" => "same = [\"crowds\"]\nin_hand", at "same = [\"crowds\"]", says "字段 crowds 没有写";
    "a finding in hand in an unknown state": "\nin_hand = [\"waiting\"]\n" => "\nin_hand = [\"waits\"]\n", at "in_hand = [\"waits\"]", says "状态 waits 没有写";
    "a finding that begins in an unknown state": "same = [\"crowd\"]\nin_hand" => "begins = \"waits\"\nsame = [\"crowd\"]\nin_hand", at "begins = \"waits\"", says "状态 waits 没有写";
    "a finding that sets a code that is not there": "sets = { door = \"wages\" }" => "sets = { door = \"wages\", sort = \"nowhere\" }", at "sets = {", says "登记簿 worry 的字段 sort 接不住“nowhere”";
    "a finding that places what is no place": "same = [\"crowd\"]\nin_hand" => "place = \"content\"\nsame = [\"crowd\"]\nin_hand", at "place = \"content\"", says "登记簿 worry 的字段 content 接不住所在地";
    "a finding that names what is no text": "same = [\"crowd\"]\nin_hand" => "named = \"crowd\"\nsame = [\"crowd\"]\nin_hand", at "named = \"crowd\"", says "登记簿 worry 的字段 crowd 接不住名称";
    "a finding that is the same in no state": "\nin_hand = [\"waiting\"]\n" => "\n", at "id = \"crowded\"", says "same 和 in_hand 要一起写";
    "a finding through no known door": "door = \"wages\"" => "door = \"wage\"", at "sets = {", says "登记簿 worry 的字段 door 接不住“wage”";
    "a finding that sets what is no choice": "sets = { door" => "sets = { content", at "sets = {", says "登记簿 worry 的字段 content 接不住“wages”";
    "what is said of nobody lying above": "raised = { field = \"upon\"" => "raised = { field = \"house\"", at "raised = {", says "字段 house 说不出记录是不是交上级办理";
    "what may be left open lying above": "codelist = \"helper\", required = true" => "codelist = \"helper\"", at "raised = {", says "字段 upon 说不出记录是不是交上级办理";
    "an unknown code lying above": "codes = [\"wages\"]" => "codes = [\"wage\"]", at "raised = {", says "wage 不是字段 upon 的代码";
    "what is shared lying above": "raised = { field = \"upon\"" => "shared = \"county\"\nraised = { field = \"upon\"", at "raised = {", says "登记簿 grumble 的记录不能交上级办理";
    "anybody asked for a family": "asks = [\"said_of\", \"upon\"]" => "asks = [\"said_of\", \"upon\", \"house\"]", at "online = {", says "字段 house 不能由网上的人填写";
    "anybody not asked where": "asks = [\"said_of\", \"upon\"]" => "asks = [\"upon\"]", at "online = {", says "没有问是哪里的事";
    "anybody not asked what must be filled": "asks = [\"said_of\", \"upon\"]" => "asks = [\"said_of\"]", at "online = {", says "的必填字段 upon 网上没有问";
    "anybody told what is sealed": "tells = [\"replied\"]" => "tells = [\"secret\"]", at "online = {", says "字段 secret 是加密或限制查看的";
    "through no known door from the open site": "sets = { came_by = \"wages\" }" => "sets = { came_by = \"wage\" }", at "online = {", says "字段 came_by 没有代码 wage";
    "through no door from the open site": "sets = { came_by = \"wages\" }" => "sets = {}", at "online = {", says "没有写哪些记录是网上提交的";
    "told on no day": "on = \"came_on\"" => "on = \"replied\"", at "online = {", says "字段 replied 不是日期";
    "asked after by what is no key": "number = \"slip\"" => "number = \"replied\"", at "online = {", says "字段 replied 不能作查询的编号";
    "a review of no family": "reviews = \"house\"" => "reviews = \"slip\"", at "reviews = \"slip\"", says "字段 slip 不是家庭";
    "what is told again by an unknown field": "joins = { same = [\"crowd\"]" => "joins = { same = [\"crowds\"]", at "joins = {", says "字段 crowds 没有写";
    "what is told again going nowhere": "to = \"same_thing\"" => "to = \"nowhere\"", at "joins = {", says "状态 nowhere 没有写";
    "what is told again staying in hand": "to = \"same_thing\"" => "to = \"waiting\"", at "joins = {", says "状态 waiting 是合并以后的";
    "what is told again pointing elsewhere": "with = \"again\"" => "with = \"seen_in\"", at "joins = {", says "字段 seen_in 不指向登记簿 worry";
    "the worse of what is no choice": "worse = \"sort\"" => "worse = \"content\"", at "joins = {", says "字段 content 不是单选";
    "a letter to nobody": "to = [\"who\"], " => "", at "letter = { id = \"answer\", says", says "没有写发给谁";
    "a letter to somebody whom not every reader knows": "type = \"person\" },\n  { id = \"helper\"" => "type = \"person\", read = { levels = [\"county\"] } },\n  { id = \"helper\"", at "to = [\"who\"]", says "字段 who 限制查看";
    "help of a department that takes none": "{ code = \"wages\", when" => "{ code = \"wage\", when", at "{ code = \"wage\", when", says "wage 不是可以转给的部门";
    "help proposed by an unknown fact": "coalesce(cars, 0) = 0" => "coalesce(vans, 0) = 0", at "coalesce(vans, 0) = 0", says "没有叫 vans 的";
    "help proposed by a number": "coalesce(cars, 0) = 0" => "coalesce(cars, 0)", at "when = \"coalesce(cars, 0)\"", says "这里要是否";
    "help proposed by an unlisted article": "basis = [{ law = \"act\", article = \"2\" }] }," => "basis = [{ law = \"act\", article = \"9\" }] },", at "article = \"9\"", says "试行法 没有列出第 9 号条文";
    "help for nobody": "person = \"who\"" => "person = \"whom\"", at "person = \"whom\"", says "字段 whom 没有写";
    "help that asks for no field": "words = \"content\"" => "words = \"contents\"", at "words = \"contents\"", says "字段 contents 没有写";
};

/// Each list of mistakes with the pack in which they are made.
fn lists() -> [(String, &'static [Mistake]); 2] {
    [(GOOD.to_owned(), MISTAKES), (format!("{GOOD}\n{FOLLOWED}"), MISTAKES_FOLLOWED)]
}

#[test]
fn the_good_pack_is_good() {
    for (good, _) in lists() {
        let findings = findings(HEAD, &good, DIVISIONS);
        assert!(findings.is_empty(), "{}", shown(&findings));
    }
}

#[test]
fn every_mistake_is_found_at_its_line() {
    const { assert!(MISTAKES.len() >= 80) };
    let mut failures = String::new();
    for (good, mistakes) in lists() {
        for mistake in mistakes {
            let Mistake { name, written, instead, at, says } = mistake;
            assert_eq!(
                good.matches(written).count(),
                1,
                "{name}: {written} must stand once in the good pack"
            );
            let broken = good.replacen(written, instead, 1);
            let Some(offset) = broken.find(at) else { panic!("{name}: {at} is not there") };
            let line = catalogue::line_of(&broken, offset);
            let findings = findings(HEAD, &broken, DIVISIONS);
            let found = findings.iter().find(|finding| finding.zh.contains(says) && finding.line == line);
            if found.is_none_or(|finding| finding.file != "small/main.toml") {
                failures +=
                    &format!("{name}: expected line {line} saying {says}, found\n{}\n", shown(&findings));
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn what_is_confidential_is_neither_hung_up_nor_told_below() {
    let secret = |text: &str| {
        text.replacen("authority = \"乡镇\"", "authority = \"乡镇\"\nconfidential = \"county\"", 1)
    };
    let said = |text: &str, says: &str| {
        let found = findings(HEAD, text, DIVISIONS);
        found.iter().any(|finding| finding.zh.contains(says))
    };
    let effects = "effects = [\"accept\"]";
    for (effect, says) in [
        ("\"publish\"", "要公示或者公布"),
        ("{ task = { level = \"township\", role = \"clerk\", title = \"看\" } }", "要给下级派任务"),
    ] {
        let done = GOOD.replacen(effects, &format!("effects = [\"accept\", {effect}]"), 1);
        assert!(!said(&done, says), "{effect} of an open matter");
        assert!(said(&secret(&done), says), "{effect} of a confidential matter");
    }
    // What it is about would stand in the person's file.
    let told = "要填敏感的指标项 cars";
    let marked =
        GOOD.replacen("id = \"cars\"\ntitle", "id = \"cars\"\nsensitivity = \"sensitive\"\ntitle", 1);
    assert_ne!(marked, GOOD);
    assert!(!said(&marked, told));
    assert!(said(&secret(&marked), told));
}

/// 社会救助法 art. 48: what pays is ended by a decision of its own, and heard before; what a grant ends beside itself is a recognition.
#[test]
fn a_grant_ends_a_recognition_and_nothing_that_pays() {
    const ENDS: &str = "[[programme.ends]]\nprogramme = \"known\"\nbecause = \"已经领补助\"\nbasis = [{ law = \"act\", article = \"1\" }]\n\n";
    const KNOWN: &str = "\n[[programme]]\nid = \"known\"\ntitle = \"认定\"\nunit = \"household\"\nsummary = \"认定\"\nbusiness = \"assistance\"\npays = \"nothing\"\n\
        basis = [{ law = \"act\", article = \"1\" }]\nexclusion_group = \"living\"\npriority = 2\nreview = \"6\"\nreview_basis = [{ law = \"act\", article = \"1\" }]\n\n\
        [[programme.condition]]\nid = \"hard_up\"\ntitle = \"困难\"\nkind = \"finding\"\nquestion = \"是否困难?\"\nbasis = [{ law = \"act\", article = \"1\" }]\n\
        reason = \"income_above\"\nremedy = \"再申请\"\n\n[programme.amount]\nexpr = \"0\"\nunit = \"元\"\nrounding = \"不发\"\nbasis = [{ law = \"act\", article = \"1\" }]\n";
    let amount = "[programme.amount]\nexpr = \"param.limit - average\"";
    let good = GOOD.replacen(amount, &format!("{ENDS}{amount}"), 1) + KNOWN;
    let read = findings(HEAD, &good, DIVISIONS);
    assert!(read.is_empty(), "{}", shown(&read));
    for (written, instead, says) in [
        ("programme = \"known\"", "programme = \"unknown\"", "待遇项目 unknown 没有定义"),
        ("programme = \"known\"", "programme = \"help\"", "互相终止"),
        ("pays = \"nothing\"\n", "", "它发钱，终止前要先听取意见"),
        ("because = \"已经领补助\"", "because = \" \"", "没有写给家庭看的理由"),
        ("because = \"已经领补助\"", "because = \"已经领补助\"\nfrom = \"decision\"", "互斥，不能同月都有"),
        ("because = \"已经领补助\"", "because = \"已经领补助\"\nfrom = \"never\"", "值 never 不认识"),
        ("priority = 2", "priority = 0", "互斥时却是 known 优先"),
        ("pays = \"nothing\"\n", "pays = \"nothing\"\nconfidential = \"county\"\n", "一个保密、一个不保密"),
    ] {
        assert_eq!(good.matches(written).count(), 1, "{written}");
        let broken = good.replacen(written, instead, 1);
        let found = findings(HEAD, &broken, DIVISIONS);
        let Some(finding) = found.iter().find(|finding| finding.zh.contains(says)) else {
            panic!("{says}: {}", shown(&found))
        };
        let near = broken.lines().take(finding.line + 2).skip(finding.line.saturating_sub(4));
        let near: Vec<&str> = near.collect();
        assert!(near.iter().any(|line| line.contains("[[programme.ends]]")), "{says} at {near:?}");
        assert!(!finding.expected.is_empty(), "{says}");
    }
    let twice = good.replacen(ENDS, &format!("{ENDS}{ENDS}"), 1);
    let found = findings(HEAD, &twice, DIVISIONS);
    assert!(found.iter().any(|finding| finding.zh.contains("写了两次")), "{}", shown(&found));
    let lawless = good.replacen(
        "because = \"已经领补助\"\nbasis = [{ law = \"act\", article = \"1\" }]",
        "because = \"已经领补助\"\nbasis = []",
        1,
    );
    let found = findings(HEAD, &lawless, DIVISIONS);
    assert!(found.iter().any(|finding| finding.zh.contains("却没有依据")), "{}", shown(&found));
}

#[test]
fn every_finding_says_what_is_expected_in_chinese() {
    for (good, mistakes) in lists() {
        for mistake in mistakes {
            for finding in findings(HEAD, &good.replacen(mistake.written, mistake.instead, 1), DIVISIONS) {
                let chinese =
                    |text: &str| text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character));
                assert!(chinese(&finding.zh), "{}: {finding}", mistake.name);
                assert!(!finding.expected.is_empty(), "{}: {finding}", mistake.name);
                assert!(finding.line > 0, "{}: {finding}", mistake.name);
            }
        }
    }
}

#[test]
fn two_items_are_not_numbered_alike() {
    let (_, rest) = GOOD.split_once("[[item]]").unwrap();
    let (item, _) = rest.split_once("[[divisions]]").unwrap();
    let second = |short: &str| {
        let item = item.replacen("id = \"help\"", "id = \"more\"", 1).replacen("short = \"补助\"", short, 1);
        findings(HEAD, &format!("{GOOD}\n[[item]]{item}"), DIVISIONS)
    };
    let alike = |findings: &[Finding]| findings.iter().any(|finding| finding.zh.contains("受理号会重号"));
    assert!(alike(&second("short = \"布置\"")));
    let other = second("short = \"补助核查\"");
    assert!(!alike(&other), "{}", shown(&other));
}

#[test]
fn heads_and_division_files_are_checked() {
    let line = |findings: &[Finding], file: &str, says: &str| {
        findings
            .iter()
            .find(|finding| finding.file == file && finding.zh.contains(says))
            .map(|finding| finding.line)
    };
    let head = |head: &str| findings(head, GOOD, DIVISIONS);
    assert_eq!(
        line(
            &head("id = \"small\"\ntitle = \"小\"\nlayer = \"town\"\n"),
            "small/pack.toml",
            "值 town 不认识"
        ),
        Some(3)
    );
    assert_eq!(
        line(
            &head(&format!("{HEAD}requires = [\"big\"]\n")),
            "small/pack.toml",
            "需要的配置包 big 没有一起装入"
        ),
        Some(4)
    );
    assert_eq!(
        line(&head("id = \"small\"\ntitle = \"小\"\nlayer = \"demo\"\n"), "small/pack.toml", "是演示配置包"),
        Some(0)
    );
    let divisions = |divisions: &str| findings(HEAD, GOOD, divisions);
    assert_eq!(line(&divisions("code,name\n"), "small/divisions.csv", "表头不对"), Some(1));
    let orphan = format!("{DIVISIONS}990199001,township,孤镇,990199,,\n");
    assert_eq!(line(&divisions(&orphan), "small/divisions.csv", "上级 990199 不在前面"), Some(5));
    let twice = format!("{DIVISIONS}990101,county,试区,990100,,\n");
    assert_eq!(line(&divisions(&twice), "small/divisions.csv", "代码重复"), Some(5));
    let flat = format!("{DIVISIONS}990101002,county,试区,990101001,,\n");
    assert_eq!(line(&divisions(&flat), "small/divisions.csv", "上级的级别应更高"), Some(5));
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    let broken = GOOD.replacen("rank = 1", "ranking = 1", 1).replacen("priority = 1", "priority = \"一\"", 1);
    let findings = findings(HEAD, &broken, DIVISIONS);
    assert!(findings.iter().any(|finding| finding.zh.contains("ranking")), "{}", shown(&findings));
    assert!(findings.iter().any(|finding| finding.zh.contains("写的是文字 一")), "{}", shown(&findings));
}
