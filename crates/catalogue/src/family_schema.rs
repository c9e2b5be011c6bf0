//! The JSON schema of a family, made from the facts of a release: what `huimin decide` reads.

use rules::{Shape, Type};
use serde_json::{Map, Value as Json, json};

use crate::Release;
use crate::shapes::{HOUSEHOLD, PERSON};

impl Release {
    /// JSON Schema (2020-12) of [`crate::WrittenFamily`]: the release's facts with their types, bounds, codes and units.
    #[must_use]
    pub fn family_schema(&self) -> Json {
        let mut household = self.facts_schema(HOUSEHOLD);
        if let Some(members) = household.get_mut("properties").and_then(Json::as_object_mut) {
            let list = json!({ "type": "array", "items": { "$ref": "#/$defs/member" }, "description": "家庭成员，户主在内" });
            members.insert("members".to_owned(), list);
        }
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "家庭",
            "type": "object",
            "additionalProperties": false,
            "required": ["division", "household"],
            "properties": {
                "division": { "type": "string", "description": "区划代码，决定用哪里的标准" },
                "month": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "description": "哪个月，不写为所问日期所在的月" },
                "complete": { "type": "boolean", "description": "都核对过了：没有写的指标项按“没有”算；否则按不知道算" },
                "household": { "$ref": "#/$defs/household" },
                "head": { "type": "integer", "minimum": 0, "description": "户主是第几名成员，从 0 数起" },
                "findings": {
                    "type": "object",
                    "description": "经办人员的认定：项目、条件、是否符合",
                    "additionalProperties": { "type": "object", "additionalProperties": { "type": ["boolean", "null"] } }
                },
                "choices": {
                    "type": "object",
                    "description": "只能选一项时本人的选择：members[0] 和项目",
                    "additionalProperties": { "type": "string" }
                }
            },
            "$defs": { "household": household, "member": self.facts_schema(PERSON) }
        })
    }

    fn facts_schema(&self, shape: &str) -> Json {
        let fields = self.shapes().get(shape).map(|shape: &Shape| &shape.fields);
        let mut properties = Map::new();
        for (id, field) in fields.into_iter().flatten() {
            let unit = field.unit.as_ref().map_or(String::new(), |unit| format!("（{unit}）"));
            let mut schema = self.type_schema(&field.ty);
            schema.insert("description".to_owned(), format!("{}{unit}", field.title).into());
            properties.insert(id.clone(), Json::Object(schema));
        }
        json!({ "type": "object", "additionalProperties": false, "properties": properties })
    }

    /// Null is unknown everywhere.
    fn type_schema(&self, ty: &Type) -> Map<String, Json> {
        let schema = match ty {
            Type::Boolean => json!({ "type": ["boolean", "null"] }),
            Type::Number { scale: 0, min, max } => {
                let mut schema = json!({ "type": ["integer", "string", "null"], "pattern": "^-?[0-9]+$" });
                for (name, bound) in [("minimum", min), ("maximum", max)] {
                    if let Some(bound) = bound.as_ref().and_then(rules::Rational::to_i64) {
                        schema[name] = bound.into();
                    }
                }
                schema
            }
            Type::Number { scale, .. } => json!({
                "type": ["string", "integer", "null"],
                "pattern": format!("^-?[0-9]+(\\.[0-9]{{1,{scale}}})?$"),
            }),
            Type::Date => json!({ "type": ["string", "null"], "format": "date" }),
            Type::Month => json!({ "type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}$" }),
            Type::Text => json!({ "type": ["string", "null"] }),
            Type::Code { codelist } => {
                let codes = self.shapes().codelists.get(codelist).into_iter().flatten();
                let codes: Vec<Json> =
                    codes.map(|(code, _)| code.clone().into()).chain([Json::Null]).collect();
                json!({ "enum": codes })
            }
        };
        match schema {
            Json::Object(schema) => schema,
            _ => Map::new(),
        }
    }
}
