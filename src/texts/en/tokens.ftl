desk-managed = Organizations you manage

tokens-title = Tokens
tokens-of-organization = Tokens of { $organization }
tokens-lead = Whoever has one of these can act as you, as far as its scopes go. Give each program a token of its own.
tokens-lead-organization = Whoever has one of these can act for the organization, as far as its scopes go. They keep working when the people who created them leave.
tokens-new = New token
tokens-none = No tokens yet
tokens-none-detail = With a token, a script or a program uses the API without your sign-in. Create one that may do only what the job needs, and that expires.
tokens-ended = Ended in the last 90 days ({ $count })
tokens-revoked-now = { $name } is revoked. It no longer works anywhere.
tokens-renamed-now = The token is called { $name } now.

token-live = active
token-ends-soon = expires soon
token-suspended = suspended
token-expired = expired
token-leaked = revoked: it leaked
token-quarantined = in quarantine: it leaked
token-revoked = revoked
token-revoked-by-owner = revoked by hand
token-revoked-by-operator = revoked by the operators
token-revoked-everywhere = revoked: signed out everywhere

token-name = Name
token-name-hint = What it is for, so that you recognise it later: one line, at most 100 characters.
token-name-wrong = Give it a name of 1 to 100 characters on one line.
token-name-holds-token = There is a token in the name. Names are seen by others: choose another one.
token-hint = Last characters
token-made = Created
token-made-by = by
token-used = Last used
token-never-used = Never used
token-expires = Expires
token-no-end = Does not expire
token-ended = Ended
token-powers = What it may do
token-leak-story = What happened

token-new-title = New token
token-new-of-organization = New token of { $organization }
token-create = Create token
token-scopes = What may it do?
token-scopes-hint = Tick only what the job needs: a token that leaks can do no more than this.
token-scopes-missing = Tick at least one thing that it may do.
token-scopes-not-offered = Something that was ticked is no longer offered here. Choose anew.
token-expiry = How long should it work?
token-expiry-days = { $count ->
    [one] { $count } day
    [365] A year
   *[other] { $count } days
}
token-expiry-never = Until it is revoked
token-expiry-never-hint = Only if nobody will ever look after it: a forgotten token works for whoever finds it.
token-expiry-date = Until a day of your choice
token-expiry-day = Last day (UTC)
token-expiry-missing = Choose how long it should work.
token-expiry-no-date = Choose the last day on which it should work.
token-expiry-past = That day is over. Choose a later one.
token-expiry-too-long = That is longer than tokens may live here. Choose a shorter time.
token-too-many = There are as many tokens as there may be. Revoke one that nobody needs first.
token-form-too-old = This form was opened too long ago. Look it through and send it again.
token-ended-meanwhile = The token does not work any more.

token-made-title = Your new token
token-made-before-title = This token exists already
token-made-once = Copy it now and keep it where secrets are kept. It is shown this once, and nobody can look it up later.
token-made-text = The token
token-made-try = Try it
token-made-before = The form was sent twice, and the token was created only once. Its text was shown then and is not kept anywhere. If you do not have it, replace or revoke the token.
token-made-done = Back to the tokens
token-replaced-until = { $name }, which it replaces, works until
token-replaced-now = { $name }, which it replaces, no longer works.

token-rename = Rename
token-rename-name = Rename { $name }
token-rename-title = Rename a token
token-rename-heading = Rename { $name }

token-revoke = Revoke
token-revoke-name = Revoke { $name }
token-revoke-title = Revoke a token
token-revoke-heading = Revoke { $name }?
token-revoke-busy = It was used within the last day. Whatever uses it will fail at once.
token-revoke-idle = Whatever still uses it will fail at once.
token-revoke-unused = It was never seen in use, so probably nothing depends on it.
token-revoke-final = This cannot be undone.
token-revoke-powers = What will no longer work with it
token-revoke-rather-replace = Replace it instead

token-replace = Replace
token-replace-name = Replace { $name }
token-replace-title = Replace a token
token-replace-heading = Replace { $name }
token-replace-lead = You get a new token that may do the same. The old one keeps working for as long as you need to exchange it.
token-overlap = How long should the old one keep working?
token-overlap-none = Not at all: end it now
token-overlap-hour = An hour
token-overlap-day = A day
token-overlap-week = A week
token-another = Create one like it
token-another-name = Create a token like { $name }
token-used-from = from { $address }
token-never = Never
token-made-facts = What is known of it
