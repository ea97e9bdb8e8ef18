exposures-title = Exposures
exposures-of-organization = Exposures of { $organization }
exposures-lead = Where your tokens were found although they do not belong there, what was done about it, and what is left to do.
exposures-none = Nothing has leaked
exposures-none-detail = When one of your tokens is found in public code or anywhere else it does not belong, it stops working, you get an e-mail, and this page tells what happened.
exposure-title = What happened

kind-personal = Personal access token
kind-organization = Organization access token
kind-access = Access token of
kind-refresh = Refresh token of
kind-code = Authorization code of
kind-client-secret = Client secret of
kind-registration = Registration token of
kind-session = Session of yours
kind-customer = Session of a customer
kind-service = Service key

exposure-revoked = revoked
exposure-dead-before = already dead
exposure-quarantined = in quarantine
exposure-spared = still works
exposure-lead-revoked = The token no longer works, and neither does anything that came from it. Whoever finds it can do nothing with it any more.
exposure-lead-dead = The token does not work, and did not need this report for it. Whoever finds it can do nothing with it.
exposure-lead-quarantined = The token does not work now. The operators decide whether it stays that way: do not count on getting it back.
exposure-lead-spared = The token still works, because the operators decided not to revoke tokens that are reported like this. Whoever finds it can use it.

exposure-reported-by = Reported by
reporter-possession = somebody who had it
reporter-internal = a service of the operators
reporter-operator = the operators
reporter-replay = ourselves: it was used from two sides
exposure-source = Kind of place:
exposure-nowhere = Nobody said where.
exposure-scrubbed = Where it was is no longer kept: such places are forgotten some weeks after everybody was told. The e-mail that you got names it.
exposure-more-places = { $count ->
    [one] It was seen in { $count } more place.
   *[other] It was seen in { $count } more places.
}

exposure-tried = { $count ->
    [one] Somebody tried to use it { $count } time after it had leaked.
   *[other] Somebody tried to use it { $count } times after it had leaked.
}
exposure-not-tried = Nobody was seen trying to use it after it was dead.
exposure-timeline = Timeline
timeline-made = The token was created
timeline-used = It was last used
timeline-seen = It was found, reported by { $reporter }
timeline-revoked = It was revoked
timeline-revoked-at-once = It was revoked at once
timeline-revoked-after = It was revoked { $span } after the first report
timeline-quarantined = It was put into quarantine
timeline-expired = It expired
timeline-attempt = Somebody tried to use it
exposure-from = From { $address }
exposure-from-unknown = From an unknown address
exposure-times = { $count ->
    [one] { $count } time
   *[other] { $count } times
}
exposure-last-try = last on
via-introspection = at a service that asked us about it
via-api = at our own API
via-session = as a browser's session
via-token-endpoint = to get other tokens for it
via-client = as a client
via-service = as a service

exposure-could = What the token could do
exposure-could-unknown = It had no scopes, or they are no longer known.

exposure-steps = What to do now
step-revoke = End the token
step-revoke-detail = Unless you know that the copy is harmless, revoke it now.
step-revoke-ask = Unless you know that the copy is harmless, have it revoked: ask those named at the foot of this page.
step-revoke-button = Revoke it
step-replace = Get going again
step-replace-token = If something of yours still needs it, create a new token that may do the same, and put it where the old one was.
step-replace-organization = Ask an owner or admin of the organization for a new token, and put it where the old one was.
step-replace-application = If you still want the application, connect it again, starting from the application itself.
step-replace-client = Create a new secret for the application and deploy it: until then it obtains no tokens.
step-replace-session = Every session of yours was ended. Look through those that there are now.
step-replace-button = Create the new token
step-applications-button = Applications
step-sessions-button = Sessions
step-look-back = Look for misuse
step-look-back-detail = See what was done with it between the day it was created and the day it died. Whatever you do not recognise was somebody else.
step-look-back-tried = See what was done with it before it died. Somebody has a copy, as the attempts in the timeline show: compare their addresses with those of your own programs.
step-clean-up = Remove the copy
step-clean-up-detail = Take it out of the place where it was found. In a repository it stays in the history: the token is dead, so the history may stay as it is.
step-prevent = Keep the next one safe
step-prevent-detail = Keep tokens in a store for secrets or in the environment, never in code. Give each only the scopes it needs, and let it expire.
exposure-open = Open it on { $host }
exposure-of = Created by { $maker } for { $organization }.
