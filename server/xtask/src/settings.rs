//! The settings of the VS Code extension, from the schema of those of the server.

use serde_json::{Map, Value, json};

/// The manifest of the extension with the settings of the server in it. All else stays as it is, byte for byte.
///
/// # Errors
/// What is not as it should be, when the manifest has no place for them or the schema says something that is not known here.
pub(crate) fn in_manifest(manifest: &str, schema: &Value) -> Result<String, String> {
    const SECTION: &str = "\"title\": \"Server\",\n        \"properties\": ";
    let at = manifest.find(SECTION).ok_or("the manifest has no section `Server` of settings")? + SECTION.len();
    let (before, rest) = manifest.split_at(at);
    let end = "\n        }";
    let after = match rest.strip_prefix("{}") {
        Some(after) => after,
        None => rest.split_once(end).ok_or("the section `Server` does not end")?.1,
    };
    let properties = serde_json::to_string_pretty(&settings(schema)?).map_err(|error| error.to_string())?;
    Ok(format!("{before}{}{after}", properties.replace('\n', "\n        ")))
}

/// The settings of the server as VS Code wants them described.
fn settings(schema: &Value) -> Result<Value, String> {
    let properties = schema["properties"].as_object().ok_or("the schema has no properties")?;
    // What only an extension gives is nothing for a person's settings.
    let own = properties.iter().filter(|(_, about)| about["x-given-by"] != json!("extension"));
    let described = own.map(|(name, about)| Ok((format!("asyncwise.{name}"), setting(about, schema)?)));
    Ok(Value::Object(described.collect::<Result<Map<_, _>, String>>()?))
}

/// One setting. The editor's form for settings knows no null: what is optional is empty there, and the extension leaves it out.
fn setting(about: &Value, schema: &Value) -> Result<Value, String> {
    let form = form(about, schema)?;
    let mut out = Map::new();
    out.insert("scope".into(), json!("resource"));
    let text = about["description"].as_str().ok_or("a setting has no description")?;
    out.insert("markdownDescription".into(), json!(text.replace('\n', " ")));
    let is_optional = about["default"].is_null();
    match form {
        Form::Plain(kind) => {
            let empty = if kind == "array" { json!([]) } else { json!("") };
            out.insert("type".into(), json!(kind));
            out.insert("default".into(), if is_optional { empty } else { about["default"].clone() });
        }
        Form::OneOf(choices) => {
            let (mut values, mut texts): (Vec<_>, Vec<_>) = choices.into_iter().unzip();
            if is_optional {
                values.insert(0, String::new());
                texts.insert(0, "What the configuration file says.".to_owned());
                let label =
                    |value: &String| if value.is_empty() { "(configuration file)".to_owned() } else { value.clone() };
                out.insert("enumItemLabels".into(), json!(values.iter().map(label).collect::<Vec<_>>()));
            }
            out.insert("type".into(), json!("string"));
            out.insert("default".into(), if is_optional { json!("") } else { about["default"].clone() });
            out.insert("enum".into(), json!(values));
            out.insert("enumDescriptions".into(), json!(texts));
        }
    }
    if let Some(pattern) = about["pattern"].as_str() {
        let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
        out.insert(
            "pattern".into(),
            json!(if is_optional { format!("^({pattern})?$") } else { format!("^{pattern}$") }),
        );
    }
    if !about["items"].is_null() {
        let items = items(&about["items"], schema)?;
        // The editor lets words be chosen from a list only where none may come twice.
        out.extend(items["enum"].is_array().then(|| ("uniqueItems".into(), json!(true))));
        out.insert("items".into(), items);
    }
    Ok(Value::Object(out))
}

/// How a setting is written.
enum Form {
    /// As a value of this type.
    Plain(String),
    /// As one of these words, each with what it stands for.
    OneOf(Vec<(String, String)>),
}

fn form(about: &Value, schema: &Value) -> Result<Form, String> {
    // What is optional is the type itself or null.
    let inner = about["anyOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != json!("null")));
    let about = resolved(inner.unwrap_or(about), schema);
    if let Some(choices) = about["oneOf"].as_array() {
        let word = |choice: &Value, key: &str| choice[key].as_str().map(str::to_owned);
        let choices = choices.iter().map(|choice| Some((word(choice, "const")?, word(choice, "description")?)));
        return choices
            .collect::<Option<_>>()
            .map(Form::OneOf)
            .ok_or_else(|| "a choice lacks its word or text".to_owned());
    }
    let kinds = match &about["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    kinds.map(|kind| Form::Plain(kind.to_owned())).ok_or_else(|| format!("what is the type of {about}?"))
}

/// The values of a list: a type, or words.
fn items(about: &Value, schema: &Value) -> Result<Value, String> {
    let about = resolved(about, schema);
    let kind = about["type"].as_str().ok_or("the values of a list have no type")?;
    Ok(match about["enum"].as_array() {
        Some(words) => json!({ "type": kind, "enum": words }),
        None => json!({ "type": kind }),
    })
}

fn resolved<'s>(about: &'s Value, schema: &'s Value) -> &'s Value {
    match about["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
        Some(path) => schema.pointer(path).unwrap_or(about),
        None => about,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn read(path: &str) -> String {
        std::fs::read_to_string(crate::root().join(path)).expect("it is part of the repository")
    }

    /// The schema in `schemas/` is that of the binary, which a test of the binary sees to.
    #[test]
    fn the_extension_has_the_settings_of_the_server() {
        let schema = serde_json::from_str(&read("schemas/server.schema.json")).expect("the schema is JSON");
        let manifest = read("editors/vscode/package.json");
        let now = in_manifest(&manifest, &schema).expect("the manifest has a place for the settings");
        assert!(now == manifest, "package.json is out of date: run `cargo run -p xtask -- generate`");
    }

    #[test]
    fn what_is_optional_is_empty() {
        let schema = json!({
            "$defs": { "Sure": { "oneOf": [{ "const": "likely", "description": "It does." }] } },
            "properties": {
                "sure": { "anyOf": [{ "$ref": "#/$defs/Sure" }, { "type": "null" }], "default": null, "description": "How sure." },
                "version": { "type": ["string", "null"], "pattern": "^3$", "default": null, "description": "Which." },
                "found": { "type": "string", "x-given-by": "extension", "description": "What the extension finds." },
                "hints": { "type": "boolean", "default": true, "description": "Show\nhints." },
            },
        });
        let settings = settings(&schema).expect("all of it is known");
        expect![[r#"
            {
              "asyncwise.hints": {
                "default": true,
                "markdownDescription": "Show hints.",
                "scope": "resource",
                "type": "boolean"
              },
              "asyncwise.sure": {
                "default": "",
                "enum": [
                  "",
                  "likely"
                ],
                "enumDescriptions": [
                  "What the configuration file says.",
                  "It does."
                ],
                "enumItemLabels": [
                  "(configuration file)",
                  "likely"
                ],
                "markdownDescription": "How sure.",
                "scope": "resource",
                "type": "string"
              },
              "asyncwise.version": {
                "default": "",
                "markdownDescription": "Which.",
                "pattern": "^(3)?$",
                "scope": "resource",
                "type": "string"
              }
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&settings).expect("it is JSON"));
    }

    #[test]
    fn a_manifest_keeps_what_is_around() {
        let schema = json!({ "properties": { "on": { "type": "boolean", "default": true, "description": "On." } } });
        let empty = "{\n        \"title\": \"Server\",\n        \"properties\": {}\n      }\n";
        let once = in_manifest(empty, &schema).expect("there is a place");
        assert!(once.ends_with("\n        }\n      }\n") && once.contains("asyncwise.on"), "{once}");
        assert_eq!(in_manifest(&once, &schema), Ok(once.clone()));
    }
}
