//! What goes wrong in the same way for all verbs: files that are no documents, and the command line
//! itself.

mod documents;
mod messages;
mod rows;
mod usage;
