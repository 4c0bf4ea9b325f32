//! The settings in effect, for people and for the admin listener: no password, and no user of an address.

use clap::Args as _;
use serde_json::{Map, Value, json};

use super::Settings;

/// What is shown of a secret.
pub const HIDDEN: &str = "(hidden)";

/// What is set, and what is in effect of the rest.
#[must_use]
pub fn show(settings: &Settings) -> Value {
    let Ok(Value::Object(all)) = serde_json::to_value(settings) else { return Value::Null };
    let help = clap::Command::new("settings");
    let help = Settings::augment_args(help);
    let default = |key: &str| {
        let argument = help.get_arguments().find(|argument| argument.get_id() == key)?;
        let text = argument.get_help()?.to_string();
        Some(text.rsplit_once("[default: ")?.1.trim_end_matches(']').to_owned())
    };
    let (mut set, mut defaults) = (Map::new(), Map::new());
    for (key, mut value) in all {
        if value.is_null() {
            if let Some(default) = default(&key) {
                defaults.insert(key, default.into());
            }
        } else {
            hide_users(&mut value);
            set.insert(key, value);
        }
    }
    json!({ "set": set, "defaults": defaults })
}

/// Takes `user:password@` out of every address.
fn hide_users(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((scheme, rest)) = text.split_once("://") {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                if let Some(at) = rest[..end].rfind('@') {
                    *text = format!("{scheme}://{HIDDEN}{}", &rest[at..]);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_users),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::show;

    #[test]
    fn nothing_secret() {
        let text =
            "upstream = 'https://me:hunter2@h:1/'\njwt_jwks = 'http://hunter2@k/'\nupstream_password = 'hunter2'";
        let shown = show(&toml::from_str(text).unwrap());
        assert_eq!(
            shown["set"],
            json!({"upstream": ["https://(hidden)@h:1/"], "upstream_password": "(hidden)", "jwt_jwks": "http://(hidden)@k/"})
        );
        assert_eq!(shown["defaults"]["max_body_bytes"], "1048576");
        assert_eq!(shown["defaults"].get("upstream_password"), None);
    }
}
