//! How a double is spelled, which depends on the program that wrote the document last.

/// The writer of a document.
#[derive(Clone, Copy)]
pub enum Style {
    /// Elasticsearch itself: `94.0`, `5.75042E-6`, `0.001`.
    Java,
    /// A Node.js tool that copied the index: `94`, `0.00000575042`, `1e-7`.
    JavaScript,
    /// A Python script that copied the index: `94.0`, `5.75042e-06`, `0.001`.
    Python,
}

impl Style {
    pub fn spell(self, number: f64) -> String {
        let (negative, digits, exponent) = take_apart(number);
        let body = match self {
            Self::Java if (-3..7).contains(&exponent) => plain(&digits, exponent, true),
            Self::Java => {
                let (head, tail) = digits.split_at(1);
                let tail = if tail.is_empty() { "0" } else { tail };
                format!("{head}.{tail}E{exponent}")
            }
            Self::JavaScript if (-6..21).contains(&exponent) => plain(&digits, exponent, false),
            Self::JavaScript => format!("{}e{exponent:+}", mantissa(&digits)),
            Self::Python if (-4..16).contains(&exponent) => plain(&digits, exponent, true),
            Self::Python => format!("{}e{exponent:+03}", mantissa(&digits)),
        };
        if negative { format!("-{body}") } else { body }
    }
}

/// Sign, shortest digits that read back as the same double, and the exponent of the first digit.
fn take_apart(number: f64) -> (bool, String, i16) {
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    (number.is_sign_negative(), digits, exponent.parse().unwrap_or(0))
}

/// Without an exponent; `fraction` keeps a `.0` after whole numbers.
fn plain(digits: &str, exponent: i16, fraction: bool) -> String {
    let Ok(last_whole) = usize::try_from(exponent) else {
        let zeros = "0".repeat(usize::from(exponent.unsigned_abs()) - 1);
        return format!("0.{zeros}{digits}");
    };
    let whole = last_whole + 1;
    match digits.split_at_checked(whole) {
        Some((head, tail)) if !tail.is_empty() => format!("{head}.{tail}"),
        _ if fraction => format!("{digits:0<whole$}.0"),
        _ => format!("{digits:0<whole$}"),
    }
}

fn mantissa(digits: &str) -> String {
    match digits.split_at(1) {
        (head, "") => head.to_owned(),
        (head, tail) => format!("{head}.{tail}"),
    }
}
