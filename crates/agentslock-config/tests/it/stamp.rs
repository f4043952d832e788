//! The stamps of installing and refreshing.

use agentslock_config::{Flushed, Install, Refresh, Timestamp, Tool, WriteError};

use crate::support::{Lab, at, said};

fn tool() -> Tool {
    Tool {
        version: Some("2.3.0".into()),
        commit: Some("9f1c2ab".into()),
        describe: Some("v2.3.0-1-g9f1c2ab".into()),
    }
}

#[test]
fn stamps_are_written_in_canonical_order_and_read_back() {
    let lab = Lab::with("{}");
    let install = Install::new("acme/billing", tool(), at(1));
    let refresh = Refresh::new(Tool::version("2.3.1"), at(2));
    assert_eq!(lab.lock.stamp_install(&install).unwrap().flushed, Flushed::Written);
    assert_eq!(lab.lock.stamp_refresh(&refresh).unwrap().flushed, Flushed::Written);
    assert_eq!(
        lab.text(),
        r#"{
  "install": {
    "project": "acme/billing",
    "version": "2.3.0",
    "commit": "9f1c2ab",
    "describe": "v2.3.0-1-g9f1c2ab",
    "stamped_at": "2026-01-02T03:04:01Z"
  },
  "refresh": {
    "version": "2.3.1",
    "refreshedAt": "2026-01-02T03:04:02Z"
  }
}
"#
    );
    assert_eq!(lab.install(), Some(install.clone()));
    assert_eq!(lab.refresh(), Some(refresh.clone()));
    assert_eq!(lab.lock.stamp_install(&install).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.lock.stamp_refresh(&refresh).unwrap().flushed, Flushed::Unchanged);
}

#[test]
fn what_a_stamp_does_not_state_is_left_out_and_what_is_unknown_stays() {
    let lab = Lab::with(
        r#"{"install":{"hint":1.0,"stamped_at":"then","describe":"old","project":"p"},
            "refresh":{"hint":[ ],"commit":"old"}}"#,
    );
    assert_eq!(lab.install().unwrap().stamped_at.as_str(), "then");
    assert_eq!(lab.refresh().unwrap().refreshed_at, None);
    lab.lock.stamp_install(&Install::new("p", Tool::default(), at(1))).unwrap();
    lab.lock.stamp_refresh(&Refresh::new(Tool::default(), at(1))).unwrap();
    assert_eq!(
        lab.text(),
        r#"{
  "install": {
    "project": "p",
    "stamped_at": "2026-01-02T03:04:01Z",
    "hint": 1.0
  },
  "refresh": {
    "refreshedAt": "2026-01-02T03:04:01Z",
    "hint": []
  }
}
"#
    );
}

#[test]
fn a_stamp_that_says_the_same_leaves_the_file_alone() {
    let text = r#"{"install":{"stamped_at":"2026-01-02T03:04:01Z","project":"p","x":1.0}}"#;
    let lab = Lab::with(text);
    let same = Install::new("p", Tool::default(), at(1));
    assert_eq!(lab.lock.stamp_install(&same).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.text(), text);
}

#[test]
fn a_time_that_is_none_is_refused_before_anything_is_staged() {
    let lab = Lab::with("{}");
    for bad in ["", "now", "2026-01-02T03:04:05+00:00", "2026-02-30T00:00:00Z"] {
        let time = Timestamp::verbatim(bad);
        let errors = [
            lab.lock.stamp_install(&Install::new("p", Tool::default(), time.clone())).unwrap_err(),
            lab.lock.stamp_refresh(&Refresh::new(Tool::default(), time)).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, WriteError::Timestamp { .. }), "{error:?}");
            let said = said(&error);
            assert!(said.contains(&format!("{bad:?} is not a time: column")), "{said}");
            assert!(said.contains("field `stamped_at`") || said.contains("field `refreshedAt`"));
        }
    }
    assert_eq!(lab.text(), "{}");
}
