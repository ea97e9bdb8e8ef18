//! Letters against a real SMTP server process, with everything that goes wrong between machines.

#[cfg(test)]
#[path = "../support/certificates.rs"]
mod certificates;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod mailboxes;
#[cfg(test)]
mod post;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod signatures;
#[cfg(test)]
#[path = "../support/smtp.rs"]
mod smtp;
