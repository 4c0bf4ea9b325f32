//! One document, in the format that was asked for.

use super::{
    Sink,
    cbor::writer::Cbor,
    filter_path::{FilterPath, Tree},
    json::writer::{Json, Pretty},
    media_type::Format,
    smile::writer::Smile,
    yaml::writer::Yaml,
};

/// How a document is to be written.
#[derive(Debug, Clone)]
pub struct Form {
    pub format: Format,
    pub pretty: bool,
    pub filter: FilterPath,
}

/// A document in the making.
#[derive(Debug)]
pub struct Writer {
    sink: FormSink,
    form: Form,
}

#[derive(Debug)]
enum FormSink {
    Json(Json),
    Pretty(Pretty),
    Cbor(Cbor),
    Smile(Smile),
    /// What can only be written as a whole.
    Tree(Tree),
}

/// Writes a document. The options are the reply's; `write` is called once.
pub fn render(format: Format, pretty: bool, filter: &FilterPath, write: impl FnOnce(&mut dyn Sink)) -> Vec<u8> {
    let mut writer = Form { format, pretty, filter: filter.clone() }.writer();
    write(writer.sink());
    writer.finish()
}

// === impl Form ===

impl Form {
    /// Compact JSON with everything in it.
    #[must_use]
    pub fn json() -> Self {
        Self { format: Format::Json, pretty: false, filter: FilterPath::default() }
    }

    /// A document without anything in it.
    #[must_use]
    pub fn writer(&self) -> Writer {
        let whole = !self.filter.is_empty() || self.format == Format::Yaml;
        let sink = if whole { FormSink::Tree(Tree::default()) } else { self.sink() };
        Writer { sink, form: self.clone() }
    }

    fn sink(&self) -> FormSink {
        match self.format {
            Format::Json if self.pretty => FormSink::Pretty(Pretty::default()),
            Format::Json => FormSink::Json(Json::default()),
            Format::Cbor => FormSink::Cbor(Cbor::default()),
            Format::Smile => FormSink::Smile(Smile::default()),
            Format::Yaml => FormSink::Tree(Tree::default()),
        }
    }
}

// === impl Writer ===

impl Writer {
    /// Where the document goes, piece by piece.
    pub fn sink(&mut self) -> &mut dyn Sink {
        match &mut self.sink {
            FormSink::Json(sink) => sink,
            FormSink::Pretty(sink) => sink,
            FormSink::Cbor(sink) => sink,
            FormSink::Smile(sink) => sink,
            FormSink::Tree(sink) => sink,
        }
    }

    /// Whether compact JSON is written, with everything in it.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.sink, FormSink::Json(_))
    }

    /// The same, where it is compact JSON.
    pub fn json(&mut self) -> Option<&mut Json> {
        if let FormSink::Json(sink) = &mut self.sink { Some(sink) } else { None }
    }

    /// What is written and was not taken yet, where it can be taken before the document is whole.
    pub fn written(&mut self) -> Option<&mut Vec<u8>> {
        match &mut self.sink {
            FormSink::Json(sink) => Some(sink.written()),
            FormSink::Pretty(sink) => Some(sink.written()),
            FormSink::Cbor(sink) => Some(sink.written()),
            FormSink::Smile(sink) => Some(sink.written()),
            FormSink::Tree(_) => None,
        }
    }

    /// What was not taken yet of the whole document.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.sink {
            FormSink::Json(sink) => sink.finish(),
            FormSink::Pretty(sink) => sink.finish(),
            FormSink::Cbor(sink) => sink.finish(),
            FormSink::Smile(sink) => sink.finish(),
            FormSink::Tree(tree) => {
                let shown = self.form.filter.apply(tree.finish());
                if self.form.format == Format::Yaml {
                    return Yaml::write(&shown);
                }
                let mut writer = Self { sink: self.form.sink(), form: Form::json() };
                shown.write(writer.sink());
                writer.finish()
            }
        }
    }
}
