//! What a person may have meant who typed a name that is not there.

/// The name that is most like `name`, if one is: a letter or two wrong, or one begins with the
/// other.
pub(crate) fn like<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name.to_lowercase();
    let distance = |other: &str| {
        let other = other.to_lowercase();
        if !typed.is_empty() && (other.starts_with(&typed) || typed.starts_with(&other)) {
            return 1;
        }
        edits(&typed, &other)
    };
    let allowed = name.chars().count().div_ceil(4).clamp(1, 4);
    names
        .into_iter()
        .filter(|other| !other.is_empty() && *other != name)
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// How many letters must be put in, taken out, replaced or swapped with the next one (optimal
/// string alignment).
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_like_another_one_but_not_like_all() {
        let names = ["units", "adapters", "install", "refresh"];
        for (typed, meant) in [
            ("unit", Some("units")),
            ("untis", Some("units")),
            ("Units", Some("units")),
            ("adaptrs", Some("adapters")),
            ("inst", Some("install")),
            ("counters", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(like(typed, names), meant, "{typed}");
        }
        assert_eq!(
            like("git:acme/bsae@1.4.0", ["git:acme/base@1.4.0"]),
            Some("git:acme/base@1.4.0")
        );
    }
}
