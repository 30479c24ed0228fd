//! The JSON schema of a whole configuration, settings of the components included, for editors.

use crate::component::{Components, Known};
use crate::key::TableKind;
use crate::model::Config;
use crate::reference::Reference;
use schemars::schema_for;
use serde_json::{Map, Value as Json, json};

impl Components {
    /// The JSON schema of configuration files.
    #[must_use]
    pub fn json_schema(&self) -> Json {
        let mut root = schema_for!(Config).to_value();
        root["title"] = json!("Configuration of a Strowger node");
        for table in [TableKind::Adaptor, TableKind::Service] {
            add_table(&mut root, table, self);
        }
        root
    }

    /// The reference of all keys.
    #[must_use]
    pub fn reference(&self) -> Reference<'_> {
        Reference::new(self)
    }
}

/// Says which settings an entry has: those of the component that it names, or else of the one that it is named after.
fn add_table(root: &mut Json, table: TableKind, components: &Components) {
    let kind_key = table.kind_key();
    let entry = root["properties"][table.table()]["additionalProperties"].take();
    let entry_name = format!("{}-entry", table.table());
    let mut by_kind = vec![entry];
    let mut by_name = Map::new();
    for (kind, known) in components.of(table) {
        let definition = format!("{}-{kind}", table.table());
        root["$defs"][&definition] = definition_of(known, &definition);
        let settings =
            json!({ "properties": { "settings": { "$ref": format!("#/$defs/{definition}") } } });
        by_kind.push(json!({
            "if": { "properties": { kind_key: { "const": kind } }, "required": [kind_key] },
            "then": settings,
        }));
        by_name.insert(
            kind.clone(),
            json!({
                "allOf": [
                    { "$ref": format!("#/$defs/{entry_name}") },
                    { "if": { "not": { "required": [kind_key] } }, "then": settings },
                ],
            }),
        );
    }
    root["$defs"][&entry_name] = json!({ "allOf": by_kind });
    let holder = &mut root["properties"][table.table()];
    holder["additionalProperties"] = json!({ "$ref": format!("#/$defs/{entry_name}") });
    holder["properties"] = Json::Object(by_name);
}

/// A component's schema as a definition of the whole: what it refers to moves along with it.
fn definition_of(known: &Known, name: &str) -> Json {
    let mut schema = known.schema.clone().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    move_references(&mut schema, &format!("#/$defs/{name}/"));
    schema
}

fn move_references(schema: &mut Json, to: &str) {
    match schema {
        Json::Object(map) => {
            for (key, value) in map {
                let reference = (key == "$ref").then_some(&*value).and_then(Json::as_str);
                match reference.and_then(|reference| reference.strip_prefix("#/")) {
                    Some(inner) => *value = Json::String(format!("{to}{inner}")),
                    None => move_references(value, to),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| move_references(item, to)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
