//! What happens later: letters leave, origin keys are refreshed, last use is written down.
