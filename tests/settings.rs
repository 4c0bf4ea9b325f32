//! Every key is the same in the file, the environment and the flags, the later ones overruling the earlier; it is explained,
//! it is in the example and in the README. The keys are the program's own list: one that is new is tried here, or fails.

#![allow(clippy::unwrap_used)]

mod support;

use std::{collections::BTreeMap, path::Path, process::Command};

use clap::{Arg, Args as _};
use mlgate::{assemble::Checked, config::Settings};
use serde_json::{Value, json};
use support::{
    command::{mlgate, run, write},
    root,
};

/// The arguments that are settings.
fn arguments() -> Vec<Arg> {
    Settings::augment_args(clap::Command::new("settings")).get_arguments().cloned().collect()
}

/// Three values of a key, each as its flag and as TOML. What a value looks like, its help says.
fn samples(argument: &Arg) -> [(String, String); 3] {
    let text = |values: [&str; 3]| values.map(|value| (value.to_owned(), format!("'{value}'")));
    let named: Vec<String> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if named == ["true", "false"] {
        return ["true", "false", "true"].map(|value| (value.to_owned(), value.to_owned()));
    }
    if !named.is_empty() {
        let at = |number: usize| &*named[number % named.len()];
        return text([at(0), at(1), at(2)]);
    }
    let value_names: Vec<&str> = argument.get_value_names().unwrap().iter().map(clap::builder::Str::as_str).collect();
    match value_names[..] {
        ["SECONDS" | "BYTES" | "NUMBER"] => ["3", "4", "5"].map(|value| (value.to_owned(), value.to_owned())),
        ["ADDRESS:PORT" | "ADDRESS:PORT|unix:/PATH|systemd"] => text(["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]),
        ["URL" | "COLLECTOR"] => text(["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"]),
        ["LEVEL"] => text(["error", "warn", "debug"]),
        ["OCTAL"] => text(["0600", "0660", "0666"]),
        ["http[s]://HOST:PORT,…"] => {
            ["http://a:1", "http://b:1", "http://c:1"].map(|value| (value.to_owned(), format!("['{value}']")))
        }
        ["JOBS=MODE"] => {
            ["a-*=native", "b=rewrite@secondary", "*=shadow"].map(|value| (value.to_owned(), format!("['{value}']")))
        }
        ["SIDE"] => text(["native", "rewrite@secondary", "native@secondary"]),
        ["PLACE"] => {
            ["/a/*/b", "/**/c within 1e-9", "content-type"].map(|value| (value.to_owned(), format!("['{value}']")))
        }
        ["METHOD /PATH"] => {
            ["GET /a", "GET|POST /b-*/_search", "GET /c/**"].map(|value| (value.to_owned(), format!("['{value}']")))
        }
        ["GRANT"] => ["a=all", "b=all", "c=monitor@x*"].map(|value| (value.to_owned(), format!("['{value}']"))),
        ["FILE" | "FOLDER" | "NAME" | "CLAIM" | "FILE|URL" | "PASSWORD"] => {
            let values = text(["one", "two", "three"]);
            let list = matches!(argument.get_action(), clap::ArgAction::Append);
            values.map(|(flag, toml)| if list { (flag, format!("[{toml}]")) } else { (flag, toml) })
        }
        _ => panic!("{}: add samples of {value_names:?} here", argument.get_id()),
    }
}

/// What is in effect, as the program says itself.
fn in_effect(file: &Path, command: &mut Command, key: &str) -> Value {
    let output = command.env_remove("RUST_LOG").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.is_empty(), "{}: {key}: {told}", file.display());
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(shown["defaults"].get(key).is_none(), "{shown}");
    shown["set"][key].clone()
}

#[test]
fn the_file_the_environment_and_the_flags_have_the_same_keys() {
    let folder = tempfile::tempdir().unwrap();
    let known: BTreeMap<String, Value> =
        serde_json::from_value(serde_json::to_value(Settings::default()).unwrap()).unwrap();
    let arguments = arguments();
    let ids: Vec<String> = arguments.iter().map(|argument| argument.get_id().to_string()).collect();
    let mut keys: Vec<String> = known.into_keys().collect();
    assert!(keys.len() >= 30, "{keys:?}");
    let mut sorted = ids.clone();
    sorted.sort();
    keys.sort();
    assert_eq!(sorted, keys, "what is a flag is a key, and the other way round");
    for argument in &arguments {
        let key = argument.get_id().as_str();
        assert_eq!(argument.get_long().unwrap(), key.replace('_', "-"));
        let variable = format!("MLGATE_{}", key.to_ascii_uppercase());
        assert_eq!(argument.get_env().unwrap(), &*variable);
        // Without the feature, what is an address of a collector is refused: the shape of the key is tried all the same.
        if key == "otlp_endpoint" && !cfg!(feature = "otel") {
            let config = write(folder.path(), "mlgate.toml", format!("{key} = 'http://127.0.0.1:1'\n"));
            let flag = format!("--{}=http://127.0.0.1:1", key.replace('_', "-"));
            for command in [
                mlgate().arg("config").arg("--config").arg(&config),
                mlgate().arg("config").env(&variable, "http://127.0.0.1:1"),
                mlgate().arg("config").arg(flag),
            ] {
                let said = run(command);
                assert!(said.stderr[0].contains("otlp_endpoint: this mlgate was built without"), "{said:?}");
            }
            continue;
        }
        let [(_, in_file), (in_environment, _), (in_flag, _)] = &samples(argument);
        let config = write(folder.path(), "mlgate.toml", format!("{key} = {in_file}\n"));
        let program = || {
            let mut command = mlgate();
            command.args(["config", "--config"]).arg(&config);
            command
        };
        let flag = format!("--{}={in_flag}", key.replace('_', "-"));
        let layers = [
            in_effect(&config, &mut program(), key),
            in_effect(&config, program().env(&variable, in_environment), key),
            in_effect(&config, program().env(&variable, in_environment).arg(&flag), key),
        ];
        let expected: Vec<Value> = samples(argument)
            .map(|(_, toml)| {
                let table: toml::Table = toml::from_str(&format!("x = {toml}")).unwrap();
                serde_json::to_value(&table["x"]).unwrap()
            })
            .into();
        if matches!(argument.get_value_names(), Some([name]) if name == "PASSWORD") {
            assert_eq!(layers, [json!("(hidden)"), json!("(hidden)"), json!("(hidden)")], "{key}");
        } else {
            assert_eq!(&layers[..], &expected[..], "{key}");
        }
    }
}

/// The value of a secret is shown nowhere, so which of three is in effect is asked of the settings themselves.
#[test]
fn a_password_of_a_flag_overrules_the_files() {
    use clap::FromArgMatches as _;
    let folder = tempfile::tempdir().unwrap();
    let config = write(folder.path(), "mlgate.toml", "upstream_password = 'from the file'\n");
    for (flags, expected) in [(&["x"][..], "from the file"), (&["x", "--upstream-password=flag"], "flag")] {
        let matches = Settings::augment_args(clap::Command::new("x")).get_matches_from(flags);
        let settings = Settings::from_arg_matches(&matches).unwrap().with_file(Some(&config)).unwrap();
        assert_eq!(settings.upstream_password.unwrap().expose(), expected);
    }
}

#[test]
fn every_key_is_explained() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    for argument in arguments() {
        let (key, help) = (argument.get_id().as_str(), argument.get_help().unwrap().to_string());
        assert!(!help.is_empty());
        let told = |row: &&&str| row.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{key}`")));
        assert_eq!(rows.iter().filter(told).count(), 1, "the README's table tells of {key} once");
    }
}

/// The example has every key, once, with a comment above it; as it is, and with any one of its lines switched on, it can be read.
#[test]
fn the_example_configuration() {
    let path = root().join("packaging/mlgate.toml");
    let example = std::fs::read_to_string(&path).unwrap();
    let settings = Settings::default().with_file(Some(&path)).unwrap();
    Checked::of(&settings).unwrap();
    let lines: Vec<&str> = example.lines().collect();
    for argument in arguments() {
        let key = argument.get_id().as_str();
        let is = |line: &&&str| {
            line.trim_start_matches('#').trim_start().strip_prefix(key).is_some_and(|rest| rest.starts_with(" = "))
        };
        let found: Vec<usize> = (0..lines.len()).filter(|&at| is(&&lines[at])).collect();
        let [at] = found[..] else { panic!("{key} is in the example {} times", found.len()) };
        assert!(at > 0 && lines[at - 1].starts_with("# "), "{key} has no comment");
        let line = lines[at].trim_start_matches('#').trim_start();
        let alone: Result<Settings, _> = toml::from_str(line);
        assert!(alone.is_ok(), "{line}: {alone:?}");
    }
}
