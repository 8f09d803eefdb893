//! Python versions: `3.11`, and the oldest one a `requires-python` allows.

/// A version such as `3.11`, as (major, minor).
pub fn parse(text: &str) -> Option<(u8, u8)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?)).filter(|(major, _)| *major == 3)
}

/// The oldest minor version that a specifier such as `>=3.9,<4` allows; none when it sets no lower bound.
pub(crate) fn oldest(specifier: &str) -> Option<(u8, u8)> {
    specifier.split(',').filter_map(|part| lower_bound(part.trim())).max()
}

fn lower_bound(part: &str) -> Option<(u8, u8)> {
    let digits = part.find(|c: char| c.is_ascii_digit())?;
    let (operator, version) = part.split_at(digits);
    if !matches!(operator.trim(), ">=" | ">" | "~=" | "==" | "===" | "^" | "~") {
        return None;
    }
    let mut parts = version.split('.').map(|p| p.trim().parse::<u8>().ok());
    let major = parts.next()??;
    Some((major, parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_version_of_a_specifier() {
        let cases = [
            (">=3.9", Some((3, 9))),
            (">=3.8.1,<4", Some((3, 8))),
            ("<4, >3.10", Some((3, 10))),
            ("~=3.11.2", Some((3, 11))),
            ("==3.12.*", Some((3, 12))),
            (">=3", Some((3, 0))),
            ("<4", None),
            ("!=3.9", None),
            ("", None),
            (">=3.999", Some((3, 0))),
        ];
        for (text, expected) in cases {
            assert_eq!(oldest(text), expected, "{text}");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(parse("3.11"), Some((3, 11)));
        for bad in ["3", "2.7", "3.x", "", "3.11.1"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
