//! The one error of this crate: each variant is a sentence for the person who typed the text.
//!
//! Messages never repeat an identity number, a phone or an account: they end up in logs and on shared screens.

/// Why a text is not the word it should be, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabError {
    /// Not a sum of money.
    #[error("金额填写有误，请只填数字，例如 35.20")]
    MoneyForm,
    /// More than two decimals.
    #[error("金额最多保留两位小数（精确到分），请改为例如 35.20")]
    MoneyDecimals,
    /// Does not fit.
    #[error("金额太大，系统无法记录，请核对是否多写了位数")]
    MoneyTooLarge,
    /// Negative where only zero or more makes sense.
    #[error("金额不能是负数，请改为零或正数")]
    MoneyNegative,

    /// Not a month.
    #[error("月份填写有误，请按“年-月”填写，例如 2026-11")]
    MonthForm,
    /// Outside 1900-01 … 2199-12.
    #[error("月份超出范围，请填写1900年至2199年之间的月份")]
    MonthRange,
    /// Not a date, or a day that no calendar has.
    #[error("日期填写有误或不存在，请按“年-月-日”填写，例如 2026-11-03")]
    Date,

    /// Not 18 characters.
    #[error("身份证号码应为18位，现在是{found}位，请补全或删去多余的字符")]
    CitizenIdLength {
        /// How many characters were given.
        found: usize,
    },
    /// The 15-digit form, abolished in 2013.
    #[error("这是15位的旧身份证号码，已经停用，请填写现在的18位号码")]
    CitizenIdOldForm,
    /// Something other than digits and a last X.
    #[error("身份证号码只能由数字组成（最后一位可以是X），请删去其他字符")]
    CitizenIdCharacters,
    /// The first two digits are no province.
    #[error("身份证号码开头的地区代码不存在，请核对前6位")]
    CitizenIdArea,
    /// Digits 7-14 are no day of the calendar.
    #[error("身份证号码里的出生日期不存在，请核对第7至14位")]
    CitizenIdDate,
    /// The check digit does not fit: some digit is mistyped.
    #[error("身份证号码最后一位不对，请核对")]
    CitizenIdCheck,

    /// Not 18 characters.
    #[error("统一社会信用代码应为18位，现在是{found}位，请补全或删去多余的字符")]
    CreditCodeLength {
        /// How many characters were given.
        found: usize,
    },
    /// A character outside the standard's alphabet.
    #[error("统一社会信用代码只能由数字和大写字母组成，且没有 I、O、S、V、Z，请核对相近的数字")]
    CreditCodeCharacters,
    /// The check character does not fit.
    #[error("统一社会信用代码最后一位不对，请核对")]
    CreditCodeCheck,

    /// Not 2, 4, 6, 9 or 12 digits.
    #[error("行政区划代码应为2、4、6、9或12位数字，请核对")]
    DivisionForm,
    /// No level of the administration.
    #[error("行政区划级别有误，请填写国家、省、市、县、乡镇或村")]
    Level,
    /// Neither male nor female.
    #[error("性别有误，请填写“男”或“女”")]
    Sex,

    /// Neither a mainland mobile nor a landline number.
    #[error("电话号码有误，请填写11位手机号，或带区号的固定电话，例如 0473-2012345")]
    Phone,

    /// Something other than digits.
    #[error("银行账号只能由数字组成，请删去其他字符")]
    BankAccountCharacters,
    /// Not 12-30 digits.
    #[error("银行账号应为12至30位数字，现在是{found}位，请核对")]
    BankAccountLength {
        /// How many digits were given.
        found: usize,
    },
    /// The Luhn digit of a UnionPay card does not fit.
    #[error("银行卡号不对（校验位不符），请对照卡面逐位核对")]
    BankAccountCheck,

    /// Nothing was typed.
    #[error("请填写姓名")]
    NameEmpty,
    /// More than 50 characters.
    #[error("姓名不能超过50个字，请核对")]
    NameLength,
    /// A character that stands in no name.
    #[error("姓名里有不能使用的字符“{character}”，请改用汉字、字母或间隔号“·”")]
    NameCharacter {
        /// The first such character.
        character: char,
    },

    /// Not a time limit.
    #[error("时限填写有误，请写成例如“30个工作日”“7个自然日”或“6个月”")]
    TimeLimit,
    /// The holiday file does not parse.
    #[error("节假日安排文件无法读取：{reason}。请按国务院办公厅通知核对文件格式")]
    CalendarForm {
        /// What the parser met.
        reason: String,
    },
    /// The holiday file says two things of one day, or something impossible.
    #[error("节假日安排文件中{year}年的{day}有误：{reason}。请按国务院办公厅通知改正")]
    CalendarDay {
        /// The year the entry stands under.
        year: i32,
        /// The day.
        day: chrono::NaiveDate,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// An extension or a pause without its basis.
    #[error("延长或中止时限必须写明依据，请填写理由和条款")]
    ClockBasis,
    /// An extension that does not lengthen the limit.
    #[error("延长后的时限必须比原来的时限长，请核对")]
    ClockExtension,
    /// A day before the clock (or its pause) began, or out of order.
    #[error("日期早于计时开始的日期，或与已有的中止重叠，请核对")]
    ClockOrder,
    /// The clock has been stopped.
    #[error("这项时限已经办结，不能再延长、中止或恢复")]
    ClockDone,
}
