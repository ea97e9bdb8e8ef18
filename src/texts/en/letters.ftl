# What is the same in every letter.
letter-steps = What to do next
letter-genuine = Is this letter genuine?
letter-no-link = It has no login link, and it never asks for a password or for a token. You need not click anything: { $check }.
letter-check-exposures = type the address of { $brand } into your browser yourself and go to { $settings }; what happened is told there under Exposures
letter-check-settings = type the address of { $brand } into your browser yourself and go to { $settings }
letter-check-applications = type the address of { $brand } into your browser yourself and go to { $applications }
letter-check-operator = look the token up in { $brand } yourself
letter-check-policy = ask the service itself with tokenward policy show
letter-check-owner = ask { $owner }, in a way that you know, whether they got a letter as well
letter-contact = Questions, or something you did not expect? Ask { $contact }.
letter-contact-token = Questions, or something you did not expect? Ask { $contact } and name the token { $id }.
letter-contact-webhook = Questions, or something you did not expect? Ask { $contact } and name the webhook { $id }.
letter-contact-stream = Questions, or something you did not expect? Ask { $contact } and name the stream { $id }.
letter-way = “Tokens” in your account
letter-way-applications = “Applications” in your account
letter-way-organizations = “Organizations” in your account
letter-whoever-runs = the people who run this service
letter-because = You receive this letter because { $why }.
letter-because-owner = the token was yours
letter-because-manager = you own or manage the organization it belonged to
letter-because-manager-of = you own or manage { $organization }
letter-because-manager-of-owner = you own or manage { $organization }, for which the token could act, and its owner leaked one before
letter-because-creator = you made this token
letter-because-creator-for = you made this token for { $organization }
letter-because-client = you own { $application }
letter-because-operator = you run { $brand }
letter-because-security = you answer for security here
letter-the-application = the application
letter-the-organization = the organization
letter-somebody = somebody in your organization
letter-quoted = “{ $name }”

# A token by its kind: after "your", and with its article.
letter-kind = { $kind ->
    [personal_access_token] personal access token
    [organization_access_token] organization access token
    [access_token] access token
    [refresh_token] refresh token
    [authorization_code] authorization code
    [client_secret] client secret
    [client_registration_token] client registration token
    [user_session_token] session token
    [customer_session_token] customer session token
    [service_key] service key
   *[other] { $kind }
}
letter-kind-the = { $kind ->
    [personal_access_token] The personal access token
    [organization_access_token] The organization access token
    [access_token] The access token
    [refresh_token] The refresh token
    [authorization_code] The authorization code
    [client_secret] The client secret
    [client_registration_token] The client registration token
    [user_session_token] The session token
    [customer_session_token] The customer session token
    [service_key] The service key
   *[other] The { $kind }
}
letter-thing = { $kind } “{ $name }”
letter-whose-own = Your { $thing }
letter-whose-own-for = Your { $thing } for { $client }
letter-whose-of = { $thing } of { $who }
letter-whose-of-for = { $thing } of { $who } for { $client }
letter-whose-of-organization = { $thing } of your organization
letter-whose-made = { $thing } that you made
letter-whose-made-for = { $thing } that you made for { $who }
letter-whose-of-application = { $thing } of your application
letter-whose-of-application-named = { $thing } of your application { $client }

# What stands before the facts of a letter, and the facts.
letter-about-token = The token
letter-about-place = Where it was seen
letter-about-places = What was found
letter-about-attempt = The attempt
letter-about-connection = The connection
letter-about-count = What was counted
letter-about-webhook = The webhook
letter-about-stream = The stream
letter-fact-name = Name
letter-fact-kind = Kind
letter-fact-hint = Ends in
letter-fact-organization = Organization
letter-fact-application = Application
letter-fact-customer = Customer
letter-fact-power = Could do
letter-fact-created = Created
letter-fact-expiry = Would expire
letter-fact-used = Last used
letter-fact-place = In
letter-fact-reporter = Reported by
letter-fact-reported = Reported on
letter-fact-expired = Expired
letter-fact-revoked = Revoked
letter-fact-tried = Tried on
letter-fact-from = From
letter-fact-how = How
letter-fact-quarantined = In quarantine
letter-fact-decided = Decided on
letter-fact-allowed = Allowed since
letter-fact-ended = Ended
letter-fact-origin = Origin
letter-fact-since = Since
letter-fact-stopped = Stopped on
letter-fact-host = Host
letter-fact-failing = Failing since
letter-fact-disabled = Disabled
letter-never = never, it had no end
letter-used-from = { $moment }, from { $address }
letter-not-used = we saw no use of it
letter-more-scopes = and { $count } more
letter-power-session = everything its user can do when signed in
letter-power-customer = what the customer can do when signed in
letter-power-secret = obtain tokens in the name of the application
letter-power-registration = read and change the registration
letter-power-code = be exchanged once for tokens
letter-power-none = nothing: it had no scopes

# Kinds of places.
letter-found-on = was found on { $host }
letter-found-in = was found in { $place }
letter-found-in-public = was found in public
letter-place = { $source ->
    [content] a file
    [commit] a commit
    [pull_request_title] the title of a pull request
    [pull_request_description] the description of a pull request
    [pull_request_comment] a comment on a pull request
    [issue_title] the title of an issue
    [issue_description] the description of an issue
    [issue_comment] a comment on an issue
    [discussion_title] the title of a discussion
    [discussion_body] a discussion
    [discussion_comment] a comment in a discussion
    [commit_comment] a comment on a commit
    [gist_content] a gist
    [gist_comment] a comment on a gist
    [wiki_content] a wiki page
    [wiki_commit] the history of a wiki
    [npm] an npm package
    [possession] the hands of somebody who gave it up
    [manual_submission] a report made by hand
   *[other] “{ $source }”
}
letter-unknown-site = We do not know this site: look at it with care, and enter nothing there.
letter-unknown-sites = We do not know every site named here: look at those with care, and enter nothing there.

# A token was seen where it should not be.
letter-exposed = { $whose } { $found }{ $outcome ->
    [revoked] {" "}and has been revoked
    [quarantined] {" "}and is in quarantine
    [spared] , and has NOT been revoked
    [expired] {" "}after it had expired
    [dead] {" "}after it had been revoked
   *[other] {""}
}
letter-exposed-again = Leaked again: { $sentence }
letter-badge = { $outcome ->
    [revoked] Revoked
    [quarantined] In quarantine
    [spared] Not revoked
    [expired] Had expired
    [dead] Had been revoked
   *[other] { $outcome }
}
letter-alarm = This is not the first leak. Another token { $whose } was reported on { $moment }. Once is an accident; twice means that whatever lets tokens out is still open.
letter-alarm-own = of yours
letter-alarm-of = of { $who }
letter-alarm-same = of the same owner
letter-did-revoke = We revoked it on { $moment }. Since then it opens nothing, whoever has a copy.
letter-did-expired = It had expired on { $moment }, so it no longer opened anything when it was found. We also revoked it for good.
letter-did-nothing = It had been revoked on { $moment }, so it no longer opened anything when it was found.
letter-did-no-harm = Nothing of yours stops working because of this report.
letter-did-suspended = You have been shut out since { $moment }, so it opened nothing when it was found. We revoked it for good: it stays dead when you are let in again.
letter-did-suspended-other = Whom it belongs to has been shut out since { $moment }, so it opened nothing when it was found. We revoked it for good: it stays dead when they are let in again.
letter-did-quarantine = We put it into quarantine on { $moment }. It opens nothing, whoever has a copy, until whoever runs { $brand } has decided: it is then revoked for good or works again.
letter-did-spare = We did not revoke it: it still works, for whoever has a copy. Whoever runs this service has decided that reports like this one are passed on and nothing more.
letter-did-spare-dead = It did not work when it was found, and we did not revoke it: what keeps it from working may change.
letter-ended-session = { $count ->
    [one] With it we ended 1 other session or token of the same account.
   *[other] With it we ended { $count } other sessions and tokens of the same account.
}
letter-ended-family = { $count ->
    [one] With it we ended 1 other token that came from the same authorization.
   *[other] With it we ended { $count } other tokens that came from the same authorization.
}
letter-ended-related = { $count ->
    [one] With it we ended 1 related token.
   *[other] With it we ended { $count } related tokens.
}
letter-went-session = { $count ->
    [one] With it went 1 other session or token of the same account.
   *[other] With it went { $count } other sessions and tokens of the same account.
}
letter-went-family = { $count ->
    [one] With it went 1 other token that came from the same authorization.
   *[other] With it went { $count } other tokens that came from the same authorization.
}
letter-went-related = { $count ->
    [one] With it went 1 related token.
   *[other] With it went { $count } related tokens.
}

# What to do about it.
letter-talk = Talk to { $owner }, who got a letter as well, and find out together how tokens are kept where they work.
letter-talk-spared = Talk to { $owner }, who got a letter as well, and find out together how tokens are kept where they work. See to it that the token is revoked: it was not.
letter-replace-others = Have every other token that you keep in the same place replaced as well, and no new one is put there before you know how these got out.
letter-replace-others-theirs = See that every other token which is kept in the same place is replaced as well, and no new one is put there before you know how these got out.
letter-revoke = Unless you know that the copy is harmless, revoke it yourself: go to { $settings }. If it is not listed there, ask us to revoke it. Make a new one first if something of yours needs it.
letter-revoke-operator = Unless you know that the copy is harmless, revoke it yourself with `tokenward token revoke`. Make a new one first if something of yours needs it.
letter-replace-personal = If something of yours still needs it, create a new token: go to { $settings }. Give it only the scopes that job needs, and an expiry date.
letter-replace-organization = The jobs that used this token fail until they have a new one. Create it for { $organization }: go to { $organizations }. Give it only the scopes those jobs need, and an expiry date.
letter-replace-family = { $application } has lost its access. If it is still wanted, connect it again, starting from the application itself.
letter-replace-family-unnamed = The application has lost its access. If it is still wanted, connect it again, starting from the application itself.
letter-replace-secret = Create a new secret for { $application } and deploy it: go to { $applications }. Until then the application cannot obtain tokens.
letter-replace-registration = Nothing has to be replaced now: { $application } works as before. You need a new registration token before you next change its registration.
letter-replace-session = You were signed out everywhere. Sign in again: type the address of { $brand } into your browser yourself.
letter-replace-session-theirs = The person was signed out everywhere and has to sign in again.
letter-replace-customer = Nothing has to be replaced: the customer is given a new session the next time they come.
letter-replace-service = Create a new service key and give it to the service that used this one. Until then its requests are refused.
letter-look-secret = Look through what { $application } did lately for tokens that it did not ask for.
letter-look-registration = Check that the name and the redirect addresses of { $application } are the ones you set.
letter-look-session = Check the account for changes that nobody you trust made: its e-mail address, its tokens, the applications connected to it.
letter-look-customer = Check what was done for that customer while the session lasted.
letter-look-service = Look through the audit log for requests that the service did not make.
letter-look-token = Look for changes that nobody you trust made.
letter-look-spared = Others may have used it, and still can.
letter-look-ended = Others may have used it before we ended it.
letter-look-dead = It may have been public while it still worked.
letter-clean-up = Remove the token from where it was seen. It is harmless now, but it draws people who look for more. In a repository it stays in the history after the file is changed.
letter-clean-up-spared = Remove the token from where it was seen. That does not replace revoking it: copies remain. In a repository it stays in the history after the file is changed.
letter-prevent = Find out how it got there, so that the next one does not follow. Keep tokens in a secret store or in the environment, never in files that are shared.
letter-prevent-session = Find out how it got there, so that the next one does not follow. Session tokens get out through recorded browser traffic (HAR files), logs and screenshots: clean those before they are shared.
letter-prevent-application = Find out how it got there. Tokens like this one are only ever held by an application: tell whoever runs { $application }.

# Tokens that were dead before were seen.
letter-digest-subject = { $count ->
    [one] For your information: tokens that no longer work were found in one place
   *[other] For your information: tokens that no longer work were found in { $count } places
}
letter-digest-heading = { $count ->
    [one] Tokens that no longer work were found in one place.
   *[other] Tokens that no longer work were found in { $count } places.
}
letter-digest-badge = Nothing stops working
letter-digest-lead = Each of them had expired or been revoked before, so it opened nothing when it was found, and nothing stops working because of it. This letter gathers what was reported since { $moment }.
letter-digest-more = { $count ->
    [one] It was seen in one more place, which is not listed here.
   *[other] { $count } more places are not listed here.
}
letter-digest-only-more = Places that cannot be listed here: { $count }.
letter-digest-look = Look at how the token got there. What wrote it down once may write down the next one, which works.
letter-digest-others = Other secrets in the same place may work still: replace those that are yours, and only then remove them there.
letter-because-answerable = you answer for these tokens
letter-because-owner-of-all = these tokens were yours
letter-because-all-sorts = each of these tokens was yours, was made by you, or belonged to an organization or an application that you own or manage

# Somebody tried a token after it leaked.
letter-tried-own = Somebody tried your revoked { $thing }
letter-tried = Somebody tried the revoked { $thing }
letter-tried-of = Somebody tried the revoked { $thing } of { $who }
letter-tried-badge = It opened nothing
letter-tried-lead = It was found where it should not be, and we revoked it on { $moment }. Since then it opens nothing, and it opened nothing now.
letter-tried-who = Whoever tried it has a copy. That may be a stranger who found it, or a program of your own that nobody gave a new one yet.
letter-tried-how = { $way ->
    [introspection] a service asked us whether it works
    [session] in the cookie of a browser
    [token_endpoint] an application wanted to exchange it
    [client] an application wanted to sign in with it
    [service] a service wanted to sign in with it
   *[api] it was sent to our interface
}
letter-tried-from-unknown = nobody told us
letter-tried-ours = If it is a machine of yours, give its program a new token.
letter-tried-yours = If the address is one of yours, find the program there and give it a new token.
letter-tried-not-yours = If it is not, somebody tried to act in your name. Look in your records for what was done with the token before { $moment }.
letter-tried-once = We write this letter once for each token, however often it is tried later.

# A quarantine is over.
letter-released-own = Your { $thing } works again
letter-released = { $thing } works again
letter-released-of = { $thing } of { $who } works again
letter-released-dead-own = Your { $thing } has left quarantine, and still does not work
letter-released-dead = { $thing } has left quarantine, and still does not work
letter-released-dead-of = { $thing } of { $who } has left quarantine, and still does not work
letter-finished-own = Your { $thing } has been revoked for good
letter-finished = { $thing } has been revoked for good
letter-finished-of = { $thing } of { $who } has been revoked for good
letter-released-badge = Works again
letter-released-dead-badge = Out of quarantine
letter-finished-badge = Revoked for good
letter-released-lead = It was put into quarantine on { $moment }, because it was reported as leaked. Whoever runs this service has taken that back: it opens again what it opened before, for whoever has a copy.
letter-released-dead-lead = It was put into quarantine on { $moment }, because it was reported as leaked. Whoever runs this service has taken that back; meanwhile it has expired, or what it belongs to is blocked.
letter-finished-lead = It was put into quarantine on { $moment }, because it was reported as leaked. That is decided now: it opens nothing any more, and never will again.
letter-released-relatives = { $count ->
    [one] With it 1 related token came back.
   *[other] With it { $count } related tokens came back.
}
letter-finished-relatives = { $count ->
    [one] With it 1 related token was revoked for good.
   *[other] With it { $count } related tokens were revoked for good.
}
letter-finished-replace = If something of yours still needs it, create a new token: go to { $settings }.
letter-finished-remove = Remove it from where it was seen, and find out how it got there.
letter-released-replace = If it stood where others could read it, replace it: go to { $settings }, create a new token and revoke this one.
letter-released-tidy = If you gave a program another one meanwhile, revoke the one that you need no longer.

# A refresh token was used by two.
letter-an-application = an application
letter-replayed = Your connection to { $client } was ended, because it may have been copied
letter-replayed-badge = Connection ended
letter-replayed-lead = A token with which { $client } stays connected to your account was used a second time, after it had been exchanged for another. Either the application made a mistake, or somebody else holds a copy. Nobody can tell which, so every token of this connection was revoked.
letter-replayed-again = If you still use { $client }, connect it again from the application itself.
letter-replayed-twice = If it happens again, ask whoever makes the application where they keep your tokens, and look for a machine of yours that others can read.
letter-because-allowed = you allowed this application to act for you

# An origin reports more than is plausible.
letter-breaker = { $reporter } reports more leaked tokens than is plausible
letter-breaker-badge = Your decision
letter-breaker-lead = Every token that it reports from now on goes into quarantine: it opens nothing, and nothing about it is final until you decide. What was revoked before stays revoked.
letter-breaker-finish = The first tokens leave quarantine on { $moment }, and unless you decide before, they are revoked for good.
letter-breaker-release = The first tokens leave quarantine on { $moment }, and unless you decide before, they work again.
letter-breaker-revoked = { $count ->
    [one] { $count } working token
   *[other] { $count } working tokens
}
letter-breaker-find-out = Find out whether the reports are true: ask { $reporter }, look at where the tokens were seen (tokenward exposure list --origin { $origin }), and check whose keys sign the reports (tokenward origin test { $origin }).
letter-breaker-decide = If they are true, finish what is in quarantine (tokenward quarantine finish). If they are not, release it (tokenward quarantine release) and disable the origin.
letter-breaker-close = When you trust the origin again, close its breaker (tokenward origin reset { $origin }).

# A machine is not told any more.
letter-webhook = Your webhook at { $host } was disabled
letter-webhook-badge = Disabled
letter-webhook-gone = It answered that it is gone for good (status 410). { $brand } tells it of leaked and revoked tokens no longer. Messages to it, also those of what happens from now on, are kept for a while.
letter-webhook-failed = It has answered no message as it should for days. { $brand } tells it of leaked and revoked tokens no longer. Messages to it, also those of what happens from now on, are kept for a while.
letter-webhook-delete = If you do not need it any more, delete it.
letter-webhook-repair = If you do, repair what answers there and enable it again: what waits is sent then.
letter-webhook-no-link = It has no login link, and it never asks for a password or for a token.
letter-because-webhook = you own or manage the organization that it belongs to

# A machine is sent no security events any more.
letter-stream = A stream of security events was disabled
letter-stream-failing = For days, nothing that was sent to it arrived. { $brand } tells its reader of leaked and revoked tokens no longer.
letter-stream-overdue = Nobody has fetched its events for days. { $brand } tells its reader of leaked and revoked tokens no longer.
letter-stream-crowded = More events waited in it than may wait. { $brand } tells its reader of leaked and revoked tokens no longer.
letter-stream-holder-ended = The credential that it belongs to has ended. { $brand } tells its reader of leaked and revoked tokens no longer.
letter-stream-lost = Events that waited were dropped, and what happens from now on is not kept for it.
letter-stream-delete = If you do not need it any more, delete it.
letter-stream-repair = If you do, repair what reads it and enable it again. It learns what happens from then on; ask for the state of each token that it knows, to learn what happened before.
letter-stream-renew = If you do, make a new one with a credential that works, and ask for the state of each token that its reader knows, to learn what happened meanwhile.
letter-because-stream-manager = you own or manage the organization that it belongs to
letter-because-stream-client = you own the application that reads it

# The code that lets somebody sign in.
letter-code = Your code to sign in to { $brand }
letter-code-type = Type it into the page that asks for it:
letter-code-once = It works once, until { $moment }, and only in the browser where you asked for it.
letter-code-asked = It was asked for from the address { $address }.
letter-code-not-you = If you did not ask for it, somebody typed your address. You need not do anything: without this letter they cannot sign in. Never read the code out to anybody.
letter-code-no-link = It has no link to click. { $brand } never asks you for this code by telephone, by chat or on a page of another address.
letter-because-code = somebody wants to sign in to { $brand } with this address
