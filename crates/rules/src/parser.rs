//! Tokens into a tree, by recursive descent. The grammar is SQL's for expressions, binding from loose to tight:
//! `OR`, `AND`, `NOT`, comparisons (`= <> < <= > >= BETWEEN IN IS NULL`, which do not chain), `+ -`, `* /`, sign.

use chrono::NaiveDate;
use vocab::Month;

use crate::ast::{Comparator, Expr, ExprKind, Name, Operator};
use crate::diagnostic::{Diagnostic, Span};
use crate::lexer::{Token, tokens};

/// Deepest nesting of brackets, calls and signs; chains of operators are wide, not deep, so this bounds the height of
/// the tree and no walk over it can exhaust a stack.
const DEPTH_MAX: usize = 32;

/// Words that cannot be names.
const KEYWORDS: [&str; 19] = [
    "and", "or", "not", "between", "in", "is", "null", "true", "false", "case", "when", "then", "else",
    "end", "filter", "where", "且", "或", "非",
];

/// True for a word that the grammar keeps for itself.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// The tree of one expression.
pub(crate) fn parse(text: &str) -> Result<Expr, Diagnostic> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(expr),
        Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {
            Err(parser.unexpected("式子的结尾或运算符", "the end or an operator"))
        }
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
}

type Parsed = Result<Expr, Diagnostic>;

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Span {
        self.tokens[self.at].1
    }

    /// The token after the next, if any.
    fn second(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|(token, _)| token)
    }

    fn advance(&mut self) -> (Token, Span) {
        let taken = self.tokens[self.at].clone();
        // `End` is never passed, so `at` always names a token.
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        taken
    }

    fn is_word(&self, words: &[&str]) -> bool {
        matches!(self.peek(), Token::Word(word) if words.iter().any(|w| w.eq_ignore_ascii_case(word)))
    }

    fn take_word(&mut self, words: &[&str]) -> bool {
        let found = self.is_word(words);
        if found {
            self.advance();
        }
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        if found {
            self.advance();
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Diagnostic> {
        if self.take_word(&[word]) { Ok(()) } else { Err(self.unexpected(word, word)) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<Span, Diagnostic> {
        let span = self.span();
        if self.take_sign(sign) { Ok(span) } else { Err(self.unexpected(sign, sign)) }
    }

    /// "Here should stand …, but there is …", with the usual slips recognised.
    fn unexpected(&self, wanted_zh: &str, wanted_en: &str) -> Diagnostic {
        let (found_zh, found_en) = match self.peek() {
            Token::Word(word) => (format!("“{word}”"), format!("“{word}”")),
            Token::Number(number) => (format!("数 {number}"), format!("the number {number}")),
            Token::Text(text) => (format!("文字 '{text}'"), format!("the text '{text}'")),
            Token::Sign(sign) => (format!("“{sign}”"), format!("“{sign}”")),
            Token::End => ("结尾".to_owned(), "the end".to_owned()),
        };
        let diagnostic = Diagnostic::new(
            self.span(),
            format!("这里应是 {wanted_zh}，却是{found_zh}"),
            format!("expected {wanted_en}, found {found_en}"),
        );
        let Token::Word(word) = self.peek() else { return diagnostic };
        let rest = |c: char| word.strip_prefix(c).or_else(|| word.strip_suffix(c));
        for operator in ['且', '或', '非'] {
            if let Some(rest) = rest(operator).filter(|rest| !rest.is_empty()) {
                let spaced = if word.starts_with(operator) {
                    format!("{operator} {rest}")
                } else {
                    format!("{rest} {operator}")
                };
                return Diagnostic {
                    zh: format!("{}；“{operator}”两边要留空格才是运算", diagnostic.zh),
                    ..diagnostic
                }
                .suggest(spaced);
            }
        }
        diagnostic
    }

    /// Runs one level deeper; too deep is an error, not a full stack.
    fn deeper(&mut self, parse: impl FnOnce(&mut Parser) -> Parsed) -> Parsed {
        if self.depth == DEPTH_MAX {
            return Err(Diagnostic::new(
                self.span(),
                format!("嵌套超过 {DEPTH_MAX} 层，请拆成几个定义"),
                format!("nested deeper than {DEPTH_MAX} levels; split it into definitions"),
            ));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(Parser::disjunction)
    }

    fn disjunction(&mut self) -> Parsed {
        let mut parts = vec![self.conjunction()?];
        while self.take_word(&["or", "或"]) {
            parts.push(self.conjunction()?);
        }
        Ok(joined(parts, ExprKind::Or))
    }

    fn conjunction(&mut self) -> Parsed {
        let mut parts = vec![self.negation()?];
        while self.take_word(&["and", "且"]) {
            parts.push(self.negation()?);
        }
        Ok(joined(parts, ExprKind::And))
    }

    fn negation(&mut self) -> Parsed {
        let start = self.span();
        if self.take_word(&["not", "非"]) {
            let inner = self.deeper(Parser::negation)?;
            return Ok(node(start.to(inner.span), ExprKind::Not(Box::new(inner))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let compared = self.predicate(left)?;
        if self.comparator().is_some() || self.is_word(&["between", "in", "is"]) {
            return Err(Diagnostic::new(
                self.span(),
                "比较不能连写，请用 AND 分开或加括号",
                "comparisons do not chain; join them with AND or use brackets",
            )
            .suggest("a <= x AND x <= b"));
        }
        Ok(compared)
    }

    fn predicate(&mut self, left: Expr) -> Parsed {
        if let Some(comparator) = self.comparator() {
            self.advance();
            let right = self.sum()?;
            let span = left.span.to(right.span);
            return Ok(node(span, ExprKind::Compare(comparator, Box::new(left), Box::new(right))));
        }
        if self.take_word(&["is"]) {
            let negated = self.take_word(&["not"]);
            let end = self.span();
            self.expect_word("NULL")?;
            return Ok(node(left.span.to(end), ExprKind::IsNull { value: Box::new(left), negated }));
        }
        let negated = self.is_word(&["not"])
            && matches!(self.second(), Some(Token::Word(word))
                if word.eq_ignore_ascii_case("between") || word.eq_ignore_ascii_case("in"));
        if negated {
            self.advance();
        }
        if self.take_word(&["between"]) {
            let low = self.sum()?;
            self.expect_word("AND")?;
            let high = self.sum()?;
            let span = left.span.to(high.span);
            let (value, low, high) = (Box::new(left), Box::new(low), Box::new(high));
            return Ok(node(span, ExprKind::Between { value, low, high, negated }));
        }
        if self.take_word(&["in"]) {
            self.expect_sign("(")?;
            let (list, end) = self.list()?;
            if list.is_empty() {
                return Err(Diagnostic::new(end, "IN 的括号里至少要有一个值", "IN needs at least one value"));
            }
            return Ok(node(left.span.to(end), ExprKind::In { value: Box::new(left), list, negated }));
        }
        Ok(left)
    }

    fn comparator(&self) -> Option<Comparator> {
        match self.peek() {
            Token::Sign("=") => Some(Comparator::Equal),
            Token::Sign("<>") => Some(Comparator::NotEqual),
            Token::Sign("<") => Some(Comparator::Less),
            Token::Sign("<=") => Some(Comparator::LessOrEqual),
            Token::Sign(">") => Some(Comparator::Greater),
            Token::Sign(">=") => Some(Comparator::GreaterOrEqual),
            Token::Sign(_) | Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::End => None,
        }
    }

    fn sum(&mut self) -> Parsed {
        let first = self.product()?;
        let mut rest = Vec::new();
        loop {
            let operator = match self.peek() {
                Token::Sign("+") => Operator::Add,
                Token::Sign("-") => Operator::Subtract,
                _ => return Ok(chain(first, rest)),
            };
            self.advance();
            rest.push((operator, self.product()?));
        }
    }

    fn product(&mut self) -> Parsed {
        let first = self.signed()?;
        let mut rest = Vec::new();
        loop {
            let operator = match self.peek() {
                Token::Sign("*") => Operator::Multiply,
                Token::Sign("/") => Operator::Divide,
                _ => return Ok(chain(first, rest)),
            };
            self.advance();
            rest.push((operator, self.signed()?));
        }
    }

    fn signed(&mut self) -> Parsed {
        let start = self.span();
        if self.take_sign("-") {
            let inner = self.deeper(Parser::signed)?;
            let span = start.to(inner.span);
            return Ok(match inner.kind {
                ExprKind::Number(number) => node(span, ExprKind::Number(-&number)),
                kind => node(span, ExprKind::Negate(Box::new(node(inner.span, kind)))),
            });
        }
        if self.take_sign("+") {
            return self.deeper(Parser::signed);
        }
        self.primary()
    }

    fn primary(&mut self) -> Parsed {
        let start = self.span();
        match self.peek().clone() {
            Token::Number(number) => {
                self.advance();
                Ok(node(start, ExprKind::Number(number)))
            }
            Token::Text(text) => {
                self.advance();
                Ok(node(start, ExprKind::Text(text)))
            }
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                let end = self.expect_sign(")")?;
                // The brackets belong to the expression's place, so that a caret points at all of it.
                Ok(node(start.to(end), inner.kind))
            }
            Token::Word(word) => self.word(&word, start),
            Token::Sign(_) | Token::End => Err(self.unexpected("一个值", "a value")),
        }
    }

    fn word(&mut self, word: &str, start: Span) -> Parsed {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "null" => return Ok(self.constant(start, ExprKind::Null)),
            "true" => return Ok(self.constant(start, ExprKind::Boolean(true))),
            "false" => return Ok(self.constant(start, ExprKind::Boolean(false))),
            "case" => return self.case(),
            "date" | "month" => {
                if let Some(Token::Text(text)) = self.second().cloned() {
                    self.advance();
                    let (_, end) = self.advance();
                    return dated(&lower, &text, start.to(end));
                }
            }
            _ => {}
        }
        if is_keyword(word) {
            return Err(self.unexpected("一个值", "a value"));
        }
        self.advance();
        let name = Name { text: word.to_owned(), span: start };
        if self.take_sign("(") {
            return self.call(name);
        }
        self.path(name)
    }

    fn constant(&mut self, span: Span, kind: ExprKind) -> Expr {
        self.advance();
        node(span, kind)
    }

    fn path(&mut self, first: Name) -> Parsed {
        let mut span = first.span;
        let mut names = vec![first];
        while self.take_sign(".") {
            let (token, place) = (self.peek().clone(), self.span());
            span = span.to(place);
            match token {
                Token::Sign("*") => {
                    self.advance();
                    return Ok(node(span, ExprKind::Rows(names)));
                }
                Token::Word(word) => {
                    self.advance();
                    names.push(Name { text: word, span: place });
                }
                Token::Number(_) | Token::Text(_) | Token::Sign(_) | Token::End => {
                    return Err(self.unexpected("字段名", "a field name"));
                }
            }
        }
        if names.len() == 2 && names[0].text == "table" {
            self.expect_sign("[")?;
            let key = self.expression()?;
            let end = self.expect_sign("]")?;
            let table = names.swap_remove(1);
            return Ok(node(span.to(end), ExprKind::Lookup { table, key: Box::new(key) }));
        }
        Ok(node(span, ExprKind::Path(names)))
    }

    /// Expressions up to the closing bracket, whose place is given too.
    fn list(&mut self) -> Result<(Vec<Expr>, Span), Diagnostic> {
        let mut list = Vec::new();
        let end = self.span();
        if self.take_sign(")") {
            return Ok((list, end));
        }
        loop {
            list.push(self.expression()?);
            let end = self.span();
            if self.take_sign(")") {
                return Ok((list, end));
            }
            if !self.take_sign(",") {
                return Err(self.unexpected(", 或 )", ", or )"));
            }
        }
    }

    fn call(&mut self, function: Name) -> Parsed {
        let (arguments, mut end) = self.list()?;
        let mut filter = None;
        if self.take_word(&["filter"]) {
            self.expect_sign("(")?;
            self.expect_word("WHERE")?;
            filter = Some(Box::new(self.expression()?));
            end = self.expect_sign(")")?;
        }
        Ok(node(function.span.to(end), ExprKind::Call { function, arguments, filter }))
    }

    fn case(&mut self) -> Parsed {
        let (_, start) = self.advance();
        let operand = if self.is_word(&["when"]) { None } else { Some(Box::new(self.expression()?)) };
        let mut branches = Vec::new();
        while self.take_word(&["when"]) {
            let condition = self.expression()?;
            self.expect_word("THEN")?;
            branches.push((condition, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("WHEN", "WHEN"));
        }
        let otherwise = if self.take_word(&["else"]) { Some(Box::new(self.expression()?)) } else { None };
        let end = self.span();
        self.expect_word("END")?;
        Ok(node(start.to(end), ExprKind::Case { operand, branches, otherwise }))
    }
}

fn node(span: Span, kind: ExprKind) -> Expr {
    Expr { span, kind }
}

/// The parts under AND or OR; a single one stays itself.
fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> ExprKind) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            let span = parts.iter().skip(1).fold(parts[0].span, |span, part| span.to(part.span));
            node(span, join(parts))
        }
    }
}

/// Operators of one rank from left to right; a single operand stays itself.
fn chain(first: Expr, rest: Vec<(Operator, Expr)>) -> Expr {
    match rest.last() {
        None => first,
        Some((_, last)) => node(first.span.to(last.span), ExprKind::Chain { first: Box::new(first), rest }),
    }
}

/// `DATE '2026-07-01'` or `MONTH '2026-07'`.
fn dated(word: &str, text: &str, span: Span) -> Parsed {
    let kind = if word == "date" {
        parse_date(text).map(ExprKind::Date)
    } else {
        parse_month(text).map(ExprKind::Month)
    };
    let (zh, en, example) = match word {
        "date" => ("日期", "day", "DATE '2026-07-01'"),
        _ => ("月份", "month", "MONTH '2026-07'"),
    };
    kind.map(|kind| node(span, kind)).ok_or_else(|| {
        Diagnostic::new(
            span,
            format!("'{text}' 不是{zh}，应写作 {example}"),
            format!("'{text}' is no such {en}; write {example}"),
        )
        .suggest(example)
    })
}

/// `2026-07-01`, exactly so.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.format("%Y-%m-%d").to_string() == text && text.len() == 10).then_some(date)
}

/// `2026-07`, exactly so.
pub(crate) fn parse_month(text: &str) -> Option<Month> {
    text.parse().ok().filter(|month: &Month| month.to_string() == text)
}
