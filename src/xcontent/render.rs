//! One document, in the format that was asked for.

use super::{
    Sink,
    cbor::Cbor,
    filter_path::{FilterPath, Tree},
    json::{Json, Pretty},
    media_type::Format,
    smile::Smile,
    yaml::Yaml,
};

/// Writes a document. The options are the reply's; `write` is called once.
pub fn render(format: Format, pretty: bool, filter: &FilterPath, write: impl FnOnce(&mut dyn Sink)) -> Vec<u8> {
    if filter.is_empty() {
        return whole(format, pretty, write);
    }
    let mut tree = Tree::default();
    write(&mut tree);
    let shown = filter.apply(tree.finish());
    whole(format, pretty, |sink| shown.write(sink))
}

fn whole(format: Format, pretty: bool, write: impl FnOnce(&mut dyn Sink)) -> Vec<u8> {
    match format {
        Format::Yaml => {
            let mut tree = Tree::default();
            write(&mut tree);
            Yaml::write(&tree.finish())
        }
        Format::Json if pretty => {
            let mut sink = Pretty::default();
            write(&mut sink);
            sink.finish()
        }
        Format::Cbor => {
            let mut sink = Cbor::default();
            write(&mut sink);
            sink.finish()
        }
        Format::Smile => {
            let mut sink = Smile::default();
            write(&mut sink);
            sink.finish()
        }
        Format::Json => {
            let mut sink = Json::with_capacity(4_096);
            write(&mut sink);
            sink.finish()
        }
    }
}
