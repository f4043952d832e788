//! Helpers for this workspace's tests.
