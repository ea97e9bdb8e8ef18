//! A letter into subject, text and HTML, and out of the door.
