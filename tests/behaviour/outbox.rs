//! Letters from the commit to the reader's mailbox, over a real SMTP server, whatever it does.

mod arriving;
mod claims;
mod contents;
mod faults;
mod patience;
mod post;
mod stopping;
