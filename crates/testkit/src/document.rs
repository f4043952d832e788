//! Documents to measure with.

use std::fmt::Write;

/// A document of about `size` bytes (at least 1 KB) as it comes from the field, in canonical form.
/// It has two adapters, and as many units and digests of their content as it takes.
///
/// Equal sizes give equal documents.
pub fn document(size: usize) -> String {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(size + 1024);
    text.push_str("{\n  \"adapters\": {\n");
    for (name, end) in [("kuzu", ","), ("sqlite", "")] {
        let (source, schema) = (random.digest(), random.digest());
        let _ = writeln!(
            text,
            "    \"{name}\": {{\n      \"source_digest\": \"{source}\",\n      \"schema_digest\": \
             \"{schema}\",\n      \"activated_at\": \"2026-01-02T03:04:05Z\"\n    }}{end}"
        );
    }
    text.push_str("  },\n  \"artifact-content\": {\n");
    entries(&mut text, size / 4, |text, number| {
        let _ = write!(text, "    \"git:acme/pack-{number:06}@1.4.0\": \"{}\"", random.digest());
    });
    let inputs = random.digest();
    let _ = write!(
        text,
        "  }},\n  \"inputs_digest\": \"{inputs}\",\n  \"install\": {{\n    \"project\": \"demo\"\n  \
         }},\n  \"lock_version\": 1,\n  \"units\": {{\n"
    );
    let kinds = ["layer", "artifact", "profile", "prompt", "project-set", "descriptor"];
    entries(&mut text, size.saturating_sub(100), |text, number| {
        let (kind, digest) = (kinds[number % kinds.len()], random.digest());
        let _ = write!(
            text,
            "    \"git:acme/unit-{number:06}@1.4.0\": {{\n      \"kind\": \"{kind}\",\n      \
             \"digest\": \"{digest}\"\n    }}"
        );
    });
    text.push_str("  }\n}\n");
    text
}

/// At least one entry, and more until `text` is as long as `until`.
fn entries(text: &mut String, until: usize, mut entry: impl FnMut(&mut String, usize)) {
    entry(text, 0);
    let mut number = 1;
    while text.len() < until {
        text.push_str(",\n");
        entry(text, number);
        number += 1;
    }
    text.push('\n');
}

/// xorshift64: digests that look like digests need no better.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn digest(&mut self) -> String {
        let mut digest = String::with_capacity(71);
        digest.push_str("sha256:");
        for _ in 0..4 {
            let _ = write!(digest, "{:016x}", self.next());
        }
        digest
    }
}
