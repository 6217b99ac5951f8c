//! How are the origins, since when, and who has noticed?
//!
//! Every isolate counts what its requests come to ([`tally`]) and tells it, behind an answer and at most once in a
//! while, to one object that all of them share. What the object keeps and concludes is in the other modules.

pub mod tally;
